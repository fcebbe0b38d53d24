//! The ports: each as small as an IAM policy. A function is generic over those it uses, and the template grants the same
//! list.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

pub use crate::audit::AuditEntry;
use crate::{
    AgentId, Applied, BucketRow, CampaignId, DecisionRow, DecisionTransaction, EffectMessage, Grant,
    LedgerEntry, MoneyTransaction, Outcome, PerceiveMessage, PlanMessage, Refusal, Review, ReviewId,
    ReviewMessage, Row, RowKey, SignedGrant, StoreError, Stored, Task, TaskKind, TaskToken, TenantId,
    Transaction, Usage,
};

/// Reads rows of the state table, always consistently.
pub trait StateReader: Sync {
    /// One row.
    fn get(&self, key: &RowKey) -> impl Future<Output = Result<Option<Stored>, StoreError>> + Send;

    /// Several rows in one call, in the order asked; absent ones are `None`.
    fn get_many(
        &self,
        keys: &[RowKey],
    ) -> impl Future<Output = Result<Vec<Option<Stored>>, StoreError>> + Send;

    /// Every row of a partition whose sort key begins with `prefix`.
    fn query(&self, pk: &str, prefix: &str) -> impl Future<Output = Result<Vec<Stored>, StoreError>> + Send;

    /// The rows of a partition from sort key `first` to `last`, the last first, at most `limit` of them.
    fn latest(
        &self,
        pk: &str,
        first: &str,
        last: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Stored>, StoreError>> + Send;
}

/// A page of a listing, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Keys of the rows, last place first: see [`Row::listing`].
    pub keys: Vec<RowKey>,
    /// Opaque position after the last one.
    pub next: Option<String>,
}

/// Reads the sparse indexes. They may lag: whoever acts on a row reads it again.
pub trait StateIndex: Sync {
    /// Rows that are due at `now`, most overdue first.
    fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RowKey>, StoreError>> + Send;

    /// One page of a listing such as `T#<tenant>#campaigns`; see [`Row::listing`].
    fn listing(
        &self,
        listing: &str,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;
}

/// Writes the state table.
pub trait StateWriter: Sync {
    /// Applies all of it or nothing.
    fn write(&self, transaction: &Transaction) -> impl Future<Output = Result<Applied, StoreError>> + Send;
}

/// Writes the state table and the ledger in one transaction.
pub trait MoneyWriter: StateWriter {
    /// Applies all of it or nothing.
    fn write_money(
        &self,
        transaction: &MoneyTransaction,
    ) -> impl Future<Output = Result<Applied, StoreError>> + Send;
}

/// Reads the ledger, consistently.
pub trait LedgerReader: Sync {
    /// A bucket.
    fn bucket(&self, key: &RowKey) -> impl Future<Output = Result<Option<BucketRow>, StoreError>> + Send;

    /// Every entry of a campaign.
    fn entries(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
    ) -> impl Future<Output = Result<Vec<LedgerEntry>, StoreError>> + Send;
}

/// Writes decisions.
pub trait DecisionWriter: Sync {
    /// Applies all of it or nothing.
    fn write_decision(
        &self,
        transaction: &DecisionTransaction,
    ) -> impl Future<Output = Result<Applied, StoreError>> + Send;
}

/// Reads decisions, consistently.
pub trait DecisionReader: Sync {
    /// The decision on a review, if there is one.
    fn decision(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
        review: &ReviewId,
    ) -> impl Future<Output = Result<Option<DecisionRow>, StoreError>> + Send;
}

/// What putting an audit entry found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditPut {
    /// It is new.
    New,
    /// The same entry was there: a duplicate record.
    Same,
    /// Another entry was there: alarm.
    Different,
}

/// Writes the audit, once per row version.
pub trait AuditWriter: Sync {
    /// Puts the entry if there is none for (row, version).
    fn put(&self, entry: &AuditEntry) -> impl Future<Output = Result<AuditPut, StoreError>> + Send;
}

/// Reads the audit.
pub trait AuditReader: Sync {
    /// The entries of the rows whose name begins with `prefix`, by row and version.
    fn entries_of(&self, prefix: &str) -> impl Future<Output = Result<Vec<AuditEntry>, StoreError>> + Send;
}

/// A send that did not succeed.
#[derive(Debug, Error)]
pub enum SendError {
    /// The queue will never accept this message. The caller makes a dead letter of it.
    #[error("the message cannot be carried: {0}")]
    Unacceptable(String),
    /// The queue or workflow service failed. The caller's own message or record is left for another delivery.
    #[error("sending failed")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Sends to the review queue: the one thing a worker may do to the world.
pub trait ReviewQueue: Sync {
    /// Sends one message.
    fn send_review(&self, message: &ReviewMessage) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// Sends to every queue: the dispatcher's alone. Messages of one call go in as few requests as the service allows;
/// the answer has one entry per message, in order.
pub trait Outbox: Sync {
    /// To PlanQueue.
    fn plan(&self, messages: &[PlanMessage]) -> impl Future<Output = Vec<Result<(), SendError>>> + Send;
    /// To TaskQueue or TaskQueueHigh, by the task's priority.
    fn work(&self, tasks: &[Task]) -> impl Future<Output = Vec<Result<(), SendError>>> + Send;
    /// To ReviewQueue.
    fn judge(&self, messages: &[ReviewMessage]) -> impl Future<Output = Vec<Result<(), SendError>>> + Send;
    /// To EffectQueue.
    fn publish(&self, messages: &[EffectMessage]) -> impl Future<Output = Vec<Result<(), SendError>>> + Send;
    /// To PerceptionQueue, each to be delivered after its time, a quarter of an hour at most.
    fn perceive(
        &self,
        messages: &[(PerceiveMessage, Duration)],
    ) -> impl Future<Output = Vec<Result<(), SendError>>> + Send;
}

/// Starts and completes review workflows: the dispatcher's alone.
pub trait Workflows: Sync {
    /// Starts the workflow of the review's present (rung, start). "Already exists" is success.
    fn start_review(&self, review: &Review) -> impl Future<Output = Result<(), SendError>> + Send;
    /// Completes a parked token. "No such token", "timed out" and "invalid" are success: the clock covers what a dead
    /// workflow no longer delivers.
    fn complete(&self, token: &TaskToken) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// Tells reviewers.
pub trait Notifier: Sync {
    /// Tells the reviewers of the review's present rung that it waits. Never carries the task token.
    fn notify(&self, review: &Review) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// A tool call that brought no answer.
#[derive(Debug, Error)]
pub enum ToolError {
    /// The tool refused. Retryable or not, as it says.
    #[error("{0:?}")]
    Refused(Refusal),
    /// The call provably never reached the tool. May be tried again.
    #[error("the tool could not be reached: {0}")]
    Unsent(String),
    /// Nobody knows whether the tool acted. Read calls may be tried again; effects must be resolved.
    #[error("the tool's answer is unknown: {0}")]
    Unknown(String),
    /// Not allowed for this caller, or the server's tools are not the pinned ones. A person must look.
    #[error("the tool may not be used: {0}")]
    Forbidden(String),
}

/// Calls read and generate tools.
pub trait ReadTools: Sync {
    /// Calls `tool` of `server`; gives its validated structured answer.
    fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        deadline: Duration,
    ) -> impl Future<Output = Result<Value, ToolError>> + Send;
}

/// Looks at what tool servers show by address.
pub trait Resources: Sync {
    /// Reads what `server` shows at `uri`; gives it as JSON. What is not there is refused as `not_found`.
    fn read(
        &self,
        server: &str,
        uri: &str,
        deadline: Duration,
    ) -> impl Future<Output = Result<Value, ToolError>> + Send;
}

/// The tools of workers: each kind of task sees its own, and no others.
pub trait SkillTools: Sync {
    /// What the skill of this kind of task may call.
    fn for_kind(&self, kind: TaskKind) -> impl ReadTools + Send;

    /// [K-12] What a brief may name for this kind of task: read tools of other people's servers. None, unless an adapter
    /// has some.
    fn of_others(&self, _kind: TaskKind) -> impl ReadTools + Send {
        NoTools
    }
}

/// No tools at all: whatever is called is forbidden.
#[derive(Debug, Clone, Copy)]
pub struct NoTools;

impl ReadTools for NoTools {
    async fn call(&self, server: &str, tool: &str, _: Value, _: Duration) -> Result<Value, ToolError> {
        Err(ToolError::Forbidden(format!("{server}.{tool}: there are no servers of others here")))
    }
}

/// A call to a write tool: exactly what the Judge granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteCall {
    /// The server by its name in our configuration.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// The arguments, as approved; where the call acts, with the bytes of media beside their digests (`bytes_base64`).
    pub arguments: Value,
    /// The Judge's signature over them.
    pub grant: SignedGrant,
    /// What the platform de-duplicates on.
    pub idempotency_key: Uuid,
}

/// What a write server knows about a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Burn {
    /// Never used, and from now on never usable.
    Void,
    /// Used; the call upstream has not come back.
    InFlight,
    /// Used, and it happened.
    Done {
        /// What came of it.
        outcome: Outcome,
    },
    /// Used, and the platform refused.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Seconds that the platform asks for before another try.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_s: Option<u32>,
    },
    /// Never used so far; still usable until it expires.
    Unused,
}

/// Calls write tools: the publisher's alone. Nothing here is retried by a client underneath.
pub trait WriteTools: Sync {
    /// Performs the call once. A used grant answers with the stored outcome.
    fn execute(
        &self,
        call: &WriteCall,
        deadline: Duration,
    ) -> impl Future<Output = Result<Burn, ToolError>> + Send;
    /// What became of the grant; accepts an expired one.
    fn outcome(
        &self,
        call: &WriteCall,
        deadline: Duration,
    ) -> impl Future<Output = Result<Burn, ToolError>> + Send;
    /// Makes the grant unusable if it is unused; answers what it found. Accepts an expired one.
    fn void(
        &self,
        call: &WriteCall,
        deadline: Duration,
    ) -> impl Future<Output = Result<Burn, ToolError>> + Send;
    /// Writes a human's answer, or what a read-back found, into a burn row without outcome: `None` = it did not
    /// happen. Answers what the row says then.
    fn close(
        &self,
        call: &WriteCall,
        happened: Option<&Outcome>,
        deadline: Duration,
    ) -> impl Future<Output = Result<Burn, ToolError>> + Send;
}

/// Signs grants: the Judge's alone.
pub trait GrantSigner: Sync {
    /// The present key's id.
    fn key_id(&self) -> &str;
    /// The stack's name, the second half of a grant's audience.
    fn stack(&self) -> &str;
    /// Signs.
    fn sign(&self, grant: Grant) -> SignedGrant;
}

/// Who asks the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelRole {
    /// Draws plans.
    Planner,
    /// Picks sources.
    Researcher,
    /// Writes posts.
    Writer,
}

/// A question to a model: typed input, demanded form, limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Who asks.
    pub role: ModelRole,
    /// Version of the prompt, such as `writer-2`.
    pub prompt: &'static str,
    /// What the answer is about. Text from outside is in named fields, never part of an instruction.
    pub input: Value,
    /// JSON Schema the answer must satisfy.
    pub schema: Value,
    /// Seed of everything an offline model chooses.
    pub seed: u64,
}

/// A model's answer, already checked against the schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The answer.
    pub json: Value,
    /// What it used.
    pub usage: Usage,
}

/// A model that gave no usable answer.
#[derive(Debug, Error)]
pub enum ModelError {
    /// Not reachable or throttled. May be tried again.
    #[error("the model could not be reached: {0}")]
    Unavailable(String),
    /// Answered twice in a form that cannot be used. The work has failed.
    #[error("the model's answer cannot be used: {0}")]
    Unusable(String),
}

/// Reasons: plans, picks, writes. Its answers are drafts.
pub trait ReasoningModel: Sync {
    /// Asks once; the adapter repairs one bad answer.
    fn ask(&self, ask: &Ask) -> impl Future<Output = Result<Answer, ModelError>> + Send;
}

/// Tells the time.
pub trait Clock: Sync {
    /// Now, in whole milliseconds.
    fn now(&self) -> Timestamp;
}

/// Makes ids.
pub trait Ids: Sync {
    /// A fresh random id (UUID v4).
    fn fresh(&self) -> Uuid;
}

/// Reads rows as the kinds the caller expects.
pub trait StateReaderExt: StateReader {
    /// A tenant's policy and its version; the standard one, version 0, where none was put.
    fn policy(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<(crate::Policy, u64), StoreError>> + Send {
        async move {
            let row = self.get(&RowKey::policy(tenant)).await?;
            let row = row.and_then(|row| row.narrow(Row::into_policy));
            Ok(row.map_or_else(
                || (crate::Policy::standard(crate::Currency::Usd), 0),
                |stored| (stored.row.policy, stored.version),
            ))
        }
    }

    /// An agent's row.
    fn agent(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
    ) -> impl Future<Output = Result<Option<Stored<crate::Agent>>, StoreError>> + Send {
        async move {
            let row = self.get(&RowKey::agent(tenant, agent)).await?;
            Ok(row.and_then(|row| row.narrow(Row::into_agent)))
        }
    }

    /// A campaign's row.
    fn campaign(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
    ) -> impl Future<Output = Result<Option<Stored<crate::Campaign>>, StoreError>> + Send {
        async move {
            let row = self.get(&RowKey::campaign(tenant, campaign)).await?;
            Ok(row.and_then(|row| row.narrow(Row::into_campaign)))
        }
    }
}

impl<R: StateReader> StateReaderExt for R {}

/// A message that was not handled. It is left on its queue: delivered again, and after the last delivery it becomes a
/// dead letter that an operator sees.
#[derive(Debug, Error)]
pub enum HandleError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A queue or workflow.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A tool.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A status that does not allow what the handler decided: a defect.
    #[error(transparent)]
    Illegal(#[from] crate::IllegalTransition),
    /// Something that must not be.
    #[error("{0}")]
    Defect(String),
}

/// Handles the messages of one queue, one by one, with what was read once for the whole batch. The one SQS loop (in
/// `chimera-runtime`) and the simulation drive it; neither knows what it does.
pub trait MessageHandler<M>: Send + Sync {
    /// What is read once per batch.
    type Batch: Send + Sync;

    /// Reads what the batch needs. A failure fails every message of the batch.
    fn open(&self, messages: &[M]) -> impl Future<Output = Result<Self::Batch, HandleError>> + Send;

    /// Handles one message within `deadline`. A failure or panic fails this message alone.
    fn handle(
        &self,
        message: M,
        batch: &Self::Batch,
        deadline: Duration,
    ) -> impl Future<Output = Result<(), HandleError>> + Send;
}

/// A change of a row, as a stream tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which table.
    pub table: crate::Table,
    /// The record's own id, for dead letters.
    pub id: String,
    /// The stored form before.
    pub old: Option<Value>,
    /// The stored form after.
    pub new: Option<Value>,
}

/// Handles the changes of a stream. A failure fails the whole batch: streams have no partial failures here.
pub trait ChangeHandler: Send + Sync {
    /// Handles a batch.
    fn handle_changes(&self, changes: Vec<Change>) -> impl Future<Output = Result<(), HandleError>> + Send;
}
