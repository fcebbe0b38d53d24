//! Random DAGs under random troubles: whatever a model proposes within the rules and whatever goes wrong with it, the
//! campaign ends, nothing is opened before what it waits for, and every limit is kept.
//!
//! Planner, dispatcher and escalation are the real ones over the cloud in memory and its clock. Workers, Judge and publisher
//! draw lots (`judge.rs`, `publisher.rs`): real ones would need days for ten thousand campaigns of up to two hundred tasks.
//! What they write, they write by the transitions and fences of the house.

mod check;
mod deliver;
mod eyes;
mod flaws;
mod judge;
mod outcomes;
mod passage;
mod people;
mod proposal;
mod publisher;
mod world;

use std::collections::BTreeMap;
use std::fmt;

use chimera_domain::ports::Clock as _;
use chimera_domain::{CampaignEvent, CampaignStatus, Money, SignalStatus, TaskStatus};
use chimera_testkit::{Fault, Faults, VirtualClock};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::Line;
use check::{Broken, Expected, REPLANNED, Rows};
pub use eyes::Missing;
use proposal::Drawn;
use world::DagWorld;

/// Moves of a world in which something is in the way, for each of its tasks and in any case.
const TROUBLED: (usize, usize) = (6, 60);
/// Moves after which a calm world runs in circles, for each of its tasks and in any case.
const CALM: (usize, usize) = (300, 20_000);
/// Times that reviewers answer all that is open: each refusal may bring another question.
const ROUNDS: usize = 40;
/// Sizes that are tried to make a story shorter.
const SMALLER: [usize; 9] = [1, 2, 3, 5, 8, 13, 21, 40, 80];

/// One campaign to be grown; the same for the same values.
#[derive(Debug, Clone, Copy)]
pub struct DagTrial {
    /// What everything is drawn from.
    pub seed: u64,
    /// Tasks at most, up to what a plan may have.
    pub most: usize,
    /// Whether it has exactly so many.
    pub is_full: bool,
    /// What is taken away, to see what it is for.
    pub missing: Option<Missing>,
}

/// What campaigns came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DagTally {
    /// Campaigns.
    pub dags: u64,
    /// Tasks that were proposed.
    pub tasks: u64,
    /// Dependencies between them.
    pub links: u64,
    /// Proposals with a flaw.
    pub flawed: u64,
    /// Answers that ended an attempt.
    pub attempts: u64,
    /// Answers that came too late.
    pub stale: u64,
    /// Tasks that were approved.
    pub approved: u64,
    /// Tasks that failed or were dropped.
    pub lost: u64,
    /// Tasks that waited for a human while everything else had ended.
    pub held: u64,
    /// Effects.
    pub effects: u64,
    /// Plan versions beyond the first.
    pub versions: u64,
    /// Signals that were written.
    pub signals: u64,
    /// Signals that a version answered.
    pub answered: u64,
    /// Things that people did or the world said.
    pub moments: u64,
    /// Failed tasks that people asked for again.
    pub retries: u64,
    /// What went wrong at ports and on queues.
    pub faults: u64,
    /// Campaigns by how they ended; those that a limit stopped by the limit.
    pub ends: BTreeMap<String, u64>,
}

impl DagTally {
    /// Adds what others came to.
    pub fn add(&mut self, other: Self) {
        for (sum, part) in self.counts_mut().into_iter().zip(other.counts()) {
            *sum += part;
        }
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
    }

    fn counts(&self) -> [u64; 16] {
        [
            self.dags,
            self.tasks,
            self.links,
            self.flawed,
            self.attempts,
            self.stale,
            self.approved,
            self.lost,
            self.held,
            self.effects,
            self.versions,
            self.signals,
            self.answered,
            self.moments,
            self.retries,
            self.faults,
        ]
    }

    fn counts_mut(&mut self) -> [&mut u64; 16] {
        [
            &mut self.dags,
            &mut self.tasks,
            &mut self.links,
            &mut self.flawed,
            &mut self.attempts,
            &mut self.stale,
            &mut self.approved,
            &mut self.lost,
            &mut self.held,
            &mut self.effects,
            &mut self.versions,
            &mut self.signals,
            &mut self.answered,
            &mut self.moments,
            &mut self.retries,
            &mut self.faults,
        ]
    }
}

impl fmt::Display for DagTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ends: Vec<String> = self.ends.iter().map(|(end, count)| format!("{end} {count}")).collect();
        write!(
            f,
            "dags {} of {} tasks and {} dependencies, flawed {}, attempts {} and {} stale, approved {}, lost {}, held {}, \
             effects {}, versions {}, signals {} and {} answered, moments {}, retries {}, faults {}; {}",
            self.dags,
            self.tasks,
            self.links,
            self.flawed,
            self.attempts,
            self.stale,
            self.approved,
            self.lost,
            self.held,
            self.effects,
            self.versions,
            self.signals,
            self.answered,
            self.moments,
            self.retries,
            self.faults,
            ends.join(", "),
        )
    }
}

/// A campaign that was grown.
#[derive(Debug, Clone)]
pub struct Grown {
    /// What it came to.
    pub tally: DagTally,
    /// Lines that are broken; none where all is well.
    pub broken: Vec<Line>,
    /// One line per event, where something is broken.
    pub story: String,
}

impl Grown {
    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.broken.is_empty()
    }

    /// Whether this line is broken.
    #[must_use]
    pub fn breaks(&self, line: &str) -> bool {
        self.broken.iter().any(|broken| broken.name == line)
    }

    /// What is broken, in words.
    #[must_use]
    pub fn told(&self) -> String {
        let told = self.broken.iter().flat_map(|line| {
            line.broken.iter().take(5).map(move |why| format!("BROKEN {}: {why}", line.name))
        });
        told.collect::<Vec<_>>().join("\n")
    }
}

/// Grows one campaign: first with everything in its way, then with nothing, until people are all that it waits for; then
/// they answer.
pub async fn grow(trial: DagTrial) -> Grown {
    let DagTrial { seed, most, is_full, missing } = trial;
    let mut rng = StdRng::seed_from_u64(seed);
    let Drawn { campaign, policy, model, flaw, tasks, links } =
        proposal::draw(&mut rng, most, is_full, VirtualClock::default().now());
    let limit = policy.caps.operating.map(Money::minor);
    let world = DagWorld::new(seed, troubles(seed, &mut rng), policy, model, missing);
    world.begin(campaign).await;
    let moves = rng.random_range(0..=TROUBLED.0 * tasks + TROUBLED.1);
    world.live(moves, flaw.is_none()).await;
    world.calm(missing);
    world.turn(CampaignEvent::Resume).await;
    let most_moves = CALM.0 * tasks + CALM.1;
    let mut broken = rest(&world, most_moves).await;
    while world.answer_plan().await {
        broken.extend(rest(&world, most_moves).await);
    }
    broken.extend(check::at_rest(&Rows::of(&world.cloud)));
    let held = Rows::of(&world.cloud);
    let held = held.tasks.values().filter(|task| task.row.status == TaskStatus::Held).count();
    for _ in 0..ROUNDS {
        if !world.answer_all().await {
            break;
        }
        broken.extend(rest(&world, most_moves).await);
    }
    let rows = Rows::of(&world.cloud);
    let tally = tally_of(&world, &rows, (tasks, links, flaw.is_some(), held));
    let expected = Expected { flaw, limit, retries: tally.retries };
    broken.extend(check::at_the_end(&rows, &expected));
    let limit = limit.filter(|_| tally.retries == 0);
    broken.extend(passage::broken(&world.cloud.history(), limit));
    broken.extend(world.defects().into_iter().map(|defect| ("defects", defect)));
    let story = if broken.is_empty() { String::new() } else { world.cloud.story() };
    Grown { tally, broken: lines(broken), story }
}

/// The smallest campaign of the seed that is broken, if one smaller than this is.
pub async fn shrunk(trial: DagTrial) -> Option<(DagTrial, Grown)> {
    for most in SMALLER.into_iter().filter(|most| *most < trial.most) {
        let smaller = DagTrial { most, is_full: false, ..trial };
        let grown = Box::pin(grow(smaller)).await;
        if !grown.is_clean() {
            return Some((smaller, grown));
        }
    }
    None
}

async fn rest(world: &DagWorld, moves: usize) -> Broken {
    let rested = world.come_to_rest(moves).await;
    let why = || format!("the campaign did not come to rest within {moves} moves");
    (!rested).then(|| ("ends", why())).into_iter().collect()
}

/// Everything that may go wrong at ports and on queues, some of it.
fn troubles(seed: u64, rng: &mut StdRng) -> Faults {
    let mut faults = Faults::seeded(seed);
    if rng.random_bool(0.2) {
        return faults;
    }
    for (function, most) in [("planner", 10), ("judge", 8), ("publisher", 8), ("dispatcher", 4)] {
        faults = faults
            .percent(function, "write*", rng.random_range(0..=most), Fault::LostReply)
            .percent(function, "write*", rng.random_range(0..=most), Fault::Contention)
            .percent(function, "*", rng.random_range(0..=2), Fault::CrashBefore)
            .percent(function, "*", rng.random_range(0..=2), Fault::CrashAfter)
            .percent(function, "*", rng.random_range(0..=2), Fault::Unavailable);
    }
    faults = faults.forget_follow_ups(rng.random_range(0..=25));
    if rng.random() {
        faults = faults.duplicate_messages();
    }
    if rng.random() {
        faults = faults.reorder_streams();
    }
    if rng.random() {
        faults = faults.interleaved();
    }
    match rng.random_range(0..8) {
        0 => faults.without_stream(),
        1 => faults.without_clock(),
        _ => faults,
    }
}

fn tally_of(
    world: &DagWorld,
    rows: &Rows,
    (tasks, links, is_flawed, held): (usize, usize, bool, usize),
) -> DagTally {
    let count = |of: usize| u64::try_from(of).unwrap_or(u64::MAX);
    let in_status = |wanted: &[TaskStatus]| {
        count(rows.tasks.values().filter(|task| wanted.contains(&task.row.status)).count())
    };
    let answered = rows.signals.iter().filter(|signal| signal.row.status == SignalStatus::Answered);
    let done = world.lots.done();
    let campaign = &rows.campaign.row;
    let reason = campaign.reason.as_deref().unwrap_or_default();
    let end = match campaign.status {
        CampaignStatus::Stopped if is_flawed => "refused",
        CampaignStatus::Stopped if reason.starts_with(REPLANNED) => "stopped (re-planned too often)",
        CampaignStatus::Stopped => "stopped (over budget)",
        status => status.name(),
    };
    DagTally {
        dags: 1,
        tasks: count(tasks),
        links: count(links),
        flawed: u64::from(is_flawed),
        attempts: done.landed,
        stale: done.stale,
        approved: in_status(&[TaskStatus::Approved]),
        lost: in_status(&[TaskStatus::Failed, TaskStatus::Dropped]),
        held: count(held),
        effects: count(rows.effects.len()),
        versions: u64::from(campaign.revision),
        answered: count(answered.count()),
        faults: u64::from(world.faults.fired()),
        ends: BTreeMap::from([(end.to_owned(), 1)]),
        ..world.tally()
    }
}

fn lines(broken: Broken) -> Vec<Line> {
    let mut lines: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (name, why) in broken {
        lines.entry(name).or_default().push(why);
    }
    lines.into_iter().map(|(name, broken)| Line { name, broken }).collect()
}
