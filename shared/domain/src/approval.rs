//! A plan that waits for approval, and what an operator makes of it: each answer is one transaction over the campaign's
//! row, so that of two answers one wins.

use std::collections::BTreeMap;

use jiff::Timestamp;
use thiserror::Error;

use crate::edit::attempts;
use crate::{
    Agent, Campaign, CampaignEvent, CampaignStatus, Drafting, IllegalTransition, Money, MoneyError,
    OperatorId, Plan, PlanCause, PlanEdit, PlanEvent, PlanStatus, Policy, Proposal, ProposalError,
    ProposedTask, Rejection, Spendable, StoreError, Stored, Task, TaskEvent, TaskId, TaskStatus, Transaction,
    VideoTiers, WriterId, limits,
};

/// A campaign with its plan, as it was read.
#[derive(Debug, Clone)]
pub struct WaitingPlan {
    /// The campaign.
    pub campaign: Stored<Campaign>,
    /// The plan version that is meant.
    pub plan: Stored<Plan>,
    /// Every version that there ever was.
    pub versions: Vec<Plan>,
    /// Every task that there ever was.
    pub tasks: BTreeMap<TaskId, Stored<Task>>,
}

/// What an operator answers.
#[derive(Debug, Clone)]
pub struct Answered {
    /// What is written.
    pub write: Transaction,
    /// The campaign then.
    pub campaign: Campaign,
    /// The plan version that counts then.
    pub plan: Plan,
}

/// Why an answer is refused; nothing was written.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// Nobody's approval is waited for. The operator looks at the campaign.
    #[error("no plan waits for approval: the campaign is {0}")]
    NotWaiting(CampaignStatus),
    /// The list is no plan of this brief. The operator corrects it.
    #[error("the list is no plan of this brief")]
    NoPlan(Vec<ProposalError>),
    /// More than one transaction holds. The operator makes the edit in several.
    #[error(
        "the list changes {0} tasks, and one edit at most {max}, of 3 MiB in all: make it in several",
        max = limits::CHANGES_PER_EDIT
    )]
    TooManyChanges(usize),
    /// The operator approves, or cancels.
    #[error("the plan was edited {} times: approve it, or cancel the campaign", limits::EDITS_PER_PLAN)]
    TooManyEdits,
    /// The operator edits the last one, or cancels.
    #[error(
        "{} plans were drawn, and no more will be: edit this one, or cancel the campaign",
        limits::DRAFTS_PER_CAMPAIGN
    )]
    TooManyDrafts,
    /// [M-12] An admin raises the policy's limit, or the operator drops tasks.
    #[error("over budget: operating: {at_most} may be more than {limit}")]
    OverOperating {
        /// What the policy allows.
        limit: Money,
        /// What running the plan may cost at most.
        at_most: Money,
    },
    /// A status that does not allow it; a defect, for the plan waits.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// An amount that cannot be; a defect.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A row cannot be made.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WaitingPlan {
    /// The plan's tasks with all of them that may be edited, in order; what was dropped is none of it.
    #[must_use]
    pub fn proposal(&self) -> Proposal {
        let tasks = self.tasks.values().map(|task| &task.row);
        let mut tasks: Vec<&Task> = tasks.filter(|task| task.status != TaskStatus::Dropped).collect();
        tasks.sort_by(|a, b| (a.ordinal, &a.id).cmp(&(b.ordinal, &b.id)));
        Proposal { tasks: tasks.into_iter().map(ProposedTask::from).collect() }
    }

    /// [PL-2] Opens the plan as it is. What need not wait is released by the planner, as in any plan.
    ///
    /// # Errors
    /// [`AnswerError`]
    pub fn approved(
        &self,
        policy: &Policy,
        writer: WriterId,
        now: Timestamp,
    ) -> Result<Answered, AnswerError> {
        self.require_waiting()?;
        require_within(policy, self.plan.row.reserved)?;
        let status = self.plan.row.status.next(PlanEvent::Open)?;
        let plan = Plan { status, ..self.plan.row.clone() };
        self.settled(plan, CampaignEvent::Open, writer, now)
    }

    /// [PL-8] Has another plan drawn, with the comment: as often as there may be drafts.
    ///
    /// # Errors
    /// [`AnswerError`]
    pub fn rejected(&self, rejection: Rejection, writer: WriterId) -> Result<Answered, AnswerError> {
        self.require_waiting()?;
        let rejected = self.versions.iter().filter(|version| version.rejected.is_some()).count();
        if rejected + 1 >= limits::DRAFTS_PER_CAMPAIGN {
            return Err(AnswerError::TooManyDrafts);
        }
        let at = rejection.at;
        let plan = Plan { rejected: Some(rejection), ..self.plan.row.clone() };
        self.settled(plan, CampaignEvent::Redraw, writer, at)
    }

    /// [PL-4] Makes of the plan the list that an operator wants, as a new draft; nothing where it is the list that is there.
    ///
    /// # Errors
    /// [`AnswerError`]
    pub fn edited(
        &self,
        proposal: &Proposal,
        agent: &Agent,
        policy: &Policy,
        by: &OperatorId,
        writer: WriterId,
        now: Timestamp,
    ) -> Result<Option<Answered>, AnswerError> {
        self.require_waiting()?;
        let number = self.versions.iter().map(|version| version.number).max().unwrap_or(0) + 1;
        let tiers = self.spendable(policy).tiers(&proposal.tasks, &self.kept_tiers(proposal));
        let drafting = Drafting::new(&self.campaign.row, agent, policy.disclosure, number, now);
        let drafting = drafting.with_tiers(tiers);
        let present = self.tasks.iter().map(|(id, task)| (id.clone(), task.row.clone())).collect();
        let edit = PlanEdit::of(&present, proposal, &drafting).map_err(AnswerError::NoPlan)?;
        if edit.changes() == 0 {
            return Ok(None);
        }
        self.require_fit(&edit)?;
        let plan = edit.version(&self.plan.row, number, by, now)?;
        require_within(policy, plan.reserved)?;
        // [PL-3] Who edits is there: the deadline begins anew.
        let due_at = Some(now + limits::APPROVAL_WAIT);
        let campaign = Campaign { plan: number, due_at, ..self.campaign.row.clone() };
        let write =
            Transaction::by(writer).replace(&self.campaign, campaign.clone())?.insert(plan.clone())?;
        let write =
            self.with_tasks(write.replace(&self.plan, replaced(&self.plan.row)?)?, edit, number, by)?;
        Ok(Some(Answered { write, campaign, plan }))
    }

    /// The answer that leaves the tasks alone: the stream wakes the planner at once, and the clock is the safety net.
    fn settled(
        &self,
        plan: Plan,
        event: CampaignEvent,
        writer: WriterId,
        now: Timestamp,
    ) -> Result<Answered, AnswerError> {
        let status = self.campaign.row.status.next(event)?;
        let due_at = Some(now + limits::FOLLOW_UP_AFTER);
        let campaign = Campaign { status, due_at, ..self.campaign.row.clone() };
        let write = Transaction::by(writer).replace(&self.campaign, campaign.clone())?;
        Ok(Answered { write: write.replace(&self.plan, plan.clone())?, campaign, plan })
    }

    /// What the policy and the budget leave for the plan's tasks: the limit without what is spent already.
    fn spendable(&self, policy: &Policy) -> Spendable {
        let live = self.tasks.values().map(|task| &task.row).filter(|task| !task.status.is_final());
        let set_aside = self.plan.row.reserved.unwrap_or(self.plan.row.estimate).minor();
        let spent = set_aside.saturating_sub(attempts(live));
        let limit = policy.caps.operating.map(Money::minor);
        Spendable {
            attempts: limit.map(|limit| limit.saturating_sub(spent)),
            clips: self.campaign.row.brief.budget.minor(),
        }
    }

    /// [K-16] The tiers of clips whose priority nobody has changed.
    fn kept_tiers(&self, proposal: &Proposal) -> VideoTiers {
        let kept = proposal.tasks.iter().filter_map(|task| {
            let present = &self.tasks.get(&task.id)?.row;
            let tier = present.tier.filter(|_| present.priority == task.priority)?;
            Some((task.id.clone(), tier))
        });
        kept.collect()
    }

    fn with_tasks(
        &self,
        mut write: Transaction,
        edit: PlanEdit,
        number: u32,
        by: &OperatorId,
    ) -> Result<Transaction, AnswerError> {
        for task in edit.dropped.iter().filter_map(|id| self.tasks.get(id)) {
            let status = task.row.status.next(TaskEvent::Drop)?;
            let reason = Some(format!("dropped by {by}"));
            write = write.replace(task, Task { status, reason, plan: number, ..task.row.clone() })?;
        }
        for task in edit.changed {
            if let Some(old) = self.tasks.get(&task.id) {
                write = write.replace(old, task)?;
            }
        }
        for task in edit.added {
            write = write.insert(task)?;
        }
        Ok(write)
    }

    fn require_waiting(&self) -> Result<(), AnswerError> {
        let status = self.campaign.row.status;
        let is_waiting =
            status == CampaignStatus::AwaitingApproval && self.plan.row.status == PlanStatus::Draft;
        if is_waiting { Ok(()) } else { Err(AnswerError::NotWaiting(status)) }
    }

    /// [PL-7] An edit is one transaction, which holds so much and no more.
    fn require_fit(&self, edit: &PlanEdit) -> Result<(), AnswerError> {
        let edits = self.versions.iter().filter(|version| version.cause == PlanCause::Operator).count();
        if edits >= limits::EDITS_PER_PLAN {
            return Err(AnswerError::TooManyEdits);
        }
        let changes = edit.changes();
        let rows = edit.added.iter().chain(&edit.changed);
        let bytes: usize = rows.map(|task| serde_json::to_vec(task).map_or(0, |json| json.len())).sum();
        let fits = changes <= limits::CHANGES_PER_EDIT && bytes <= limits::TRANSACTION_BYTES;
        if fits { Ok(()) } else { Err(AnswerError::TooManyChanges(changes)) }
    }
}

/// [M-12] The version that an edit replaces: all that it has cost is its drawing.
fn replaced(plan: &Plan) -> Result<Plan, IllegalTransition> {
    let status = plan.status.next(PlanEvent::Settle)?;
    let settled = Some(plan.drawing.unwrap_or(Money::zero(plan.estimate.currency())));
    Ok(Plan { status, settled, ..plan.clone() })
}

/// [M-12] What the plan may cost to run stays within the policy's limit.
fn require_within(policy: &Policy, at_most: Option<Money>) -> Result<(), AnswerError> {
    match (policy.caps.operating, at_most) {
        (Some(limit), Some(at_most)) if at_most.minor() > limit.minor() => {
            Err(AnswerError::OverOperating { limit, at_most })
        }
        _ => Ok(()),
    }
}
