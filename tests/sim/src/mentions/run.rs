//! The event sources: what is there is handed to a free invocation at once, and time passes only when all of them wait.
//!
//! Each source has so many invocations at the same time and no more: five, which is what a standard event source mapping
//! begins with, and from which it grows by three hundred a minute. That it grows is not counted on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use chimera_testkit::{Consumer, Queue};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};

use super::latency::Hop;
use super::swarm::{RECORDS, Swarm};

/// Invocations of one source at the same time.
const AT_ONCE: usize = 5;
/// Messages one invocation gets at most, as `template.yaml` says of every queue.
const MESSAGES: usize = 10;
/// How often the dispatcher's schedule fires.
const TICK_MS: i64 = 60_000;
/// How finely time passes while a message waits to be seen: when that is, its queue does not tell.
const GRAIN_MS: i64 = 10;
/// Steps after which history and story are forgotten: they would be gigabytes.
const STEPS_KEPT: u64 = 5_000;

/// Who ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Messages(Queue),
    Records,
    Tick,
}

/// One event source of a queue.
#[derive(Debug, Clone)]
struct Source {
    at_once: usize,
    running: usize,
    /// Environments that have been started.
    warm: usize,
    /// Messages that it may still take, where it is held back.
    left: Option<usize>,
}

/// Whether something under way has to be looked at again although no time has passed: one may have waited for another.
#[derive(Debug, Default)]
struct Stirred(AtomicBool);

impl Wake for Stirred {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The sources, and what they have under way.
pub(super) struct Runner<'a> {
    swarm: &'a Swarm,
    sources: BTreeMap<Queue, Source>,
    under_way: FuturesUnordered<LocalBoxFuture<'a, Ended>>,
    /// When each record that is in the stream can be read: in its order.
    readable_ms: VecDeque<i64>,
    is_following: bool,
    next_tick_ms: i64,
    steps: u64,
    /// Messages that each queue has handed over.
    pub(super) handed: BTreeMap<Queue, usize>,
}

impl<'a> Runner<'a> {
    pub(super) fn new(swarm: &'a Swarm) -> Self {
        let source = Source { at_once: AT_ONCE, running: 0, warm: 0, left: None };
        Self {
            swarm,
            sources: Queue::ALL.into_iter().map(|queue| (queue, source.clone())).collect(),
            under_way: FuturesUnordered::new(),
            readable_ms: VecDeque::new(),
            is_following: false,
            next_tick_ms: swarm.clock.now_ms(),
            steps: 0,
            handed: BTreeMap::new(),
        }
    }

    /// This queue's source takes so many messages more and then no more.
    pub(super) fn hold_back(&mut self, queue: Queue, left: usize) {
        if let Some(source) = self.sources.get_mut(&queue) {
            source.left = Some(left);
        }
    }

    /// This queue's source takes whatever comes, with so many invocations at once.
    pub(super) fn let_go(&mut self, queue: Queue, at_once: usize) {
        if let Some(source) = self.sources.get_mut(&queue) {
            (source.left, source.at_once) = (None, at_once);
        }
    }

    /// Runs until this time, or until `is_so`; whether it was.
    pub(super) async fn run_until(&mut self, end_ms: i64, is_so: impl Fn(&Swarm) -> bool) -> bool {
        let mut looked_ms = 0;
        loop {
            self.settle().await;
            self.forget();
            if self.start() {
                continue;
            }
            let now_ms = self.swarm.clock.now_ms();
            // Not at every step: rows have to be read for it.
            if now_ms - looked_ms >= 1_000 {
                looked_ms = now_ms;
                if is_so(self.swarm) {
                    return true;
                }
            }
            if now_ms >= end_ms {
                return false;
            }
            let next_ms = self.next_ms().map_or(end_ms, |next_ms| next_ms.min(end_ms));
            let by_ms = (next_ms - now_ms).max(1);
            self.swarm.clock.advance(Duration::from_millis(by_ms.unsigned_abs()));
        }
    }

    /// Lets what is under way go on until all of it waits for time to pass.
    async fn settle(&mut self) {
        loop {
            // Gives the runtime a turn, so that no budget of its own runs out within one.
            tokio::task::yield_now().await;
            let stirred = Arc::new(Stirred::default());
            let waker = Waker::from(Arc::clone(&stirred));
            let mut context = Context::from_waker(&waker);
            while let Poll::Ready(Some(ended)) = self.under_way.poll_next_unpin(&mut context) {
                self.end(ended);
            }
            if !stirred.0.load(Ordering::SeqCst) {
                return;
            }
        }
    }

    fn end(&mut self, ended: Ended) {
        match ended {
            Ended::Messages(queue) => {
                if let Some(source) = self.sources.get_mut(&queue) {
                    source.running -= 1;
                }
            }
            Ended::Records => self.is_following = false,
            Ended::Tick => {}
        }
    }

    /// Starts whatever can be started now; whether anything was.
    fn start(&mut self) -> bool {
        let mut any = false;
        for queue in Queue::ALL {
            while self.start_batch(queue) {
                any = true;
            }
        }
        any |= self.start_following();
        any | self.start_tick()
    }

    fn start_batch(&mut self, queue: Queue) -> bool {
        let swarm = self.swarm;
        let Some(source) = self.sources.get_mut(&queue) else { return false };
        let most = source.left.map_or(MESSAGES, |left| left.min(MESSAGES));
        if source.running >= source.at_once || most == 0 || swarm.cloud.visible(queue) == 0 {
            return false;
        }
        let deliveries = swarm.cloud.receive(queue, most);
        if deliveries.is_empty() {
            return false;
        }
        source.left = source.left.map(|left| left.saturating_sub(deliveries.len()));
        source.running += 1;
        // Whoever comes when all environments are busy starts another one.
        let is_new = source.running > source.warm;
        source.warm = source.warm.max(source.running);
        *self.handed.entry(queue).or_default() += deliveries.len();
        let is_cold = is_new || swarm.net.is_cold();
        let invocation = swarm.invoke(queue, deliveries, is_cold).map(move |()| Ended::Messages(queue));
        self.under_way.push(invocation.boxed_local());
        true
    }

    /// The stream has one shard, whose records are handled one batch after the other; each can be read some time after it
    /// was written.
    fn start_following(&mut self) -> bool {
        let (swarm, now_ms) = (self.swarm, self.swarm.clock.now_ms());
        drop(swarm.cloud.take_changes(Consumer::Auditor, usize::MAX));
        let pending = swarm.cloud.pending_changes(Consumer::Dispatcher);
        while self.readable_ms.len() < pending {
            let at_ms = now_ms + millis(swarm.net.draw(Hop::Stream));
            let after_ms = self.readable_ms.back().copied().unwrap_or(at_ms);
            self.readable_ms.push_back(at_ms.max(after_ms));
        }
        let readable = self.readable_ms.iter().take(RECORDS).take_while(|at_ms| **at_ms <= now_ms).count();
        if readable == 0 || self.is_following {
            return false;
        }
        self.readable_ms.drain(..readable);
        self.is_following = true;
        let batch = swarm.cloud.take_changes(Consumer::Dispatcher, readable);
        let following = swarm.follow(batch, swarm.net.is_cold()).map(|()| Ended::Records);
        self.under_way.push(following.boxed_local());
        true
    }

    fn start_tick(&mut self) -> bool {
        let swarm = self.swarm;
        if self.next_tick_ms > swarm.clock.now_ms() {
            return false;
        }
        self.next_tick_ms += TICK_MS;
        self.under_way.push(swarm.tick().map(|_| Ended::Tick).boxed_local());
        true
    }

    /// When something happens next.
    fn next_ms(&self) -> Option<i64> {
        let swarm = self.swarm;
        let now_ms = swarm.clock.now_ms();
        let record = if self.is_following { None } else { self.readable_ms.front().copied() };
        let looks = swarm.cloud.waiting(Queue::Perception) > swarm.cloud.visible(Queue::Perception);
        let look = looks.then_some(now_ms + GRAIN_MS);
        let all = [swarm.clock.next_waking_ms(), record, look, Some(self.next_tick_ms)];
        // What is due already waits for an invocation to end.
        all.into_iter().flatten().filter(|at_ms| *at_ms > now_ms).min()
    }

    fn forget(&mut self) {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_KEPT) {
            self.swarm.cloud.forget();
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2)
}
