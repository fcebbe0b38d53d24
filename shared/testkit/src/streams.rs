//! Change streams: at least once, in order per row.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chimera_domain::Table;
use chimera_domain::ports::Change;
use serde_json::Value;

use crate::Faults;

/// Who reads a stream, each at its own pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consumer {
    /// Reads the state table's.
    Dispatcher,
    /// Reads the state table's and the ledger's.
    Auditor,
}

impl Consumer {
    fn reads(self, table: Table) -> bool {
        matches!((self, table), (_, Table::State) | (Self::Auditor, Table::Ledger))
    }
}

/// What each consumer has yet to read.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    pending: BTreeMap<Consumer, VecDeque<Change>>,
    appended: u64,
}

impl Streams {
    pub(crate) fn append(&mut self, table: Table, old: Option<Value>, new: Option<Value>) {
        self.appended += 1;
        let id = format!("record-{:06}", self.appended);
        for consumer in [Consumer::Dispatcher, Consumer::Auditor] {
            if consumer.reads(table) {
                let change = Change { table, id: id.clone(), old: old.clone(), new: new.clone() };
                self.pending.entry(consumer).or_default().push_back(change);
            }
        }
    }

    pub(crate) fn pending(&self, consumer: Consumer) -> usize {
        self.pending.get(&consumer).map_or(0, VecDeque::len)
    }

    /// Takes up to `limit` records; what is not handled is given back with [`Self::give_back`].
    pub(crate) fn take(&mut self, consumer: Consumer, limit: usize, faults: &Faults) -> Vec<Change> {
        let pending = self.pending.entry(consumer).or_default();
        let mut batch = Vec::new();
        while batch.len() < limit && !pending.is_empty() {
            let next = if faults.reorders_streams() { pick(pending, faults) } else { 0 };
            batch.extend(pending.remove(next));
        }
        batch
    }

    pub(crate) fn give_back(&mut self, consumer: Consumer, batch: Vec<Change>) {
        let pending = self.pending.entry(consumer).or_default();
        for change in batch.into_iter().rev() {
            pending.push_front(change);
        }
    }
}

/// Any record that no earlier record of its own row waits before.
fn pick(pending: &VecDeque<Change>, faults: &Faults) -> usize {
    let mut rows = BTreeSet::new();
    let firsts: Vec<usize> = pending
        .iter()
        .enumerate()
        .filter(|(_, change)| rows.insert(row_of(change)))
        .map(|(at, _)| at)
        .collect();
    firsts.get(faults.below(firsts.len())).copied().unwrap_or(0)
}

fn row_of(change: &Change) -> (Table, String) {
    let image = change.new.as_ref().or(change.old.as_ref());
    let part = |name| image.and_then(|image| image.get(name)).map(ToString::to_string).unwrap_or_default();
    (change.table, format!("{}|{}", part("pk"), part("sk")))
}
