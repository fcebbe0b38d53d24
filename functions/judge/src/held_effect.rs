//! Acting on what a human decided about an approved effect whose second judgement raised something new.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    Decision, DecisionKind, Effect, EffectId, EffectStatus, Row, RowKey, Stored, Transaction, VerdictKind,
};

use crate::occasion::End;
use crate::rejudge::tell_over_limit;
use crate::review::{Answer, Held};
use crate::{Judge, JudgeStore, Landed, reasons};

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    pub(crate) async fn act_on_effect(&self, held: &Held<'_>, id: &EffectId) -> Result<Landed, HandleError> {
        let review = &held.review.row;
        let key = RowKey::effect(&review.tenant, &review.campaign, id);
        let effect = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_effect));
        let Some(effect) = effect.filter(|effect| effect.row.status == EffectStatus::Held) else {
            return self.end_moot(held).await;
        };
        match &held.answer {
            Answer::Silence => self.deny(held, &effect, reasons::NOBODY_ANSWERED).await,
            Answer::Decision(Decision { kind: DecisionKind::Approve, digest, .. })
                if *digest == effect.row.digest =>
            {
                self.approve_held_effect(held, &effect).await
            }
            Answer::Decision(decision) => {
                let reason = reasons::of_reviewer(decision.comment.as_deref());
                self.deny(held, &effect, &reason).await
            }
        }
    }

    async fn approve_held_effect(
        &self,
        held: &Held<'_>,
        effect: &Stored<Effect>,
    ) -> Result<Landed, HandleError> {
        let (row, review, rules) = (&effect.row, &held.review.row, held.rules);
        if rules.campaign.status.is_over() {
            return self.deny(held, effect, reasons::CAMPAIGN_OVER).await;
        }
        let task = self.store.get(&RowKey::task(&row.tenant, &row.campaign, &row.task)).await?;
        let Some(task) = task.and_then(|task| task.narrow(Row::into_task)) else {
            return self.deny(held, effect, reasons::TASK_GONE).await;
        };
        let closed = review.ended(held.answer.end(), self.clock.now())?;
        let judgement = self.second_judgement(row, &task.row, rules, Some(&review.flags)).await?;
        match judgement.verdict.kind {
            VerdictKind::Approve => {
                let max_cost = judgement.max_cost.unwrap_or(row.max_cost);
                let review = Some((held.review, closed));
                self.approve_again(effect, rules, max_cost, review, &held.occasion).await
            }
            VerdictKind::Escalate => {
                let asking = self.asking_again(row, &task.row, rules, &judgement, Some(&review.id));
                let next = self.review_of(asking);
                let key = RowKey::effect(&row.tenant, &row.campaign, &row.id);
                let transaction = Transaction::by(held.occasion.writer(End::Hold))
                    .replace(held.review, closed)?
                    .insert(next)?
                    .require_unchanged(key, effect);
                self.write(&transaction).await
            }
            VerdictKind::Reject => {
                tell_over_limit(row, &judgement);
                self.deny(held, effect, &judgement.verdict.reasons.join("; ")).await
            }
        }
    }

    async fn deny(
        &self,
        held: &Held<'_>,
        effect: &Stored<Effect>,
        reason: &str,
    ) -> Result<Landed, HandleError> {
        let review = held.review.row.ended(held.answer.end(), self.clock.now())?;
        self.void(effect, reason, Some((held.review, review)), &held.occasion).await
    }
}
