//! Clearing a cancelled or stopped campaign: tasks dropped, reviews superseded, effects withdrawn.

use chimera_domain::{
    Campaign, CampaignStatus, Effect, EffectEvent, PlanStatus, Review, ReviewEvent, RowKey, Stored, Subject,
    Task, Timestamp, Transaction, WriterId,
};

use crate::fit;
use crate::operating;
use crate::replan::{ReplanError, drop_task, withdraw_effect};
use crate::view::View;

/// Rows cleared in one transaction; each task may bring a review and an effect along, within DynamoDB's 100.
const TASKS_PER_CLEARING: usize = 30;

/// The next transaction that clears the campaign; none when there is nothing left to clear.
pub(crate) fn transaction(
    view: &View,
    writer: WriterId,
    now: Timestamp,
) -> Result<Option<Transaction>, ReplanError> {
    let reason = format!("the campaign was {}", view.campaign.row.status);
    let mut transaction = Transaction::by(writer);
    // [PL-9] A draft first: from then on whoever still writes it is refused.
    if let Some(draft) = view.plans.iter().find(|plan| plan.row.status == PlanStatus::Draft) {
        transaction = transaction.replace(draft, operating::settled(view, &draft.row)?)?;
    }
    let mut open_tasks = view.tasks.values().filter(|task| !task.row.status.is_final()).collect::<Vec<_>>();
    open_tasks.truncate(TASKS_PER_CLEARING);
    for task in &open_tasks[..fit::fitting(&open_tasks, |task| bytes_with_it(view, task))] {
        transaction = drop_task(transaction, view, task, &reason, task.row.plan, now)?;
    }
    if transaction.is_empty() {
        let unclaimed = view.effects.iter().filter(|effect| is_unwanted(&effect.row)).collect::<Vec<_>>();
        for effect in &unclaimed[..fit::fitting(&unclaimed, |effect| fit::bytes(&effect.row))] {
            transaction = withdraw_effect(transaction, effect, now)?;
        }
    }
    if transaction.is_empty() {
        let moot = view.reviews.iter().filter(|review| is_moot(&review.row)).collect::<Vec<_>>();
        for review in &moot[..fit::fitting(&moot, |review| fit::bytes(&review.row))] {
            transaction = transaction.replace(review, review.row.ended(ReviewEvent::Supersede, now)?)?;
        }
    }
    if transaction.is_empty() {
        transaction = without_idle_questions(transaction, view, now)?;
    }
    if transaction.is_empty() && view.is_all_final() {
        return over(view, transaction, now);
    }
    if transaction.is_empty() {
        return Ok(None);
    }
    // [P-11] A campaign that was taken up again meanwhile wants its tasks.
    let campaign = RowKey::campaign(&view.campaign.row.tenant, &view.campaign.row.id);
    let over = [CampaignStatus::Cancelled.name(), CampaignStatus::Stopped.name()];
    Ok(Some(transaction.require_status(campaign, &over)))
}

/// What a task takes with what it brings along.
fn bytes_with_it(view: &View, task: &Stored<Task>) -> usize {
    let review = view.reviews.iter().find(|review| Some(&review.row.id) == task.row.review.as_ref());
    let effect = view.effect_of(&task.row);
    fit::bytes(&task.row)
        + review.map_or(0, |review| fit::bytes(&review.row))
        + effect.map_or(0, |effect| fit::bytes(&effect.row))
}

/// Whether a cancelled campaign no longer wants it: what takes a post back is wanted all the more.
fn is_unwanted(effect: &Effect) -> bool {
    effect.undoes.is_none() && effect.status.next(EffectEvent::Withdraw).is_ok()
}

/// Whether nobody need answer it any more. What is out, or may be, is still asked about: it may be taken back.
fn is_moot(review: &Review) -> bool {
    review.is_waiting() && matches!(review.subject, Subject::Task { .. } | Subject::Rejudged { .. })
}

/// Adds the end of questions whose effects will not be any more, on condition that they still are none.
pub(crate) fn without_idle_questions(
    mut transaction: Transaction,
    view: &View,
    now: Timestamp,
) -> Result<Transaction, ReplanError> {
    let idle: Vec<_> = view.idle_questions().take(fit::OPS / 2).collect();
    for (review, effect) in &idle[..fit::fitting(&idle, |(review, _)| fit::bytes(&review.row))] {
        let key = RowKey::effect(&effect.row.tenant, &effect.row.campaign, &effect.row.id);
        let superseded = review.row.ended(ReviewEvent::Supersede, now)?;
        transaction = transaction.replace(review, superseded)?.require_unchanged(key, effect);
    }
    Ok(transaction)
}

/// Nothing is left: the clock need not look any more.
fn over(view: &View, transaction: Transaction, now: Timestamp) -> Result<Option<Transaction>, ReplanError> {
    let campaign = &view.campaign.row;
    if campaign.due_at.is_none() {
        return Ok(None);
    }
    let finished_at = campaign.finished_at.or(Some(now));
    let over = Campaign { due_at: None, finished_at, ..campaign.clone() };
    let transaction = transaction.replace(&view.campaign, over)?;
    Ok(Some(match view.plan().filter(|plan| plan.row.status == PlanStatus::Open) {
        Some(plan) => transaction.replace(plan, operating::settled(view, &plan.row)?)?,
        None => transaction,
    }))
}
