//! The second look at an effect whose grant was proved void or has grown old.

use std::collections::BTreeSet;

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    Bucket, CampaignId, Confidence, Content, Effect, EffectEvent, EffectId, EffectStatus, Flag, Money,
    MoneyTransaction, Reservation, Review, ReviewId, Row, RowKey, Stored, Subject, Task, TenantId, Timestamp,
    Transaction, VerdictKind, WorkOutcome, limits,
};
use chimera_policy::Judgement;
use chimera_policy::verdict::BAND_MEDIUM;
use tracing::{error, info, warn};

use crate::approve::{Granting, again, reserve_entry};
use crate::batch::{Batch, Rules};
use crate::hold::{Asking, review_id};
use crate::occasion::{End, Occasion};
use crate::reasons::{self, WAY_OUT};
use crate::{Judge, JudgeStore, Landed};

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// [E-4] [E-6] Judges an effect again and signs, holds or voids it.
    pub(crate) async fn rejudge(
        &self,
        tenant: &TenantId,
        campaign: &CampaignId,
        id: &EffectId,
        batch: &Batch,
    ) -> Result<(), HandleError> {
        let (Some(effect), Some(rules)) = (batch.effect(tenant, campaign, id), batch.rules(tenant, campaign))
        else {
            warn!(campaign.id = %campaign, effect.id = %id, "an unknown effect is not judged again");
            return Ok(());
        };
        if effect.row.status != EffectStatus::Rejudge {
            info!(campaign.id = %campaign, effect.id = %id, status = effect.row.status.name(),
                "an effect that has moved on is not judged again");
            return Ok(());
        }
        match self.look_again(&effect, &rules).await? {
            Landed::Done => Ok(()),
            // The next delivery reads the row as it is then.
            _ => Err(again()),
        }
    }

    async fn look_again(&self, effect: &Stored<Effect>, rules: &Rules) -> Result<Landed, HandleError> {
        let row = &effect.row;
        let occasion = &Occasion::second_look(row);
        // An effect that only waited, for its pace or a switch, is signed as often as it takes.
        if row.struck > limits::REJUDGES_PER_EFFECT {
            return self.void(effect, reasons::STRUCK_TOO_OFTEN, None, occasion).await;
        }
        if let Some(undone) = &row.undoes {
            return self.sign_undo_again(effect, undone, rules, occasion).await;
        }
        if rules.campaign.status.is_over() {
            return self.void(effect, reasons::CAMPAIGN_OVER, None, occasion).await;
        }
        let task = self.store.get(&RowKey::task(&row.tenant, &row.campaign, &row.task)).await?;
        let Some(task) = task.and_then(|task| task.narrow(Row::into_task)) else {
            return self.void(effect, reasons::TASK_GONE, None, occasion).await;
        };
        // Where a human approved these bytes, only flags beyond those seen count.
        let covered = row.review.is_some().then_some(&row.flags);
        let judgement = self.second_judgement(row, &task.row, rules, covered).await?;
        match judgement.verdict.kind {
            VerdictKind::Approve if asks_nobody(row, &judgement) => {
                let judgement = asking(judgement);
                self.hold_again(effect, &task.row, rules, &judgement, occasion).await
            }
            VerdictKind::Approve => {
                let max_cost = judgement.max_cost.unwrap_or(row.max_cost);
                self.approve_again(effect, rules, max_cost, None, occasion).await
            }
            VerdictKind::Escalate => self.hold_again(effect, &task.row, rules, &judgement, occasion).await,
            VerdictKind::Reject => {
                tell_over_limit(row, &judgement);
                self.void(effect, &judgement.verdict.reasons.join("; "), None, occasion).await
            }
        }
    }

    /// Today's verdict on the effect's own bytes; `covered` are the flags a human has approved.
    pub(crate) async fn second_judgement(
        &self,
        effect: &Effect,
        task: &Task,
        rules: &Rules,
        covered: Option<&BTreeSet<Flag>>,
    ) -> Result<Judgement, HandleError> {
        if effect.intent.digest() != effect.digest {
            return Err(HandleError::Defect(format!(
                "the bytes of effect {} are not those approved",
                effect.id
            )));
        }
        let outcome = WorkOutcome::Intent { intent: effect.intent.clone() };
        let facts = self.facts(task, &effect.id, &outcome, rules).await?;
        Ok(facts.judge(task, &outcome, rules, Confidence::FULL, covered))
    }

    /// Signs again with a new grant and key. Where day, amount or policy are others, the reservation is given back and
    /// made anew in the same transaction.
    pub(crate) async fn approve_again(
        &self,
        effect: &Stored<Effect>,
        rules: &Rules,
        max_cost: Money,
        review: Option<(&Stored<Review>, Review)>,
        occasion: &Occasion,
    ) -> Result<Landed, HandleError> {
        let now = self.clock.now();
        let today = self.buckets_of(&effect.row.agent, rules, now);
        let reservation = reservation_again(&effect.row, rules, max_cost, &today.buckets, now);
        let approved_by = review.as_ref().map(|(old, _)| &old.row);
        let signed = self.signed_again(&effect.row, rules, reservation, approved_by, now)?;
        let (old, new) = (&effect.row.reservation, &signed.reservation);
        let writer = occasion.writer(End::Approve);
        let transaction = Transaction::by(writer).replace(effect, signed.clone())?;
        let transaction = match &review {
            Some((open, ended)) => transaction.replace(open, ended.clone())?,
            None => transaction,
        };
        if old == new {
            return self.write(&transaction).await;
        }
        let (tenant, nothing) = (&signed.tenant, Money::zero(old.amount.currency()));
        let transaction = MoneyTransaction::from(transaction)
            .close(tenant, &self.release_entry(&effect.row), old, nothing)?
            .reserve(tenant, &reserve_entry(&signed, new, now), new, &today.caps)?;
        match self.write_money(&transaction).await? {
            Landed::OverBudget(full) if effect.row.undoes.is_some() => {
                self.wait_for_money(effect, &full.key.sk, occasion).await
            }
            Landed::OverBudget(full) => {
                tell_operator(&effect.row, &full.key.sk);
                self.void_while_full(effect, &full, review, occasion).await
            }
            landed => Ok(landed),
        }
    }

    /// What a human wants gone is not given up for want of money: the clock brings it again.
    async fn wait_for_money(
        &self,
        undo: &Stored<Effect>,
        bucket: &str,
        occasion: &Occasion,
    ) -> Result<Landed, HandleError> {
        tell_undo_waits(&undo.row, bucket);
        let later = Effect { due_at: Some(self.clock.now() + limits::FOLLOW_UP_AFTER), ..undo.row.clone() };
        let writer = occasion.writer_at(End::Wait, undo.version);
        self.write(&Transaction::by(writer).replace(undo, later)?).await
    }

    fn signed_again(
        &self,
        effect: &Effect,
        rules: &Rules,
        reservation: Reservation,
        review: Option<&Review>,
        now: Timestamp,
    ) -> Result<Effect, HandleError> {
        let max_cost = reservation.amount;
        let granting = Granting {
            tenant: &effect.tenant,
            agent: &effect.agent,
            campaign: &effect.campaign,
            effect: &effect.id,
            intent: &effect.intent,
            max_cost,
            policy_version: rules.policy_version,
        };
        // A new signature does not shorten a wait.
        let not_before = effect.not_before.filter(|not_before| *not_before > now);
        Ok(Effect {
            status: effect.status.next(EffectEvent::Reapprove)?,
            grant: self.sign(&granting, now),
            idempotency_key: self.ids.fresh(),
            flags: review.map_or_else(|| effect.flags.clone(), |review| review.flags.clone()),
            review: review.map(|review| review.id.clone()).or_else(|| effect.review.clone()),
            reservation,
            rejudged: effect.rejudged + 1,
            not_before,
            due_at: Some(not_before.unwrap_or(now + limits::FOLLOW_UP_AFTER)),
            claim: None,
            read_backs: 0,
            unsent: 0,
            asked: None,
            refusal: None,
            approved_at: now,
            max_cost,
            ..effect.clone()
        })
    }

    async fn hold_again(
        &self,
        effect: &Stored<Effect>,
        task: &Task,
        rules: &Rules,
        judgement: &Judgement,
        occasion: &Occasion,
    ) -> Result<Landed, HandleError> {
        let row = &effect.row;
        let review = self.review_of(self.asking_again(row, task, rules, judgement, None));
        let held = Effect { status: row.status.next(EffectEvent::Hold)?, due_at: None, ..row.clone() };
        let transaction =
            Transaction::by(occasion.writer(End::Hold)).replace(effect, held)?.insert(review)?;
        self.write(&transaction).await
    }

    /// What a human is asked about an effect that raised something new.
    pub(crate) fn asking_again<'a>(
        &self,
        effect: &Effect,
        task: &'a Task,
        rules: &'a Rules,
        judgement: &'a Judgement,
        after: Option<&ReviewId>,
    ) -> Asking<'a> {
        Asking {
            task,
            subject: Subject::Rejudged { effect: effect.id.clone(), task: task.id.clone() },
            id: review_id(effect.id.as_str(), &format!("j{}", effect.rejudged), after),
            content: Content {
                outcome: WorkOutcome::Intent { intent: effect.intent.clone() },
                usage: None,
                max_cost: judgement.max_cost,
                source: None,
            },
            verdict: &judgement.verdict,
            rules,
        }
    }
}

/// [M-2] The reservation behind a new grant: the old one only where it was made today, for the same amount, under the
/// same policy, whose caps it then met. A changed policy may have lowered a cap, or capped what had none.
fn reservation_again(
    effect: &Effect,
    rules: &Rules,
    max_cost: Money,
    buckets: &[Bucket],
    now: Timestamp,
) -> Reservation {
    let (old, day) = (&effect.reservation, Bucket::day(now));
    let is_same = effect.grant.grant.policy_version == rules.policy_version
        && (&old.day, old.amount, old.buckets.as_slice()) == (&day, max_cost, buckets);
    if is_same {
        return old.clone();
    }
    Reservation { number: old.number + 1, amount: max_cost, day, buckets: buckets.to_vec() }
}

/// Whether the effect would go out before anybody looks, without the question that its approval would have opened.
fn asks_nobody(effect: &Effect, judgement: &Judgement) -> bool {
    let medium = Flag::new(BAND_MEDIUM);
    let is_asked = effect.review.is_some() || effect.flags.contains(&medium);
    judgement.verdict.flags.contains(&medium) && !is_asked
}

/// The same judgement as a question.
fn asking(mut judgement: Judgement) -> Judgement {
    judgement.verdict.kind = VerdictKind::Escalate;
    judgement
}

/// [M-5] A person can help, in a cancelled campaign as well.
pub(crate) fn tell_undo_waits(effect: &Effect, limit: &str) {
    error!(tenant = %effect.tenant, campaign.id = %effect.campaign, effect.id = %effect.id, limit,
        "over budget: a post that was rejected cannot be taken back; {WAY_OUT}");
}

/// Tells an operator where the verdict found a limit that the effect breaks by itself.
pub(crate) fn tell_over_limit(effect: &Effect, judgement: &Judgement) {
    if let Some(limit) = &judgement.over_limit {
        tell_operator(effect, limit);
    }
}

/// [M-5] Only an operator can help.
fn tell_operator(effect: &Effect, limit: &str) {
    error!(tenant = %effect.tenant, campaign.id = %effect.campaign, effect.id = %effect.id, limit,
        "over budget: an approved effect is voided; {WAY_OUT}, and start a new campaign for what is missing");
}

#[cfg(test)]
mod tests {
    use chimera_domain::{Close, Currency, LedgerEntry, Op, Table, WriterId};

    use super::*;

    fn cents(minor: i64) -> Money {
        Money::new(minor, Currency::Usd).unwrap()
    }

    /// [M-2]
    #[test]
    fn a_release_and_a_reservation_that_meet_in_one_bucket_are_one_operation() {
        let tenant = TenantId::new("t").unwrap();
        let (campaign, effect) = (CampaignId::new("c").unwrap(), EffectId::new("e").unwrap());
        let bucket = Bucket::Campaign { campaign: campaign.clone() };
        let reservation = |number: u32, day: &str| Reservation {
            number,
            amount: cents(20),
            day: day.to_owned(),
            buckets: vec![bucket.clone()],
        };
        let (old, new) = (reservation(1, "2026-01-01"), reservation(2, "2026-01-02"));
        let at = Timestamp::UNIX_EPOCH;
        let close = LedgerEntry::Close {
            campaign: campaign.clone(),
            effect: effect.clone(),
            number: 1,
            how: Close::Release,
            spent: cents(0),
            at,
        };
        let reserve = LedgerEntry::Reserve { campaign, effect, reservation: new.clone(), at };
        let transaction = MoneyTransaction::from(Transaction::by(WriterId::new("w")))
            .close(&tenant, &close, &old, cents(0))
            .and_then(|transaction| transaction.reserve(&tenant, &reserve, &new, &[cents(100)]))
            .unwrap();
        let adds: Vec<&Op> =
            transaction.inner().ops().iter().filter(|op| matches!(op, Op::Add { .. })).collect();
        let together = Op::Add {
            table: Table::Ledger,
            key: bucket.key(&tenant),
            amount: 0,
            at_most: Some(100),
            above: None,
        };
        assert_eq!(adds, [&together]);
    }
}
