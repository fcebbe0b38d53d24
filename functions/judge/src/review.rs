//! Acting on what a human decided about a held task, or on nobody having answered.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    CampaignId, Committed, Confidence, Content, Decision, DecisionKind, Review, ReviewEvent, ReviewId,
    ReviewStatus, Row, RowKey, Stored, Subject, Task, TaskEvent, TaskStatus, TenantId, Transaction,
    VerdictKind, WorkOutcome, WriterId,
};
use chimera_policy::Judgement;
use tracing::{error, info, warn};

use crate::approve::{Approval, again};
use crate::batch::{Batch, Rules};
use crate::facts::Facts;
use crate::hold::{Asking, ended};
use crate::refuse::Refusing;
use crate::{Judge, JudgeStore, Landed};

/// What the planner and people read when the ladder ran out.
pub(crate) const NOBODY_ANSWERED: &str = "nobody answered";

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// Acts on a review that was decided or has run out. The wake-up itself says nothing: the rows do.
    pub(crate) async fn act_on_review(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
        id: &ReviewId,
        batch: &Batch,
    ) -> Result<(), HandleError> {
        let (Some(review), Some(rules)) = (batch.review(tenant, campaign, id), batch.rules(tenant, campaign))
        else {
            warn!(campaign.id = %campaign, review.id = %id, "a wake-up for an unknown review is dropped");
            return Ok(());
        };
        let Some(answer) = self.answer_of(&review.row).await? else { return Ok(()) };
        let held = Held { review: &review, rules: &rules, answer };
        let landed = match &review.row.subject {
            Subject::Task { .. } => self.act_on_task(&held).await?,
            Subject::Rejudged { effect, .. } => self.act_on_effect(&held, effect).await?,
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

    async fn act_on_task(&self, held: &Held<'_>) -> Result<Landed, HandleError> {
        let review = &held.review.row;
        let key = RowKey::task(&review.tenant, &review.campaign, review.subject.task());
        let task = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_task));
        let Some(task) = task.filter(|task| is_held_by(&task.row, review)) else {
            info!(campaign.id = %review.campaign, review.id = %review.id,
                "a review's task has moved on: nothing is done");
            return Ok(Landed::Done);
        };
        let decision = match &held.answer {
            Answer::Silence => {
                let end = held.refusing(&task, ReviewEvent::Expire, &self.clock)?;
                return self.write(&end.fail(NOBODY_ANSWERED)?).await;
            }
            Answer::Decision(decision) => decision,
        };
        info!(campaign.id = %review.campaign, task.id = %task.row.id, review.id = %review.id,
            decision = decision.kind.name(), "a decision is carried out");
        let comment = decision.comment.as_deref().unwrap_or("no comment");
        match decision.kind {
            DecisionKind::Approve => self.approve_held(held, &task, decision).await,
            DecisionKind::Edit => self.approve_edited(held, &task, decision).await,
            DecisionKind::Reject => {
                let end = held.refusing(&task, ReviewEvent::Close, &self.clock)?;
                self.write(&end.reject(&[format!("reviewer: {comment}")], 1)?).await
            }
            DecisionKind::Respond => {
                let end = held.refusing(&task, ReviewEvent::Close, &self.clock)?;
                self.write(&end.reject(&[format!("reviewer: {comment}")], 0)?).await
            }
        }
    }

    /// The rules run again on the very bytes; what they find beyond the flags that were seen is asked anew.
    async fn approve_held(
        &self,
        held: &Held<'_>,
        task: &Stored<Task>,
        decision: &Decision,
    ) -> Result<Landed, HandleError> {
        let review = &held.review.row;
        let outcome = review.content.outcome.clone();
        let is_same = decision.digest == review.digest && outcome.digest() == review.digest;
        let facts = self.facts(&task.row).await?;
        let mut judgement =
            facts.judge(&task.row, &outcome, held.rules, Confidence::FULL, Some(&review.flags));
        if !is_same && judgement.verdict.kind == VerdictKind::Approve {
            error!(campaign.id = %review.campaign, review.id = %review.id,
                "an approval names other bytes than its review shows: it is asked again");
            judgement.verdict.kind = VerdictKind::Escalate;
            judgement.verdict.flags.clone_from(&review.flags);
        }
        self.carry_out_decision(held, task, outcome, &judgement, &facts).await
    }

    /// An edit makes another text, which is judged like the first.
    async fn approve_edited(
        &self,
        held: &Held<'_>,
        task: &Stored<Task>,
        decision: &Decision,
    ) -> Result<Landed, HandleError> {
        let review = &held.review.row;
        let (Some(text), Some(intent)) = (&decision.text, review.content.intent()) else {
            let end = held.refusing(task, ReviewEvent::Close, &self.clock)?;
            return self.write(&end.reject(&["reviewer: an edit without a text".to_owned()], 0)?).await;
        };
        let outcome = WorkOutcome::Intent { intent: intent.clone().with_text(text) };
        let facts = self.facts(&task.row).await?;
        let mut judgement =
            facts.judge(&task.row, &outcome, held.rules, Confidence::FULL, Some(&review.flags));
        // A human wrote it: what remains are the rules.
        judgement.verdict.confidence = Confidence::FULL;
        self.carry_out_decision(held, task, outcome, &judgement, &facts).await
    }

    async fn carry_out_decision(
        &self,
        held: &Held<'_>,
        task: &Stored<Task>,
        outcome: WorkOutcome,
        judgement: &Judgement,
        facts: &Facts,
    ) -> Result<Landed, HandleError> {
        let refusing = || held.refusing(task, ReviewEvent::Close, &self.clock);
        match judgement.verdict.kind {
            VerdictKind::Reject => match &judgement.over_limit {
                Some(limit) => self.write(&refusing()?.over_budget(limit)?).await,
                None => self.write(&refusing()?.reject(&judgement.verdict.reasons, 1)?).await,
            },
            VerdictKind::Escalate => self.ask_again(held, task, outcome, judgement, facts).await,
            VerdictKind::Approve => {
                let approval = held.approval(task, outcome, judgement, &self.clock)?;
                match self.approve(&approval, judgement.max_cost).await? {
                    Landed::TextTaken => {
                        let reason = "unique: identical text was published before".to_owned();
                        self.write(&refusing()?.reject(&[reason], 1)?).await
                    }
                    Landed::OverBudget(bucket) => self.write(&refusing()?.over_budget(&bucket)?).await,
                    landed => Ok(landed),
                }
            }
        }
    }

    /// The decision does not cover what the rules see now: this review is closed and another one asks.
    async fn ask_again(
        &self,
        held: &Held<'_>,
        task: &Stored<Task>,
        outcome: WorkOutcome,
        judgement: &Judgement,
        facts: &Facts,
    ) -> Result<Landed, HandleError> {
        let old = &held.review.row;
        let content = Content {
            outcome,
            usage: old.content.usage.clone(),
            max_cost: judgement.max_cost,
            source: facts.source.as_ref().map(|source| (source.title.clone(), source.url.clone())),
        };
        let review = self.review_of(Asking {
            task: &task.row,
            subject: old.subject.clone(),
            cause: task.row.attempt.to_string(),
            content,
            verdict: &judgement.verdict,
            rules: held.rules,
            after: Some(&old.id),
        });
        let again = Task {
            status: task.row.status.next(TaskEvent::Hold)?,
            review: Some(review.id.clone()),
            ..task.row.clone()
        };
        let closed = ended(old, ReviewEvent::Close, self.clock.now())?;
        let transaction = Transaction::by(held.writer())
            .replace(task, again)?
            .replace(held.review, closed)?
            .insert(review)?;
        self.write(&transaction).await
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

/// A review with its answer.
pub(crate) struct Held<'a> {
    pub(crate) review: &'a Stored<Review>,
    pub(crate) rules: &'a Rules,
    pub(crate) answer: Answer,
}

impl Held<'_> {
    /// One per review: whichever of its possible ends was written, the review is dealt with.
    pub(crate) fn writer(&self) -> WriterId {
        WriterId::new(format!("review:{}", self.review.row.id))
    }

    fn refusing<'b>(
        &'b self,
        task: &'b Stored<Task>,
        event: ReviewEvent,
        clock: &impl Clock,
    ) -> Result<Refusing<'b>, HandleError> {
        let review = ended(&self.review.row, event, clock.now())?;
        Ok(Refusing { task, review: Some((self.review, review)), cost: task.row.cost, writer: self.writer() })
    }

    fn approval<'b>(
        &'b self,
        task: &'b Stored<Task>,
        outcome: WorkOutcome,
        judgement: &Judgement,
        clock: &impl Clock,
    ) -> Result<Approval<'b>, HandleError> {
        let review = &self.review.row;
        let Subject::Task { result, .. } = &review.subject else {
            return Err(HandleError::Defect(format!("review {} is not about a task", review.id)));
        };
        let committed = Committed {
            result: result.clone(),
            digest: outcome.digest(),
            outcome,
            verdict: judgement.verdict.clone(),
        };
        Ok(Approval {
            task,
            rules: self.rules,
            committed,
            flags: review.flags.clone(),
            review: Some((self.review, ended(review, ReviewEvent::Close, clock.now())?)),
            cost: task.row.cost,
            writer: self.writer(),
        })
    }
}
