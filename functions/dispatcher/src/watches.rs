//! What agents watch: many small rows that are due again and again, followed up on together.

use std::time::Duration;

use chimera_domain::{
    Cause, Row, RowKey, StoreError, Stored, Timestamp, follow_up,
    ports::{Clock, HandleError, Ids, Outbox, StateIndex, StateReader, StateWriter, Workflows},
};

use crate::commands::Commands;
use crate::dead_letters::{self, Claim};
use crate::homes::Homes;
use crate::{Dispatcher, LOOK_AGAIN, Letter};

/// Watches handled per tick: a thousand agents that are due at every tick, and as many again that were late.
pub(crate) const WATCHES_PER_TICK: usize = 2_000;

/// Watches read and sent at a time: one reading of the store, ten batches of the queue.
const AT_ONCE: usize = 100;

/// How long a watch may be overdue before it counts as forgotten: it has been asked for twice by then.
const PATIENCE: Duration = LOOK_AGAIN.saturating_mul(2);

impl<S, O, W, C, I> Dispatcher<S, O, W, C, I>
where
    S: StateReader + StateIndex + StateWriter,
    O: Outbox,
    W: Workflows,
    C: Clock,
    I: Ids,
{
    /// [PE-10] Asks perception to look, for every watch that is due. It moves the due times on itself; where it has not for a
    /// while, it is asked less often, so that what cannot be looked at does not crowd out what can.
    pub(crate) async fn follow_watches(&self, keys: &[RowKey], now: Timestamp) -> Result<(), HandleError> {
        let mut homes = Homes::default();
        for keys in keys.chunks(AT_ONCE) {
            let mut commands = Commands::default();
            let rows = self.read(keys).await?;
            for stored in &rows {
                commands.add(None, follow_up(&stored.row, None, Cause::Due, now, self.base));
            }
            self.carry_out(commands, &mut homes).await?;
            for forgotten in rows.iter().filter(|stored| is_forgotten(stored, now)) {
                self.push_due(forgotten, &mut homes, now).await?;
            }
        }
        Ok(())
    }

    /// A letter about an agent is the oldest campaign's for which the agent watches, if it watches for any.
    pub(crate) async fn claimed_by_agent(&self, letter: &Letter) -> Result<Option<Claim>, StoreError> {
        let Some(message) = dead_letters::about_agent(letter) else { return Ok(None) };
        let found = self.readable(&RowKey::watch(&message.tenant, &message.agent)).await?;
        let watch = found.and_then(|found| found.row.into_watch());
        let oldest = watch.and_then(|watch| watch.campaigns.into_iter().next());
        let claim = oldest.map(|campaign| Claim::of_campaign(message.tenant, campaign));
        self.borne_out(claim).await
    }
}

fn is_forgotten(stored: &Stored<Row>, now: Timestamp) -> bool {
    stored.row.due_at().is_some_and(|due_at| due_at + PATIENCE <= now)
}
