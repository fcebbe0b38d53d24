#![doc = include_str!("../README.md")]

mod claim;
mod ending;
mod media;
mod read_back;
mod resolve;
mod servers;

use std::time::Duration;

use chimera_domain::{
    Effect, EffectMessage, EffectStatus, Row, RowKey, StoreError, Stored, WriterId, limits,
    ports::{
        Clock, DecisionReader, HandleError, Ids, MessageHandler, MoneyWriter, ReadTools, StateReader,
        WriteCall, WriteTools,
    },
};
use chimera_mcp::trace::{self, Traceparent};

pub use servers::{Servers, ServersError};

/// The publisher's own times.
#[derive(Debug, Clone)]
pub struct Timing {
    /// How long a claim holds: longer than the publisher's and the write server's timeouts together.
    pub lease: Duration,
    /// Waits between read-backs of an unconfirmed effect.
    pub read_backs: Vec<Duration>,
    /// Deadline of one call to a write tool.
    pub call: Duration,
    /// Deadline of fetching what a call is to carry: before the claim, and short, for both fit one invocation.
    pub fetch: Duration,
}

impl Timing {
    /// Times that fit a lease: one call takes at most a quarter of it, so that publisher and write server are both over
    /// well before another may look.
    #[must_use]
    pub fn of_lease(lease: Duration, read_backs: Vec<Duration>) -> Self {
        Self { lease, read_backs, call: lease / 4, fetch: lease / 8 }
    }
}

impl Default for Timing {
    /// The times of the standard stack: a lease of two minutes and the read-backs of the design.
    fn default() -> Self {
        Self::of_lease(Duration::from_secs(120), limits::READ_BACKS.to_vec())
    }
}

/// The store as the publisher uses it.
pub trait Store: StateReader + MoneyWriter + DecisionReader {}

impl<S: StateReader + MoneyWriter + DecisionReader> Store for S {}

/// The publisher over its ports.
#[derive(Debug)]
pub struct Publisher<S, W, R, C, I> {
    pub(crate) store: S,
    pub(crate) writes: W,
    pub(crate) reads: R,
    pub(crate) clock: C,
    pub(crate) ids: I,
    pub(crate) timing: Timing,
}

impl<S, W, R, C, I> MessageHandler<EffectMessage> for Publisher<S, W, R, C, I>
where
    S: Store + Send,
    W: WriteTools + Send,
    R: ReadTools + Send,
    C: Clock + Send,
    I: Ids + Send,
{
    /// Nothing: campaign, policy and switches are never kept between effects.
    type Batch = ();

    async fn open(&self, _messages: &[EffectMessage]) -> Result<(), HandleError> {
        Ok(())
    }

    async fn handle(
        &self,
        message: EffectMessage,
        _batch: &(),
        deadline: Duration,
    ) -> Result<(), HandleError> {
        let Some(effect) = self.effect(&message).await? else {
            tracing::warn!(effect.id = %message.effect, "A wake-up names an effect that does not exist");
            return Ok(());
        };
        // [T-29] The task's own trace: what was made and what became of it are found together.
        let row = &effect.row;
        let trace = Traceparent::of(&row.tenant, &row.campaign, row.task.as_str(), row.attempt);
        trace::within(trace, self.follow(effect, deadline)).await
    }
}

impl<S: Store, W: WriteTools, R: ReadTools, C: Clock, I: Ids> Publisher<S, W, R, C, I> {
    /// A publisher over these ports.
    pub fn new(store: S, writes: W, reads: R, clock: C, ids: I, timing: Timing) -> Self {
        Self { store, writes, reads, clock, ids, timing }
    }

    /// What the effect's status calls for.
    async fn follow(&self, effect: Stored<Effect>, deadline: Duration) -> Result<(), HandleError> {
        match effect.row.status {
            EffectStatus::Approved => self.claim_and_execute(effect, deadline).await,
            EffectStatus::Dispatching => self.look_at_lease(effect).await,
            EffectStatus::Unconfirmed => self.resolve(effect).await,
            EffectStatus::Withdrawn => self.void(&effect, None).await,
            // The Judge's, or over.
            EffectStatus::Rejudge
            | EffectStatus::Held
            | EffectStatus::Done
            | EffectStatus::Failed
            | EffectStatus::Void => Ok(()),
        }
    }

    async fn effect(&self, message: &EffectMessage) -> Result<Option<Stored<Effect>>, StoreError> {
        let key = RowKey::effect(&message.tenant, &message.campaign, &message.effect);
        Ok(self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_effect)))
    }

    pub(crate) fn writer(&self, why: &str) -> WriterId {
        WriterId::new(format!("{why}-{}", self.ids.fresh()))
    }
}

/// The call exactly as granted; where it has media, without their bytes.
pub(crate) fn call_of(effect: &Effect) -> WriteCall {
    WriteCall {
        server: effect.intent.server.clone(),
        tool: effect.intent.tool.clone(),
        arguments: effect.intent.arguments.clone(),
        grant: effect.grant.clone(),
        idempotency_key: effect.idempotency_key,
    }
}
