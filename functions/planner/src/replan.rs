//! A new plan version: revision + 1, the version, and every task it changes or drops, in one transaction on condition of
//! what was seen. Where a commit got there first it is cancelled and the planner looks again.

use chimera_domain::{
    Binding, Campaign, Effect, EffectEvent, GoalCheck, IllegalTransition, Money, Plan, PlanCause, PlanDiff,
    PlanStatus, Review, ReviewEvent, ReviewStatus, Signal, SignalEvent, SignalId, StoreError, Stored, Task,
    TaskEvent, TaskId, TaskStatus, Timestamp, Transaction, WriterId,
};
use thiserror::Error;

use crate::alternative;
use crate::operating::{self, Operating};
use crate::view::View;

/// A re-plan that cannot be written.
#[derive(Debug, Error)]
pub(crate) enum ReplanError {
    /// A task's status does not allow the change; the view is stale.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// A row cannot be made.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a new plan version changes.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// What makes the version.
    pub cause: PlanCause,
    /// Why, for people.
    pub reason: String,
    /// New tasks.
    pub added: Vec<Task>,
    /// Tasks no longer wanted, each with its reason.
    pub dropped: Vec<(TaskId, String)>,
    /// Tasks that start over with this goal: the same task, next attempt.
    pub changed: Vec<(TaskId, String)>,
    /// Blocked tasks that wait for these as well.
    pub longer: Vec<(TaskId, Vec<TaskId>)>,
    /// What drawing it cost, where a model drew it.
    pub drawing: Option<Money>,
    /// What was found of the goal at the end of the version before, where that was asked.
    pub closed: Option<GoalCheck>,
    /// Signals with what becomes of them.
    pub signals: Vec<(SignalId, SignalAnswer)>,
}

/// What becomes of a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalAnswer {
    /// This version answers it.
    Answered,
    /// Nothing follows from it; why, for people.
    Ignored(String),
}

impl Changes {
    /// Has a blocked task wait for these as well.
    pub(crate) fn wait_for(&mut self, task: &TaskId, parents: &[TaskId]) {
        match self.longer.iter_mut().find(|(waiting, _)| waiting == task) {
            Some((_, more)) => more.extend_from_slice(parents),
            None => self.longer.push((task.clone(), parents.to_vec())),
        }
    }

    /// Whether it makes no plan version: nothing but signals from which nothing follows.
    pub(crate) fn is_about_signals_alone(&self) -> bool {
        self.added.is_empty() && self.dropped.is_empty() && self.changed.is_empty() && self.longer.is_empty()
    }
}

/// Versions that count as re-plans: what was perceived is bounded by the brief itself, also where nothing can be read about it
/// and its post is lost, and first plans by drafts and edits of their own.
pub(crate) fn versions(view: &View) -> u32 {
    let is_replan = |plan: &&Stored<Plan>| match plan.row.cause {
        PlanCause::Loss => !is_of_news_alone(view, plan.row.diff.dropped.iter()),
        PlanCause::Alternative | PlanCause::Round => true,
        PlanCause::Brief | PlanCause::Operator | PlanCause::Signals => false,
    };
    u32::try_from(view.plans.iter().filter(is_replan).count()).unwrap_or(u32::MAX)
}

/// Whether all of these tasks rest on news that were perceived.
fn is_of_news_alone<'a>(view: &View, mut tasks: impl Iterator<Item = &'a TaskId>) -> bool {
    let binding = |id: &TaskId| view.tasks.get(id).map(|task| &task.row.binding);
    tasks.all(|id| match binding(id) {
        Some(Binding::SourceOf { task, .. }) => matches!(binding(task), Some(Binding::Articles { .. })),
        _ => false,
    })
}

/// What the changes may cost to run: what a model has been asked for them, another attempt of each task that starts over,
/// and one of each that is new.
pub(crate) fn estimate_of(view: &View, changes: &Changes) -> Money {
    let changed = changes.changed.iter().filter_map(|(id, _)| view.tasks.get(id));
    let changed = changed.map(|task| task.row.attempt_cost());
    let added = changes.added.iter().map(Task::attempt_cost);
    let zero = Money::zero(view.campaign.row.currency());
    let drawing = changes.drawing.unwrap_or(zero);
    let asking = changes.closed.as_ref().map_or(zero, |goal| goal.cost);
    operating::estimate(drawing.plus(asking).unwrap_or(drawing), changed.chain(added))
}

/// The transaction that ends signals from which nothing follows.
pub(crate) fn without_version(
    view: &View,
    changes: &Changes,
    writer: WriterId,
) -> Result<Transaction, ReplanError> {
    end_signals(Transaction::by(writer), view, changes, None)
}

/// The transaction that makes the new version of the campaign's plan.
pub(crate) fn transaction(
    view: &View,
    changes: &Changes,
    writer: WriterId,
    now: Timestamp,
) -> Result<Transaction, ReplanError> {
    let number = view.next_plan();
    let campaign =
        Campaign { revision: view.campaign.row.revision + 1, plan: number, ..view.campaign.row.clone() };
    let estimate = estimate_of(view, changes);
    let longer = changes.longer.iter().map(|(id, _)| id);
    let touched = changes.dropped.len() + changes.changed.len() + changes.longer.len();
    let version = Plan {
        tenant: campaign.tenant.clone(),
        campaign: campaign.id.clone(),
        number,
        parent: view.campaign.row.plan,
        cause: changes.cause,
        reason: changes.reason.clone(),
        diff: PlanDiff {
            added: changes.added.iter().map(|task| task.id.clone()).collect(),
            dropped: changes.dropped.iter().map(|(id, _)| id.clone()).collect(),
            changed: changes.changed.iter().map(|(id, _)| id).chain(longer).cloned().collect(),
            kept: u32::try_from(view.tasks.len().saturating_sub(touched)).unwrap_or(u32::MAX),
        },
        estimate,
        goal: None,
        drawing: changes.drawing,
        reserved: Some(operating::at_most_with(view, estimate)),
        settled: None,
        rejected: None,
        status: PlanStatus::Open,
        created_at: now,
    };
    let mut transaction = Transaction::by(writer).replace(&view.campaign, campaign)?.insert(version)?;
    if let Some(old) = view.plan() {
        let goal = changes.closed.clone().or_else(|| old.row.goal.clone());
        let ended = Plan { goal, ..old.row.clone() };
        transaction = transaction.replace(old, operating::settled(view, &ended)?)?;
    }
    for (id, reason) in &changes.dropped {
        if let Some(task) = view.tasks.get(id) {
            transaction = drop_task(transaction, view, task, reason, number, now)?;
        }
    }
    for (id, goal) in &changes.changed {
        if let Some(task) = view.tasks.get(id) {
            transaction = change_task(transaction, view, task, goal, number, now)?;
        }
    }
    for (id, parents) in &changes.longer {
        if let Some(task) = view.tasks.get(id) {
            transaction = wait_longer(transaction, task, parents, number)?;
        }
    }
    for task in &changes.added {
        transaction = transaction.insert(task.clone())?;
    }
    end_signals(transaction, view, changes, Some(number))
}

/// The same task, not yet opened, behind more tasks.
fn wait_longer(
    transaction: Transaction,
    task: &Stored<Task>,
    parents: &[TaskId],
    plan: u32,
) -> Result<Transaction, ReplanError> {
    let mut changed = Task {
        status: task.row.status.next(TaskEvent::Change)?,
        plan,
        attempt: task.row.attempt + 1,
        ..task.row.clone()
    };
    changed.depends_on.extend_from_slice(parents);
    Ok(transaction.replace(task, changed)?)
}

/// [PE-4] The signals end with what follows from them, in the same breath.
fn end_signals(
    mut transaction: Transaction,
    view: &View,
    changes: &Changes,
    plan: Option<u32>,
) -> Result<Transaction, ReplanError> {
    for (id, answer) in &changes.signals {
        let Some(signal) = view.signals.iter().find(|signal| signal.row.id == *id) else { continue };
        let ended = match answer {
            SignalAnswer::Answered => {
                Signal { status: signal.row.status.next(SignalEvent::Answer)?, plan, ..signal.row.clone() }
            }
            SignalAnswer::Ignored(reason) => Signal {
                status: signal.row.status.next(SignalEvent::Ignore)?,
                reason: Some(reason.clone()),
                ..signal.row.clone()
            },
        };
        transaction = transaction.replace(signal, ended)?;
    }
    Ok(transaction)
}

/// Drops a task; a review that holds it is superseded and an effect not yet claimed withdrawn in the same breath.
pub(crate) fn drop_task(
    mut transaction: Transaction,
    view: &View,
    task: &Stored<Task>,
    reason: &str,
    plan: u32,
    now: Timestamp,
) -> Result<Transaction, ReplanError> {
    if !task.row.status.is_final() {
        let dropped = Task {
            status: task.row.status.next(TaskEvent::Drop)?,
            plan,
            reason: Some(reason.to_owned()),
            ..task.row.clone()
        };
        transaction = transaction.replace(task, dropped)?;
    }
    transaction = supersede_review(transaction, view, &task.row, now)?;
    if let Some(effect) = view.effect_of(&task.row) {
        transaction = withdraw_effect(transaction, effect, now)?;
    }
    Ok(transaction)
}

fn change_task(
    mut transaction: Transaction,
    view: &View,
    task: &Stored<Task>,
    goal: &str,
    plan: u32,
    now: Timestamp,
) -> Result<Transaction, ReplanError> {
    let status = task.row.status.next(TaskEvent::Change)?;
    let changed = Task {
        status,
        plan,
        attempt: task.row.attempt + 1,
        goal: goal.to_owned(),
        opened_at: (status == TaskStatus::Open).then_some(now),
        review: None,
        ..task.row.clone()
    };
    let changed = alternative::or_a_human(view, &Operating::of(view, None), changed);
    transaction = transaction.replace(task, changed)?;
    supersede_review(transaction, view, &task.row, now)
}

fn supersede_review(
    transaction: Transaction,
    view: &View,
    task: &Task,
    now: Timestamp,
) -> Result<Transaction, ReplanError> {
    let held = |review: &&Stored<Review>| {
        Some(&review.row.id) == task.review.as_ref()
            && matches!(review.row.status, ReviewStatus::Open | ReviewStatus::Decided)
    };
    match view.reviews.iter().find(held) {
        Some(review) => Ok(transaction.replace(review, review.row.ended(ReviewEvent::Supersede, now)?)?),
        None => Ok(transaction),
    }
}

/// Withdraws an effect that the publisher has not claimed; one that it has goes on to its end.
pub(crate) fn withdraw_effect(
    transaction: Transaction,
    effect: &Stored<Effect>,
    now: Timestamp,
) -> Result<Transaction, ReplanError> {
    match effect.row.status.next(EffectEvent::Withdraw) {
        Ok(status) => {
            let withdrawn = Effect { status, due_at: Some(now), ..effect.row.clone() };
            Ok(transaction.replace(effect, withdrawn)?)
        }
        Err(_) => Ok(transaction),
    }
}
