//! Asking a human: task and review in one transaction.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    Content, DecisionKind, Review, ReviewId, ReviewStatus, Subject, Task, TaskEvent, Verdict,
};
use chimera_policy::Judgement;
use jiff::SignedDuration;

use crate::batch::Rules;
use crate::facts::Facts;
use crate::occasion::End;
use crate::proposal::Proposal;
use crate::{Judge, JudgeStore, Landed};

/// Reviews that one attempt may open: each edit that raises something new opens another one.
const MAX_REVIEWS: u32 = 1_000;

/// What a human is asked.
pub(crate) struct Asking<'a> {
    pub(crate) task: &'a Task,
    pub(crate) subject: Subject,
    /// What tells this review from others of its subject: the attempt, or the count of second judgements.
    pub(crate) cause: String,
    pub(crate) content: Content,
    pub(crate) verdict: &'a Verdict,
    pub(crate) rules: &'a Rules,
    /// The review it follows upon, where a decision could not be acted on.
    pub(crate) after: Option<&'a ReviewId>,
}

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// The task held by a new review. One that held it before does not cover what the rules see now, and ends.
    pub(crate) async fn hold(
        &self,
        proposal: &Proposal<'_>,
        judgement: &Judgement,
        facts: &Facts,
    ) -> Result<Landed, HandleError> {
        let task = &proposal.task.row;
        let result = proposal.result.clone();
        let review = self.review_of(Asking {
            task,
            subject: Subject::Task { task: task.id.clone(), attempt: task.attempt, result },
            cause: task.attempt.to_string(),
            content: Content {
                outcome: proposal.outcome.clone(),
                usage: proposal.usage.cloned(),
                max_cost: judgement.max_cost,
                source: facts.source.as_ref().map(|source| (source.title.clone(), source.url.clone())),
            },
            verdict: &judgement.verdict,
            rules: proposal.rules,
            after: proposal.review.as_ref().map(|(before, _)| &before.row.id),
        });
        let held = Task { review: Some(review.id.clone()), ..proposal.task_after(TaskEvent::Hold)? };
        self.write(&proposal.write(End::Hold, held)?.insert(review)?).await
    }

    /// The open review that asks it.
    pub(crate) fn review_of(&self, asking: Asking<'_>) -> Review {
        let Asking { task, subject, cause, content, verdict, rules, after } = asking;
        let now = self.clock.now();
        let ladder = rules.policy.ladder.clone();
        let wait_s = ladder.first().map_or(0, |rung| rung.wait_s);
        Review {
            tenant: task.tenant.clone(),
            campaign: task.campaign.clone(),
            id: review_id(&subject, &cause, after),
            allowed: allowed(&subject, &content),
            subject,
            status: ReviewStatus::Open,
            digest: content.outcome.digest(),
            content,
            verdict: verdict.clone(),
            flags: verdict.flags.clone(),
            ladder,
            rung: 0,
            start: 0,
            token: None,
            token_of: None,
            due_at: Some(now + SignedDuration::from_secs(i64::from(wait_s))),
            opened_at: now,
            ended_at: None,
            decided_by: None,
            decided: None,
        }
    }
}

/// What a reviewer may answer: only a text can be edited, and an effect that was approved once has no planner to comment
/// to.
fn allowed(subject: &Subject, content: &Content) -> Vec<DecisionKind> {
    use DecisionKind::{Approve, Edit, Reject, Respond};
    match (subject, content.intent().and_then(|intent| intent.text())) {
        (Subject::Task { .. }, Some(_)) => vec![Approve, Edit, Reject, Respond],
        (Subject::Task { .. }, None) => vec![Approve, Reject, Respond],
        (Subject::Rejudged { .. } | Subject::Unconfirmed { .. } | Subject::Published { .. }, _) => {
            vec![Approve, Reject]
        }
    }
}

/// Derived from what is held, so that a repeated hold names the same row; a review that follows upon another one has the
/// next number.
fn review_id(subject: &Subject, cause: &str, after: Option<&ReviewId>) -> ReviewId {
    let head = match subject {
        Subject::Task { task, .. } => task.as_str(),
        Subject::Rejudged { effect, .. }
        | Subject::Unconfirmed { effect, .. }
        | Subject::Published { effect, .. } => effect.as_str(),
    };
    let numbered = |number: u32| {
        if number == 1 { ReviewId::of(head, cause) } else { ReviewId::of(head, &format!("{cause}-{number}")) }
    };
    let Some(after) = after else { return numbered(1) };
    let previous = (1..MAX_REVIEWS).find(|number| numbered(*number) == *after).unwrap_or(MAX_REVIEWS);
    numbered(previous + 1)
}

#[cfg(test)]
mod tests {
    use chimera_domain::{ResultId, TaskId};

    use super::*;

    #[test]
    fn reviews_of_one_attempt_are_numbered() {
        let subject = Subject::Task {
            task: TaskId::new("w-1").unwrap(),
            attempt: 2,
            result: ResultId::new("r").unwrap(),
        };
        let first = review_id(&subject, "2", None);
        let second = review_id(&subject, "2", Some(&first));
        let third = review_id(&subject, "2", Some(&second));
        assert_eq!([first.as_str(), second.as_str(), third.as_str()], ["w-1-r2", "w-1-r2-2", "w-1-r2-3"]);
    }
}
