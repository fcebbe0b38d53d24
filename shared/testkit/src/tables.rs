//! Tables: whole rows under conditions, all of a transaction or nothing.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::ports::{AuditEntry, AuditPut};
use chimera_domain::{
    Applied, Op, OpRefusal, RowKey, StoreError, Table, Transaction, When, WriterId, limits,
};
use serde_json::{Value, json};

use crate::Faults;

/// A row that was written: as it was and as it is.
pub(crate) struct Written {
    pub(crate) table: Table,
    pub(crate) old: Option<Value>,
    pub(crate) new: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Tables {
    rows: BTreeMap<(Table, RowKey), Value>,
    audit: BTreeMap<(String, u64), AuditEntry>,
}

impl Tables {
    pub(crate) fn get(&self, table: Table, key: &RowKey) -> Option<&Value> {
        self.rows.get(&(table, key.clone()))
    }

    /// Rows of a partition whose sort key begins with `prefix`, in order of sort keys.
    pub(crate) fn query(&self, table: Table, pk: &str, prefix: &str) -> Vec<&Value> {
        let first = (table, RowKey { pk: pk.to_owned(), sk: prefix.to_owned() });
        let of_it = |(t, key): &(Table, RowKey)| *t == table && key.pk == pk && key.sk.starts_with(prefix);
        self.rows.range(first..).take_while(|(key, _)| of_it(key)).map(|(_, item)| item).collect()
    }

    /// Rows of a partition from sort key `first` to `last`, the last first, at most `limit`.
    pub(crate) fn latest(
        &self,
        table: Table,
        pk: &str,
        first: &str,
        last: &str,
        limit: usize,
    ) -> Vec<&Value> {
        let place = |sk: &str| (table, RowKey { pk: pk.to_owned(), sk: sk.to_owned() });
        if first > last {
            return Vec::new();
        }
        self.rows.range(place(first)..=place(last)).rev().take(limit).map(|(_, item)| item).collect()
    }

    /// Every row of a table.
    pub(crate) fn scan(&self, table: Table) -> impl Iterator<Item = (&RowKey, &Value)> {
        self.rows.iter().filter(move |((t, _), _)| *t == table).map(|((_, key), item)| (key, item))
    }

    /// Overwrites or makes a row without any condition, as only a test may.
    pub(crate) fn force(&mut self, table: Table, key: RowKey, item: Value) -> Written {
        let old = self.rows.insert((table, key), item.clone());
        Written { table, old, new: item }
    }

    /// Checks the condition of every operation that is `of_it`, then applies these: all of a transaction, unless a test
    /// tears it.
    pub(crate) fn apply(
        &mut self,
        transaction: &Transaction,
        faults: &Faults,
        of_it: impl Fn(&Op) -> bool,
    ) -> Result<(Applied, Vec<Written>), StoreError> {
        let ops = transaction.ops();
        check_shape(ops)?;
        let refusals: Vec<OpRefusal> = ops
            .iter()
            .enumerate()
            .filter(|(_, op)| of_it(op) && !self.holds(op, faults))
            .map(|(index, op)| OpRefusal { index, old: self.old(op).cloned() })
            .collect();
        if !refusals.is_empty() {
            return transaction.settle_refusals(refusals).map(|applied| (applied, Vec::new()));
        }
        let written = ops.iter().filter(|op| of_it(op));
        let written = written.filter_map(|op| self.write(op, transaction.writer())).collect();
        Ok((Applied::Now, written))
    }

    fn holds(&self, op: &Op, faults: &Faults) -> bool {
        let old = self.old(op);
        let kind = match op {
            Op::Put { item, .. } => text(Some(item), "kind"),
            Op::Check { .. } => text(old, "kind"),
            Op::Add { .. } => Some("bucket"),
        };
        if kind.is_some_and(|kind| faults.ignores_conditions_on(kind)) {
            return true;
        }
        match op {
            Op::Put { when, .. } | Op::Check { when, .. } => match when {
                When::Absent => old.is_none(),
                When::Version(version) => number(old, "version") == i64::try_from(*version).ok(),
                When::StatusIn(statuses) => text(old, "status").is_some_and(|s| statuses.contains(&s)),
            },
            // A cap below the amount refuses a bucket that is not there, too.
            Op::Add { at_most, above, .. } => {
                let used = number(old, "used").unwrap_or(0);
                at_most.is_none_or(|at_most| at_most >= 0 && used <= at_most)
                    && above.is_none_or(|above| used > above)
            }
        }
    }

    fn write(&mut self, op: &Op, writer: &WriterId) -> Option<Written> {
        let (table, key) = op.place();
        let new = match op {
            Op::Put { item, .. } => item.clone(),
            Op::Check { .. } => return None,
            Op::Add { amount, .. } => {
                let old = self.old(op);
                json!({
                    "pk": key.pk, "sk": key.sk, "kind": "bucket",
                    "used": number(old, "used").unwrap_or(0) + amount,
                    "version": number(old, "version").unwrap_or(0) + 1,
                    "writer": writer.as_str(),
                })
            }
        };
        Some(self.force(table, key.clone(), new))
    }

    fn old(&self, op: &Op) -> Option<&Value> {
        let (table, key) = op.place();
        self.get(table, key)
    }

    pub(crate) fn put_audit(&mut self, entry: &AuditEntry) -> AuditPut {
        let key = (entry.row.clone(), entry.version);
        match self.audit.get(&key) {
            Some(old) if old == entry => AuditPut::Same,
            Some(_) => AuditPut::Different,
            None => {
                self.audit.insert(key, entry.clone());
                AuditPut::New
            }
        }
    }

    pub(crate) fn audit(&self, prefix: &str) -> Vec<AuditEntry> {
        self.audit.values().filter(|entry| entry.row.starts_with(prefix)).cloned().collect()
    }
}

/// What a transaction may write in all: DynamoDB's own limit.
const BYTES_PER_TRANSACTION: usize = 4 * 1024 * 1024;

/// What the service itself refuses, whatever the rows say.
fn check_shape(ops: &[Op]) -> Result<(), StoreError> {
    let unavailable = |why: &str| StoreError::Unavailable(why.into());
    if ops.is_empty() || ops.len() > limits::OPS_PER_TRANSACTION {
        return Err(unavailable("a transaction has 1 to 100 operations"));
    }
    let written = ops.iter().map(|op| if let Op::Put { item, .. } = op { item.to_string().len() } else { 0 });
    if written.sum::<usize>() > BYTES_PER_TRANSACTION {
        return Err(unavailable("a transaction has at most 4 MiB"));
    }
    let mut places = BTreeSet::new();
    if !ops.iter().all(|op| places.insert(op.place())) {
        return Err(unavailable("a transaction has two operations on one row"));
    }
    Ok(())
}

pub(crate) fn text<'a>(item: Option<&'a Value>, name: &str) -> Option<&'a str> {
    item.and_then(|item| item.get(name)).and_then(Value::as_str)
}

pub(crate) fn number(item: Option<&Value>, name: &str) -> Option<i64> {
    item.and_then(|item| item.get(name)).and_then(Value::as_i64)
}
