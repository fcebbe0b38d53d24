//! The protocol of a write server (design §8): burn the grant, act, complete the burn.

use std::future::Future;

use chimera_domain::ports::{Burn, Clock, Ids};
use chimera_domain::{Digest, Grant, Money, Outcome, Refusal, SignedGrant};
use futures::future::BoxFuture;
use uuid::Uuid;

use super::burn::{BurnKey, BurnRow, BurnStore, Put, StoreFault};
use super::grant::GrantVerifier;
use super::tool::ToolFault;

/// What the platform said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// It happened.
    Done(Outcome),
    /// It did not and will not, under this grant.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Seconds that the platform asks for before another try.
        retry_after_s: Option<u32>,
    },
    /// Nobody knows: the answer got lost or makes no sense.
    Unknown(String),
}

/// A call as it is presented: what it wants to do, and the grant for it.
#[derive(Debug, Clone)]
pub struct Presented<'a> {
    /// The tool.
    pub tool: &'a str,
    /// Digest of its arguments, without grant, key and media bytes.
    pub arguments: Digest,
    /// The grant.
    pub grant: &'a SignedGrant,
    /// What the platform de-duplicates on.
    pub key: Uuid,
    /// The most this call can cost.
    pub price: Money,
}

/// Where grants are checked, burnt and settled.
#[derive(Debug)]
pub struct GrantDesk<S, C, I> {
    verifier: GrantVerifier,
    store: S,
    clock: C,
    ids: I,
}

impl<S: BurnStore, C: Clock, I: Ids> GrantDesk<S, C, I> {
    /// A desk over a store.
    pub fn new(verifier: GrantVerifier, store: S, clock: C, ids: I) -> Self {
        Self { verifier, store, clock, ids }
    }

    /// [E-1] [E-2] Does `act` once, if the grant covers it and was never used. A used grant or repeated key answers
    /// what is stored; `act` is then never polled.
    ///
    /// # Errors
    /// A refusal where the grant does not cover the call: it was not burnt. [`ToolFault::Failed`] where the store
    /// failed before `act` could begin.
    pub async fn execute<A>(&self, call: Presented<'_>, act: A) -> Result<Burn, ToolFault>
    where
        A: Future<Output = Upstream> + Send,
    {
        let grant = &call.grant.grant;
        self.verify(&call)?;
        if let Err(expired) = GrantVerifier::check_fresh(grant, self.clock.now()) {
            let used = self.store.get(&BurnKey::of(grant)).await?;
            return used.map_or(Err(ToolFault::Refused(expired)), |row| stored(&row, &call));
        }
        let row = self.row(call.grant, Some(call.key), Burn::InFlight);
        match self.store.put(&row).await? {
            Put::New => Ok(self.complete(grant, act.await).await),
            Put::Found(row) | Put::KeyUsed(row) => stored(&row, &call),
        }
    }

    /// [T-6] Whether [`GrantDesk::execute`] would act now. Burns nothing.
    ///
    /// # Errors
    /// The refusal that it would answer; `conflict` where the grant or its key was used before, so that it would answer
    /// what is stored. [`ToolFault::Failed`] where the store failed.
    pub async fn check(&self, call: Presented<'_>) -> Result<(), ToolFault> {
        let grant = &call.grant.grant;
        self.verify(&call)?;
        if self.store.get(&BurnKey::of(grant)).await?.is_some() {
            return Err(ToolFault::refused("conflict", "the grant was used or voided before", false));
        }
        GrantVerifier::check_fresh(grant, self.clock.now()).map_err(ToolFault::Refused)?;
        match self.store.by_key(&grant.tenant, call.key).await? {
            None => Ok(()),
            Some(row) => {
                stored(&row, &call)?;
                Err(ToolFault::refused("conflict", "the idempotency key was used before", false))
            }
        }
    }

    fn verify(&self, call: &Presented<'_>) -> Result<(), ToolFault> {
        self.verifier.check_genuine(call.grant).map_err(ToolFault::Refused)?;
        GrantVerifier::check_covers(&call.grant.grant, call.tool, &call.arguments, call.price)
            .map_err(ToolFault::Refused)
    }

    /// What became of the grant. Accepts an expired one.
    ///
    /// # Errors
    /// As [`GrantDesk::execute`].
    pub async fn outcome(&self, grant: &SignedGrant) -> Result<Burn, ToolFault> {
        self.verifier.check_genuine(grant).map_err(ToolFault::Refused)?;
        let row = self.store.get(&BurnKey::of(&grant.grant)).await?;
        Ok(row.map_or(Burn::Unused, |row| row.answer()))
    }

    /// Makes an unused grant unusable; answers what it found. Accepts an expired one.
    ///
    /// # Errors
    /// As [`GrantDesk::execute`].
    pub async fn void(&self, grant: &SignedGrant) -> Result<Burn, ToolFault> {
        self.put_if_absent(grant, Burn::Void).await
    }

    /// Completes a burn in flight with what a read-back or a human found (`None`: it did not happen); answers what
    /// the row says then. Accepts an expired grant. An unused one is unusable afterwards.
    ///
    /// # Errors
    /// As [`GrantDesk::execute`].
    pub async fn close(&self, grant: &SignedGrant, happened: Option<Outcome>) -> Result<Burn, ToolFault> {
        let state = happened.map_or(Burn::Void, |outcome| Burn::Done { outcome });
        self.put_if_absent(grant, state.clone()).await?;
        let row = self.store.settle(&BurnKey::of(&grant.grant), &state, true).await?;
        Ok(row.map_or(Burn::Unused, |row| row.answer()))
    }

    async fn put_if_absent(&self, grant: &SignedGrant, state: Burn) -> Result<Burn, ToolFault> {
        self.verifier.check_genuine(grant).map_err(ToolFault::Refused)?;
        let row = self.row(grant, None, state);
        match self.store.put(&row).await? {
            Put::New => Ok(row.answer()),
            Put::Found(found) | Put::KeyUsed(found) => Ok(found.answer()),
        }
    }

    /// Stores what the platform said; answers what the row says then. Where storing failed the platform's word is the
    /// answer: the caller is better informed by it than by a store that failed.
    async fn complete(&self, grant: &Grant, upstream: Upstream) -> Burn {
        let burn = match upstream {
            Upstream::Done(outcome) if outcome.external_id.is_empty() => {
                // [E-11] No caller could be given it, and nothing found by it: it is an answer that is none.
                tracing::error!(grant.id = grant.id, "the platform says what happened without naming it");
                return Burn::InFlight;
            }
            Upstream::Done(outcome) => Burn::Done { outcome },
            Upstream::Refused { refusal, retry_after_s } => Burn::Refused { refusal, retry_after_s },
            Upstream::Unknown(why) => {
                tracing::warn!(grant.id = grant.id, why, "the platform's answer is unknown");
                return Burn::InFlight;
            }
        };
        match self.record(grant, &burn).await {
            Ok(stored) => stored.unwrap_or(burn),
            Err(fault) => {
                let error: &dyn std::error::Error = &fault;
                tracing::error!(grant.id = grant.id, error, "an outcome was not stored");
                burn
            }
        }
    }

    async fn record(&self, grant: &Grant, burn: &Burn) -> Result<Option<Burn>, StoreFault> {
        let row = self.store.settle(&BurnKey::of(grant), burn, false).await?;
        match (row, burn) {
            (Some(row), Burn::Done { outcome }) if row.closed => {
                tracing::warn!(grant.id = grant.id, "an outcome came after its burn was closed");
                self.store.add_late(&BurnKey::of(grant), outcome).await?;
                Ok(Some(burn.clone()))
            }
            (row, _) => Ok(row.map(|row| row.answer())),
        }
    }

    fn row(&self, grant: &SignedGrant, key: Option<Uuid>, state: Burn) -> BurnRow {
        BurnRow {
            tenant: grant.grant.tenant.clone(),
            grant: grant.grant.id.clone(),
            tool: grant.grant.tool.clone(),
            arguments: grant.grant.arguments.clone(),
            key,
            writer: self.ids.fresh(),
            state,
            closed: false,
            late: None,
            at: self.clock.now(),
        }
    }
}

/// [E-2] What is stored about a grant or key that was used before, for who means the same call by it.
fn stored(row: &BurnRow, call: &Presented<'_>) -> Result<Burn, ToolFault> {
    if row.tool == call.tool && row.arguments == call.arguments {
        return Ok(row.answer());
    }
    let message = "the idempotency key was used with another tool or other arguments";
    Err(ToolFault::refused("idempotency_mismatch", message, false))
}

/// A desk without its types.
pub(crate) trait AnyDesk: Send + Sync {
    fn execute<'a>(
        &'a self,
        call: Presented<'a>,
        act: BoxFuture<'a, Upstream>,
    ) -> BoxFuture<'a, Result<Burn, ToolFault>>;
    fn check<'a>(&'a self, call: Presented<'a>) -> BoxFuture<'a, Result<(), ToolFault>>;
    fn outcome<'a>(&'a self, grant: &'a SignedGrant) -> BoxFuture<'a, Result<Burn, ToolFault>>;
    fn void<'a>(&'a self, grant: &'a SignedGrant) -> BoxFuture<'a, Result<Burn, ToolFault>>;
    fn close<'a>(
        &'a self,
        grant: &'a SignedGrant,
        happened: Option<Outcome>,
    ) -> BoxFuture<'a, Result<Burn, ToolFault>>;
}

impl<S, C, I> AnyDesk for GrantDesk<S, C, I>
where
    S: BurnStore,
    C: Clock + Send + 'static,
    I: Ids + Send + 'static,
{
    fn execute<'a>(
        &'a self,
        call: Presented<'a>,
        act: BoxFuture<'a, Upstream>,
    ) -> BoxFuture<'a, Result<Burn, ToolFault>> {
        Box::pin(self.execute(call, act))
    }

    fn check<'a>(&'a self, call: Presented<'a>) -> BoxFuture<'a, Result<(), ToolFault>> {
        Box::pin(self.check(call))
    }

    fn outcome<'a>(&'a self, grant: &'a SignedGrant) -> BoxFuture<'a, Result<Burn, ToolFault>> {
        Box::pin(self.outcome(grant))
    }

    fn void<'a>(&'a self, grant: &'a SignedGrant) -> BoxFuture<'a, Result<Burn, ToolFault>> {
        Box::pin(self.void(grant))
    }

    fn close<'a>(
        &'a self,
        grant: &'a SignedGrant,
        happened: Option<Outcome>,
    ) -> BoxFuture<'a, Result<Burn, ToolFault>> {
        Box::pin(self.close(grant, happened))
    }
}
