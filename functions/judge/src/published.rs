//! Acting on what a human says about a post that was published before anybody looked: it stays, or it is taken back by
//! an effect of its own.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    Bucket, Decision, DecisionKind, Effect, EffectEvent, EffectId, EffectStatus, Intent, MoneyTransaction,
    Outcome, Reservation, Review, Row, RowKey, Stored, Transaction, limits,
};
use chimera_policy::platform::{price_upper_bound, taking_back};
use tracing::{error, info};

use crate::approve::{Granting, reserve_entry};
use crate::occasion::End;
use crate::reasons::WAY_OUT;
use crate::review::{Answer, Held};
use crate::{Judge, JudgeStore, Landed};

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// A rejection, or silence to the end, takes the post back.
    pub(crate) async fn act_on_published(
        &self,
        held: &Held<'_>,
        id: &EffectId,
    ) -> Result<Landed, HandleError> {
        let review = &held.review.row;
        if matches!(&held.answer, Answer::Decision(Decision { kind: DecisionKind::Approve, .. })) {
            return self.write(&self.closing(held)?).await;
        }
        let key = RowKey::effect(&review.tenant, &review.campaign, id);
        let effect = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_effect));
        let Some(effect) = effect else { return self.end_moot(held).await };
        match effect.row.status {
            EffectStatus::Approved | EffectStatus::Rejudge | EffectStatus::Held => {
                let withdrawn =
                    Effect { status: effect.row.status.next(EffectEvent::Withdraw)?, ..effect.row.clone() };
                self.write(&self.closing(held)?.replace(&effect, withdrawn)?).await
            }
            EffectStatus::Done => match &effect.row.outcome {
                Some(outcome) => self.take_back(held, &effect.row, outcome).await,
                None => Err(HandleError::Defect(format!("effect {id} is done without an outcome"))),
            },
            EffectStatus::Dispatching | EffectStatus::Unconfirmed => self.look_later(held).await,
            EffectStatus::Withdrawn | EffectStatus::Failed | EffectStatus::Void => {
                self.write(&self.closing(held)?).await
            }
        }
    }

    fn closing(&self, held: &Held<'_>) -> Result<Transaction, HandleError> {
        let ended = held.review.row.ended(held.answer.end(), self.clock.now())?;
        Ok(Transaction::by(held.occasion.writer(End::Approve)).replace(held.review, ended)?)
    }

    /// Whether it happened is not known yet; the clock brings the review again.
    async fn look_later(&self, held: &Held<'_>) -> Result<Landed, HandleError> {
        let later = Review {
            due_at: Some(self.clock.now() + limits::FOLLOW_UP_AFTER),
            ..held.review.row.clone()
        };
        let writer = held.occasion.writer_at(End::Wait, held.review.version);
        self.write(&Transaction::by(writer).replace(held.review, later)?).await
    }

    /// The human's answer is the approval; the grant names exactly the post that is taken back.
    async fn take_back(
        &self,
        held: &Held<'_>,
        effect: &Effect,
        outcome: &Outcome,
    ) -> Result<Landed, HandleError> {
        let undo = self.undo_of(held, effect, taking_back(&effect.intent, outcome));
        let (tenant, reservation) = (undo.tenant.clone(), undo.reservation.clone());
        let entry = reserve_entry(&undo, &reservation, undo.approved_at);
        let caps = self.buckets_of(&effect.agent, held.rules, undo.approved_at).caps;
        info!(campaign.id = %effect.campaign, effect.id = %effect.id, undo.id = %undo.id, "a post is taken back");
        let transaction = MoneyTransaction::from(self.closing(held)?.insert(undo)?);
        let transaction = transaction.reserve(&tenant, &entry, &reservation, &caps)?;
        match self.write_money(&transaction).await? {
            Landed::OverBudget(bucket) => {
                error!(tenant = %tenant, campaign.id = %effect.campaign, effect.id = %effect.id, limit = bucket,
                    "over budget: a post that was rejected cannot be taken back; {WAY_OUT}");
                self.look_later(held).await
            }
            landed => Ok(landed),
        }
    }

    fn undo_of(&self, held: &Held<'_>, effect: &Effect, intent: Intent) -> Effect {
        let (rules, now) = (held.rules, self.clock.now());
        let id = effect.id.undoing();
        let max_cost = price_upper_bound(&intent);
        let granting = Granting {
            tenant: &effect.tenant,
            agent: &effect.agent,
            effect: &id,
            intent: &intent,
            max_cost,
            policy_version: rules.policy_version,
        };
        let buckets = self.buckets_of(&effect.agent, rules, now).buckets;
        Effect {
            status: EffectStatus::Approved,
            digest: intent.digest(),
            grant: self.sign(&granting, now),
            idempotency_key: self.ids.fresh(),
            flags: held.review.row.flags.clone(),
            review: Some(held.review.row.id.clone()),
            reservation: Reservation { number: 1, amount: max_cost, day: Bucket::day(now), buckets },
            unique: Vec::new(),
            rejudged: 0,
            struck: 0,
            not_before: None,
            due_at: Some(now + limits::FOLLOW_UP_AFTER),
            claim: None,
            read_backs: 0,
            unsent: 0,
            asked: None,
            outcome: None,
            refusal: None,
            approved_at: now,
            ended_at: None,
            max_cost,
            history_day: Bucket::day(now),
            undoes: Some(effect.id.clone()),
            intent,
            id,
            ..effect.clone()
        }
    }

    /// A second look at the taking back of a post: what a human wants gone needs no other judgement.
    pub(crate) async fn sign_undo_again(
        &self,
        effect: &Stored<Effect>,
        rules: &crate::batch::Rules,
        occasion: &crate::occasion::Occasion,
    ) -> Result<Landed, HandleError> {
        let max_cost = price_upper_bound(&effect.row.intent);
        self.approve_again(effect, rules, max_cost, None, occasion).await
    }
}
