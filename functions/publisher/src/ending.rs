//! How an effect ends, with its money and its uniqueness rows in the same transaction.

use std::time::Duration;

use chimera_domain::{
    Close, DecisionKind, Effect, EffectEvent, EffectStatus, IllegalTransition, LedgerEntry, Money,
    MoneyTransaction, Outcome, Refusal, Review, ReviewEvent, ReviewStatus, Row, RowKey, StoreError, Stored,
    Timestamp, Transaction, free_names,
    ports::{Clock, HandleError, Ids, ReadTools, WriteTools},
    take_names_again,
};
use chimera_policy::refusals::{self, STILL_THERE, Told};

use crate::{Publisher, Store};

/// First wait after a call that came to nothing.
const FIRST_WAIT: Duration = Duration::from_secs(4);
/// Longest one: a rate limit's window may be hours, and a grant is judged again anyway.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How often the longest wait may double for what takes a post back: together hours, for nobody else will.
const DOUBLINGS: u32 = 4;

/// Times a confirmation is tried against others' writes.
const CONFIRMATIONS: usize = 5;

impl<S: Store, W: WriteTools, R: ReadTools, C: Clock, I: Ids> Publisher<S, W, R, C, I> {
    /// It happened: done, and what it cost is settled. Whatever the row says by now, what happened has happened, so a
    /// lost race is taken up again on the row as it is.
    pub(crate) async fn confirm(&self, effect: &Stored<Effect>, outcome: Outcome) -> Result<(), HandleError> {
        let mut effect = effect.clone();
        for _ in 0..CONFIRMATIONS {
            let transaction =
                self.withdraw_question(Transaction::by(self.writer("done")), &effect.row).await?;
            let transaction = self.confirmation(transaction, &effect, outcome.clone()).await?;
            match self.store.write_money(&transaction).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Refused(_)) => {}
                Err(failed) => return Err(failed.into()),
            }
            let key = RowKey::effect(&effect.row.tenant, &effect.row.campaign, &effect.row.id);
            match self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_effect)) {
                Some(fresh) if fresh.row.status != EffectStatus::Done => effect = fresh,
                _ => return Ok(()),
            }
        }
        Err(StoreError::Contention.into())
    }

    /// Ends the question to a human, where one is still open: the answer has come by itself.
    async fn withdraw_question(
        &self,
        transaction: Transaction,
        effect: &Effect,
    ) -> Result<Transaction, HandleError> {
        let Some(asked) = &effect.asked else { return Ok(transaction) };
        let key = RowKey::review(&effect.tenant, &effect.campaign, asked);
        let Some(review) = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_review)) else {
            return Ok(transaction);
        };
        match review.row.ended(ReviewEvent::Supersede, self.clock.now()) {
            Ok(superseded) => Ok(transaction.replace(&review, superseded)?),
            // It is over already.
            Err(_) => Ok(transaction),
        }
    }

    /// The writes that confirm an effect, added to others of the same transaction. One whose money had already been
    /// given back is booked late and alarmed, and holds its names again.
    pub(crate) async fn confirmation(
        &self,
        transaction: Transaction,
        effect: &Stored<Effect>,
        outcome: Outcome,
    ) -> Result<MoneyTransaction, HandleError> {
        let now = self.clock.now();
        let was_over = effect.row.status.is_final();
        let spent = self.spent(&effect.row, &outcome);
        let done = Effect {
            status: effect.row.status.next(EffectEvent::Confirm)?,
            outcome: Some(outcome),
            refusal: None,
            ..ended(&effect.row, now)
        };
        let transaction = transaction.replace(effect, done)?;
        if was_over {
            self.tell_late(&effect.row).await?;
            if effect.row.refusal.as_ref().is_some_and(Refusal::leaves_open) {
                // Given up as spent: it is paid for already, and its names stayed taken.
                return Ok(transaction.into());
            }
            let transaction = take_names_again(&self.store, transaction, &effect.row).await?;
            let transaction = MoneyTransaction::from(transaction);
            let entry = LedgerEntry::Late {
                campaign: effect.row.campaign.clone(),
                effect: effect.row.id.clone(),
                spent,
                at: now,
            };
            return Ok(transaction.book_late(&effect.row.tenant, &entry, &effect.row.reservation, spent)?);
        }
        self.close(transaction.into(), &effect.row, Close::Settle, spent, now)
    }

    /// Raises the alarm about a late outcome; what a reviewer did not want is not taken back by itself any more.
    async fn tell_late(&self, effect: &Effect) -> Result<(), StoreError> {
        let id = Review::id_after(&effect.id);
        let review = self.store.get(&RowKey::review(&effect.tenant, &effect.campaign, &id)).await?;
        let ended = review.and_then(|stored| stored.row.into_review()).filter(|review| !review.is_waiting());
        if ended.is_some_and(|review| {
            review.status == ReviewStatus::Expired || review.decided == Some(DecisionKind::Reject)
        }) {
            tracing::error!(agent.id = %effect.agent, effect.id = %effect.id, review.id = %id, "A post that was rejected had been given up and is there after all: take it back by hand");
        } else {
            tracing::error!(effect.id = %effect.id, "An effect that had been given up has happened after all");
        }
        Ok(())
    }

    /// Never more than was reserved, whatever the platform says; a different figure is for a person to look at.
    fn spent(&self, effect: &Effect, outcome: &Outcome) -> Money {
        let reserved = effect.reservation.amount;
        let fits = outcome.cost.currency() == reserved.currency() && outcome.cost.minor() <= reserved.minor();
        if fits {
            return outcome.cost;
        }
        tracing::error!(effect.id = %effect.id, cost = %outcome.cost, reserved = %reserved, "A platform charged more than was granted");
        reserved
    }

    /// [E-11] The platform refused. Where a new grant may do better the Judge looks again, and the effect waits a while
    /// that doubles, or as long as the platform asks for; else it is over.
    pub(crate) async fn refuse(
        &self,
        effect: &Stored<Effect>,
        refusal: Refusal,
        retry_after_s: Option<u32>,
    ) -> Result<(), HandleError> {
        let now = self.clock.now();
        if refusals::is_retryable(&refusal) {
            let asked = Duration::from_secs(retry_after_s.map_or(0, u64::from));
            let wait = patience(&effect.row).max(asked);
            tracing::warn!(effect.id = %effect.row.id, code = %refusal.code, wait_ms = wait.as_millis(), "A platform refused for now");
            return self.send_to_judge(effect, Some(now + wait)).await;
        }
        tell(&effect.row, &refusal);
        self.fail(Transaction::by(self.writer("failed")), effect, refusal, now).await
    }

    /// It did not happen: failed, and all goes back.
    pub(crate) async fn fail(
        &self,
        transaction: Transaction,
        effect: &Stored<Effect>,
        refusal: Refusal,
        now: Timestamp,
    ) -> Result<(), HandleError> {
        let transaction = transaction.replace(effect, failed(&effect.row, refusal, now)?)?;
        self.give_back(transaction, &effect.row, now).await
    }

    /// Nobody knows and nobody will: failed, but its money counts as spent and its text stays taken.
    pub(crate) fn give_up(
        &self,
        transaction: Transaction,
        effect: &Stored<Effect>,
        refusal: Refusal,
    ) -> Result<MoneyTransaction, HandleError> {
        let now = self.clock.now();
        let transaction = transaction.replace(effect, failed(&effect.row, refusal, now)?)?;
        self.close(transaction.into(), &effect.row, Close::Settle, effect.row.reservation.amount, now)
    }

    /// It never happened and never can, for this reason if there is one to tell.
    pub(crate) async fn void(
        &self,
        effect: &Stored<Effect>,
        why: Option<Refusal>,
    ) -> Result<(), HandleError> {
        let now = self.clock.now();
        let status = effect.row.status.next(EffectEvent::Void)?;
        if let Some(refusal) = &why {
            tell(&effect.row, refusal);
        }
        let refusal = why.or_else(|| effect.row.refusal.clone());
        let void = Effect { status, refusal, ..ended(&effect.row, now) };
        tell_still_there(&effect.row);
        let transaction = Transaction::by(self.writer("void")).replace(effect, void)?;
        self.give_back(transaction, &effect.row, now).await
    }

    /// [E-3] [M-4] Nobody knows: unconfirmed, looked at again after the first wait.
    pub(crate) async fn lose(&self, effect: &Stored<Effect>) -> Result<(), HandleError> {
        let at = self.clock.now() + self.timing.read_backs.first().copied().unwrap_or_default();
        let lost = Effect {
            status: effect.row.status.next(EffectEvent::Lose)?,
            not_before: Some(at),
            due_at: Some(at),
            read_backs: 0,
            ..effect.row.clone()
        };
        self.write(Transaction::by(self.writer("lost")).replace(effect, lost)?.into()).await
    }

    /// [E-4] The grant is void or too old: the Judge signs again, or not. A grant that was claimed and came to nothing is
    /// counted; one that only waited is not.
    pub(crate) async fn send_to_judge(
        &self,
        effect: &Stored<Effect>,
        not_before: Option<Timestamp>,
    ) -> Result<(), HandleError> {
        let stale = self.struck(&effect.row, not_before)?;
        self.write(Transaction::by(self.writer("rejudge")).replace(effect, stale)?.into()).await
    }

    /// The effect as the Judge is to look at it again.
    pub(crate) fn struck(
        &self,
        effect: &Effect,
        not_before: Option<Timestamp>,
    ) -> Result<Effect, IllegalTransition> {
        let was_claimed = effect.status != EffectStatus::Approved;
        Ok(Effect {
            status: effect.status.next(EffectEvent::Rejudge)?,
            struck: effect.struck + u32::from(was_claimed),
            claim: None,
            not_before,
            due_at: Some(self.clock.now()),
            ..effect.clone()
        })
    }

    /// Releases the reservation and frees the uniqueness rows, in the transaction that ends the effect.
    pub(crate) async fn give_back(
        &self,
        transaction: Transaction,
        effect: &Effect,
        now: Timestamp,
    ) -> Result<(), HandleError> {
        let transaction = free_names(&self.store, transaction, effect).await?;
        let nothing = Money::zero(effect.reservation.amount.currency());
        let transaction = self.close(transaction.into(), effect, Close::Release, nothing, now)?;
        self.write(transaction).await
    }

    fn close(
        &self,
        transaction: MoneyTransaction,
        effect: &Effect,
        how: Close,
        spent: Money,
        at: Timestamp,
    ) -> Result<MoneyTransaction, HandleError> {
        let entry = LedgerEntry::Close {
            campaign: effect.campaign.clone(),
            effect: effect.id.clone(),
            number: effect.reservation.number,
            how,
            spent,
            at,
        };
        Ok(transaction.close(&effect.tenant, &entry, &effect.reservation, spent)?)
    }
}

/// Says a refusal for good in the log, as loud as the table asks for.
fn tell(effect: &Effect, refusal: &Refusal) {
    let (id, agent, code, reason) = (&effect.id, &effect.agent, &refusal.code, &refusal.message);
    match refusals::told(refusal) {
        Told::Nobody => tracing::warn!(effect.id = %id, code, reason, "A platform refused"),
        Told::Operator => {
            tracing::error!(tenant.id = %effect.tenant, agent.id = %agent, effect.id = %id, code, reason, "A platform refused; an operator must look at the account");
        }
        Told::Page => {
            tracing::error!(tenant.id = %effect.tenant, agent.id = %agent, effect.id = %id, code, reason, "A platform or write server refused what it should take; somebody must look at the configuration");
        }
    }
}

/// Nobody else will look where a deletion has come to nothing.
fn tell_still_there(effect: &Effect) {
    if effect.undoes.is_some() {
        tracing::error!(tenant.id = %effect.tenant, agent.id = %effect.agent, effect.id = %effect.id, "{STILL_THERE}");
    }
}

/// [E-11] The wait after a refusal for now. What is to be taken back is waited for longer than what is to be posted: a
/// platform that limits calls for an hour must not end it.
fn patience(effect: &Effect) -> Duration {
    match effect.undoes {
        Some(_) => LONGEST_WAIT.saturating_mul(1 << effect.struck.min(DOUBLINGS)),
        None => back_off(effect.struck),
    }
}

/// The wait after the `failures`-th failure in a row: doubled each time, up to the longest.
pub(crate) fn back_off(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << failures.min(12)).min(LONGEST_WAIT)
}

fn failed(effect: &Effect, refusal: Refusal, now: Timestamp) -> Result<Effect, IllegalTransition> {
    let status = effect.status.next(EffectEvent::Refuse)?;
    tell_still_there(effect);
    Ok(Effect { status, refusal: Some(refusal), ..ended(effect, now) })
}

/// The effect with nothing left to wait for.
fn ended(effect: &Effect, now: Timestamp) -> Effect {
    Effect { claim: None, not_before: None, due_at: None, ended_at: Some(now), ..effect.clone() }
}
