//! Acting on what a human decided about a held task, or on nobody having answered.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    CampaignId, Confidence, Decision, DecisionKind, EffectId, ResultId, Review, ReviewEvent, ReviewId,
    ReviewStatus, Row, RowKey, Stored, Subject, Task, TaskKind, TaskStatus, TenantId, Transaction,
    VerdictKind, WorkOutcome,
};
use tracing::{error, info, warn};

use crate::approve::again;
use crate::batch::{Batch, Rules};
use crate::joint::Seat;
use crate::occasion::{End, Occasion};
use crate::proposal::Proposal;
use crate::{Judge, JudgeStore, Landed, reasons};

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// Acts on a review that was decided or has run out. The wake-up itself says nothing: the rows do.
    pub(crate) async fn act_on_review(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
        id: &ReviewId,
        batch: &Batch,
        seat: &Seat<'_>,
    ) -> Result<(), HandleError> {
        let (Some(review), Some(rules)) = (batch.review(tenant, campaign, id), batch.rules(tenant, campaign))
        else {
            warn!(campaign.id = %campaign, review.id = %id, "a wake-up for an unknown review is dropped");
            return Ok(());
        };
        let Some(answer) = self.answer_of(&review.row).await? else { return Ok(()) };
        let occasion = Occasion::review(&review.row);
        let held = Held { review: &review, rules: &rules, answer, occasion, seat };
        let landed = match &review.row.subject {
            Subject::Task { result, .. } => self.act_on_task(&held, result).await?,
            Subject::Rejudged { effect, .. } => self.act_on_effect(&held, effect).await?,
            Subject::Published { effect, .. } => self.act_on_published(&held, effect).await?,
            Subject::Unconfirmed { .. } => Landed::Done,
        };
        if landed == Landed::Done {
            return Ok(());
        }
        // Another delivery, a late decision or a re-plan came first; what is left to do shows in the row as it is now.
        let now = self.store.get(&RowKey::review(tenant, campaign, id)).await?;
        let now = now.and_then(|row| row.narrow(Row::into_review)).map(|row| row.row.status);
        if now == Some(review.row.status) { Err(again()) } else { Ok(()) }
    }

    /// The answer to act on, if there is one: the decisions row's, or silence after the last deadline.
    async fn answer_of(&self, review: &Review) -> Result<Option<Answer>, HandleError> {
        match review.status {
            ReviewStatus::Open => {
                let is_late = review.due_at.is_some_and(|due_at| due_at <= self.clock.now());
                Ok((is_late && !review.has_next_rung()).then_some(Answer::Silence))
            }
            ReviewStatus::Decided => {
                let row = self.store.decision(&review.tenant, &review.campaign, &review.id).await?;
                if row.is_none() {
                    error!(campaign.id = %review.campaign, review.id = %review.id,
                        "a review is decided and the decisions table does not know it: nothing is done");
                }
                Ok(row.map(|row| Answer::Decision(row.decision)))
            }
            ReviewStatus::Expired | ReviewStatus::Superseded | ReviewStatus::Closed => Ok(None),
        }
    }

    async fn act_on_task(&self, held: &Held<'_>, result: &ResultId) -> Result<Landed, HandleError> {
        let review = &held.review.row;
        let key = RowKey::task(&review.tenant, &review.campaign, review.subject.task());
        let task = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_task));
        let Some(task) = task.filter(|task| is_held_by(&task.row, review)) else {
            return self.end_moot(held).await;
        };
        let proposal = Proposal {
            task: &task,
            rules: held.rules,
            result,
            outcome: &review.content.outcome,
            usage: review.content.usage.as_ref(),
            cost: task.row.cost,
            review: Some((held.review, review.ended(held.answer.end(), self.clock.now())?)),
            occasion: held.occasion.clone(),
            seat: held.seat,
        };
        let decision = match &held.answer {
            Answer::Silence => return self.write(&proposal.fail(reasons::NOBODY_ANSWERED)?).await,
            Answer::Decision(decision) => decision,
        };
        info!(campaign.id = %review.campaign, task.id = %task.row.id, review.id = %review.id,
            decision = decision.kind.name(), "a decision is carried out");
        let comment = || [reasons::of_reviewer(decision.comment.as_deref())];
        match decision.kind {
            DecisionKind::Approve => self.approve_held(review, &proposal, decision).await,
            DecisionKind::Edit => self.approve_edited(review, proposal, decision).await,
            // Another attempt could propose nothing but the same order, or the same memories, to somebody who may not
            // know of the refusal.
            DecisionKind::Reject | DecisionKind::Respond
                if matches!(task.row.kind, TaskKind::Transact | TaskKind::Remember) =>
            {
                let [refused] = comment();
                self.write(&proposal.fail(&refused)?).await
            }
            DecisionKind::Reject => self.write(&proposal.reject(&comment(), 1)?).await,
            DecisionKind::Respond => self.write(&proposal.reject(&comment(), 0)?).await,
        }
    }

    /// What was asked about no longer waits for the answer: the review ends, or the clock would bring it for ever. What
    /// has moved on never comes back to the same review, so that only the review itself is compared.
    pub(crate) async fn end_moot(&self, held: &Held<'_>) -> Result<Landed, HandleError> {
        let review = &held.review.row;
        info!(campaign.id = %review.campaign, review.id = %review.id,
            "what a review asked about has moved on: the review is superseded");
        let superseded = review.ended(ReviewEvent::Supersede, self.clock.now())?;
        let transaction =
            Transaction::by(held.occasion.writer(End::Supersede)).replace(held.review, superseded)?;
        self.write(&transaction).await
    }

    /// The rules run again on the very bytes; what they find beyond the flags that were seen is asked anew.
    async fn approve_held(
        &self,
        review: &Review,
        proposal: &Proposal<'_>,
        decision: &Decision,
    ) -> Result<Landed, HandleError> {
        let (task, outcome) = (&proposal.task.row, proposal.outcome);
        let is_same = decision.digest == review.digest && outcome.digest() == review.digest;
        let own = EffectId::of(&task.id, task.attempt);
        let facts = self.facts(task, &own, outcome, proposal.rules).await?;
        let mut judgement = facts.judge(task, outcome, proposal.rules, Confidence::FULL, Some(&review.flags));
        if !is_same && judgement.verdict.kind == VerdictKind::Approve {
            error!(campaign.id = %review.campaign, review.id = %review.id,
                "an approval names other bytes than its review shows: it is asked again");
            judgement.verdict.kind = VerdictKind::Escalate;
            judgement.verdict.flags.clone_from(&review.flags);
        }
        self.carry_out(proposal, &judgement, &facts).await
    }

    /// An edit makes another text, which is judged like the first.
    async fn approve_edited(
        &self,
        review: &Review,
        proposal: Proposal<'_>,
        decision: &Decision,
    ) -> Result<Landed, HandleError> {
        let (Some(text), Some(intent)) = (&decision.text, review.content.intent()) else {
            let reason = reasons::of_reviewer(Some("an edit without a text"));
            return self.write(&proposal.reject(&[reason], 0)?).await;
        };
        let outcome = WorkOutcome::Intent { intent: intent.clone().with_text(text) };
        let task = &proposal.task.row;
        let own = EffectId::of(&task.id, task.attempt);
        let facts = self.facts(task, &own, &outcome, proposal.rules).await?;
        let mut judgement =
            facts.judge(task, &outcome, proposal.rules, Confidence::FULL, Some(&review.flags));
        // A human wrote it: what remains are the rules.
        judgement.verdict.confidence = Confidence::FULL;
        self.carry_out(&Proposal { outcome: &outcome, ..proposal }, &judgement, &facts).await
    }
}

fn is_held_by(task: &Task, review: &Review) -> bool {
    let Subject::Task { attempt, .. } = &review.subject else { return false };
    task.status == TaskStatus::Held && task.attempt == *attempt && task.review.as_ref() == Some(&review.id)
}

/// What is to be acted on.
pub(crate) enum Answer {
    Decision(Decision),
    Silence,
}

impl Answer {
    /// How the review that it answers ends.
    pub(crate) fn end(&self) -> ReviewEvent {
        match self {
            Self::Decision(_) => ReviewEvent::Close,
            Self::Silence => ReviewEvent::Expire,
        }
    }
}

/// A review with its answer.
pub(crate) struct Held<'a> {
    pub(crate) review: &'a Stored<Review>,
    pub(crate) rules: &'a Rules,
    pub(crate) answer: Answer,
    pub(crate) occasion: Occasion,
    pub(crate) seat: &'a Seat<'a>,
}
