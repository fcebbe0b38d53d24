#![doc = include_str!("../README.md")]

mod cluster;
mod event;
mod look;
mod pace;
mod question;
mod reading;
mod relevance;
mod servers;
mod signals;
mod sources;
mod unwanted;
mod words;

use std::time::Duration;

use chimera_domain::{
    PerceiveMessage, Row, RowKey, StoreError, Stored, Timestamp, Watch,
    ports::{Clock, HandleError, Ids, MessageHandler, Resources, StateReader, StateWriter},
};
use chimera_mcp::trace::{self, Traceparent};

pub use cluster::{Cluster, cluster};
use pace::Pace;
pub use question::is_direct_question;
pub use relevance::{Goal, Said, Scored, news_relevance, relevance};
pub use servers::{ServersError, servers};

/// Times a look is made where others wrote the watch meanwhile. All of them fit one invocation: each may listen for a fifth
/// of its time.
const TRIES: u32 = 3;

/// Perception over its ports.
#[derive(Debug)]
pub struct Perception<S, R, C, I> {
    store: S,
    servers: R,
    clock: C,
    ids: I,
    pace: Pace,
}

impl<S, R, C, I> MessageHandler<PerceiveMessage> for Perception<S, R, C, I>
where
    S: StateReader + StateWriter + Send,
    R: Resources + Send,
    C: Clock + Send,
    I: Ids + Send,
{
    /// Nothing: no two agents have a row in common.
    type Batch = ();

    async fn open(&self, _messages: &[PerceiveMessage]) -> Result<(), HandleError> {
        Ok(())
    }

    async fn handle(
        &self,
        message: PerceiveMessage,
        _batch: &(),
        deadline: Duration,
    ) -> Result<(), HandleError> {
        for _ in 0..TRIES {
            let key = RowKey::watch(&message.tenant, &message.agent);
            let Some(watch) = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_watch)) else {
                tracing::warn!(agent.id = %message.agent, "A wake-up names an agent that watches nothing");
                return Ok(());
            };
            let now = self.clock.now();
            if !self.is_called_for(&watch.row, now) {
                return Ok(());
            }
            let look = self.look(&watch, now, deadline / 5);
            let looked = match trace_of(&watch) {
                Some(trace) => trace::within(trace, look).await,
                None => look.await,
            };
            match looked {
                // What is there by now decides.
                Err(HandleError::Store(StoreError::Refused(_))) => {}
                done => return done,
            }
        }
        Err(StoreError::Contention.into())
    }
}

impl<S, R, C, I> Perception<S, R, C, I>
where
    S: StateReader + StateWriter,
    R: Resources,
    C: Clock,
    I: Ids,
{
    /// A perception over these ports that looks once per `interval` for each agent.
    pub fn new(store: S, servers: R, clock: C, ids: I, interval: Duration) -> Self {
        Self { store, servers, clock, ids, pace: Pace::new(interval) }
    }

    /// [PE-10] Whether there is anything to look for now: a message that comes again, or late, finds that somebody has
    /// looked. One that nobody has looked for in a whole interval is looked for even where the clock has put it off.
    fn is_called_for(&self, watch: &Watch, now: Timestamp) -> bool {
        let is_overdue = || watch.looked_at.is_none_or(|at| self.pace.is_over(at, now));
        watch.due_at.is_some_and(|due_at| due_at <= now || (watch.failures == 0 && is_overdue()))
    }
}

/// The trace of one look, whoever repeats it: it belongs to the oldest campaign.
fn trace_of(watch: &Stored<Watch>) -> Option<Traceparent> {
    let Watch { tenant, agent, campaigns, .. } = &watch.row;
    let look = u32::try_from(watch.version).unwrap_or(u32::MAX);
    Some(Traceparent::of(tenant, campaigns.first()?, &format!("watch-{agent}"), look))
}
