//! The cloud in memory: one lock around tables, streams, queues and workflows, so that a transaction and its records
//! appear at once.

mod sends;
mod stores;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chimera_domain::ports::{AuditEntry, Change, Clock};
use chimera_domain::{Owned as _, Row, RowError, RowKey, Stored, Table, Timestamp, WriterId};
use serde_json::Value;

use crate::meter::Meter;
use crate::queues::{Delivery, Queue, Queues};
use crate::streams::{Consumer, Streams};
use crate::tables::{Tables, Written, number, text};
use crate::workflows::{Execution, Machines};
use crate::{Faults, VirtualClock};

#[derive(Debug, Default)]
struct Inner {
    tables: Tables,
    streams: Streams,
    queues: Queues,
    machines: Machines,
    meter: Meter,
    story: Vec<String>,
    history: Vec<Write>,
    transactions: u64,
}

/// One row as a transaction wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Which transaction, counted from 1: equal for the rows it wrote together.
    pub transaction: u64,
    /// When.
    pub at: Timestamp,
    /// Where.
    pub table: Table,
    /// The row before; none where it is new.
    pub old: Option<Value>,
    /// The row after.
    pub new: Value,
}

/// Every store, queue, stream and workflow, in memory. Clones share everything; [`MemoryCloud::as_function`] says whose
/// calls a handle's are.
#[derive(Debug, Clone)]
pub struct MemoryCloud {
    inner: Arc<Mutex<Inner>>,
    clock: VirtualClock,
    faults: Faults,
    function: Arc<str>,
}

impl MemoryCloud {
    /// An empty cloud. Its own handle is the test's: no fault is aimed at it.
    #[must_use]
    pub fn new(clock: VirtualClock, faults: Faults) -> Self {
        Self { inner: Arc::default(), clock, faults, function: Arc::from("test") }
    }

    /// A handle whose calls are `function`'s: counted as such, and subject to the faults aimed at it.
    #[must_use]
    pub fn as_function(&self, function: &str) -> Self {
        Self { function: Arc::from(function), ..self.clone() }
    }

    /// What the functions used so far.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.lock().meter.clone()
    }

    /// Adds a line to the story.
    pub fn tell(&self, line: &str) {
        let line = format!("{} {line}", self.clock.now().strftime("%d %H:%M:%S"));
        self.lock().story.push(line);
    }

    /// One line per event so far.
    #[must_use]
    pub fn story(&self) -> String {
        self.lock().story.join("\n")
    }

    /// Every write so far, in the order in which they took effect.
    #[must_use]
    pub fn history(&self) -> Vec<Write> {
        self.lock().history.clone()
    }

    /// Forgets the history and the story so far: what a long run would not have room for.
    pub fn forget(&self) {
        let mut inner = self.lock();
        inner.history.clear();
        inner.story.clear();
    }

    /// Every row of the state table.
    ///
    /// # Errors
    /// [`RowError`] when one cannot be read.
    pub fn rows(&self) -> Result<Vec<Stored>, RowError> {
        let inner = self.lock();
        inner.tables.scan(Table::State).map(|(_, item)| Stored::from_item(item.clone())).collect()
    }

    /// Every stored form of a table, with its key.
    #[must_use]
    pub fn items(&self, table: Table) -> Vec<(RowKey, Value)> {
        self.lock().tables.scan(table).map(|(key, item)| (key.clone(), item.clone())).collect()
    }

    /// Every audit entry.
    #[must_use]
    pub fn audit(&self) -> Vec<AuditEntry> {
        self.lock().tables.audit("")
    }

    /// Puts a row as it is, whatever was there: what no function can do.
    ///
    /// # Errors
    /// [`RowError`] when it has no stored form.
    pub fn force(&self, row: impl Into<Row>) -> Result<(), RowError> {
        let row = row.into();
        let mut inner = self.lock();
        let version = number(inner.tables.get(Table::State, &row.key()), "version").unwrap_or(0) + 1;
        let item = row.to_item(version.unsigned_abs(), &WriterId::new("test"))?;
        let written = inner.tables.force(Table::State, row.key(), item);
        inner.publish("test", self.clock.now(), vec![written]);
        Ok(())
    }

    /// Takes up to `limit` records that `consumer` has yet to read.
    #[must_use]
    pub fn take_changes(&self, consumer: Consumer, limit: usize) -> Vec<Change> {
        self.lock().streams.take(consumer, limit, &self.faults)
    }

    /// Gives records back that were not handled: they come again, first.
    pub fn give_back_changes(&self, consumer: Consumer, batch: Vec<Change>) {
        self.lock().streams.give_back(consumer, batch);
    }

    /// How many records `consumer` has yet to read.
    #[must_use]
    pub fn pending_changes(&self, consumer: Consumer) -> usize {
        self.lock().streams.pending(consumer)
    }

    /// Sends a text to a queue, as nobody in particular.
    pub fn send(&self, queue: Queue, body: String) {
        self.send_with(queue, body, None, Duration::ZERO);
    }

    /// Sends a text to a queue that says whose it is, true or not.
    pub fn send_owned(&self, queue: Queue, body: String, owner: String) {
        self.send_with(queue, body, Some(owner), Duration::ZERO);
    }

    fn send_with(&self, queue: Queue, body: String, owner: Option<String>, after: Duration) {
        let visible_at = self.clock.now() + after;
        self.lock().queues.send(queue, body, owner, visible_at);
    }

    /// Receives up to `limit` messages.
    #[must_use]
    pub fn receive(&self, queue: Queue, limit: usize) -> Vec<Delivery> {
        let now = self.clock.now();
        self.lock().queues.receive(queue, limit, now)
    }

    /// Deletes a message that was handled.
    pub fn delete(&self, queue: Queue, id: &str) {
        self.lock().queues.delete(queue, id);
    }

    /// How many messages could be received now.
    #[must_use]
    pub fn visible(&self, queue: Queue) -> usize {
        self.lock().queues.visible(queue, self.clock.now())
    }

    /// How many messages are on the queue, visible or not.
    #[must_use]
    pub fn waiting(&self, queue: Queue) -> usize {
        self.lock().queues.len(queue)
    }

    /// When the next message can be received, if one waits.
    #[must_use]
    pub fn next_visible(&self) -> Option<Timestamp> {
        self.lock().queues.next_visible_ms().and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok())
    }

    /// Takes the oldest dead letter of a queue.
    #[must_use]
    pub fn take_dead_letter(&self, queue: Queue) -> Option<Delivery> {
        self.lock().queues.take_dead(queue)
    }

    /// Gives a dead letter back that was not handled.
    pub fn give_back_dead_letter(&self, queue: Queue, letter: Delivery) {
        self.lock().queues.give_back_dead(queue, letter);
    }

    /// How many dead letters a queue has.
    #[must_use]
    pub fn dead_letters(&self, queue: Queue) -> usize {
        self.lock().queues.dead_len(queue)
    }

    /// An execution that `escalation` has yet to be called for.
    #[must_use]
    pub fn next_started_execution(&self) -> Option<Execution> {
        self.lock().machines.next_started()
    }

    /// How many executions `escalation` has yet to be called for.
    #[must_use]
    pub fn started_executions(&self) -> usize {
        self.lock().machines.started()
    }

    /// How many executions were ever started.
    #[must_use]
    pub fn executions(&self) -> usize {
        self.lock().machines.len()
    }

    /// `escalation` succeeded for this execution: it waits for its token.
    pub fn execution_waits(&self, name: &str) {
        self.lock().machines.wait(name);
    }

    /// Ends executions that have waited too long; each wakes the Judge.
    pub fn time_out_executions(&self) {
        let now = self.clock.now();
        let late = self.lock().machines.time_out(now);
        for message in late {
            let owner = message.owner().to_string();
            if let Ok(body) = sends::body_of(message) {
                self.send_owned(Queue::Review, body, owner);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Appends what one transaction wrote to the streams, the history and the story.
    fn publish(&mut self, function: &str, now: Timestamp, written: Vec<Written>) {
        self.transactions += 1;
        for Written { table, old, new } in written {
            self.story.push(line(function, now, old.as_ref(), &new));
            let (transaction, before, after) = (self.transactions, old.clone(), new.clone());
            self.history.push(Write { transaction, at: now, table, old: before, new: after });
            self.streams.append(table, old, Some(new));
        }
    }
}

fn line(function: &str, now: Timestamp, old: Option<&Value>, new: &Value) -> String {
    let sk = text(Some(new), "sk").unwrap_or_default();
    let kind = text(Some(new), "kind").unwrap_or_default();
    let state = match (text(old, "status"), text(Some(new), "status"), number(Some(new), "used")) {
        (Some(before), Some(after), _) if before != after => format!("{before} -> {after}"),
        (_, Some(after), _) => after.to_owned(),
        (_, _, Some(used)) => format!("used {used}"),
        _ => "written".to_owned(),
    };
    let version = number(Some(new), "version").unwrap_or(0);
    let writer = text(Some(new), "writer").unwrap_or_default();
    format!("{} {function}: {kind} {sk} {state} (v{version} by {writer})", now.strftime("%d %H:%M:%S"))
}
