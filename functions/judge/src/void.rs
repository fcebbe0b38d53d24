//! Ending an effect that never happened and never can: its money goes back and its text is free again.

use chimera_domain::ports::{Clock, GrantSigner, HandleError, Ids};
use chimera_domain::{
    Close, Effect, EffectEvent, LedgerEntry, Money, MoneyTransaction, Refusal, Review, Stored, Transaction,
    free_names,
};
use chimera_policy::money::over_budget_reason;
use chimera_policy::refusals::STILL_THERE;
use tracing::{error, warn};

use crate::occasion::{End, Occasion};
use crate::{Full, Judge, JudgeStore, Landed};

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// Voids the effect for `reason`, and ends the review that asked about it.
    pub(crate) async fn void(
        &self,
        effect: &Stored<Effect>,
        reason: &str,
        review: Option<(&Stored<Review>, Review)>,
        occasion: &Occasion,
    ) -> Result<Landed, HandleError> {
        let transaction = self.voiding(effect, reason, review, occasion).await?;
        self.write_money(&transaction).await
    }

    /// [M-2] Voids what found a bucket full, only while it is: of several that look at once each makes room for the next.
    pub(crate) async fn void_while_full(
        &self,
        effect: &Stored<Effect>,
        full: &Full,
        review: Option<(&Stored<Review>, Review)>,
        occasion: &Occasion,
    ) -> Result<Landed, HandleError> {
        let reason = over_budget_reason(&full.key.sk);
        let transaction = self.voiding(effect, &reason, review, occasion).await?;
        match self.write_money(&transaction.require_above(&full.key, full.above)).await? {
            Landed::OverBudget(_) => Ok(Landed::Moved),
            landed => Ok(landed),
        }
    }

    async fn voiding(
        &self,
        effect: &Stored<Effect>,
        reason: &str,
        review: Option<(&Stored<Review>, Review)>,
        occasion: &Occasion,
    ) -> Result<MoneyTransaction, HandleError> {
        let old = &effect.row;
        warn!(campaign.id = %old.campaign, effect.id = %old.id, reason, "an approved effect is voided");
        if old.undoes.is_some() {
            error!(tenant = %old.tenant, campaign.id = %old.campaign, agent.id = %old.agent, effect.id = %old.id,
                "{STILL_THERE}");
        }
        let void = Effect {
            status: old.status.next(EffectEvent::Void)?,
            refusal: Some(Refusal { code: "void".to_owned(), message: reason.to_owned(), retryable: false }),
            ended_at: Some(self.clock.now()),
            due_at: None,
            not_before: None,
            claim: None,
            ..old.clone()
        };
        let mut transaction = Transaction::by(occasion.writer(End::Void)).replace(effect, void)?;
        if let Some((open, ended)) = review {
            transaction = transaction.replace(open, ended)?;
        }
        transaction = free_names(&self.store, transaction, old).await?;
        let entry = self.release_entry(old);
        let nothing = Money::zero(old.reservation.amount.currency());
        Ok(MoneyTransaction::from(transaction).close(&old.tenant, &entry, &old.reservation, nothing)?)
    }

    /// [M-3] The entry that gives the effect's present reservation back.
    pub(crate) fn release_entry(&self, effect: &Effect) -> LedgerEntry {
        LedgerEntry::Close {
            campaign: effect.campaign.clone(),
            effect: effect.id.clone(),
            number: effect.reservation.number,
            how: Close::Release,
            spent: Money::zero(effect.reservation.amount.currency()),
            at: self.clock.now(),
        }
    }
}
