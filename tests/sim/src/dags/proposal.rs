//! Random DAGs: a brief, and a plan for it that a model might propose.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chimera_domain::ports::{Answer, Ask, ModelError, ModelRole, ReasoningModel};
use chimera_domain::{
    Binding, Campaign, Caps, Check, Confidence, Mention, Money, PaymentOrder, PlanMode, Policy, React, Rung,
    TaskId, TaskKind, Timestamp, Usage, limits,
};
use chimera_testkit::builders::{FEED, a_campaign, a_policy, an_order, cents, must, task_id};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use super::flaws::Flaw;

/// A plan has at most so many tasks of these kinds, as their briefs have orders and mentions.
const REPLIES: usize = limits::REPLIES_PER_CAMPAIGN;
const PAYMENTS: usize = limits::PAYMENTS_PER_CAMPAIGN;
/// Tasks of a plan that is given a flaw: it must not be too large before.
const FLAWED: usize = 150;
/// What drawing a plan costs at most, in cents.
const DRAWING: i64 = 20;

/// What is drawn beforehand.
pub(super) struct Drawn {
    pub(super) campaign: Campaign,
    pub(super) policy: Policy,
    pub(super) model: Proposer,
    /// What is wrong with the proposal, if anything.
    pub(super) flaw: Option<Flaw>,
    pub(super) tasks: usize,
    pub(super) links: usize,
}

/// A model that proposes what was drawn, and something small where another round is to be planned. It may be unreachable a
/// few times before.
pub(super) struct Proposer {
    brief: Value,
    proposal: Value,
    cost: Money,
    /// Asking whether the goal is met costs nothing where there is a limit: no attempt waits for that room.
    asking: Money,
    mood: Mutex<Mood>,
}

struct Mood {
    rng: StdRng,
    /// How often it is still to be unreachable.
    unreachable: u32,
}

impl ReasoningModel for Proposer {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        if ask.role != ModelRole::Planner {
            return Err(ModelError::Unusable("only a plan is asked for here".to_owned()));
        }
        let mut mood = self.mood.lock().unwrap_or_else(PoisonError::into_inner);
        if mood.unreachable > 0 {
            mood.unreachable -= 1;
            return Err(ModelError::Unavailable("injected: no answer".to_owned()));
        }
        let (json, cost) = if ask.prompt.starts_with("goal") {
            let met = mood.rng.random_bool(0.5);
            (
                json!({"met": met, "why": "so few were told", "posts": mood.rng.random_range(0..=3)}),
                self.asking,
            )
        } else if ask.input.get("brief") == Some(&self.brief) {
            (self.proposal.clone(), self.cost)
        } else {
            (further(&ask.input), self.cost)
        };
        Ok(Answer { json, usage: Usage { model: "proposer".to_owned(), tokens: 0, tool_calls: 0, cost } })
    }
}

/// A plan for what another round is to bring: one task that reads, and one for each post.
fn further(input: &Value) -> Value {
    let posts = input.pointer("/brief/posts").and_then(Value::as_u64).unwrap_or(0);
    let read = json!({
        "id": "read", "kind": TaskKind::Research.name(), "goal": "Read on.",
        "binding": Binding::Feed { url: FEED.to_owned(), want: 3 },
    });
    let write = |index: u64| {
        json!({
            "id": format!("add-{index}"), "kind": TaskKind::Write.name(), "goal": "Write more.",
            "depends_on": ["read"], "binding": {"from": "source_of", "task": "read", "index": index},
            "criteria": [must("persona", Check::FitsPersona)],
        })
    };
    let tasks: Vec<Value> = [read].into_iter().chain((0..posts).map(write)).collect();
    json!({ "tasks": tasks })
}

/// A campaign of up to `most` tasks, the same for the same seed; exactly so many where `is_full`.
pub(super) fn draw(rng: &mut StdRng, most: usize, is_full: bool, now: Timestamp) -> Drawn {
    let most = most.clamp(1, limits::TASKS_PER_PLAN);
    let flaw = rng.random_bool(0.12).then(|| Flaw::drawn(rng));
    let size = match flaw {
        Some(_) => rng.random_range(1..=most.min(FLAWED)),
        None if is_full || rng.random_bool(0.05) => most,
        // Small ones are many: most of what goes wrong needs few tasks.
        None => 1 + (most - 1) * rng.random_range(0..=100) * rng.random_range(0..=100) / 10_000,
    };
    let sketches = sketches(rng, size);
    let wanted = Wanted::of(&sketches);
    let mut tasks: Vec<Value> =
        sketches.iter().map(|sketch| sketch.proposed(rng, &sketches, &wanted)).collect();
    if let Some(flaw) = flaw {
        flaw.spoil(rng, &mut tasks);
    }
    let cost = cents(rng.random_range(0..=DRAWING));
    let unreachable = if rng.random_bool(0.1) { rng.random_range(1..=3) } else { 0 };
    let attempts: i64 = sketches.iter().map(|sketch| sketch.kind.attempt_cost()).sum();
    let campaign = wanted.campaign(rng, now);
    let policy = policy(rng, cost.minor() + attempts, flaw.is_some());
    let asking = if policy.caps.operating.is_some() { cents(0) } else { cost };
    let mood = Mood { rng: StdRng::seed_from_u64(rng.random()), unreachable };
    let (brief, proposal) = (json!(campaign.brief), json!({ "tasks": tasks }));
    Drawn {
        campaign,
        policy,
        model: Proposer { brief, proposal, cost, asking, mood: Mutex::new(mood) },
        flaw,
        tasks: sketches.len(),
        links: sketches.iter().map(|sketch| sketch.parents.len()).sum(),
    }
}

/// A task of the plan: what it waits for are earlier ones, so that there is no cycle.
struct Sketch {
    at: usize,
    kind: TaskKind,
    parents: Vec<usize>,
    depth: usize,
    /// The one whose source it is about.
    source: Option<usize>,
}

/// How a plan grows.
struct Habit {
    /// Tasks wait only for so many before them: the fewer, the deeper the plan.
    near: Option<usize>,
    deepest: usize,
}

fn sketches(rng: &mut StdRng, size: usize) -> Vec<Sketch> {
    let remembers = size > 2 && rng.random_bool(0.25);
    let habit = Habit {
        near: rng.random_bool(0.5).then(|| rng.random_range(1..=4)),
        // What remembers waits for every post.
        deepest: limits::PLAN_DEPTH - 1 - usize::from(remembers),
    };
    let mut sketches: Vec<Sketch> = Vec::with_capacity(size);
    for _ in 0..size {
        let next = sketch(rng, &sketches, &habit);
        sketches.push(next);
    }
    let has_posts = sketches.iter().rev().skip(1).any(|sketch| sketch.kind == TaskKind::Write);
    if remembers && has_posts {
        let at = sketches.len() - 1;
        let depth = limits::PLAN_DEPTH;
        sketches[at] = Sketch { at, kind: TaskKind::Remember, parents: Vec::new(), depth, source: None };
    }
    sketches
}

fn sketch(rng: &mut StdRng, known: &[Sketch], habit: &Habit) -> Sketch {
    let mut kind = kind(rng, known);
    let named = matches!(kind, TaskKind::Reply | TaskKind::Transact);
    // The planner has them wait for nothing, whatever is proposed.
    let parents = if named { Vec::new() } else { parents(rng, known, habit) };
    let mut source = parents.iter().copied().find(|at| known[*at].kind == TaskKind::Research);
    if kind.is_for_a_post() && source.is_none() {
        kind = TaskKind::Research;
    }
    if !kind.is_for_a_post() && rng.random_bool(0.3) {
        source = None;
    }
    let depth = 1 + parents.iter().map(|at| known[*at].depth).max().unwrap_or(0);
    Sketch { at: known.len(), kind, parents, depth, source }
}

fn kind(rng: &mut StdRng, known: &[Sketch]) -> TaskKind {
    let count = |kind: TaskKind| known.iter().filter(|sketch| sketch.kind == kind).count();
    match rng.random_range(0..100) {
        0..45 => TaskKind::Research,
        45..75 => TaskKind::Write,
        75..80 => TaskKind::Illustrate,
        80..85 => TaskKind::Film,
        85..95 if count(TaskKind::Reply) < REPLIES => TaskKind::Reply,
        95..100 if count(TaskKind::Transact) < PAYMENTS => TaskKind::Transact,
        _ => TaskKind::Research,
    }
}

fn parents(rng: &mut StdRng, known: &[Sketch], habit: &Habit) -> Vec<usize> {
    if known.is_empty() {
        return Vec::new();
    }
    let first = habit.near.map_or(0, |near| known.len().saturating_sub(near));
    let wanted = if habit.near.is_some() { rng.random_range(1..=2) } else { rng.random_range(0..=3) };
    let drawn: Vec<usize> = (0..wanted).map(|_| rng.random_range(first..known.len())).collect();
    let mut parents: Vec<usize> = drawn.into_iter().filter(|at| known[*at].depth <= habit.deepest).collect();
    parents.sort_unstable();
    parents.dedup();
    parents
}

impl Sketch {
    fn id(&self) -> String {
        format!("{}-{}", self.kind.name(), self.at)
    }

    fn proposed(&self, rng: &mut StdRng, all: &[Self], wanted: &Wanted) -> Value {
        let depends_on: Vec<String> =
            self.parents.iter().filter_map(|at| all.get(*at)).map(Self::id).collect();
        let is_judged = matches!(self.kind, TaskKind::Write | TaskKind::Reply);
        let criteria = if is_judged { json!([must("persona", Check::FitsPersona)]) } else { json!([]) };
        json!({
            "id": self.id(), "kind": self.kind.name(), "goal": format!("Do {}.", self.id()),
            "depends_on": depends_on, "binding": self.binding(rng, all, wanted), "criteria": criteria,
        })
    }

    fn binding(&self, rng: &mut StdRng, all: &[Self], wanted: &Wanted) -> Binding {
        let of = |at: &usize| -> TaskId { task_id(&all[*at].id()) };
        let feed = || Binding::Feed { url: format!("https://smalltools.example/{}.xml", self.at), want: 2 };
        match self.kind {
            TaskKind::Reply => {
                wanted.mention_of(self.at).map_or_else(feed, |mention| Binding::Mention { mention })
            }
            TaskKind::Transact => {
                wanted.order_of(self.at).map_or_else(feed, |order| Binding::Payment { order })
            }
            TaskKind::Remember => Binding::Campaign,
            // Sometimes one that will not have been found.
            _ => self.source.as_ref().map_or_else(feed, |source| Binding::SourceOf {
                task: of(source),
                index: u32::from(rng.random_bool(0.2)),
            }),
        }
    }
}

/// What a brief must ask for, so that the plan does what was asked.
struct Wanted {
    posts: u32,
    pictures: u32,
    clips: u32,
    mentions: Vec<(usize, Mention)>,
    orders: Vec<(usize, PaymentOrder)>,
    remembers: bool,
}

impl Wanted {
    fn of(sketches: &[Sketch]) -> Self {
        let of_kind = |kind: TaskKind| sketches.iter().filter(move |sketch| sketch.kind == kind);
        let count = |kind: TaskKind| u32::try_from(of_kind(kind).count()).unwrap_or(u32::MAX);
        let orders = of_kind(TaskKind::Transact).enumerate().map(|(nth, sketch)| {
            let nth = u8::try_from(nth).unwrap_or(u8::MAX);
            (sketch.at, an_order(nth, 100 + i64::from(nth), "for the drawings"))
        });
        Self {
            posts: count(TaskKind::Write),
            pictures: count(TaskKind::Illustrate),
            clips: count(TaskKind::Film),
            mentions: of_kind(TaskKind::Reply).map(|sketch| (sketch.at, asked(sketch.at))).collect(),
            orders: orders.collect(),
            remembers: count(TaskKind::Remember) > 0,
        }
    }

    fn mention_of(&self, at: usize) -> Option<Mention> {
        self.mentions.iter().find(|(of, _)| *of == at).map(|(_, mention)| mention.clone())
    }

    fn order_of(&self, at: usize) -> Option<PaymentOrder> {
        self.orders.iter().find(|(of, _)| *of == at).map(|(_, order)| order.clone())
    }

    fn campaign(&self, rng: &mut StdRng, now: Timestamp) -> Campaign {
        let mentions: Vec<Mention> = self.mentions.iter().map(|(_, mention)| mention.clone()).collect();
        let asked = a_campaign().posts(self.posts).replies(&mentions).illustrations(self.pictures);
        let asked = asked.films(self.clips);
        let asked = self.orders.iter().fold(asked, |asked, (_, order)| asked.pays(order.clone()));
        let asked = if self.remembers { asked.remembers() } else { asked };
        let mut campaign = asked.accepted_at(now).build();
        let mentions = rng.random_range(0..=6);
        campaign.brief.react = rng.random_bool(0.6).then(|| React {
            mentions,
            trends: rng.random_range(u32::from(mentions == 0)..=4),
            region: None,
            topic: None,
            for_s: rng.random_range(60..=1_800),
            relevance_min: Confidence::share(75, 100),
        });
        campaign.brief.rounds = if rng.random_bool(0.2) { rng.random_range(2..=3) } else { 1 };
        campaign.brief.plan =
            if rng.random_bool(0.15) { PlanMode::ApproveFirst } else { PlanMode::Automatic };
        campaign
    }
}

/// What somebody said to the agent; the same for the same number.
pub(super) fn asked(number: usize) -> Mention {
    Mention {
        id: format!("m{number}"),
        author: format!("reader_{number}"),
        text: "Does it run on old laptops?".to_owned(),
    }
}

/// A policy whose limit on operating cost is absent, ample, or about what the plan may cost.
fn policy(rng: &mut StdRng, estimate: i64, is_flawed: bool) -> Policy {
    let limit = match rng.random_range(0..10) {
        _ if is_flawed => None,
        0..5 => None,
        5..8 => Some(estimate * 3 + 500),
        _ => Some(estimate * rng.random_range(80..=140) / 100),
    };
    // Half of the time nobody is waited for longer than half an hour.
    let wait = if rng.random() { Duration::from_secs(1_800) } else { Duration::from_secs(30 * 24 * 60 * 60) };
    let wait_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    let policy = a_policy();
    Policy {
        ai_replies_approved: rng.random_bool(0.8),
        caps: Caps { operating: limit.map(cents), ..policy.caps },
        ladder: vec![Rung { reviewers: vec!["reviewer".to_owned()], wait_s }],
        ..policy
    }
}
