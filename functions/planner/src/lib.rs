#![doc = include_str!("../README.md")]

mod alternative;
mod clear;
mod draft;
mod first;
mod fit;
mod moves;
mod operating;
mod reaction;
mod replan;
mod round;
mod view;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chimera_domain::{
    Agent, Campaign, CampaignEvent, CampaignStatus, GoalCheck, Money, Plan, PlanCause, PlanMessage, RowKey,
    StoreError, Stored, Task, TaskKind, TaskStatus, Timestamp, Transaction, WriterId, limits,
    ports::{
        Clock, HandleError, Ids, MessageHandler, ModelError, ReasoningModel, StateReader,
        StateReaderExt as _, StateWriter,
    },
};

use draft::{DraftError, Drafting};
use moves::{Change, Moves};
use operating::Operating;
use replan::ReplanError;
pub use replan::{Changes, SignalAnswer};
use view::View;

/// Times the planner looks again when somebody wrote first, before it leaves the message for another delivery.
const LOOKS: usize = 8;

/// The planner over its ports.
#[derive(Debug)]
pub struct Planner<S, M, C, I> {
    store: S,
    model: M,
    clock: C,
    ids: I,
}

impl<S, M, C, I> MessageHandler<PlanMessage> for Planner<S, M, C, I>
where
    S: StateReader + StateWriter + Send,
    M: ReasoningModel + Send,
    C: Clock + Send,
    I: Ids + Send,
{
    /// The campaigns of the batch that were already looked at: a second wake-up in the same batch was sent before the
    /// first one reads.
    type Batch = Mutex<BTreeSet<PlanMessage>>;

    async fn open(&self, _messages: &[PlanMessage]) -> Result<Self::Batch, HandleError> {
        Ok(Mutex::default())
    }

    async fn handle(
        &self,
        message: PlanMessage,
        batch: &Self::Batch,
        _deadline: Duration,
    ) -> Result<(), HandleError> {
        let is_first = batch.lock().unwrap_or_else(PoisonError::into_inner).insert(message.clone());
        if is_first { self.look(&message).await } else { Ok(()) }
    }
}

/// What one look at a campaign came to.
enum Looked {
    /// Something was written; there may be more to do.
    Moved,
    /// Somebody else wrote first.
    Stale,
    /// Nothing is called for.
    Quiet,
}

impl<S, M, C, I> Planner<S, M, C, I>
where
    S: StateReader + StateWriter,
    M: ReasoningModel,
    C: Clock,
    I: Ids,
{
    /// A planner over these ports.
    pub fn new(store: S, model: M, clock: C, ids: I) -> Self {
        Self { store, model, clock, ids }
    }

    async fn look(&self, message: &PlanMessage) -> Result<(), HandleError> {
        // A 200-task plan takes a few transactions of its own; only lost races count against the looks.
        let mut lost = 0;
        while lost < LOOKS {
            let Some(view) = View::read(&self.store, &message.tenant, &message.campaign).await? else {
                tracing::warn!(campaign.id = %message.campaign, "A wake-up names a campaign that does not exist");
                return Ok(());
            };
            match self.step(&view).await? {
                Looked::Moved => {}
                Looked::Stale => lost += 1,
                Looked::Quiet => return Ok(()),
            }
        }
        Err(StoreError::Contention.into())
    }

    async fn step(&self, view: &View) -> Result<Looked, HandleError> {
        match view.campaign.row.status {
            CampaignStatus::Planning => self.draw_plan(view).await,
            CampaignStatus::Active => self.advance(view).await,
            status if status.is_over() && view.has_open_signal() => {
                // Perceived at the last moment: nothing follows any more.
                let changes = reaction::too_late(view);
                let ended = replan::without_version(view, &changes, self.writer()).map_err(handle_error)?;
                self.write(&ended).await
            }
            CampaignStatus::Cancelled | CampaignStatus::Stopped => {
                match clear::transaction(view, self.writer(), self.clock.now()).map_err(handle_error)? {
                    Some(transaction) => self.write(&transaction).await,
                    None => Ok(Looked::Quiet),
                }
            }
            CampaignStatus::AwaitingApproval => self.wait_for_approval(view).await,
            CampaignStatus::Paused | CampaignStatus::Finished => Ok(Looked::Quiet),
        }
    }

    async fn advance(&self, view: &View) -> Result<Looked, HandleError> {
        let now = self.clock.now();
        if view.has_open_signal() {
            return self.react(view, now).await;
        }
        let Moves { changed, lost } = moves::moves(view, now)?;
        let under_way =
            |task: &Stored<Task>| matches!(task.row.status, TaskStatus::Open | TaskStatus::Rejected);
        let is_under_way = view.tasks.values().any(under_way);
        // One version for all posts that were refused too often; what looks at everything waits for it.
        let is_last_look = changed.iter().all(|(old, _)| old.row.kind == TaskKind::Remember);
        if !is_under_way
            && is_last_look
            && let Some(looked) = self.find_alternatives(view, now).await?
        {
            return Ok(looked);
        }
        if !changed.is_empty() {
            return self.change(view, changed).await;
        }
        // The same for all that was lost: while work is under way more may be.
        if !lost.is_empty() && !is_under_way {
            let reason = lost.first().map(|(_, reason)| reason.clone()).unwrap_or_default();
            // What waits brings neither a review nor an effect along.
            let fitting = fit::fitting(&lost, |(task, _)| fit::bytes(&task.row));
            let lost = lost.into_iter().take(fitting);
            let dropped = lost.map(|(task, reason)| (task.row.id, reason)).collect();
            let changes = Changes { cause: PlanCause::Loss, reason, dropped, ..Changes::default() };
            return self.replan_view(view, &changes).await;
        }
        let idle = clear::without_idle_questions(Transaction::by(self.writer()), view, now);
        let idle = idle.map_err(handle_error)?;
        if !idle.is_empty() {
            return self.write(&idle).await;
        }
        let is_watching = reaction::is_watching(view, now);
        if !is_watching && round::is_to_be_closed(view) {
            return self.close_round(view, now).await;
        }
        if !is_watching && view.is_all_final() {
            return self.finish(view, now).await;
        }
        Ok(Looked::Quiet)
    }

    /// [PL-16] Asks whether the goal is met, and plans another round where it is not.
    async fn close_round(&self, view: &View, now: Timestamp) -> Result<Looked, HandleError> {
        let Some(plan) = view.plan() else { return Ok(Looked::Quiet) };
        let check = match round::ask(view, &self.model).await {
            Ok(check) => check,
            Err(ModelError::Unavailable(why)) => return Err(ModelError::Unavailable(why).into()),
            Err(unusable) => return self.stop(view, &unusable.to_string()).await,
        };
        if check.met {
            return self.close(plan, check).await;
        }
        let campaign = &view.campaign.row;
        let agent = self.agent_of(campaign).await?;
        let (policy, _) = self.store.policy(&campaign.tenant).await?;
        let remaining = round::remaining(campaign, &check);
        let drawn = draft::draw(&self.model, view, &remaining, &agent, &policy, check.cost, now).await;
        let mut draft = match drawn {
            Ok(draft) => draft,
            Err(DraftError::Model(ModelError::Unavailable(why))) => {
                return Err(ModelError::Unavailable(why).into());
            }
            Err(unusable) => return self.close(plan, round::last(check, &unusable.to_string())).await,
        };
        if draft.tasks.len() > round::TASKS {
            let reason = format!("a round of {} tasks is more than one plan version adds", draft.tasks.len());
            return self.close(plan, round::last(check, &reason)).await;
        }
        round::read_further(view, &mut draft.tasks);
        let changes = round::changes(view, check.clone(), draft);
        match self.refusal(view, &changes).await? {
            Some(reason) => self.close(plan, round::last(check, &reason)).await,
            None => self.replan_view(view, &changes).await,
        }
    }

    /// Notes what was found of the goal; nothing follows but the end.
    async fn close(&self, plan: &Stored<Plan>, check: GoalCheck) -> Result<Looked, HandleError> {
        self.write(&Transaction::by(self.writer()).replace(plan, round::closed(plan, check))?).await
    }

    async fn agent_of(&self, campaign: &Campaign) -> Result<Agent, HandleError> {
        let agent = self.store.agent(&campaign.tenant, &campaign.agent).await?;
        let agent = agent.ok_or_else(|| HandleError::Defect(format!("agent {} is gone", campaign.agent)))?;
        Ok(agent.row)
    }

    /// [PE-4] Answers what was perceived: in a new plan version where something follows from it.
    async fn react(&self, view: &View, now: Timestamp) -> Result<Looked, HandleError> {
        let campaign = &view.campaign.row;
        let agent = self.agent_of(campaign).await?;
        let (policy, _) = self.store.policy(&campaign.tenant).await?;
        let drafting = Drafting::new(campaign, &agent, policy.disclosure, view.next_plan(), now);
        let Some(changes) = reaction::to_signals(view, &drafting, &policy) else { return Ok(Looked::Quiet) };
        let writer = self.writer();
        let transaction = if changes.is_about_signals_alone() {
            replan::without_version(view, &changes, writer)
        } else {
            replan::transaction(view, &changes, writer, now)
        };
        self.write(&transaction.map_err(handle_error)?).await
    }

    /// Writes what the tasks call for, as far as the operating limit allows. Attempts that nothing was set aside for
    /// raise what the plan has reserved in the same transaction, so that two planners never open the same room.
    async fn change(&self, view: &View, changed: Vec<Change>) -> Result<Looked, HandleError> {
        let (changed, reserved) = self.admitted(view, changed).await?;
        let campaign = RowKey::campaign(&view.campaign.row.tenant, &view.campaign.row.id);
        let mut plan = view.plan().cloned();
        for run in fit::runs(&changed, |(_, new)| fit::bytes(new)) {
            let writer = self.writer();
            let mut transaction = Transaction::by(writer.clone())
                .require_status(campaign.clone(), &[CampaignStatus::Active.name()]);
            for (old, new) in run {
                transaction = transaction.replace(old, new.clone())?;
            }
            if run.iter().any(is_retry)
                && let Some(read) = plan.take()
            {
                let raised = Plan { reserved, ..read.row.clone() };
                transaction = transaction.replace(&read, raised.clone())?;
                plan = Some(Stored { row: raised, version: read.version + 1, writer });
            }
            if let stale @ Looked::Stale = self.write(&transaction).await? {
                return Ok(stale);
            }
        }
        Ok(Looked::Moved)
    }

    /// The changes with those failed that the operating limit does not allow, and the most the campaign may cost then.
    async fn admitted(
        &self,
        view: &View,
        changed: Vec<Change>,
    ) -> Result<(Vec<Change>, Option<Money>), HandleError> {
        if !changed.iter().any(|(_, new)| new.status == TaskStatus::Open) {
            return Ok((changed, None));
        }
        let (policy, _) = self.store.policy(&view.campaign.row.tenant).await?;
        let mut operating = Operating::of(view, policy.caps.operating);
        let mut admitted = Vec::with_capacity(changed.len());
        for (old, new) in changed {
            let new = operating.admit(&old.row, new)?;
            let new = alternative::or_a_human(view, &operating, new);
            admitted.push((old, new));
        }
        Ok((admitted, Some(operating.at_most())))
    }

    /// Makes a new plan version with these changes.
    ///
    /// # Errors
    /// [`HandleError`] when the campaign cannot be read or written, or a task's status does not allow the change.
    pub async fn replan(&self, of: &PlanMessage, changes: &Changes) -> Result<(), HandleError> {
        for _ in 0..LOOKS {
            let view = View::read(&self.store, &of.tenant, &of.campaign).await?;
            let view =
                view.ok_or_else(|| HandleError::Defect(format!("campaign {} is unknown", of.campaign)))?;
            match self.replan_view(&view, changes).await? {
                Looked::Moved | Looked::Quiet => return Ok(()),
                Looked::Stale => {}
            }
        }
        Err(StoreError::Contention.into())
    }

    async fn replan_view(&self, view: &View, changes: &Changes) -> Result<Looked, HandleError> {
        if let Some(reason) = self.refusal(view, changes).await? {
            return self.stop(view, &reason).await;
        }
        let transaction =
            replan::transaction(view, changes, self.writer(), self.clock.now()).map_err(handle_error)?;
        self.write(&transaction).await
    }

    /// Why another version cannot be: one too many, or more than the operating limit allows.
    async fn refusal(&self, view: &View, changes: &Changes) -> Result<Option<String>, HandleError> {
        if replan::versions(view) >= limits::REPLANS_PER_CAMPAIGN {
            return Ok(Some("re-planned too often".to_owned()));
        }
        if changes.changed.is_empty() && changes.added.is_empty() {
            return Ok(None);
        }
        let (policy, _) = self.store.policy(&view.campaign.row.tenant).await?;
        let estimate = replan::estimate_of(view, changes);
        Ok(Operating::of(view, policy.caps.operating).open(estimate).err())
    }

    /// [P-7]
    async fn finish(&self, view: &View, now: Timestamp) -> Result<Looked, HandleError> {
        let finished = Campaign {
            status: view.campaign.row.status.next(CampaignEvent::Finish)?,
            finished_at: Some(now),
            due_at: None,
            ..view.campaign.row.clone()
        };
        let mut transaction = Transaction::by(self.writer()).replace(&view.campaign, finished)?;
        if let Some(plan) = view.plan() {
            transaction = transaction.replace(plan, operating::settled(view, &plan.row)?)?;
        }
        self.write(&transaction).await
    }

    async fn stop(&self, view: &View, reason: &str) -> Result<Looked, HandleError> {
        let campaign = &view.campaign.row;
        tracing::error!(campaign.id = %campaign.id, trace_id = %campaign.trace, reason, "A campaign was stopped");
        let stopped = Campaign {
            status: view.campaign.row.status.next(CampaignEvent::Stop)?,
            reason: Some(reason.to_owned()),
            finished_at: Some(self.clock.now()),
            ..view.campaign.row.clone()
        };
        self.write(&Transaction::by(self.writer()).replace(&view.campaign, stopped)?).await
    }

    async fn write(&self, transaction: &Transaction) -> Result<Looked, HandleError> {
        match self.store.write(transaction).await {
            Ok(_) => Ok(Looked::Moved),
            Err(StoreError::Refused(_)) => Ok(Looked::Stale),
            Err(failed) => Err(failed.into()),
        }
    }

    fn writer(&self) -> WriterId {
        WriterId::new(format!("plan-{}", self.ids.fresh()))
    }
}

/// Whether the change opens an attempt that the plan did not set aside when it opened.
fn is_retry((old, new): &Change) -> bool {
    new.status == TaskStatus::Open && old.row.status != TaskStatus::Blocked
}

fn inserting(mut transaction: Transaction, tasks: &[Task]) -> Result<Transaction, StoreError> {
    for task in tasks {
        transaction = transaction.insert(task.clone())?;
    }
    Ok(transaction)
}

fn handle_error(error: ReplanError) -> HandleError {
    match error {
        ReplanError::Illegal(illegal) => illegal.into(),
        ReplanError::Store(store) => store.into(),
    }
}
