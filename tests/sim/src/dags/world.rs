//! The world of one campaign: real planner, dispatcher and escalation, everybody else by lot, and a loop that delivers
//! whatever can be delivered in an order that the seed decides.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chimera_domain::ports::StateWriter as _;
use chimera_domain::{Campaign, Policy, Row, Transaction, WriterId};
use chimera_testkit::builders::{a_policy_row, an_agent};
use chimera_testkit::{
    Consumer, Faults, Guard, MemoryCloud, Queue, RecordingNotifier, SeededIds, VISIBILITY, VirtualClock,
};
use dispatcher::Dispatcher;
use escalation::Escalation;
use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, join_all};
use planner::Planner;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::DagTally;
use super::check::Rows;
use super::eyes::{Eyes, Missing};
use super::judge::Lots;
use super::proposal::Proposer;
use super::publisher::Caller;

/// How often the dispatcher's schedule fires while something happens.
const TICK_MS: i64 = 60_000;
/// Ticks in a row that change nothing, each after twice the time of the one before: eight hours in all, so that a world
/// that is quiet then has nothing left to send.
const IDLE_TICKS: u32 = 9;
/// Functions that run at the same time where the world is interleaved.
const AT_ONCE: usize = 3;

/// One thing that can happen now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Changes,
    Messages(Queue),
    Judge,
    Call,
    Execution,
    Bury(Queue),
}

/// What the loop remembers between moves.
pub(super) struct Pace {
    rng: StdRng,
    next_tick_ms: i64,
    idle: u32,
    /// What failed outside a queue comes again at this time.
    pub(super) blocked_until_ms: BTreeMap<String, i64>,
    /// What must not happen whatever goes wrong.
    defects: Vec<String>,
    tally: DagTally,
}

/// One campaign and everybody who works for it.
pub(super) struct DagWorld {
    pub(super) cloud: MemoryCloud,
    pub(super) clock: VirtualClock,
    pub(super) faults: Faults,
    pub(super) ids: SeededIds,
    pub(super) lots: Lots,
    pub(super) caller: Caller,
    pub(super) planner: Planner<Eyes, Proposer, VirtualClock, SeededIds>,
    pub(super) dispatcher: Dispatcher<MemoryCloud, MemoryCloud, MemoryCloud, VirtualClock, SeededIds>,
    pub(super) escalation: Escalation<MemoryCloud, RecordingNotifier>,
    pace: Mutex<Pace>,
}

impl DagWorld {
    pub(super) fn new(
        seed: u64,
        faults: Faults,
        policy: Policy,
        model: Proposer,
        missing: Option<Missing>,
    ) -> Self {
        let (clock, ids) = (VirtualClock::default(), SeededIds::new(seed));
        let cloud = MemoryCloud::new(clock.clone(), faults.clone());
        let of = |function: &str| cloud.as_function(function);
        let chance = |salt: u64| StdRng::seed_from_u64(seed ^ (salt << 56));
        let (planner_clock, planner_ids) = (clock.clone(), ids.clone());
        let ladder = policy.ladder.clone();
        let world = Self {
            lots: Lots::new(&cloud, &clock, &ids, ladder, chance(1)),
            caller: Caller::new(&cloud, &clock, &ids, chance(2)),
            planner: Planner::new(Eyes::new(of("planner"), missing), model, planner_clock, planner_ids),
            dispatcher: Dispatcher::new(
                of("dispatcher"),
                of("dispatcher"),
                of("dispatcher"),
                clock.clone(),
                ids.clone(),
                VISIBILITY,
            ),
            escalation: Escalation::new(of("escalation"), RecordingNotifier::default()),
            pace: Mutex::new(Pace {
                rng: chance(3),
                next_tick_ms: clock.now_ms(),
                idle: 0,
                blocked_until_ms: BTreeMap::new(),
                defects: Vec::new(),
                tally: DagTally::default(),
            }),
            cloud,
            clock,
            faults,
            ids,
        };
        world.force(an_agent());
        world.force(a_policy_row(policy));
        world
    }

    /// The `api` accepts the campaign.
    pub(super) async fn begin(&self, campaign: Campaign) {
        let accepted = match Transaction::by(WriterId::new("request")).insert(campaign) {
            Ok(write) => self.cloud.as_function("api").write(&write).await,
            Err(error) => Err(error),
        };
        if accepted.is_err() {
            self.defect(format!("the campaign was not accepted: {accepted:?}"));
        }
    }

    /// So many moves of a life; something happens now and then where it is `eventful`.
    pub(super) async fn live(&self, moves: usize, eventful: bool) {
        for _ in 0..moves {
            let has_moment = eventful && self.lot(100) < 3;
            let moment = async {
                if has_moment {
                    self.moment().await;
                }
            };
            let (_, delivered) = futures::join!(moment.boxed_local(), self.deliver_something());
            if delivered {
                continue;
            }
            if self.is_over() && self.lot(4) > 0 {
                return;
            }
            self.pass_time(0).await;
        }
    }

    /// From now on nothing is in the way any more; what a test takes away stays away.
    pub(super) fn calm(&self, missing: Option<Missing>) {
        self.faults.stop();
        if missing == Some(Missing::FollowUp) {
            self.faults.take_away(Guard::FollowUp);
        }
    }

    /// Runs until nothing is left to do; false where that is not within `moves`.
    pub(super) async fn come_to_rest(&self, moves: usize) -> bool {
        let mut seen = Rows::of(&self.cloud).fingerprint();
        self.pace().idle = 0;
        for _ in 0..moves {
            if self.deliver_something().await {
                continue;
            }
            if self.is_over() {
                return true;
            }
            let fingerprint = Rows::of(&self.cloud).fingerprint();
            if fingerprint != seen {
                seen = fingerprint;
                self.pace().idle = 0;
            }
            let idle = self.pace().idle;
            if idle > IDLE_TICKS {
                return true;
            }
            self.pass_time(idle).await;
        }
        false
    }

    /// Whether the campaign is over and nobody will look at it again.
    fn is_over(&self) -> bool {
        let campaign = Rows::of(&self.cloud).campaign.row;
        let is_blocked = !self.pace().blocked_until_ms.is_empty();
        campaign.status.is_over()
            && campaign.due_at.is_none()
            && !is_blocked
            && self.cloud.next_visible().is_none()
    }

    /// Delivers one thing, or a few at the same time where the world is interleaved; false when there is none.
    async fn deliver_something(&self) -> bool {
        drop(self.cloud.take_changes(Consumer::Auditor, usize::MAX));
        if self.faults.is_without_stream() {
            drop(self.cloud.take_changes(Consumer::Dispatcher, usize::MAX));
        }
        let mut moves = self.moves();
        if moves.is_empty() {
            return false;
        }
        let at_once = if self.faults.is_interleaved() { AT_ONCE } else { 1 };
        if at_once > 1 {
            // A queue feeds as many instances of its function as it likes; a stream feeds one.
            moves.extend(moves.clone().into_iter().filter(|next| *next != Move::Changes));
        }
        let mut works: Vec<LocalBoxFuture<'_, ()>> = Vec::new();
        while works.len() < at_once && !moves.is_empty() {
            let next = moves.swap_remove(self.lot(moves.len()));
            works.push(self.make(next).boxed_local());
        }
        join_all(works).await;
        true
    }

    fn moves(&self) -> Vec<Move> {
        let cloud = &self.cloud;
        let mut moves: Vec<Move> = Vec::new();
        moves.extend((cloud.pending_changes(Consumer::Dispatcher) > 0).then_some(Move::Changes));
        moves.extend(Queue::ALL.into_iter().filter(|queue| cloud.visible(*queue) > 0).map(Move::Messages));
        moves.extend((self.lots.waiting() > 0).then_some(Move::Judge));
        moves.extend((self.caller.waiting() > 0).then_some(Move::Call));
        moves.extend((cloud.started_executions() > 0).then_some(Move::Execution));
        moves.extend(Queue::ALL.into_iter().filter(|queue| cloud.dead_letters(*queue) > 0).map(Move::Bury));
        let now_ms = self.clock.now_ms();
        let mut pace = self.pace();
        pace.blocked_until_ms.retain(|_, until_ms| *until_ms > now_ms);
        moves.retain(|next| !pace.blocked_until_ms.contains_key(&format!("{next:?}")));
        moves
    }

    /// Lets time pass until something is visible again, a retry is due, or the schedule fires; the longer nothing has
    /// happened, the longer its next time takes.
    async fn pass_time(&self, idle: u32) {
        let now_ms = self.clock.now_ms();
        let visible_ms = self.cloud.next_visible().map(|at| at.as_millisecond());
        let (retry_ms, tick_ms) = {
            let pace = self.pace();
            (pace.blocked_until_ms.values().min().copied(), pace.next_tick_ms)
        };
        let next_ms = [visible_ms, retry_ms, Some(tick_ms)].into_iter().flatten().min();
        let next_ms = next_ms.unwrap_or(tick_ms).max(now_ms + 1);
        self.clock.advance(Duration::from_millis((next_ms - now_ms).unsigned_abs()));
        self.cloud.time_out_executions();
        if tick_ms > next_ms {
            return;
        }
        {
            let mut pace = self.pace();
            pace.next_tick_ms = next_ms + (TICK_MS << idle.min(IDLE_TICKS));
            pace.idle = pace.idle.saturating_add(1);
        }
        if !self.faults.is_without_clock() {
            let ticked = self.survive("dispatcher", self.dispatcher.tick().boxed_local()).await;
            if ticked.is_none() {
                self.cloud.tell("the tick failed");
            }
        }
    }

    /// A number below `bound`, from the seed.
    pub(super) fn lot(&self, bound: usize) -> usize {
        self.pace().rng.random_range(0..bound.max(1))
    }

    pub(super) fn one_of<'a, T>(&self, of: &[&'a T]) -> Option<&'a T> {
        of.get(self.lot(of.len())).copied()
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut DagTally)) {
        change(&mut self.pace().tally);
    }

    pub(super) fn tally(&self) -> DagTally {
        self.pace().tally.clone()
    }

    pub(super) fn defects(&self) -> Vec<String> {
        self.pace().defects.clone()
    }

    pub(super) fn defect(&self, what: String) {
        self.pace().defects.push(what);
    }

    fn force(&self, row: impl Into<Row>) {
        if let Err(error) = self.cloud.force(row) {
            self.defect(format!("a row has no stored form: {error}"));
        }
    }

    pub(super) fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
