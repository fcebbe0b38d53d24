//! The loop: deliver what can be delivered, in an order that the seed decides; let time pass when nothing can.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::time::Duration;

use chimera_domain::Table;
use chimera_testkit::{Consumer, Queue};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use rand::Rng as _;

use crate::SwarmWorld;

/// How often the dispatcher's schedule fires.
const TICK_MS: i64 = 60_000;
/// How long what failed outside a queue waits.
const RETRY_MS: i64 = 1_000;
/// A world in which nothing has changed for so long is quiet: longer than the longest wait between read-backs, shorter
/// than any reviewer's time.
const PATIENCE_MS: i64 = 20 * 60_000;
/// Moves of one run; a world that needs more runs in circles.
pub(crate) const MOST_MOVES: usize = 20_000;
/// Messages or records one invocation gets at most.
pub(crate) const BATCH: usize = 10;
/// Functions that run at the same time where the world is interleaved.
const AT_ONCE: usize = 4;

/// Columns that change although nothing has happened.
const RESTLESS: [&str; 9] =
    ["due", "due_at", "due_at_ms", "swept_at", "version", "writer", "not_before", "unsent", "looked_at"];

/// One thing that can be delivered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    Changes(Consumer),
    Messages(Queue),
    Execution,
    Bury(Queue),
}

impl Move {
    fn name(self) -> String {
        format!("{self:?}")
    }
}

impl SwarmWorld {
    /// Runs until nothing can be delivered and nothing has changed for a while.
    ///
    /// # Panics
    /// When the world runs in circles.
    pub async fn run_until_quiet(&self) {
        let mut seen = self.fingerprint();
        let mut changed_ms = self.clock.now_ms();
        for _ in 0..MOST_MOVES {
            if self.deliver_something().await {
                continue;
            }
            let fingerprint = self.fingerprint();
            let now_ms = self.clock.now_ms();
            if fingerprint != seen {
                (seen, changed_ms) = (fingerprint, now_ms);
            }
            let Some(next_ms) = self.next_event_ms() else { return };
            if next_ms - changed_ms > PATIENCE_MS {
                return;
            }
            self.pass_time_until(next_ms).await;
        }
        self.fail_in_circles();
    }

    /// Runs for this long.
    ///
    /// # Panics
    /// When the world runs in circles.
    pub async fn run_for(&self, time: Duration) {
        let end_ms = self.clock.now_ms() + i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2);
        for _ in 0..MOST_MOVES {
            if self.deliver_something().await {
                continue;
            }
            match self.next_event_ms().filter(|next_ms| *next_ms <= end_ms) {
                Some(next_ms) => self.pass_time_until(next_ms).await,
                None => return self.pass_time_until(end_ms).await,
            }
        }
        self.fail_in_circles();
    }

    /// Runs until `is_so`, and no further; false when the world is quiet first.
    ///
    /// # Panics
    /// When the world runs in circles.
    pub async fn run_until(&self, is_so: impl Fn(&Self) -> bool) -> bool {
        let start_ms = self.clock.now_ms();
        for _ in 0..MOST_MOVES {
            if is_so(self) {
                return true;
            }
            if self.deliver_something().await {
                continue;
            }
            match self.next_event_ms().filter(|next_ms| next_ms - start_ms <= PATIENCE_MS) {
                Some(next_ms) => self.pass_time_until(next_ms).await,
                None => return false,
            }
        }
        self.fail_in_circles();
        false
    }

    /// One function gets one batch of up to `limit` messages; nothing else happens.
    pub async fn deliver(&self, queue: Queue, limit: usize) {
        self.functions.deliver(queue, limit).await;
    }

    /// Delivers everything but the messages of `queue`, until nothing else can be delivered now.
    ///
    /// # Panics
    /// When the world runs in circles.
    pub async fn gather(&self, queue: Queue) {
        for _ in 0..MOST_MOVES {
            if !self.deliver_but(queue).await {
                return;
            }
        }
        self.fail_in_circles();
    }

    pub(crate) fn fail_in_circles(&self) {
        let story = self.story();
        let tail: Vec<&str> = story.lines().rev().take(200).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        assert!(story.is_empty(), "the world runs in circles; it ends with\n{}", tail.join("\n"));
    }

    /// Delivers one thing, or several at once where the world is interleaved; false when there is none.
    async fn deliver_something(&self) -> bool {
        if self.faults.is_without_stream() {
            drop(self.cloud.take_changes(Consumer::Dispatcher, usize::MAX));
        }
        self.deliver_some_of(self.moves()).await
    }

    /// The same, but nothing of this queue.
    pub(crate) async fn deliver_but(&self, queue: Queue) -> bool {
        let is_other = |next: &Move| *next != Move::Messages(queue);
        self.deliver_some_of(self.moves().into_iter().filter(is_other).collect()).await
    }

    async fn deliver_some_of(&self, mut moves: Vec<Move>) -> bool {
        if moves.is_empty() {
            return false;
        }
        let at_once = if self.faults.is_interleaved() { AT_ONCE } else { 1 };
        if at_once > 1 {
            // A queue feeds as many instances of its function as it likes; a stream feeds one.
            moves.extend(moves.clone().into_iter().filter(|next| matches!(next, Move::Messages(_))));
        }
        let mut works: Vec<BoxFuture<'_, ()>> = Vec::new();
        while works.len() < at_once && !moves.is_empty() {
            let (at, limit) = {
                let mut pace = self.pace();
                (pace.rng.random_range(0..moves.len()), pace.rng.random_range(1..=BATCH))
            };
            let next = moves.swap_remove(at);
            works.push(self.make(next, limit).boxed());
        }
        futures::future::join_all(works).await;
        true
    }

    async fn make(&self, next: Move, limit: usize) {
        let went_well = match next {
            Move::Changes(consumer) => self.functions.deliver_changes(consumer, limit).await,
            Move::Messages(queue) => {
                self.functions.deliver(queue, limit).await;
                true
            }
            Move::Execution => self.functions.run_execution().await,
            Move::Bury(queue) => self.functions.bury(queue).await,
        };
        if !went_well {
            let again_ms = self.clock.now_ms() + RETRY_MS;
            self.pace().blocked_until_ms.insert(next.name(), again_ms);
        }
    }

    /// Everything that can be delivered now.
    fn moves(&self) -> Vec<Move> {
        let cloud = &self.cloud;
        let consumers = [Consumer::Dispatcher, Consumer::Auditor].into_iter();
        let changes = consumers.filter(|consumer| cloud.pending_changes(*consumer) > 0).map(Move::Changes);
        let messages = Queue::ALL.into_iter().filter(|queue| cloud.visible(*queue) > 0).map(Move::Messages);
        let letters = Queue::ALL.into_iter().filter(|queue| cloud.dead_letters(*queue) > 0).map(Move::Bury);
        let execution = (cloud.started_executions() > 0).then_some(Move::Execution);
        let moves: Vec<Move> = changes.chain(messages).chain(letters).chain(execution).collect();

        let now_ms = self.clock.now_ms();
        let mut pace = self.pace();
        pace.blocked_until_ms.retain(|_, until_ms| *until_ms > now_ms);
        moves.into_iter().filter(|next| !pace.blocked_until_ms.contains_key(&next.name())).collect()
    }

    /// When something can happen next: a message is visible again, a retry is due, or the schedule fires for a row.
    pub(crate) fn next_event_ms(&self) -> Option<i64> {
        let now_ms = self.clock.now_ms();
        let visible = self.cloud.next_visible().map(|at| at.as_millisecond());
        let (retry, tick_ms) = {
            let pace = self.pace();
            (pace.blocked_until_ms.values().min().copied(), pace.next_tick_ms)
        };
        let has_due = self.cloud.items(Table::State).iter().any(|(_, item)| item.get("due").is_some());
        let ticks = !self.faults.is_without_clock() && has_due;
        let tick = ticks.then_some(tick_ms);
        [visible, retry, tick].into_iter().flatten().min().map(|at_ms| at_ms.max(now_ms))
    }

    /// Lets time pass, and the schedule fire where it is due.
    pub(crate) async fn pass_time_until(&self, at_ms: i64) {
        let by_ms = at_ms - self.clock.now_ms();
        self.clock.advance(Duration::from_millis(by_ms.max(0).unsigned_abs()));
        self.cloud.time_out_executions();
        self.outside.settle().await;
        let ticks = {
            let mut pace = self.pace();
            let ticks = pace.next_tick_ms <= at_ms;
            if ticks {
                pace.next_tick_ms = at_ms + TICK_MS;
            }
            ticks
        };
        if ticks && !self.faults.is_without_clock() {
            self.functions.tick().await;
        }
    }

    /// Changes whenever something has happened that a user could see.
    fn fingerprint(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        for (key, mut item) in self.cloud.items(Table::State) {
            if let Some(fields) = item.as_object_mut() {
                fields.retain(|name, _| !RESTLESS.contains(&name.as_str()));
            }
            (key.pk, key.sk, item.to_string()).hash(&mut hash);
        }
        self.platform.posts().len().hash(&mut hash);
        self.wallet.executes().hash(&mut hash);
        hash.finish()
    }
}
