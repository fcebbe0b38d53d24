//! Conditional writes, as values. Every write names what it expects and who makes it; what can be written where is
//! fixed by the transaction's type, and by IAM.

use serde_json::Value;
use thiserror::Error;

use crate::row::stored_form;
use crate::{
    DecisionRow, LedgerEntry, Money, Reservation, Row, RowError, RowKey, Stored, TenantId, WriterId, limits,
};

/// The tables a transaction may touch. The audit table is written by its own port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Campaigns, plans, tasks, reviews, effects, agents, policy.
    State,
    /// Buckets and entries.
    Ledger,
    /// Decisions; written by `api` alone.
    Decisions,
}

/// What must hold for an operation to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// No such row yet.
    Absent,
    /// The row is at this version.
    Version(u64),
    /// The row's `status` is one of these.
    StatusIn(Vec<&'static str>),
}

/// One operation. All of a transaction's operations apply, or none does.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Writes a whole row.
    Put {
        /// Where.
        table: Table,
        /// Its key.
        key: RowKey,
        /// Its stored form, keys included.
        item: Value,
        /// On condition of what.
        when: When,
    },
    /// Writes nothing, but must hold.
    Check {
        /// Where.
        table: Table,
        /// Which row.
        key: RowKey,
        /// What must hold.
        when: When,
    },
    /// Adds to the number `used` (absent counts as 0), raises `version` by one and sets `writer`.
    Add {
        /// Where.
        table: Table,
        /// Which row.
        key: RowKey,
        /// How much; negative gives back.
        amount: i64,
        /// Only while `used` is at most this before the addition.
        at_most: Option<i64>,
        /// Only while `used` is more than this before the addition.
        above: Option<i64>,
    },
}

impl Op {
    /// Where it acts.
    #[must_use]
    pub fn place(&self) -> (Table, &RowKey) {
        match self {
            Self::Put { table, key, .. } | Self::Check { table, key, .. } | Self::Add { table, key, .. } => {
                (*table, key)
            }
        }
    }
}

/// An operation whose condition did not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct OpRefusal {
    /// Its place in the transaction.
    pub index: usize,
    /// The row as it is, if there is one.
    pub old: Option<Value>,
}

/// How a transaction came to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Just now.
    Now,
    /// Before: its reply had been lost.
    Before,
}

/// A store's answer that is no success. The one error map of the house: see `docs/ERRORS.md`.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A condition did not hold: stale, over budget or already done. The caller reads again or reports; a retry of the
    /// same write is pointless.
    #[error("a condition did not hold for {} operation(s)", .0.len())]
    Refused(Vec<OpRefusal>),
    /// Others wrote at the same time, or the store throttles. The message is left for another delivery.
    #[error("the store is contended")]
    Contention,
    /// A row is larger than the limit. The caller rejects what made it.
    #[error("a row of {0} bytes is larger than {max} bytes", max = limits::ROW_BYTES)]
    TooLarge(usize),
    /// A row cannot be read. Page.
    #[error(transparent)]
    Unreadable(#[from] RowError),
    /// The store cannot be reached or refuses the caller. The message is left for another delivery.
    #[error("the store failed")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Writes to the state table.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    writer: WriterId,
    ops: Vec<Op>,
}

impl Transaction {
    /// An empty transaction of `writer`: a claim, decision, result or request id, one per intention.
    #[must_use]
    pub fn by(writer: WriterId) -> Self {
        Self { writer, ops: Vec::new() }
    }

    /// Writes a row that must not be there yet.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] or [`StoreError::TooLarge`].
    pub fn insert(mut self, row: impl Into<Row>) -> Result<Self, StoreError> {
        let row = row.into();
        let item = row.to_item(1, &self.writer)?;
        self.push_put(Table::State, row.key(), item, When::Absent)?;
        Ok(self)
    }

    /// Replaces a row as it was read.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] or [`StoreError::TooLarge`].
    pub fn replace<R>(mut self, old: &Stored<R>, row: impl Into<Row>) -> Result<Self, StoreError> {
        let row = row.into();
        let item = row.to_item(old.version + 1, &self.writer)?;
        self.push_put(Table::State, row.key(), item, When::Version(old.version))?;
        Ok(self)
    }

    /// Requires a row's status to be one of these.
    #[must_use]
    pub fn require_status(mut self, key: RowKey, statuses: &[&'static str]) -> Self {
        self.ops.push(Op::Check { table: Table::State, key, when: When::StatusIn(statuses.to_vec()) });
        self
    }

    /// Requires a row to be at this version; 0 for a row that is not there.
    #[must_use]
    pub fn require_version(mut self, key: RowKey, version: u64) -> Self {
        let when = if version == 0 { When::Absent } else { When::Version(version) };
        self.ops.push(Op::Check { table: Table::State, key, when });
        self
    }

    /// Requires a row to be as it was read.
    #[must_use]
    pub fn require_unchanged<R>(self, key: RowKey, read: &Stored<R>) -> Self {
        self.require_version(key, read.version)
    }

    /// Who writes.
    #[must_use]
    pub fn writer(&self) -> &WriterId {
        &self.writer
    }

    /// What is written.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Whether it would do nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// [P-1] What a refusal means: a refused row that carries this transaction's own writer id was written by it before, and
    /// only the reply was lost.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when no refused row is its own.
    pub fn settle_refusals(&self, refusals: Vec<OpRefusal>) -> Result<Applied, StoreError> {
        let is_own = |refusal: &OpRefusal| {
            matches!(self.ops.get(refusal.index), Some(Op::Put { .. }))
                && refusal
                    .old
                    .as_ref()
                    .and_then(|old| old.get("writer"))
                    .and_then(Value::as_str)
                    .is_some_and(|writer| writer == self.writer.as_str())
        };
        if refusals.iter().any(is_own) { Ok(Applied::Before) } else { Err(StoreError::Refused(refusals)) }
    }

    /// Adds an operation of another transaction, writer and all.
    pub(crate) fn push(&mut self, op: Op) {
        self.ops.push(op);
    }

    fn push_put(&mut self, table: Table, key: RowKey, item: Value, when: When) -> Result<(), StoreError> {
        let bytes = item.to_string().len();
        if bytes > limits::ROW_BYTES {
            return Err(StoreError::TooLarge(bytes));
        }
        self.ops.push(Op::Put { table, key, item, when });
        Ok(())
    }

    fn put_once(
        &mut self,
        table: Table,
        key: RowKey,
        kind: &'static str,
        value: &impl serde::Serialize,
    ) -> Result<(), StoreError> {
        let mut item = stored_form(value, &key)?;
        if let Some(fields) = item.as_object_mut() {
            fields.insert("kind".to_owned(), Value::from(kind));
            fields.insert("version".to_owned(), Value::from(1));
            fields.insert("writer".to_owned(), Value::from(self.writer.as_str()));
        }
        self.push_put(table, key, item, When::Absent)
    }
}

/// Writes to the state table and the ledger together: the Judge's and the publisher's.
#[derive(Debug, Clone, PartialEq)]
pub struct MoneyTransaction(Transaction);

impl From<Transaction> for MoneyTransaction {
    fn from(transaction: Transaction) -> Self {
        Self(transaction)
    }
}

impl MoneyTransaction {
    /// [M-2] Sets money aside: the entry, and each bucket raised on condition that the amount still fits its cap. [M-15]
    /// Nothing raises no bucket, and fits also one that is full.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`]; a defect.
    pub fn reserve(
        mut self,
        tenant: &TenantId,
        entry: &LedgerEntry,
        reservation: &Reservation,
        caps: &[Money],
    ) -> Result<Self, StoreError> {
        self.0.put_once(Table::Ledger, entry.key(tenant), "entry", entry)?;
        let amount = reservation.amount.minor();
        for (bucket, cap) in reservation.buckets.iter().zip(caps).filter(|_| amount != 0) {
            self.add(bucket.key(tenant), amount, Some(*cap));
        }
        Ok(self)
    }

    /// [M-3] Ends a reservation once: spends `spent` of it and gives the rest back to its own buckets.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`]; a defect.
    pub fn close(
        mut self,
        tenant: &TenantId,
        entry: &LedgerEntry,
        reservation: &Reservation,
        spent: Money,
    ) -> Result<Self, StoreError> {
        self.0.put_once(Table::Ledger, entry.key(tenant), "entry", entry)?;
        let back = spent.minor() - reservation.amount.minor();
        if back != 0 {
            for bucket in &reservation.buckets {
                self.add(bucket.key(tenant), back, None);
            }
        }
        Ok(self)
    }

    /// Books money that was spent after its reservation had been given back.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`]; a defect.
    pub fn book_late(
        mut self,
        tenant: &TenantId,
        entry: &LedgerEntry,
        reservation: &Reservation,
        spent: Money,
    ) -> Result<Self, StoreError> {
        self.0.put_once(Table::Ledger, entry.key(tenant), "entry", entry)?;
        for bucket in &reservation.buckets {
            self.add(bucket.key(tenant), spent.minor(), None);
        }
        Ok(self)
    }

    /// Raises a bucket. No store allows two operations on one row in a transaction, so amounts that meet in one bucket
    /// become their sum, on condition that the bucket keeps its cap.
    fn add(&mut self, row: RowKey, minor: i64, cap: Option<Money>) {
        self.add_up_to(row, minor, cap.map(Money::minor));
    }

    pub(crate) fn add_up_to(&mut self, row: RowKey, minor: i64, cap: Option<i64>) {
        let met = self.0.ops.iter_mut().find_map(|op| match op {
            Op::Add { key, amount, at_most, .. } if *key == row => Some((amount, at_most)),
            _ => None,
        });
        match met {
            Some((amount, at_most)) => {
                let own_cap = at_most.map(|most| most + *amount);
                *amount += minor;
                let tightest = own_cap.into_iter().chain(cap).min();
                *at_most = tightest.map(|cap| cap - *amount);
            }
            None => {
                let at_most = cap.map(|cap| cap - minor);
                let above = None;
                self.0.ops.push(Op::Add { table: Table::Ledger, key: row, amount: minor, at_most, above });
            }
        }
    }

    /// The operations and their writer.
    #[must_use]
    pub fn inner(&self) -> &Transaction {
        &self.0
    }

    pub(crate) fn inner_mut(&mut self) -> &mut Transaction {
        &mut self.0
    }

    /// Only while this bucket holds more than `bound`.
    #[must_use]
    pub fn require_above(mut self, row: &RowKey, bound: i64) -> Self {
        let met = self.0.ops.iter_mut().find_map(|op| match op {
            Op::Add { key, above, .. } if key == row => Some(above),
            _ => None,
        });
        match met {
            Some(above) => *above = Some(bound),
            None => {
                let (key, above) = (row.clone(), Some(bound));
                self.0.ops.push(Op::Add { table: Table::Ledger, key, amount: 0, at_most: None, above });
            }
        }
        self
    }

    /// The refused operation that is a bucket, if one is, with the most that it may hold before the amount is added.
    #[must_use]
    pub fn refused_bucket(&self, refusals: &[OpRefusal]) -> Option<(&RowKey, Option<i64>)> {
        refusals.iter().find_map(|refusal| match self.0.ops.get(refusal.index) {
            Some(Op::Add { key, at_most, .. }) => Some((key, *at_most)),
            _ => None,
        })
    }
}

/// Writes to the decisions table and the state table together: the `api`'s.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionTransaction(Transaction);

impl DecisionTransaction {
    /// Records a decision beside the state change it makes. One decision per review: the row must not be there.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] or [`StoreError::TooLarge`].
    pub fn decide(mut transaction: Transaction, row: &DecisionRow) -> Result<Self, StoreError> {
        let key = DecisionRow::key(&row.tenant, &row.campaign, &row.review);
        transaction.put_once(Table::Decisions, key, "decision", row)?;
        Ok(Self(transaction))
    }

    /// The operations and their writer.
    #[must_use]
    pub fn inner(&self) -> &Transaction {
        &self.0
    }
}
