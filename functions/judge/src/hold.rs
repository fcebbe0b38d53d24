//! Asking a human: task and review in one transaction.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{Content, Opening, Review, ReviewId, Subject, Task, TaskEvent, Verdict};
use chimera_policy::Judgement;

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
    pub(crate) id: ReviewId,
    pub(crate) content: Content,
    pub(crate) verdict: &'a Verdict,
    pub(crate) rules: &'a Rules,
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
        let after = proposal.review.as_ref().map(|(before, _)| &before.row.id);
        let review = self.review_of(Asking {
            task,
            subject: Subject::Task { task: task.id.clone(), attempt: task.attempt, result },
            id: review_id(task.id.as_str(), &task.attempt.to_string(), after),
            content: Content {
                outcome: proposal.outcome.clone(),
                usage: proposal.usage.cloned(),
                max_cost: judgement.max_cost,
                source: facts.source.as_ref().map(|source| (source.title.clone(), source.url.clone())),
            },
            verdict: &judgement.verdict,
            rules: proposal.rules,
        });
        let held = Task { review: Some(review.id.clone()), ..proposal.task_after(TaskEvent::Hold)? };
        self.write(&proposal.write(End::Hold, held)?.insert(review)?).await
    }

    /// The open review that asks it.
    pub(crate) fn review_of(&self, asking: Asking<'_>) -> Review {
        let Asking { task, subject, id, content, verdict, rules } = asking;
        let opening = Opening {
            tenant: task.tenant.clone(),
            campaign: task.campaign.clone(),
            id,
            subject,
            content,
            verdict: verdict.clone(),
            ladder: rules.policy.ladder.clone(),
        };
        Review::opened(opening, self.clock.now())
    }
}

/// Derived from what is held, so that a repeated hold names the same row. `cause` tells it from others about the same: the
/// attempt, or the count of second judgements. A review that follows upon another one, whose decision could not be acted
/// on, has the next number.
pub(crate) fn review_id(head: &str, cause: &str, after: Option<&ReviewId>) -> ReviewId {
    let numbered = |number: u32| {
        if number == 1 { ReviewId::of(head, cause) } else { ReviewId::of(head, &format!("{cause}-{number}")) }
    };
    let Some(after) = after else { return numbered(1) };
    let previous = (1..MAX_REVIEWS).find(|number| numbered(*number) == *after).unwrap_or(MAX_REVIEWS);
    numbered(previous + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reviews_of_one_attempt_are_numbered() {
        let first = review_id("w-1", "2", None);
        let second = review_id("w-1", "2", Some(&first));
        let third = review_id("w-1", "2", Some(&second));
        assert_eq!([first.as_str(), second.as_str(), third.as_str()], ["w-1-r2", "w-1-r2-2", "w-1-r2-3"]);
    }
}
