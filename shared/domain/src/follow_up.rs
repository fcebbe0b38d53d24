//! [F-1] What a row's present state calls for: the one table behind the dispatcher, printed in `specs/follow-up.md`.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    Campaign, CampaignStatus, Effect, EffectMessage, EffectStatus, PerceiveMessage, PlanMessage, PlanStatus,
    Policy, Review, ReviewMessage, ReviewStatus, Row, Signal, SignalStatus, Subject, Task, TaskStatus,
    TaskToken, Watch,
};

/// How often the clock comes, less what a look may take.
const CLOCK: Duration = Duration::from_secs(45);

/// Something the dispatcher sends. Sending needs no write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// To PlanQueue.
    Plan(PlanMessage),
    /// To TaskQueue or TaskQueueHigh.
    Work(Box<Task>),
    /// To ReviewQueue.
    Judge(ReviewMessage),
    /// To EffectQueue.
    Publish(EffectMessage),
    /// To PerceptionQueue, to be delivered after this time.
    Perceive(PerceiveMessage, Duration),
    /// Start the review workflow of the present rung.
    StartReview(Box<Review>),
    /// `SendTaskSuccess` for a parked token.
    CompleteToken(TaskToken),
    /// The present rung's workflow never handed over a token: raise its start number, which starts another.
    Restart(Box<Review>),
    /// The rung's time is up and there is another one: move the review there.
    NextRung(Box<Review>),
    /// Query the campaign and follow up on each of its rows; `every_task` when none can have been sent before.
    Sweep {
        /// Send every open task, or only those whose age has doubled.
        every_task: bool,
    },
}

/// What woke the dispatcher for a row.
#[derive(Debug, Clone, Copy)]
pub enum Cause<'a> {
    /// The stream: the row changed from this.
    Changed(Option<&'a Row>),
    /// The clock found it due.
    Due,
    /// A sweep of its campaign, last swept at this time; `None` sends every open task.
    Swept(Option<Timestamp>),
}

impl Cause<'_> {
    fn is_stream(self) -> bool {
        matches!(self, Self::Changed(_))
    }
}

/// [F-2] Whether the stream path follows up on a change: status, attempt, token, decision or `not_before` differ. A change of
/// `due_at` or `swept_at` alone calls nothing.
#[must_use]
pub fn changed_enough(old: Option<&Row>, new: &Row) -> bool {
    match (old, new) {
        (None, _) => true,
        (Some(Row::Campaign(a)), Row::Campaign(b)) => a.status != b.status,
        (Some(Row::Plan(a)), Row::Plan(b)) => a.status != b.status,
        (Some(Row::Task(a)), Row::Task(b)) => (a.status, a.attempt) != (b.status, b.attempt),
        (Some(Row::Review(a)), Row::Review(b)) => {
            (a.status, &a.token, a.rung, a.start) != (b.status, &b.token, b.rung, b.start)
        }
        (Some(Row::Effect(a)), Row::Effect(b)) => {
            (a.status, a.not_before, a.rejudged) != (b.status, b.not_before, b.rejudged)
        }
        (Some(Row::Signal(a)), Row::Signal(b)) => a.status != b.status,
        (Some(Row::Watch(a)), Row::Watch(b)) => {
            a.looked_at != b.looked_at || b.campaigns.iter().any(|new| !a.campaigns.contains(new))
        }
        _ => false,
    }
}

/// [F-3] Whether a task opened at `opened_at` is due to be sent again: its age passed `base`, twice, four times … the base
/// since the campaign was last swept. Age never raises an attempt.
#[must_use]
pub fn resend_is_due(opened_at: Timestamp, swept_at: Timestamp, now: Timestamp, base: Duration) -> bool {
    let base_ms = i64::try_from(base.as_millis()).unwrap_or(i64::MAX).max(1);
    let age_now = now.as_millisecond() - opened_at.as_millisecond();
    let age_then = swept_at.as_millisecond() - opened_at.as_millisecond();
    let mut step = base_ms;
    while step <= age_now {
        if step > age_then {
            return true;
        }
        step = step.saturating_mul(2);
    }
    false
}

/// What a row's campaign and tenant say, as read consistently.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    /// The campaign's status.
    pub campaign: CampaignStatus,
    /// The tenant's policy.
    pub policy: &'a Policy,
}

/// What the row calls for now. `home` is none where its campaign is not there, or does not matter; `base` is the task
/// queue's visibility.
#[must_use]
pub fn follow_up(
    row: &Row,
    home: Option<Home<'_>>,
    cause: Cause<'_>,
    now: Timestamp,
    base: Duration,
) -> Vec<Command> {
    match row {
        Row::Campaign(campaign) => of_campaign(campaign, cause),
        // Whoever writes a draft goes on to open it; only the clock looks for one that was left behind.
        Row::Plan(plan) if plan.status == PlanStatus::Draft && !cause.is_stream() => {
            vec![Command::Plan(PlanMessage { tenant: plan.tenant.clone(), campaign: plan.campaign.clone() })]
        }
        Row::Task(task) => of_task(task, home, cause, now, base),
        Row::Review(review) => of_review(review, cause, now, base),
        Row::Effect(effect) => of_effect(effect, home.map(|home| home.campaign), now),
        Row::Signal(signal) => of_signal(signal),
        Row::Watch(watch) => of_watch(watch, cause, now),
        _ => Vec::new(),
    }
}

fn of_campaign(campaign: &Campaign, cause: Cause<'_>) -> Vec<Command> {
    let plan = Command::Plan(PlanMessage { tenant: campaign.tenant.clone(), campaign: campaign.id.clone() });
    let resumed = matches!(
        cause,
        Cause::Changed(Some(Row::Campaign(old))) if old.status == CampaignStatus::Paused
    );
    match campaign.status {
        CampaignStatus::Planning => vec![plan],
        CampaignStatus::Active if resumed => vec![plan, Command::Sweep { every_task: true }],
        CampaignStatus::Active if cause.is_stream() => vec![plan],
        CampaignStatus::Active | CampaignStatus::Cancelled | CampaignStatus::Stopped => {
            vec![plan, Command::Sweep { every_task: false }]
        }
        // [PL-3] It is due when nobody has approved its plan in time.
        CampaignStatus::AwaitingApproval if !cause.is_stream() => vec![plan],
        CampaignStatus::AwaitingApproval | CampaignStatus::Paused | CampaignStatus::Finished => Vec::new(),
    }
}

/// [P-4] [F-6] An open task is sent only while its campaign is active and no switch stops its agent.
fn of_task(
    task: &Task,
    home: Option<Home<'_>>,
    cause: Cause<'_>,
    now: Timestamp,
    base: Duration,
) -> Vec<Command> {
    let plan =
        || vec![Command::Plan(PlanMessage { tenant: task.tenant.clone(), campaign: task.campaign.clone() })];
    let may_work =
        home.is_some_and(|home| home.campaign == CampaignStatus::Active && !home.policy.stops(&task.agent));
    match task.status {
        TaskStatus::Open if may_work => {
            let send = match cause {
                Cause::Changed(_) | Cause::Due | Cause::Swept(None) => true,
                Cause::Swept(Some(swept_at)) => {
                    let opened_at = task.opened_at.unwrap_or(swept_at);
                    resend_is_due(opened_at, swept_at, now, base)
                }
            };
            if send { vec![Command::Work(Box::new(task.clone()))] } else { Vec::new() }
        }
        // Nothing follows before its effect has ended, and that calls for the planner itself.
        TaskStatus::Approved if task.effect.is_some() => Vec::new(),
        TaskStatus::Rejected | TaskStatus::Approved | TaskStatus::Failed | TaskStatus::Dropped => plan(),
        TaskStatus::Open | TaskStatus::Blocked | TaskStatus::Held => Vec::new(),
    }
}

fn of_review(review: &Review, cause: Cause<'_>, now: Timestamp, base: Duration) -> Vec<Command> {
    let act = || match &review.subject {
        Subject::Unconfirmed { effect, .. } => Command::Publish(EffectMessage {
            tenant: review.tenant.clone(),
            campaign: review.campaign.clone(),
            effect: effect.clone(),
        }),
        Subject::Task { .. } | Subject::Rejudged { .. } | Subject::Published { .. } => {
            Command::Judge(ReviewMessage::Review {
                tenant: review.tenant.clone(),
                campaign: review.campaign.clone(),
                review: review.id.clone(),
            })
        }
    };
    // A campaign is not finished while a post of it may still be taken back.
    let waiting_plan = || {
        let message = PlanMessage { tenant: review.tenant.clone(), campaign: review.campaign.clone() };
        matches!(review.subject, Subject::Published { .. }).then_some(Command::Plan(message))
    };
    let complete = review.token.clone().map(Command::CompleteToken);
    let is_late = review.due_at.is_some_and(|due_at| due_at <= now);
    match review.status {
        ReviewStatus::Open if is_late && review.has_next_rung() => {
            complete.into_iter().chain([Command::NextRung(Box::new(review.clone()))]).collect()
        }
        ReviewStatus::Open if is_late => vec![act()],
        ReviewStatus::Open if review.token.is_some() => Vec::new(),
        ReviewStatus::Open if !cause.is_stream() && start_is_lost(review, now, base) => {
            vec![Command::Restart(Box::new(review.clone()))]
        }
        ReviewStatus::Open => vec![Command::StartReview(Box::new(review.clone()))],
        // The workflow delivers the wake-up; where it has died, or never handed over a token, the clock does. An
        // unconfirmed effect is the publisher's, whom no workflow reaches.
        ReviewStatus::Decided => {
            let is_publishers = matches!(review.subject, Subject::Unconfirmed { .. });
            let itself = (!cause.is_stream() || is_publishers).then(act);
            complete.into_iter().chain(itself).collect()
        }
        ReviewStatus::Expired | ReviewStatus::Superseded => {
            complete.into_iter().chain(waiting_plan()).collect()
        }
        ReviewStatus::Closed => waiting_plan().into_iter().collect(),
    }
}

/// Whether the present rung has waited for a token longer than `base`, twice, four times … it, by the number of starts.
fn start_is_lost(review: &Review, now: Timestamp, base: Duration) -> bool {
    let wait = review.present_rung().map_or(0, |rung| i64::from(rung.wait_s) * 1_000);
    let patience_ms =
        i64::try_from(base.as_millis()).unwrap_or(i64::MAX).saturating_mul(1 << review.start.min(16));
    review.due_at.is_some_and(|due_at| now.as_millisecond() - (due_at.as_millisecond() - wait) >= patience_ms)
}

fn of_effect(effect: &Effect, campaign: Option<CampaignStatus>, now: Timestamp) -> Vec<Command> {
    let publish = || {
        vec![Command::Publish(EffectMessage {
            tenant: effect.tenant.clone(),
            campaign: effect.campaign.clone(),
            effect: effect.id.clone(),
        })]
    };
    let may_go = effect.not_before.is_none_or(|not_before| not_before <= now);
    match effect.status {
        // What is to be taken back is still done then, and waits like any other; the rest is voided at once.
        EffectStatus::Approved
            if campaign.is_some_and(CampaignStatus::is_over) && (effect.undoes.is_none() || may_go) =>
        {
            publish()
        }
        EffectStatus::Approved if campaign == Some(CampaignStatus::Active) && may_go => publish(),
        EffectStatus::Dispatching if effect.claim.as_ref().is_none_or(|claim| claim.lease_until <= now) => {
            publish()
        }
        // Once a human is asked the clock leaves it alone, unless the answer has to wait for the call's last moment.
        EffectStatus::Unconfirmed if may_go && (effect.asked.is_none() || effect.not_before.is_some()) => {
            publish()
        }
        EffectStatus::Withdrawn => publish(),
        EffectStatus::Rejudge => vec![Command::Judge(ReviewMessage::Rejudge {
            tenant: effect.tenant.clone(),
            campaign: effect.campaign.clone(),
            effect: effect.id.clone(),
        })],
        EffectStatus::Done | EffectStatus::Failed | EffectStatus::Void => vec![Command::Plan(PlanMessage {
            tenant: effect.tenant.clone(),
            campaign: effect.campaign.clone(),
        })],
        EffectStatus::Approved
        | EffectStatus::Dispatching
        | EffectStatus::Unconfirmed
        | EffectStatus::Held => Vec::new(),
    }
}

/// [PE-2] Whoever is awake looks at all that is open.
fn of_signal(signal: &Signal) -> Vec<Command> {
    match signal.status {
        SignalStatus::Open => {
            vec![Command::Plan(PlanMessage {
                tenant: signal.tenant.clone(),
                campaign: signal.campaign.clone(),
            })]
        }
        SignalStatus::Answered | SignalStatus::Ignored => Vec::new(),
    }
}

/// [PE-1] The world is looked at for an agent while one of its campaigns reacts.
fn of_watch(watch: &Watch, cause: Cause<'_>, now: Timestamp) -> Vec<Command> {
    let perceive = |after| {
        let message = PerceiveMessage { tenant: watch.tenant.clone(), agent: watch.agent.clone() };
        vec![Command::Perceive(message, after)]
    };
    match watch.due_at {
        Some(due_at) if due_at <= now => perceive(Duration::ZERO),
        // The clock comes by the minute; who looks more often is woken by a message that waits.
        Some(due_at) if cause.is_stream() && due_at < now + CLOCK => {
            let wait = Duration::try_from(due_at.duration_since(now)).unwrap_or_default();
            perceive(Duration::from_secs(wait.as_secs() + 1))
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// [F-3]
    #[test]
    fn a_task_is_sent_again_at_doubling_ages() {
        let base = Duration::from_secs(30);
        let sent: Vec<i64> = (1..=100)
            .map(|n| n * 10)
            .filter(|now| resend_is_due(at(0), at(now - 10), at(*now), base))
            .collect();
        assert_eq!(sent, [30, 60, 120, 240, 480, 960]);
    }

    #[test]
    fn a_sweep_that_comes_late_sends_once() {
        let base = Duration::from_secs(30);
        assert!(resend_is_due(at(0), at(20), at(500), base));
        assert!(!resend_is_due(at(0), at(500), at(510), base));
        assert!(!resend_is_due(at(600), at(500), at(610), base), "not older than the base");
    }
}
