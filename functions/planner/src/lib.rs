#![doc = include_str!("../README.md")]

mod clear;
mod draft;
mod fit;
mod moves;
mod operating;
mod replan;
mod view;
mod wanted;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chimera_domain::{
    Campaign, CampaignEvent, CampaignStatus, Money, Plan, PlanEvent, PlanMessage, PlanStatus, Policy, RowKey,
    StoreError, Stored, Task, TaskEvent, TaskStatus, Timestamp, Transaction, WriterId, limits,
    ports::{
        Clock, HandleError, Ids, MessageHandler, ModelError, ReasoningModel, StateReader,
        StateReaderExt as _, StateWriter,
    },
};

use draft::{Draft, DraftError};
use fit::OPS;
use moves::{Change, Moves};
use operating::Operating;
pub use replan::Changes;
use replan::ReplanError;
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
            CampaignStatus::Cancelled | CampaignStatus::Stopped => {
                match clear::transaction(view, self.writer(), self.clock.now()).map_err(handle_error)? {
                    Some(transaction) => self.write(&transaction).await,
                    None => Ok(Looked::Quiet),
                }
            }
            CampaignStatus::AwaitingApproval | CampaignStatus::Paused | CampaignStatus::Finished => {
                Ok(Looked::Quiet)
            }
        }
    }

    /// Draws the first plan and opens it. A draft that an earlier death left behind is dropped first.
    async fn draw_plan(&self, view: &View) -> Result<Looked, HandleError> {
        if let Some(left) = view.plans.iter().find(|plan| plan.row.status == PlanStatus::Draft) {
            return self.drop_draft(view, left).await;
        }
        let campaign = &view.campaign.row;
        let Some(agent) = self.store.agent(&campaign.tenant, &campaign.agent).await? else {
            return self.stop(view, "the agent does not exist").await;
        };
        let (policy, _) = self.store.policy(&campaign.tenant).await?;
        let (now, disclosure) = (self.clock.now(), policy.disclosure);
        let is_redrawn = !view.tasks.is_empty();
        let draft =
            draft::draw(&self.model, campaign, &agent.row, view.next_plan(), disclosure, is_redrawn, now);
        match draft.await {
            Ok(draft) => self.open_plan(view, draft, &policy).await,
            Err(DraftError::Model(ModelError::Unavailable(why))) => Err(ModelError::Unavailable(why).into()),
            Err(unusable) => self.stop(view, &unusable.to_string()).await,
        }
    }

    /// Writes the plan. One transaction where it fits; else the version as a draft with the tasks that wait anyway, in
    /// chunks, and the opening last, with the tasks that need not wait.
    async fn open_plan(&self, view: &View, draft: Draft, policy: &Policy) -> Result<Looked, HandleError> {
        let Draft { plan, tasks } = draft;
        let mut operating = Operating::of(view, policy.caps.operating);
        if let Err(reason) = operating.open(plan.estimate) {
            return self.stop(view, &reason).await;
        }
        let plan = Plan { reserved: Some(operating.at_most()), ..plan };
        let opened = Plan { status: plan.status.next(PlanEvent::Open)?, ..plan.clone() };
        let active = Campaign {
            status: view.campaign.row.status.next(CampaignEvent::Open)?,
            plan: plan.number,
            ..view.campaign.row.clone()
        };
        let opening = Transaction::by(self.writer()).replace(&view.campaign, active)?;
        if fit::fitting(&tasks, fit::bytes) == tasks.len() {
            return self.write(&inserting(opening.insert(opened)?, &tasks)?).await;
        }
        let (roots, mut waiting): (Vec<Task>, Vec<Task>) =
            tasks.into_iter().partition(|task| task.status == TaskStatus::Open);
        let (at_once, later) = roots.split_at(fit::fitting(&roots, fit::bytes));
        waiting.extend(later.iter().cloned().map(|task| Task {
            status: TaskStatus::Blocked,
            opened_at: None,
            ..task
        }));
        match self.write_draft(plan, &waiting).await? {
            Some(draft) => self.write(&inserting(opening.replace(&draft, opened)?, at_once)?).await,
            None => Ok(Looked::Stale),
        }
    }

    /// Writes a plan version as a draft, and tasks of it that wait; none where another planner got in between.
    async fn write_draft(&self, plan: Plan, tasks: &[Task]) -> Result<Option<Stored<Plan>>, HandleError> {
        let writer = self.writer();
        let key = RowKey::plan(&plan.tenant, &plan.campaign, plan.number);
        let drafting = Transaction::by(writer.clone()).insert(plan.clone())?;
        if let Looked::Stale = self.write(&drafting).await? {
            return Ok(None);
        }
        let draft = Stored { row: plan, version: 1, writer };
        for run in fit::runs(tasks, fit::bytes) {
            // Another planner may have dropped the draft as left over.
            let chunking = Transaction::by(self.writer()).require_unchanged(key.clone(), &draft);
            if let Looked::Stale = self.write(&inserting(chunking, run)?).await? {
                return Ok(None);
            }
        }
        Ok(Some(draft))
    }

    /// Drops a left-over draft: its tasks first, then the version itself.
    async fn drop_draft(&self, view: &View, draft: &Stored<Plan>) -> Result<Looked, HandleError> {
        let left = view.tasks.values().filter(|task| task.row.plan == draft.row.number);
        let left: Vec<&Stored<Task>> = left.filter(|task| !task.row.status.is_final()).collect();
        let mut transaction = Transaction::by(self.writer());
        for task in &left[..fit::fitting(&left, |task| fit::bytes(&task.row))] {
            let reason = Some("its plan was never opened".to_owned());
            let dropped = Task { status: task.row.status.next(TaskEvent::Drop)?, reason, ..task.row.clone() };
            transaction = transaction.replace(task, dropped)?;
        }
        if left.is_empty() {
            transaction = transaction.replace(draft, operating::settled(view, &draft.row)?)?;
        }
        self.write(&transaction).await
    }

    async fn advance(&self, view: &View) -> Result<Looked, HandleError> {
        let now = self.clock.now();
        let Moves { changed, lost } = moves::moves(view, now)?;
        if !changed.is_empty() {
            return self.change(view, changed).await;
        }
        // One version for all that was lost: while work is under way more may be.
        let under_way =
            |task: &Stored<Task>| matches!(task.row.status, TaskStatus::Open | TaskStatus::Rejected);
        if !lost.is_empty() && !view.tasks.values().any(under_way) {
            let reason = lost.first().map(|(_, reason)| reason.clone()).unwrap_or_default();
            let dropped =
                lost.into_iter().map(|(task, reason)| (task.row.id, reason)).take(OPS / 2).collect();
            return self.replan_view(view, &Changes { reason, dropped, changed: Vec::new() }).await;
        }
        let idle = clear::without_idle_questions(Transaction::by(self.writer()), view, now);
        let idle = idle.map_err(handle_error)?;
        if !idle.is_empty() {
            return self.write(&idle).await;
        }
        if view.is_all_final() { self.finish(view, now).await } else { Ok(Looked::Quiet) }
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
        if view.campaign.row.revision > limits::REPLANS_PER_CAMPAIGN {
            return self.stop(view, "re-planned too often").await;
        }
        if !changes.changed.is_empty() {
            let (policy, _) = self.store.policy(&view.campaign.row.tenant).await?;
            let estimate = replan::estimate_of(view, changes);
            if let Err(reason) = Operating::of(view, policy.caps.operating).open(estimate) {
                return self.stop(view, &reason).await;
            }
        }
        let transaction =
            replan::transaction(view, changes, self.writer(), self.clock.now()).map_err(handle_error)?;
        self.write(&transaction).await
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
