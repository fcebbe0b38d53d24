//! Ports that take time: the same calls, each with the latency of the service behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chimera_domain::ports::{
    Answer, Ask, Burn, DecisionReader, ModelError, MoneyWriter, Outbox, Page, ReadTools, ReasoningModel,
    ReviewQueue, SendError, SkillTools, StateIndex, StateReader, StateWriter, ToolError, Workflows,
    WriteCall, WriteTools,
};
use chimera_domain::{
    Applied, CampaignId, DecisionRow, EffectMessage, MoneyTransaction, Outcome, PerceiveMessage, PlanMessage,
    Review, ReviewId, ReviewMessage, RowKey, StoreError, Stored, Task, TaskKind, TaskToken, TenantId,
    Timestamp, Transaction,
};
use chimera_model::ScriptedModel;
use serde_json::Value;

use super::latency::{Hop, Net};

/// What is behind a port, some way away.
#[derive(Debug, Clone)]
pub(super) struct Timed<T> {
    inner: T,
    net: Net,
}

impl<T> Timed<T> {
    pub(super) fn new(inner: T, net: &Net) -> Self {
        Self { inner, net: net.clone() }
    }
}

/// A write of one row costs less than one of many.
fn hop_of(transaction: &Transaction) -> Hop {
    if transaction.ops().len() > 1 { Hop::Transaction } else { Hop::Write }
}

impl<S: StateReader> StateReader for Timed<S> {
    async fn get(&self, key: &RowKey) -> Result<Option<Stored>, StoreError> {
        self.net.around(Hop::Read, self.inner.get(key)).await
    }

    async fn get_many(&self, keys: &[RowKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        let rows = self.net.around(Hop::Read, self.inner.get_many(keys)).await?;
        self.net.understand(rows.len()).await;
        Ok(rows)
    }

    async fn query(&self, pk: &str, prefix: &str) -> Result<Vec<Stored>, StoreError> {
        let rows = self.net.around(Hop::Read, self.inner.query(pk, prefix)).await?;
        self.net.understand(rows.len()).await;
        Ok(rows)
    }

    async fn latest(
        &self,
        pk: &str,
        first: &str,
        last: &str,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let rows = self.net.around(Hop::Read, self.inner.latest(pk, first, last, limit)).await?;
        self.net.understand(rows.len()).await;
        Ok(rows)
    }
}

impl<S: StateIndex> StateIndex for Timed<S> {
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<RowKey>, StoreError> {
        self.net.around(Hop::Read, self.inner.due(now, limit)).await
    }

    async fn listing(&self, listing: &str, after: Option<&str>, limit: usize) -> Result<Page, StoreError> {
        self.net.around(Hop::Read, self.inner.listing(listing, after, limit)).await
    }
}

impl<S: StateWriter> StateWriter for Timed<S> {
    async fn write(&self, transaction: &Transaction) -> Result<Applied, StoreError> {
        self.net.around(hop_of(transaction), self.inner.write(transaction)).await
    }
}

impl<S: MoneyWriter> MoneyWriter for Timed<S> {
    async fn write_money(&self, transaction: &MoneyTransaction) -> Result<Applied, StoreError> {
        self.net.around(hop_of(transaction.inner()), self.inner.write_money(transaction)).await
    }
}

impl<S: DecisionReader> DecisionReader for Timed<S> {
    async fn decision(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
        review: &ReviewId,
    ) -> Result<Option<DecisionRow>, StoreError> {
        self.net.around(Hop::Read, self.inner.decision(tenant, campaign, review)).await
    }
}

impl<Q: ReviewQueue> ReviewQueue for Timed<Q> {
    async fn send_review(&self, message: &ReviewMessage) -> Result<(), SendError> {
        self.net.around(Hop::Send, self.inner.send_review(message)).await
    }
}

impl<O: Outbox> Outbox for Timed<O> {
    async fn plan(&self, messages: &[PlanMessage]) -> Vec<Result<(), SendError>> {
        self.net.around(Hop::Send, self.inner.plan(messages)).await
    }

    async fn work(&self, tasks: &[Task]) -> Vec<Result<(), SendError>> {
        self.net.around(Hop::Send, self.inner.work(tasks)).await
    }

    async fn judge(&self, messages: &[ReviewMessage]) -> Vec<Result<(), SendError>> {
        self.net.around(Hop::Send, self.inner.judge(messages)).await
    }

    async fn publish(&self, messages: &[EffectMessage]) -> Vec<Result<(), SendError>> {
        self.net.around(Hop::Send, self.inner.publish(messages)).await
    }

    async fn perceive(&self, messages: &[(PerceiveMessage, Duration)]) -> Vec<Result<(), SendError>> {
        self.net.around(Hop::Send, self.inner.perceive(messages)).await
    }
}

impl<W: Workflows> Workflows for Timed<W> {
    async fn start_review(&self, review: &Review) -> Result<(), SendError> {
        self.net.around(Hop::Send, self.inner.start_review(review)).await
    }

    async fn complete(&self, token: &TaskToken) -> Result<(), SendError> {
        self.net.around(Hop::Send, self.inner.complete(token)).await
    }
}

impl<T: ReadTools> ReadTools for Timed<T> {
    async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        self.net.wait(Hop::Platform).await;
        self.net.around(Hop::Invoke, self.inner.call(server, tool, arguments, deadline)).await
    }
}

impl<T: SkillTools> SkillTools for Timed<T> {
    fn for_kind(&self, kind: TaskKind) -> impl ReadTools + Send {
        Timed::new(self.inner.for_kind(kind), &self.net)
    }

    fn of_others(&self, kind: TaskKind) -> impl ReadTools + Send {
        Timed::new(self.inner.of_others(kind), &self.net)
    }
}

/// A write server burns the grant, asks its platform, and keeps the outcome; the platform has acted half-way.
impl<W: WriteTools> WriteTools for Timed<W> {
    async fn execute(&self, call: &WriteCall, deadline: Duration) -> Result<Burn, ToolError> {
        self.net.wait(Hop::Invoke).await;
        self.net.wait(Hop::Write).await;
        let answer = self.net.around(Hop::Platform, self.inner.execute(call, deadline)).await;
        self.net.wait(Hop::Write).await;
        answer
    }

    async fn outcome(&self, call: &WriteCall, deadline: Duration) -> Result<Burn, ToolError> {
        self.net.around(Hop::Invoke, self.inner.outcome(call, deadline)).await
    }

    async fn void(&self, call: &WriteCall, deadline: Duration) -> Result<Burn, ToolError> {
        self.net.around(Hop::Invoke, self.inner.void(call, deadline)).await
    }

    async fn close(
        &self,
        call: &WriteCall,
        happened: Option<&Outcome>,
        deadline: Duration,
    ) -> Result<Burn, ToolError> {
        self.net.around(Hop::Invoke, self.inner.close(call, happened, deadline)).await
    }
}

/// The scripted model, which thinks for as long as a real one. Clones share the counts.
#[derive(Debug, Clone)]
pub(super) struct TimedModel {
    net: Net,
    asked: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl TimedModel {
    pub(super) fn new(net: &Net) -> Self {
        Self { net: net.clone(), asked: Arc::default(), most: Arc::default() }
    }

    /// How many questions were under way at the same time at most.
    pub(super) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

impl ReasoningModel for TimedModel {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        let at_once = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(at_once, Ordering::SeqCst);
        self.net.wait(Hop::Model).await;
        self.asked.fetch_sub(1, Ordering::SeqCst);
        ScriptedModel::new().ask(ask).await
    }
}
