//! Acting on what a human says about a post that was published before anybody looked: it stays, or it is taken back by
//! an effect of its own.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    Approving, Decision, DecisionKind, Effect, EffectEvent, EffectId, EffectStatus, Intent, MoneyTransaction,
    Outcome, Refusal, Review, Row, RowKey, Stored, Transaction, limits,
};
use chimera_policy::platform::{price_upper_bound, taking_back};
use tracing::{error, info};

use crate::approve::{Granting, reserve_entry};
use crate::batch::Rules;
use crate::occasion::{End, Occasion};
use crate::rejudge::tell_undo_waits;
use crate::review::{Answer, Held};
use crate::{Judge, JudgeStore, Landed};

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// A rejection, or silence to the end, takes the post back.
    pub(crate) async fn act_on_published(
        &self,
        held: &Held<'_>,
        id: &EffectId,
    ) -> Result<Landed, HandleError> {
        let Some(effect) = self.effect(&held.review.row, id).await? else {
            return self.end_moot(held).await;
        };
        match &held.answer {
            Answer::Decision(Decision { kind: DecisionKind::Approve, .. }) => {
                self.write(&self.letting_be(held, &effect)?).await
            }
            // A human has approved it meanwhile, by another question about it.
            Answer::Silence if effect.row.review.is_some() => self.write(&self.closing(held)?).await,
            _ => self.remove(held, &effect).await,
        }
    }

    async fn remove(&self, held: &Held<'_>, effect: &Stored<Effect>) -> Result<Landed, HandleError> {
        let row = &effect.row;
        match row.status {
            EffectStatus::Approved | EffectStatus::Rejudge | EffectStatus::Held => {
                let status = row.status.next(EffectEvent::Withdraw)?;
                let withdrawn = Effect { status, due_at: Some(self.clock.now()), ..row.clone() };
                self.write(&self.closing(held)?.replace(effect, withdrawn)?).await
            }
            EffectStatus::Done => match &row.outcome {
                Some(outcome) => self.take_back(held, row, outcome).await,
                None => Err(HandleError::Defect(format!("effect {} is done without an outcome", row.id))),
            },
            EffectStatus::Dispatching | EffectStatus::Unconfirmed => self.look_later(held).await,
            EffectStatus::Withdrawn | EffectStatus::Failed | EffectStatus::Void => {
                if row.refusal.as_ref().is_some_and(Refusal::leaves_open) {
                    error!(tenant = %row.tenant, campaign.id = %row.campaign, agent.id = %row.agent, effect.id = %row.id,
                        "a post that was rejected may be there: look at the account");
                }
                self.write(&self.closing(held)?).await
            }
        }
    }

    async fn effect(&self, of: &Review, id: &EffectId) -> Result<Option<Stored<Effect>>, HandleError> {
        let row = self.store.get(&RowKey::effect(&of.tenant, &of.campaign, id)).await?;
        Ok(row.and_then(|row| row.narrow(Row::into_effect)))
    }

    /// The review closed; a post that still waits goes out as one that a human has approved.
    fn letting_be(&self, held: &Held<'_>, effect: &Stored<Effect>) -> Result<Transaction, HandleError> {
        let closing = self.closing(held)?;
        if !matches!(effect.row.status, EffectStatus::Approved | EffectStatus::Rejudge) {
            return Ok(closing);
        }
        let review = &held.review.row;
        let approved =
            Effect { review: Some(review.id.clone()), flags: review.flags.clone(), ..effect.row.clone() };
        Ok(closing.replace(effect, approved)?)
    }

    fn closing(&self, held: &Held<'_>) -> Result<Transaction, HandleError> {
        let ended = held.review.row.ended(held.answer.end(), self.clock.now())?;
        Ok(Transaction::by(held.occasion.writer(End::Approve)).replace(held.review, ended)?)
    }

    /// Whether it happened is not known yet; the clock brings the review again.
    async fn look_later(&self, held: &Held<'_>) -> Result<Landed, HandleError> {
        let later =
            Review { due_at: Some(self.clock.now() + limits::FOLLOW_UP_AFTER), ..held.review.row.clone() };
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
        // A human vouched for it, under the review's own id: no platform knows it by that.
        if effect.asked.as_ref().is_some_and(|asked| asked.as_str() == outcome.external_id) {
            error!(tenant = %effect.tenant, campaign.id = %effect.campaign, agent.id = %effect.agent, effect.id = %effect.id,
                "the id of a post that was rejected is not known: take it back by hand");
            return self.write(&self.closing(held)?).await;
        }
        let undo = self.undo_of(held, effect, taking_back(&effect.intent, outcome));
        let (tenant, reservation) = (undo.tenant.clone(), undo.reservation.clone());
        let entry = reserve_entry(&undo, &reservation, undo.approved_at);
        let caps = self.buckets_of(&effect.agent, held.rules, undo.approved_at).caps;
        info!(campaign.id = %effect.campaign, effect.id = %effect.id, undo.id = %undo.id, "a post is taken back");
        let transaction = MoneyTransaction::from(self.closing(held)?.insert(undo)?);
        let transaction = transaction.reserve(&tenant, &entry, &reservation, &caps)?;
        match self.write_money(&transaction).await? {
            Landed::OverBudget(full) => {
                let bucket = full.key.sk;
                tell_undo_waits(effect, &bucket);
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
            campaign: &effect.campaign,
            effect: &id,
            intent: &intent,
            max_cost,
            policy_version: rules.policy_version,
        };
        let grant = self.sign(&granting, now);
        let approving = Approving {
            task: effect.task.clone(),
            attempt: effect.attempt,
            intent,
            idempotency_key: self.ids.fresh(),
            flags: held.review.row.flags.clone(),
            review: Some(held.review.row.id.clone()),
            unique: Vec::new(),
            buckets: self.buckets_of(&effect.agent, rules, now).buckets,
            undoes: Some(effect.id.clone()),
        };
        Effect::approved(grant, approving, now)
    }

    /// A second look at the taking back of a post: what a human wants gone needs no other judgement. What is signed is
    /// still exactly that.
    pub(crate) async fn sign_undo_again(
        &self,
        undo: &Stored<Effect>,
        undone: &EffectId,
        rules: &Rules,
        occasion: &Occasion,
    ) -> Result<Landed, HandleError> {
        let row = &undo.row;
        let post = self.store.get(&RowKey::effect(&row.tenant, &row.campaign, undone)).await?;
        let post = post.and_then(|stored| stored.row.into_effect());
        let takes_it_back = post.is_some_and(|post| {
            let is_its_own = |outcome: &Outcome| taking_back(&post.intent, outcome) == row.intent;
            post.status == EffectStatus::Done && post.outcome.as_ref().is_some_and(is_its_own)
        });
        if !takes_it_back || row.intent.digest() != row.digest {
            let id = &row.id;
            return Err(HandleError::Defect(format!("effect {id} does not take back what {undone} made")));
        }
        self.approve_again(undo, rules, price_upper_bound(&row.intent), None, occasion).await
    }
}
