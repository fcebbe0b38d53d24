//! Which grants were used, and what came of them.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_domain::ports::Burn;
use chimera_domain::{Digest, Outcome, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// The store did not answer, so nobody knows whether it wrote. The caller of the tool learns that the outcome is
/// unknown and resolves it.
#[derive(Debug, Error)]
#[error("the burn store failed")]
pub struct StoreFault(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What a write server keeps about a grant. Never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnRow {
    /// Whose grant it is, as the grant itself says.
    pub tenant: TenantId,
    /// The grant's id.
    pub grant: String,
    /// Digest of the arguments it covers.
    pub arguments: Digest,
    /// The idempotency key it was used with; none where it was voided unused.
    pub key: Option<Uuid>,
    /// Who put the row: a lost reply to an own write is recognised by it.
    pub writer: Uuid,
    /// Where it stands; never [`Burn::Unused`].
    pub state: Burn,
    /// Whether somebody other than the original call completed it.
    pub closed: bool,
    /// What the original call brought after the row was closed.
    pub late: Option<Outcome>,
    /// When it was put.
    pub at: Timestamp,
}

impl BurnRow {
    /// What the row says now: an outcome that still came is stronger than whatever the row was closed with.
    #[must_use]
    pub fn answer(&self) -> Burn {
        match &self.late {
            Some(outcome) => Burn::Done { outcome: outcome.clone() },
            None => self.state.clone(),
        }
    }
}

/// What putting a row found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is new: the grant is burnt, by this call.
    New,
    /// The grant has this row already.
    Found(BurnRow),
    /// The tenant used the idempotency key with another grant, whose row this is.
    KeyUsed(BurnRow),
}

/// Keeps burn rows, each tenant's apart. Each method is atomic, and reads are consistent.
pub trait BurnStore: Send + Sync + 'static {
    /// The grant's row.
    fn get(
        &self,
        tenant: &TenantId,
        grant: &str,
    ) -> impl Future<Output = Result<Option<BurnRow>, StoreFault>> + Send;

    /// Puts the row, and its key's, if neither is there.
    fn put(&self, row: &BurnRow) -> impl Future<Output = Result<Put, StoreFault>> + Send;

    /// Sets the state of a row that is in flight; gives the row as it stands then, `None` if there is none.
    fn settle(
        &self,
        tenant: &TenantId,
        grant: &str,
        state: &Burn,
        closed: bool,
    ) -> impl Future<Output = Result<Option<BurnRow>, StoreFault>> + Send;

    /// Adds what the original call brought to a closed row.
    fn add_late(
        &self,
        tenant: &TenantId,
        grant: &str,
        outcome: &Outcome,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;
}

/// Burn rows in memory, for tests. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryBurns {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Debug, Default)]
struct Tables {
    rows: BTreeMap<(TenantId, String), BurnRow>,
    keys: BTreeMap<(TenantId, Uuid), String>,
}

impl MemoryBurns {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BurnStore for MemoryBurns {
    async fn get(&self, tenant: &TenantId, grant: &str) -> Result<Option<BurnRow>, StoreFault> {
        Ok(self.lock().rows.get(&place(tenant, grant)).cloned())
    }

    async fn put(&self, row: &BurnRow) -> Result<Put, StoreFault> {
        let mut tables = self.lock();
        let at = place(&row.tenant, &row.grant);
        if let Some(found) = tables.rows.get(&at) {
            return Ok(Put::Found(found.clone()));
        }
        let key = row.key.map(|key| (row.tenant.clone(), key));
        let holder = key.as_ref().and_then(|key| tables.keys.get(key));
        let holder = holder.and_then(|grant| tables.rows.get(&place(&row.tenant, grant)));
        if let Some(holder) = holder {
            return Ok(Put::KeyUsed(holder.clone()));
        }
        if let Some(key) = key {
            tables.keys.insert(key, row.grant.clone());
        }
        tables.rows.insert(at, row.clone());
        Ok(Put::New)
    }

    async fn settle(
        &self,
        tenant: &TenantId,
        grant: &str,
        state: &Burn,
        closed: bool,
    ) -> Result<Option<BurnRow>, StoreFault> {
        let mut tables = self.lock();
        let Some(row) = tables.rows.get_mut(&place(tenant, grant)) else {
            return Ok(None);
        };
        if row.state == Burn::InFlight {
            row.state = state.clone();
            row.closed = closed;
        }
        Ok(Some(row.clone()))
    }

    async fn add_late(&self, tenant: &TenantId, grant: &str, outcome: &Outcome) -> Result<(), StoreFault> {
        if let Some(row) = self.lock().rows.get_mut(&place(tenant, grant)) {
            row.late = Some(outcome.clone());
        }
        Ok(())
    }
}

fn place(tenant: &TenantId, grant: &str) -> (TenantId, String) {
    (tenant.clone(), grant.to_owned())
}
