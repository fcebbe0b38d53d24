//! Everything that may go wrong, by name.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::Guard;

/// What goes wrong at a port call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call took effect, and its caller is told that the service failed.
    LostReply,
    /// A write is refused because others wrote at the same time; nothing took effect.
    Contention,
    /// The service cannot be reached; nothing took effect.
    Unavailable,
    /// The function dies before the call.
    CrashBefore,
    /// The function dies after the call took effect.
    CrashAfter,
}

/// Whose calls `*` does not cover: the test's own, and the operator's, who would simply ask again.
const PEOPLE: [&str; 2] = ["test", "api"];

#[derive(Debug, Clone, Copy)]
enum Times {
    Nth(u32),
    Percent(u32),
    Always,
}

#[derive(Debug)]
struct Rule {
    function: String,
    port: String,
    fault: Fault,
    times: Times,
    seen: u32,
}

impl Rule {
    fn covers(&self, function: &str, port: &str) -> bool {
        let named = match self.port.strip_suffix('*') {
            Some(prefix) => port.starts_with(prefix),
            None => port == self.port,
        };
        let everyone = self.function == "*" && !PEOPLE.contains(&function);
        named && (self.function == function || everyone)
    }
}

#[derive(Debug)]
struct Plan {
    rules: Vec<Rule>,
    rng: StdRng,
    fired: u32,
    duplicate_messages: bool,
    reorder_streams: bool,
    interleaved: bool,
    without_stream: bool,
    without_clock: bool,
    unconditional: BTreeSet<String>,
    forget: u32,
    without: BTreeSet<Guard>,
    held: Option<(String, String)>,
}

/// The faults of one world. Clones share them, so that a test may add and stop faults while it goes on.
///
/// Functions are named as they are deployed (`judge`), ports by their method (`write_money`); `*` stands for every
/// function behind a queue, stream or workflow, and at the end of a port's name for any rest: `write*` is every write of tables.
#[derive(Debug, Clone)]
pub struct Faults(Arc<Mutex<Plan>>);

impl Default for Faults {
    fn default() -> Self {
        Self::none()
    }
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::seeded(0)
    }

    /// Nothing goes wrong yet; all chances come from `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Plan {
            rules: Vec::new(),
            rng: StdRng::seed_from_u64(seed),
            fired: 0,
            duplicate_messages: false,
            reorder_streams: false,
            interleaved: false,
            without_stream: false,
            without_clock: false,
            unconditional: BTreeSet::new(),
            forget: 0,
            without: BTreeSet::new(),
            held: None,
        })))
    }

    /// The `n`-th such call from now on, counted from 1, goes wrong.
    #[must_use]
    pub fn nth(self, function: &str, port: &str, n: u32, fault: Fault) -> Self {
        self.rule(function, port, Times::Nth(n), fault)
    }

    /// Each such call goes wrong with this chance in a hundred.
    #[must_use]
    pub fn percent(self, function: &str, port: &str, chance: u32, fault: Fault) -> Self {
        self.rule(function, port, Times::Percent(chance.min(100)), fault)
    }

    /// Every such call goes wrong.
    #[must_use]
    pub fn always(self, function: &str, port: &str, fault: Fault) -> Self {
        self.rule(function, port, Times::Always, fault)
    }

    /// Every message sent to a queue is delivered twice.
    #[must_use]
    pub fn duplicate_messages(self) -> Self {
        self.plan().duplicate_messages = true;
        self
    }

    /// Records of different rows reach the consumers of a stream in any order; those of one row never do.
    #[must_use]
    pub fn reorder_streams(self) -> Self {
        self.plan().reorder_streams = true;
        self
    }

    /// Functions run at the same time and take turns at every port call.
    #[must_use]
    pub fn interleaved(self) -> Self {
        self.plan().interleaved = true;
        self
    }

    /// The dispatcher's stream brings nothing.
    #[must_use]
    pub fn without_stream(self) -> Self {
        self.plan().without_stream = true;
        self
    }

    /// The dispatcher's schedule never fires.
    #[must_use]
    pub fn without_clock(self) -> Self {
        self.plan().without_clock = true;
        self
    }

    /// Conditions on rows of this kind (`task`, `effect`, `bucket` …) are not checked: shows what a guard is for.
    #[must_use]
    pub fn ignore_conditions_on(self, kind: &str) -> Self {
        self.plan().unconditional.insert(kind.to_owned());
        self
    }

    /// The dispatcher's next `count` messages are lost although it is told that they were sent.
    #[must_use]
    pub fn forget_follow_ups(self, count: u32) -> Self {
        self.plan().forget = count;
        self
    }

    /// Takes a guard away from now on, until [`Self::stop`].
    pub fn take_away(&self, guard: Guard) {
        let mut plan = self.plan();
        plan.without.insert(guard);
        plan.unconditional.extend(guard.conditions_on().iter().map(|kind| (*kind).to_owned()));
        if guard == Guard::FollowUp {
            plan.forget = u32::MAX;
        }
    }

    /// The function's calls to this port wait until [`Self::let_go`]: what else happens meanwhile is between its reads and
    /// that call.
    pub fn hold(&self, function: &str, port: &str) {
        self.plan().held = Some((function.to_owned(), port.to_owned()));
    }

    /// Calls that were held go on.
    pub fn let_go(&self) {
        self.plan().held = None;
    }

    /// From now on nothing goes wrong any more, and every guard is back.
    pub fn stop(&self) {
        let mut plan = self.plan();
        plan.rules.clear();
        plan.unconditional.clear();
        plan.without.clear();
        plan.duplicate_messages = false;
        plan.without_stream = false;
        plan.without_clock = false;
        plan.forget = 0;
    }

    /// How often something went wrong at a port call.
    #[must_use]
    pub fn fired(&self) -> u32 {
        self.plan().fired
    }

    /// Whether the dispatcher's stream is gone.
    #[must_use]
    pub fn is_without_stream(&self) -> bool {
        self.plan().without_stream
    }

    /// Whether the dispatcher's schedule is gone.
    #[must_use]
    pub fn is_without_clock(&self) -> bool {
        self.plan().without_clock
    }

    /// Whether functions run at the same time.
    #[must_use]
    pub fn is_interleaved(&self) -> bool {
        self.plan().interleaved
    }

    pub(crate) fn duplicates_messages(&self) -> bool {
        self.plan().duplicate_messages
    }

    pub(crate) fn reorders_streams(&self) -> bool {
        self.plan().reorder_streams
    }

    pub(crate) fn ignores_conditions_on(&self, kind: &str) -> bool {
        self.plan().unconditional.contains(kind)
    }

    pub(crate) fn lacks(&self, guard: Guard) -> bool {
        self.plan().without.contains(&guard)
    }

    fn holds_back(&self, function: &str, port: &str) -> bool {
        self.plan().held.as_ref().is_some_and(|(f, p)| (f.as_str(), p.as_str()) == (function, port))
    }

    pub(crate) fn forgets_this_one(&self) -> bool {
        let mut plan = self.plan();
        let forgets = plan.forget > 0;
        plan.forget = plan.forget.saturating_sub(1);
        plan.fired += u32::from(forgets);
        forgets
    }

    /// A number below `bound`, from the seed.
    pub(crate) fn below(&self, bound: usize) -> usize {
        self.plan().rng.random_range(0..bound.max(1))
    }

    /// Takes turns, then dies or answers with what goes wrong at this call. Who answers the call does what the fault says,
    /// and dies by [`crash_after`] where it asks for that.
    pub async fn at(&self, function: &str, port: &str) -> Option<Fault> {
        let turns = if self.is_interleaved() { self.below(3) } else { 0 };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        while self.holds_back(function, port) {
            tokio::task::yield_now().await;
        }
        let fault = self.draw(function, port);
        if fault == Some(Fault::CrashBefore) {
            crash();
        }
        fault
    }

    fn draw(&self, function: &str, port: &str) -> Option<Fault> {
        let mut plan = self.plan();
        let Plan { rules, rng, fired, .. } = &mut *plan;
        for rule in rules.iter_mut().filter(|rule| rule.covers(function, port)) {
            rule.seen += 1;
            let hits = match rule.times {
                Times::Nth(n) => rule.seen == n,
                Times::Percent(chance) => rng.random_ratio(chance, 100),
                Times::Always => true,
            };
            if hits {
                *fired += 1;
                return Some(rule.fault);
            }
        }
        None
    }

    fn rule(self, function: &str, port: &str, times: Times, fault: Fault) -> Self {
        let rule = Rule { function: function.to_owned(), port: port.to_owned(), fault, times, seen: 0 };
        self.plan().rules.push(rule);
        self
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dies where `fault` says so, after the call took effect.
pub fn crash_after(fault: Option<Fault>) {
    if fault == Some(Fault::CrashAfter) {
        crash();
    }
}

/// What an injected crash says.
const CRASH: &str = "injected crash";

/// Dies: unwinds like a panic but without its report, for the test asked for it.
pub fn crash() -> ! {
    std::panic::resume_unwind(Box::new(CRASH))
}

/// Whether what was caught is an injected crash, and no defect.
#[must_use]
pub fn is_crash(caught: &(dyn std::any::Any + Send)) -> bool {
    caught.downcast_ref::<&str>() == Some(&CRASH)
}
