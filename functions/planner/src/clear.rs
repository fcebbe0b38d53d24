//! Clearing a cancelled or stopped campaign: tasks dropped, reviews superseded, effects withdrawn.

use chimera_domain::{
    Campaign, EffectEvent, ReviewEvent, ReviewStatus, Subject, Timestamp, Transaction, WriterId,
};

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
    let open_tasks = view.tasks.values().filter(|task| !task.row.status.is_final());
    for task in open_tasks.take(TASKS_PER_CLEARING) {
        transaction = drop_task(transaction, view, task, &reason, task.row.plan, now)?;
    }
    if transaction.is_empty() {
        let unclaimed =
            view.effects.iter().filter(|effect| effect.row.status.next(EffectEvent::Withdraw).is_ok());
        for effect in unclaimed.take(TASKS_PER_CLEARING) {
            transaction = withdraw_effect(transaction, effect, now)?;
        }
        let moot = view.reviews.iter().filter(|review| {
            matches!(review.row.status, ReviewStatus::Open | ReviewStatus::Decided)
                && !matches!(review.row.subject, Subject::Unconfirmed { .. })
        });
        for review in moot.take(2 * TASKS_PER_CLEARING) {
            transaction = transaction.replace(review, review.row.ended(ReviewEvent::Supersede, now)?)?;
        }
    }
    if transaction.is_empty() && view.is_all_final() && view.campaign.row.due_at.is_some() {
        let over = Campaign {
            due_at: None,
            finished_at: view.campaign.row.finished_at.or(Some(now)),
            ..view.campaign.row.clone()
        };
        transaction = transaction.replace(&view.campaign, over)?;
    }
    Ok((!transaction.is_empty()).then_some(transaction))
}
