//! Operating cost: what models and tools may cost, held against the policy's limit before anything is opened
//! (`docs/adr/0012`). Amounts are minor units of the campaign's currency.

use chimera_domain::{
    IllegalTransition, Money, Plan, PlanEvent, Spendable, Stored, Task, TaskEvent, TaskKind, TaskStatus,
};

use crate::view::View;

/// What a campaign has cost to run, and may cost with what is open or waits to be opened.
#[derive(Debug, Clone)]
pub(crate) struct Operating {
    spent: i64,
    /// One attempt of each task that is open or will be.
    reserved: i64,
    limit: Option<Money>,
    zero: Money,
}

impl Operating {
    pub(crate) fn of(view: &View, limit: Option<Money>) -> Self {
        let waits = |task: &&Stored<Task>| matches!(task.row.status, TaskStatus::Open | TaskStatus::Blocked);
        let waiting = view.tasks.values().filter(waits).map(|task| task.row.attempt_cost());
        Self {
            spent: spent(view),
            reserved: attempts(waiting),
            limit,
            zero: Money::zero(view.campaign.row.currency()),
        }
    }

    /// [M-12] Sets aside what a new version of the plan may cost; why not, where the limit does not allow it.
    pub(crate) fn open(&mut self, estimate: Money) -> Result<(), String> {
        self.reserved = self.reserved.saturating_add(estimate.minor());
        match self.over() {
            Some(limit) => {
                Err(format!("over budget: operating: {} may be more than {limit}", self.at_most()))
            }
            None => Ok(()),
        }
    }

    /// What the campaign may have cost at most.
    pub(crate) fn at_most(&self) -> Money {
        self.money(self.spent.saturating_add(self.reserved))
    }

    /// [M-12] The task as it is to be, where the limit allows its attempt; else failed. One that waited has its first
    /// attempt set aside already, one that was rejected needs room for another.
    pub(crate) fn admit(&mut self, old: &Task, new: Task) -> Result<Task, IllegalTransition> {
        if new.status != TaskStatus::Open {
            return Ok(new);
        }
        let attempt = new.attempt_cost();
        let needs = if old.status == TaskStatus::Blocked { 0 } else { attempt };
        self.reserved = self.reserved.saturating_add(needs);
        let Some(limit) = self.over() else { return Ok(new) };
        self.reserved = self.reserved.saturating_sub(attempt);
        let reason = format!("over budget: operating: another attempt may be more than {limit}");
        tracing::error!(tenant = %old.tenant, campaign.id = %old.campaign, task.id = %old.id, limit = %limit,
            "over budget: a task has failed; raise the policy's caps.operating and ask for it again");
        Ok(Task { status: old.status.next(TaskEvent::Fail)?, reason: Some(reason), ..old.clone() })
    }

    /// The limit, where it is passed.
    fn over(&self) -> Option<Money> {
        self.limit.filter(|limit| self.at_most().minor() > limit.minor())
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.zero.currency()).unwrap_or(self.zero)
    }
}

/// What the campaign may have cost at most once this is set aside as well.
pub(crate) fn at_most_with(view: &View, estimate: Money) -> Money {
    let operating = Operating::of(view, None);
    operating.at_most().plus(estimate).unwrap_or(estimate)
}

/// What drawing and these attempts, each at its most, may cost.
pub(crate) fn estimate(drawing: Money, of: impl Iterator<Item = i64>) -> Money {
    let first = Money::new(attempts(of), drawing.currency()).unwrap_or(drawing);
    drawing.plus(first).unwrap_or(first)
}

/// [K-16] What is left for the tasks of a version that has cost so much to draw: of the policy's limit, and of the brief's
/// budget for clips, which those of a campaign share over all its versions.
pub(crate) fn spendable(view: &View, limit: Option<Money>, drawing: i64) -> Spendable {
    let used = Operating::of(view, None).at_most().minor().saturating_add(drawing);
    let films = view.tasks.values().map(|task| &task.row).filter(|task| task.kind == TaskKind::Film);
    let filmed = films.map(|film| {
        let to_come = if film.status.is_final() { 0 } else { film.attempt_cost() };
        film.cost.minor().saturating_add(to_come)
    });
    Spendable {
        attempts: limit.map(|limit| limit.minor().saturating_sub(used)),
        clips: view.campaign.row.brief.budget.minor().saturating_sub(attempts(filmed)),
    }
}

/// [M-12] The plan as it closes: what it cost is what the rows say now and no other version has settled.
pub(crate) fn settled(view: &View, plan: &Plan) -> Result<Plan, IllegalTransition> {
    let others = view.plans.iter().filter(|other| other.row.number != plan.number);
    let before: i64 = others.filter_map(|other| other.row.settled).map(Money::minor).sum();
    let cost = spent(view).saturating_sub(before).max(0);
    let settled = Money::new(cost, plan.estimate.currency()).ok();
    Ok(Plan { status: plan.status.next(PlanEvent::Settle)?, settled, ..plan.clone() })
}

/// What models and tools have cost so far: each attempt that was answered, and each plan that was drawn.
fn spent(view: &View) -> i64 {
    let tasks = view.tasks.values().map(|task| task.row.cost.minor());
    let plans = view.plans.iter().filter_map(|plan| plan.row.drawing).map(Money::minor);
    let checks = view.plans.iter().filter_map(|plan| plan.row.goal.as_ref()).map(|goal| goal.cost.minor());
    tasks.chain(plans).chain(checks).fold(0, i64::saturating_add)
}

/// [K-2] All of these together.
fn attempts(of: impl Iterator<Item = i64>) -> i64 {
    of.fold(0, i64::saturating_add)
}
