#![doc = include_str!("../README.md")]

mod commands;
mod dead_letters;
mod event;
mod homes;
mod watches;

use std::time::Duration;

use chimera_domain::{
    Campaign, CampaignStatus, Cause, Digest, Home, PlanMessage, Review, ReviewStatus, Row, RowKey,
    StoreError, Stored, Table, Task, Timestamp, Transaction, WriterId, changed_enough, follow_up,
    ports::{
        Change, ChangeHandler, Clock, HandleError, Ids, Outbox, StateIndex, StateReader, StateWriter,
        Workflows,
    },
};

use commands::{About, Commands, Undeliverable};
use dead_letters::Claim;
pub use dead_letters::Letter;
use homes::{Homes, home};
use watches::WATCHES_PER_TICK;

/// Due rows handled per tick beside watches: bounds one invocation; the rest stay due.
const DUE_PER_TICK: usize = 200;

/// Where an overdue review or effect looks next if its follow-up came to nothing: about a queue's patience.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Times a small write is tried against others'.
const TRIES: usize = 4;

/// The dispatcher over its ports.
#[derive(Debug)]
pub struct Dispatcher<S, O, W, C, I> {
    store: S,
    outbox: O,
    workflows: W,
    clock: C,
    ids: I,
    base: Duration,
}

impl<S, O, W, C, I> ChangeHandler for Dispatcher<S, O, W, C, I>
where
    S: StateReader + StateIndex + StateWriter + Send,
    O: Outbox + Send,
    W: Workflows + Send,
    C: Clock + Send,
    I: Ids + Send,
{
    async fn handle_changes(&self, changes: Vec<Change>) -> Result<(), HandleError> {
        let mut commands = Commands::default();
        let mut homes = Homes::default();
        let now = self.clock.now();
        for change in changes {
            if change.table != Table::State {
                continue;
            }
            let Some(new) = change.new else { continue };
            let body = new.to_string();
            let (old, new) = match (change.old.map(Stored::from_item).transpose(), Stored::from_item(new)) {
                (Ok(old), Ok(new)) => (old.map(|stored| stored.row), new.row),
                (Err(unreadable), _) | (_, Err(unreadable)) => {
                    // Passing it keeps the shard moving; the letter keeps it from being lost.
                    self.bury(&Letter {
                        id: change.id,
                        origin: "stream".to_owned(),
                        body,
                        owner: None,
                        receives: None,
                        reason: unreadable.to_string(),
                    })
                    .await?;
                    continue;
                }
            };
            if !changed_enough(old.as_ref(), &new) {
                continue;
            }
            let around = homes.of(&self.store, &new).await?;
            let called = follow_up(&new, around, Cause::Changed(old.as_ref()), now, self.base);
            commands.add(home(&new), called);
        }
        self.carry_out(commands, &mut homes).await
    }
}

impl<S, O, W, C, I> Dispatcher<S, O, W, C, I>
where
    S: StateReader + StateIndex + StateWriter,
    O: Outbox,
    W: Workflows,
    C: Clock,
    I: Ids,
{
    /// A dispatcher over these ports; `base` is the task queue's visibility, the first age at which a task is sent
    /// again.
    pub fn new(store: S, outbox: O, workflows: W, clock: C, ids: I, base: Duration) -> Self {
        Self { store, outbox, workflows, clock, ids, base }
    }

    /// The clock's path: follows up on every row that is due, and moves its due time on. One bad row does not keep the
    /// others waiting.
    ///
    /// # Errors
    /// [`HandleError`] when the index cannot be read, or the last failure of a row; it stays due.
    pub async fn tick(&self) -> Result<(), HandleError> {
        let now = self.clock.now();
        let keys = self.store.due(now, DUE_PER_TICK + WATCHES_PER_TICK).await?;
        let (watches, mut others): (Vec<RowKey>, Vec<RowKey>) = keys.into_iter().partition(RowKey::is_watch);
        others.truncate(DUE_PER_TICK);
        let mut outcome = self.follow_watches(&watches, now).await;
        let mut homes = Homes::default();
        for stored in self.read(&others).await? {
            // The index may lag behind the row.
            if stored.row.due_at().is_none_or(|due_at| due_at > now) {
                continue;
            }
            if let Err(failed) = self.follow_due(&stored, &mut homes, now).await {
                let key = stored.row.key();
                tracing::error!(row.pk = %key.pk, row.sk = %key.sk, error = %failed, "A due row could not be followed up");
                outcome = Err(failed);
            }
        }
        outcome
    }

    /// Reads the rows that are there. Where one cannot be read, the others still are.
    async fn read(&self, keys: &[RowKey]) -> Result<Vec<Stored>, StoreError> {
        match self.store.get_many(keys).await {
            Ok(rows) => return Ok(rows.into_iter().flatten().collect()),
            Err(StoreError::Unreadable(_)) => {}
            Err(failed) => return Err(failed),
        }
        let mut rows = Vec::new();
        for key in keys {
            match self.store.get(key).await {
                Ok(row) => rows.extend(row),
                Err(StoreError::Unreadable(unreadable)) => {
                    tracing::error!(row.pk = %key.pk, row.sk = %key.sk, error = %unreadable, "A due row cannot be read");
                }
                Err(failed) => return Err(failed),
            }
        }
        Ok(rows)
    }

    async fn follow_due(
        &self,
        stored: &Stored,
        homes: &mut Homes,
        now: Timestamp,
    ) -> Result<(), HandleError> {
        let around = homes.of(&self.store, &stored.row).await?;
        let mut commands = Commands::default();
        commands.add(home(&stored.row), follow_up(&stored.row, around, Cause::Due, now, self.base));
        let moves_rung = !commands.next_rung.is_empty();
        self.carry_out(commands, homes).await?;
        if moves_rung { Ok(()) } else { self.push_due(stored, homes, now).await }
    }

    /// Sends what was called for; sweeps the campaigns it names; moves ladders on; buries what can never be sent.
    async fn carry_out(&self, mut commands: Commands, homes: &mut Homes) -> Result<(), HandleError> {
        for (campaign, every_task) in std::mem::take(&mut commands.sweeps) {
            self.sweep(&campaign, every_task, homes, &mut commands).await?;
        }
        let (late, lost) = (std::mem::take(&mut commands.next_rung), std::mem::take(&mut commands.restart));
        let undeliverable = commands.send(&self.outbox, &self.workflows).await?;
        for review in late {
            self.move_ladder(&review, next_rung).await?;
        }
        for review in lost {
            self.move_ladder(&review, |_, review| restarted(review)).await?;
        }
        for dead in undeliverable {
            self.bury_unsendable(dead).await?;
        }
        Ok(())
    }

    /// Queries a campaign and adds what each of its rows calls for.
    async fn sweep(
        &self,
        of: &PlanMessage,
        every_task: bool,
        homes: &mut Homes,
        commands: &mut Commands,
    ) -> Result<(), HandleError> {
        let rows = self.store.query(&RowKey::campaign_partition(&of.tenant, &of.campaign), "").await?;
        let campaign = rows.iter().find_map(|stored| match &stored.row {
            Row::Campaign(campaign) => Some(campaign.as_ref()),
            _ => None,
        });
        let Some((status, swept_at)) =
            campaign.map(|campaign: &Campaign| (campaign.status, campaign.swept_at))
        else {
            return Ok(());
        };
        let cause = Cause::Swept((!every_task).then_some(swept_at));
        let now = self.clock.now();
        let around = Home { campaign: status, policy: homes.policy(&self.store, &of.tenant).await? };
        for stored in &rows {
            // The campaign's own row is what led here.
            if !matches!(stored.row, Row::Campaign(_)) {
                commands.add(Some(of.clone()), follow_up(&stored.row, Some(around), cause, now, self.base));
            }
        }
        Ok(())
    }

    /// Moves a due time on: to the next sweep, or a little later for what was just sent. Another's write won the race:
    /// then the row tells its own next time.
    async fn push_due(&self, stored: &Stored, homes: &mut Homes, now: Timestamp) -> Result<(), HandleError> {
        let again = now + LOOK_AGAIN.max(self.base);
        let pushed: Row = match stored.row.clone() {
            // [PL-3] While a plan waits for approval the due time is its deadline, which only an edit may move.
            Row::Campaign(campaign) if campaign.status == CampaignStatus::AwaitingApproval => return Ok(()),
            Row::Campaign(campaign) => {
                // [F-6] A sweep that had to withhold its tasks is none.
                let is_stopped = homes.policy(&self.store, &campaign.tenant).await?.stops(&campaign.agent);
                let swept_at = if is_stopped { campaign.swept_at } else { now };
                Campaign { due_at: Some(now + self.base), swept_at, ..*campaign }.into()
            }
            // An open review's due time is its deadline, which only the next rung may move.
            Row::Review(review) if review.status == ReviewStatus::Decided => {
                Review { due_at: Some(again), ..*review }.into()
            }
            Row::Effect(effect) => chimera_domain::Effect { due_at: Some(again), ..*effect }.into(),
            Row::Watch(watch) => chimera_domain::Watch { due_at: Some(again), ..*watch }.into(),
            _ => return Ok(()),
        };
        let transaction = Transaction::by(self.writer("due")).replace(stored, pushed)?;
        match self.store.write(&transaction).await {
            Ok(_) | Err(StoreError::Refused(_)) => Ok(()),
            Err(failed) => Err(failed.into()),
        }
    }

    /// Moves a review on its ladder, if it is still where it was seen; its stream record or the clock starts the workflow.
    async fn move_ladder(
        &self,
        seen: &Review,
        moved: impl FnOnce(Timestamp, Review) -> Review,
    ) -> Result<(), HandleError> {
        let key = RowKey::review(&seen.tenant, &seen.campaign, &seen.id);
        let Some(stored) = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_review)) else {
            return Ok(());
        };
        let place = |review: &Review| (review.status, review.rung, review.start, review.token.is_some());
        if place(&stored.row) != place(seen) {
            return Ok(());
        }
        let next = moved(self.clock.now(), stored.row.clone());
        let transaction = Transaction::by(self.writer("rung")).replace(&stored, next)?;
        match self.store.write(&transaction).await {
            Ok(_) | Err(StoreError::Refused(_)) => Ok(()),
            Err(failed) => Err(failed.into()),
        }
    }

    /// Makes a dead letter: its row, and in the same transaction the failure of the task it speaks about, where
    /// that task still waits for exactly this attempt. What it says about its owner is believed as far as the rows bear
    /// it out; else it is nobody's.
    ///
    /// # Errors
    /// [`HandleError`] when the store fails; the letter stays on its queue.
    pub async fn bury(&self, letter: &Letter) -> Result<(), HandleError> {
        let claim = match dead_letters::claim(letter) {
            None => self.claimed_by_agent(letter).await?,
            claim => self.borne_out(claim).await?,
        };
        let now = self.clock.now();
        tracing::error!(letter.id = %letter.id, letter.origin = %letter.origin, reason = %letter.reason, "A message is dead");
        for _ in 0..TRIES {
            let task = self.task_of(claim.as_ref()).await?;
            let row = dead_letters::row(letter, claim.as_ref(), task.as_ref().map(|task| &task.row), now);
            let mut transaction = Transaction::by(WriterId::new(format!("dead-{}", row.id))).insert(row)?;
            let attempt = claim.as_ref().and_then(|claim| claim.attempt);
            if let Some(task) = task
                && let Some(failed) = dead_letters::failed(&task.row, attempt, &letter.reason)
            {
                transaction = transaction.replace(&task, failed)?;
            }
            match self.store.write(&transaction).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Refused(refusals)) if refusals.iter().all(|refusal| refusal.index == 0) => {
                    return Ok(());
                }
                Err(StoreError::Refused(_)) => {}
                Err(failed) => return Err(failed.into()),
            }
        }
        Err(StoreError::Contention.into())
    }

    /// The claim, where the campaign it names is there.
    async fn borne_out(&self, claim: Option<Claim>) -> Result<Option<Claim>, StoreError> {
        let Some(claim) = claim else { return Ok(None) };
        let campaign = self.readable(&RowKey::campaign(&claim.tenant, &claim.campaign)).await?;
        Ok(campaign.map(|_| claim))
    }

    async fn task_of(&self, claim: Option<&Claim>) -> Result<Option<Stored<Task>>, StoreError> {
        let Some((claim, task)) = claim.and_then(|claim| Some((claim, claim.task.as_ref()?))) else {
            return Ok(None);
        };
        let found = self.readable(&RowKey::task(&claim.tenant, &claim.campaign, task)).await?;
        Ok(found.and_then(|found| found.narrow(Row::into_task)))
    }

    /// The row, if it is there and can be read: one that cannot may be the very reason for a letter, and must not keep it
    /// from being kept.
    async fn readable(&self, key: &RowKey) -> Result<Option<Stored>, StoreError> {
        match self.store.get(key).await {
            Err(StoreError::Unreadable(_)) => Ok(None),
            found => found,
        }
    }

    async fn bury_unsendable(&self, dead: Undeliverable) -> Result<(), HandleError> {
        let About { what, owner, task } = dead.about;
        let body = task.map_or_else(
            || what.clone(),
            |task| {
                serde_json::to_string(&chimera_domain::Envelope::new(chimera_domain::TaskMessage { task }))
                    .unwrap_or_default()
            },
        );
        let id = Digest::of_bytes(format!("{what}{body}").as_bytes()).as_str().replace(':', "-");
        let origin = "dispatcher".to_owned();
        self.bury(&Letter { id, origin, body, owner, receives: None, reason: dead.reason }).await
    }

    fn writer(&self, why: &str) -> WriterId {
        WriterId::new(format!("{why}-{}", self.ids.fresh()))
    }
}

/// The review on its next rung, with that rung's time.
fn next_rung(now: Timestamp, review: Review) -> Review {
    let mut next = Review { rung: review.rung + 1, start: 0, token: None, token_of: None, ..review };
    let wait = next.present_rung().map_or(LOOK_AGAIN, |rung| Duration::from_secs(u64::from(rung.wait_s)));
    next.due_at = Some(now + wait);
    next
}

/// The review with another start of the same rung; its time goes on.
fn restarted(review: Review) -> Review {
    Review { start: review.start + 1, ..review }
}
