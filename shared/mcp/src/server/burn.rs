//! Which grants were used, and what came of them.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_domain::ports::Burn;
use chimera_domain::{Digest, Grant, Outcome, TenantId, Timestamp};
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
    /// The tool it is for.
    pub tool: String,
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

/// Which grant a row is about. Grants of different tenants never meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BurnKey {
    /// Whose grant it is.
    pub tenant: TenantId,
    /// The grant's id.
    pub grant: String,
}

impl BurnKey {
    /// The key of a grant's row.
    #[must_use]
    pub fn of(grant: &Grant) -> Self {
        Self { tenant: grant.tenant.clone(), grant: grant.id.clone() }
    }
}

impl BurnRow {
    /// Its key.
    #[must_use]
    pub fn place(&self) -> BurnKey {
        BurnKey { tenant: self.tenant.clone(), grant: self.grant.clone() }
    }

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
    fn get(&self, grant: &BurnKey) -> impl Future<Output = Result<Option<BurnRow>, StoreFault>> + Send;

    /// The row of the grant that the tenant used this idempotency key with.
    fn by_key(
        &self,
        tenant: &TenantId,
        key: Uuid,
    ) -> impl Future<Output = Result<Option<BurnRow>, StoreFault>> + Send;

    /// Puts the row, and its key's, if neither is there.
    fn put(&self, row: &BurnRow) -> impl Future<Output = Result<Put, StoreFault>> + Send;

    /// Sets the state of a row that is in flight; gives the row as it stands then, `None` if there is none.
    fn settle(
        &self,
        grant: &BurnKey,
        state: &Burn,
        closed: bool,
    ) -> impl Future<Output = Result<Option<BurnRow>, StoreFault>> + Send;

    /// Adds what the original call brought to a closed row.
    fn add_late(
        &self,
        grant: &BurnKey,
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
    rows: BTreeMap<BurnKey, BurnRow>,
    keys: BTreeMap<(TenantId, Uuid), BurnKey>,
}

impl Tables {
    fn holder(&self, tenant: &TenantId, key: Uuid) -> Option<&BurnRow> {
        self.rows.get(self.keys.get(&(tenant.clone(), key))?)
    }
}

impl MemoryBurns {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BurnStore for MemoryBurns {
    async fn get(&self, grant: &BurnKey) -> Result<Option<BurnRow>, StoreFault> {
        Ok(self.lock().rows.get(grant).cloned())
    }

    async fn by_key(&self, tenant: &TenantId, key: Uuid) -> Result<Option<BurnRow>, StoreFault> {
        Ok(self.lock().holder(tenant, key).cloned())
    }

    async fn put(&self, row: &BurnRow) -> Result<Put, StoreFault> {
        let mut tables = self.lock();
        if let Some(found) = tables.rows.get(&row.place()) {
            return Ok(Put::Found(found.clone()));
        }
        if let Some(holder) = row.key.and_then(|key| tables.holder(&row.tenant, key)) {
            return Ok(Put::KeyUsed(holder.clone()));
        }
        if let Some(key) = row.key {
            tables.keys.insert((row.tenant.clone(), key), row.place());
        }
        tables.rows.insert(row.place(), row.clone());
        Ok(Put::New)
    }

    async fn settle(
        &self,
        grant: &BurnKey,
        state: &Burn,
        closed: bool,
    ) -> Result<Option<BurnRow>, StoreFault> {
        let mut tables = self.lock();
        let row = tables.rows.get_mut(grant);
        Ok(row.map(|row| {
            if row.state == Burn::InFlight {
                (row.state, row.closed) = (state.clone(), closed);
            }
            row.clone()
        }))
    }

    async fn add_late(&self, grant: &BurnKey, outcome: &Outcome) -> Result<(), StoreFault> {
        if let Some(row) = self.lock().rows.get_mut(grant) {
            row.late = Some(outcome.clone());
        }
        Ok(())
    }
}
