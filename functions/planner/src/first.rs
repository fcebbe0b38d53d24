//! The first plan: drawn, then opened, or proposed where an operator opens it; what an earlier death or a rejection left
//! behind is put away before another is drawn.

use chimera_domain::{
    Campaign, CampaignEvent, CampaignStatus, Money, Plan, PlanEvent, PlanMode, PlanStatus, Policy, RowKey,
    StoreError, Stored, Task, TaskEvent, TaskStatus, Transaction, limits,
    ports::{
        Clock, HandleError, Ids, ModelError, ReasoningModel, StateReader, StateReaderExt as _, StateWriter,
    },
};

use crate::draft::{self, Draft, DraftError};
use crate::fit;
use crate::operating::{self, Operating};
use crate::view::View;
use crate::{Looked, Planner, inserting};

/// [PL-3] Why a campaign ends whose plan nobody wanted in time.
const NOBODY_APPROVED: &str = "nobody approved the plan";

impl<S, M, C, I> Planner<S, M, C, I>
where
    S: StateReader + StateWriter,
    M: ReasoningModel,
    C: Clock,
    I: Ids,
{
    /// Draws the first plan and opens or proposes it. A draft that is there already was left behind, or an operator wants
    /// another: it is put away first.
    pub(crate) async fn draw_plan(&self, view: &View) -> Result<Looked, HandleError> {
        if let Some(cleared) = self.without_earlier_drafts(view)? {
            return self.write(&cleared).await;
        }
        let campaign = &view.campaign.row;
        let Some(agent) = self.store.agent(&campaign.tenant, &campaign.agent).await? else {
            return self.stop(view, "the agent does not exist").await;
        };
        let (policy, _) = self.store.policy(&campaign.tenant).await?;
        let (zero, now) = (Money::zero(campaign.currency()), self.clock.now());
        let draft = draft::draw(&self.model, view, campaign, &agent.row, &policy, zero, now);
        match draft.await {
            Ok(draft) => self.set_up(view, draft, &policy).await,
            Err(DraftError::Model(ModelError::Unavailable(why))) => Err(ModelError::Unavailable(why).into()),
            Err(unusable) => self.stop(view, &unusable.to_string()).await,
        }
    }

    /// The next transaction that puts earlier drafts away; none where there is nothing left of them. The version comes
    /// first: from then on whoever still writes it is refused. Of tasks, only those are touched whose version was seen: a
    /// query is no snapshot, and others may be of a newer draft.
    fn without_earlier_drafts(&self, view: &View) -> Result<Option<Transaction>, HandleError> {
        if let Some(left) = view.plans.iter().find(|plan| plan.row.status == PlanStatus::Draft) {
            let settled = operating::settled(view, &left.row)?;
            return Ok(Some(Transaction::by(self.writer()).replace(left, settled)?));
        }
        let is_left = |task: &&Stored<Task>| !task.row.status.is_final() && task.row.plan < view.next_plan();
        let left: Vec<&Stored<Task>> = view.tasks.values().filter(is_left).collect();
        if left.is_empty() {
            return Ok(None);
        }
        let mut transaction = Transaction::by(self.writer());
        for task in &left[..fit::fitting(&left, |task| fit::bytes(&task.row))] {
            let reason = Some(why_dropped(view, &task.row));
            let dropped = Task { status: task.row.status.next(TaskEvent::Drop)?, reason, ..task.row.clone() };
            transaction = transaction.replace(task, dropped)?;
        }
        Ok(Some(transaction))
    }

    /// [M-12] Opens the plan, or proposes it, where its cost can be set aside.
    async fn set_up(&self, view: &View, draft: Draft, policy: &Policy) -> Result<Looked, HandleError> {
        let Draft { plan, tasks, .. } = draft;
        let mut operating = Operating::of(view, policy.caps.operating);
        if let Err(reason) = operating.open(plan.estimate) {
            return self.stop(view, &reason).await;
        }
        let plan = Plan { reserved: Some(operating.at_most()), ..plan };
        match view.campaign.row.brief.plan {
            PlanMode::Automatic => self.open_plan(view, plan, tasks).await,
            PlanMode::ApproveFirst => self.propose_plan(view, plan, tasks).await,
        }
    }

    /// Writes the plan. One transaction where it fits; else the version as a draft with the tasks that wait anyway, in
    /// chunks, and the opening last, with the tasks that need not wait.
    async fn open_plan(&self, view: &View, plan: Plan, tasks: Vec<Task>) -> Result<Looked, HandleError> {
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
        waiting.extend(later.iter().cloned().map(Task::waiting));
        let draft = self.write_draft(plan, &waiting).await?;
        self.write(&inserting(opening.replace(&draft, opened)?, at_once)?).await
    }

    /// [PL-1] Writes the plan as a draft in which every task waits, and the campaign last: what a death leaves behind is
    /// a campaign that is still being planned.
    async fn propose_plan(&self, view: &View, plan: Plan, tasks: Vec<Task>) -> Result<Looked, HandleError> {
        let tasks: Vec<Task> = tasks.into_iter().map(Task::waiting).collect();
        let proposed = Campaign {
            status: view.campaign.row.status.next(CampaignEvent::Propose)?,
            plan: plan.number,
            due_at: Some(self.clock.now() + limits::APPROVAL_WAIT),
            ..view.campaign.row.clone()
        };
        tracing::info!(campaign.id = %proposed.id, trace_id = %proposed.trace, plan = plan.number,
            "A plan waits for an operator's approval");
        let proposing = Transaction::by(self.writer()).replace(&view.campaign, proposed)?;
        if fit::fitting(&tasks, fit::bytes) == tasks.len() {
            return self.write(&inserting(proposing.insert(plan)?, &tasks)?).await;
        }
        let key = RowKey::plan(&plan.tenant, &plan.campaign, plan.number);
        let draft = self.write_draft(plan, &tasks).await?;
        self.write(&proposing.require_unchanged(key, &draft)).await
    }

    /// Writes a plan version as a draft, and tasks of it that wait. Where another planner draws as well it is left to
    /// that one, or two would put each other's drafts away: by the message's next delivery it has come to something.
    async fn write_draft(&self, plan: Plan, tasks: &[Task]) -> Result<Stored<Plan>, HandleError> {
        let writer = self.writer();
        let key = RowKey::plan(&plan.tenant, &plan.campaign, plan.number);
        // Nor is one written where the campaign was cancelled while it was drawn: nobody would put it away.
        let campaign = RowKey::campaign(&plan.tenant, &plan.campaign);
        let drafting = Transaction::by(writer.clone())
            .insert(plan.clone())?
            .require_status(campaign, &[CampaignStatus::Planning.name()]);
        if let Looked::Stale = self.write(&drafting).await? {
            return Err(StoreError::Contention.into());
        }
        let draft = Stored { row: plan, version: 1, writer };
        for run in fit::runs(tasks, fit::bytes) {
            // Another planner may have put the draft away as left over.
            let chunking = Transaction::by(self.writer()).require_unchanged(key.clone(), &draft);
            if let Looked::Stale = self.write(&inserting(chunking, run)?).await? {
                return Err(StoreError::Contention.into());
            }
        }
        Ok(draft)
    }

    /// [PL-3] Nobody waits on a silent human: a plan that nobody has approved in time ends its campaign.
    pub(crate) async fn wait_for_approval(&self, view: &View) -> Result<Looked, HandleError> {
        let (campaign, now) = (&view.campaign.row, self.clock.now());
        if campaign.due_at.is_none_or(|due_at| due_at > now) {
            return Ok(Looked::Quiet);
        }
        tracing::error!(campaign.id = %campaign.id, trace_id = %campaign.trace, reason = NOBODY_APPROVED,
            "A campaign was cancelled");
        let cancelled = Campaign {
            status: campaign.status.next(CampaignEvent::Cancel)?,
            reason: Some(NOBODY_APPROVED.to_owned()),
            finished_at: Some(now),
            due_at: Some(now),
            ..campaign.clone()
        };
        self.write(&Transaction::by(self.writer()).replace(&view.campaign, cancelled)?).await
    }
}

/// Why a task of an earlier draft is not wanted, for people.
fn why_dropped(view: &View, task: &Task) -> String {
    let later = view.plans.iter().filter(|plan| plan.row.number >= task.plan);
    match later.filter_map(|plan| plan.row.rejected.as_ref()).next() {
        Some(rejection) => format!("{} wanted another plan", rejection.by),
        None => "its plan was never opened".to_owned(),
    }
}
