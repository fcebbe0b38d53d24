//! What may be committed, and the carrying out of a verdict on it: the same for a worker's answer and for one that a
//! review held.

use std::collections::BTreeSet;

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    Committed, EffectId, Flag, Money, ResultId, Review, StoreError, Stored, Task, TaskEvent, Transaction,
    Usage, Verdict, VerdictKind, WorkOutcome,
};
use chimera_policy::Judgement;

use crate::batch::Rules;
use crate::facts::Facts;
use crate::joint::Seat;
use crate::occasion::{End, Occasion};
use crate::{Judge, JudgeStore, Landed, reasons};

/// An outcome with the task it is for.
pub(crate) struct Proposal<'a> {
    pub(crate) task: &'a Stored<Task>,
    pub(crate) rules: &'a Rules,
    pub(crate) result: &'a ResultId,
    pub(crate) outcome: &'a WorkOutcome,
    pub(crate) usage: Option<&'a Usage>,
    /// The task's operating cost, this outcome's included.
    pub(crate) cost: Money,
    /// The review that held it, as it was read and as it ends.
    pub(crate) review: Option<(&'a Stored<Review>, Review)>,
    pub(crate) occasion: Occasion,
    /// The message's place in its batch.
    pub(crate) seat: &'a Seat<'a>,
}

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// Commits, refuses, or asks a human, as the verdict says.
    pub(crate) async fn carry_out(
        &self,
        proposal: &Proposal<'_>,
        judgement: &Judgement,
        facts: &Facts,
    ) -> Result<Landed, HandleError> {
        let carried = match judgement.verdict.kind {
            VerdictKind::Reject => self.refuse(proposal, judgement).await,
            VerdictKind::Escalate => self.hold(proposal, judgement, facts).await,
            VerdictKind::Approve => self.approve_or_refuse(proposal, judgement).await,
        };
        match carried {
            // It fits a message, but not a row beside what the row already holds.
            Err(HandleError::Store(StoreError::TooLarge(bytes))) => {
                let reason = format!("size: {bytes} bytes are more than a row may have");
                self.write(&proposal.reject(&[reason], 1)?).await
            }
            carried => carried,
        }
    }

    async fn refuse(&self, proposal: &Proposal<'_>, judgement: &Judgement) -> Result<Landed, HandleError> {
        match &judgement.over_limit {
            Some(limit) => self.write(&proposal.over_budget(limit)?).await,
            None => self.write(&proposal.reject(&judgement.verdict.reasons, 1)?).await,
        }
    }

    /// The ledger and the agent's earlier texts have the last word.
    async fn approve_or_refuse(
        &self,
        proposal: &Proposal<'_>,
        judgement: &Judgement,
    ) -> Result<Landed, HandleError> {
        match self.approve(proposal, judgement).await? {
            Landed::TextTaken => self.write(&proposal.reject(&[reasons::TEXT_TAKEN.to_owned()], 1)?).await,
            Landed::OverBudget(full) => self.write(&proposal.over_budget(&full.key.sk)?).await,
            landed => Ok(landed),
        }
    }
}

impl Proposal<'_> {
    /// The flags its approval covers: those a reviewer saw, else those the rules raised.
    pub(crate) fn flags(&self, verdict: &Verdict) -> BTreeSet<Flag> {
        self.review.as_ref().map_or(&verdict.flags, |(review, _)| &review.row.flags).clone()
    }

    /// The task approved, and the review that led to it closed.
    pub(crate) fn commit(
        &self,
        verdict: &Verdict,
        effect: Option<&EffectId>,
    ) -> Result<Transaction, HandleError> {
        let committed = Committed {
            result: self.result.clone(),
            outcome: self.outcome.clone(),
            digest: self.outcome.digest(),
            verdict: verdict.clone(),
            usage: self.usage.cloned(),
        };
        let approved = Task {
            committed: Some(committed),
            effect: effect.cloned().or_else(|| self.task.row.effect.clone()),
            ..self.task_after(TaskEvent::Approve)?
        };
        self.write(End::Approve, approved)
    }

    /// The task with the cost so far, once this has happened to it.
    pub(crate) fn task_after(&self, event: TaskEvent) -> Result<Task, HandleError> {
        let status = self.task.row.status.next(event)?;
        Ok(Task { status, cost: self.cost, ..self.task.row.clone() })
    }

    /// The task as it is to be, and with it the end of the review.
    pub(crate) fn write(&self, end: End, task: Task) -> Result<Transaction, HandleError> {
        let transaction = Transaction::by(self.occasion.writer(end)).replace(self.task, task)?;
        Ok(match &self.review {
            Some((old, ended)) => transaction.replace(old, ended.clone())?,
            None => transaction,
        })
    }
}
