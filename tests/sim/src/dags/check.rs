//! What must hold of the rows, once while people are silent and once when everything is over.
#![expect(clippy::expect_used, reason = "a world without readable rows must fail whoever looks at it")]

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher as _};

use chimera_domain::{
    Binding, Campaign, CampaignStatus, Effect, Money, Plan, PlanStatus, Review, Row, Signal, SignalStatus,
    Stored, Task, TaskId, TaskKind, TaskStatus, limits,
};
use chimera_testkit::MemoryCloud;

use super::flaws::Flaw;

/// What is broken: the name of a line, and where, in words.
pub(super) type Broken = Vec<(&'static str, String)>;

/// Reasons for which a campaign with a sound plan may be stopped.
const LIMITS: [&str; 2] = [OVER_BUDGET, REPLANNED];
const OVER_BUDGET: &str = "over budget: operating";
pub(super) const REPLANNED: &str = "re-planned too often";

/// A campaign's rows.
pub(super) struct Rows {
    pub(super) campaign: Stored<Campaign>,
    pub(super) plans: Vec<Stored<Plan>>,
    pub(super) tasks: BTreeMap<TaskId, Stored<Task>>,
    pub(super) reviews: Vec<Stored<Review>>,
    pub(super) effects: Vec<Stored<Effect>>,
    pub(super) signals: Vec<Stored<Signal>>,
}

/// What the rows are held against.
pub(super) struct Expected {
    pub(super) flaw: Option<Flaw>,
    /// The limit on operating cost, in cents.
    pub(super) limit: Option<i64>,
    /// Attempts that people asked for: no limit keeps those.
    pub(super) retries: u64,
}

impl Rows {
    /// # Panics
    /// When a row cannot be read, or the campaign's is not there.
    pub(super) fn of(cloud: &MemoryCloud) -> Self {
        let rows = cloud.rows().expect("rows that can be read");
        let (mut campaign, mut plans, mut tasks) = (None, Vec::new(), BTreeMap::new());
        let (mut reviews, mut effects, mut signals) = (Vec::new(), Vec::new(), Vec::new());
        for Stored { row, version, writer } in rows {
            match row {
                Row::Campaign(row) => campaign = Some(Stored { row: *row, version, writer }),
                Row::Plan(row) => plans.push(Stored { row: *row, version, writer }),
                Row::Task(row) => {
                    tasks.insert(row.id.clone(), Stored { row: *row, version, writer });
                }
                Row::Review(row) => reviews.push(Stored { row: *row, version, writer }),
                Row::Effect(row) => effects.push(Stored { row: *row, version, writer }),
                Row::Signal(row) => signals.push(Stored { row: *row, version, writer }),
                _ => {}
            }
        }
        Self { campaign: campaign.expect("the campaign"), plans, tasks, reviews, effects, signals }
    }

    /// Changes whenever something has happened.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        let campaign = &self.campaign.row;
        (campaign.status, campaign.plan, campaign.revision).hash(&mut hash);
        for task in self.tasks.values() {
            (task.row.status, task.row.attempt).hash(&mut hash);
        }
        self.plans.iter().for_each(|plan| plan.row.status.hash(&mut hash));
        self.reviews.iter().for_each(|review| review.row.status.hash(&mut hash));
        self.signals.iter().for_each(|signal| signal.row.status.hash(&mut hash));
        for effect in &self.effects {
            (effect.row.status, effect.row.rejudged).hash(&mut hash);
        }
        hash.finish()
    }

    fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values().map(|stored| &stored.row)
    }

    /// What models and tools have cost, in cents.
    fn spent(&self) -> i64 {
        let drawing = self.plans.iter().filter_map(|plan| plan.row.drawing);
        let asking = self.plans.iter().filter_map(|plan| plan.row.goal.as_ref()).map(|goal| goal.cost);
        self.tasks().map(|task| task.cost).chain(drawing).chain(asking).map(Money::minor).sum()
    }

    /// The tasks that the plan versions in force have brought in, from the newest back to the first. What a draft that
    /// was never opened has left behind is none of them.
    fn planned(&self) -> BTreeMap<&TaskId, &Task> {
        let mut planned = BTreeMap::new();
        let mut number = self.campaign.row.plan;
        // Each version's parent is older than itself, or there is no end to it.
        for _ in &self.plans {
            let Some(plan) = self.plans.iter().find(|plan| plan.row.number == number) else { break };
            let added = plan.row.diff.added.iter().filter_map(|id| self.tasks.get(id));
            planned.extend(added.map(|task| (&task.row.id, &task.row)));
            number = plan.row.parent;
        }
        planned
    }

    /// Whether something that the task waits for, however far, waits for a human.
    fn waits_for_a_human(&self, task: &Task) -> bool {
        let mut seen: BTreeSet<&TaskId> = BTreeSet::new();
        let mut left: Vec<&TaskId> = task.depends_on.iter().collect();
        while let Some(id) = left.pop() {
            let Some(parent) = self.tasks.get(id).filter(|_| seen.insert(id)) else { continue };
            if parent.row.status == TaskStatus::Held {
                return true;
            }
            left.extend(&parent.row.depends_on);
        }
        false
    }
}

/// While nobody answers: every task has ended, or waits for a human, itself or behind one that does; and the campaign is
/// over exactly where none does.
pub(super) fn at_rest(rows: &Rows) -> Broken {
    let mut broken = Broken::new();
    let status = rows.campaign.row.status;
    for task in rows.tasks() {
        // What looks at everything that is published waits while more may be published: the campaign watches.
        let watches = !status.is_over() && rows.campaign.row.brief.react.is_some();
        let waits_for_more = task.kind == TaskKind::Remember && watches;
        let waits = task.status == TaskStatus::Blocked && (waits_for_more || rows.waits_for_a_human(task));
        if !(task.status.is_final() || task.status == TaskStatus::Held || waits) {
            broken.push(("ends", format!("{} is {}, and nothing is left to do", task.id, task.status)));
        }
    }
    for effect in rows.effects.iter().map(|effect| &effect.row).filter(|effect| !effect.status.is_final()) {
        broken.push(("ends", format!("{} is {}, and nothing is left to do", effect.id, effect.status)));
    }
    let is_held = rows.tasks().any(|task| task.status == TaskStatus::Held);
    if is_held == status.is_over() {
        broken.push(("over", format!("the campaign is {status}, and tasks are held: {is_held}")));
    }
    if !status.is_over() {
        let open = rows.signals.iter().filter(|signal| signal.row.status == SignalStatus::Open);
        broken.extend(open.map(|signal| ("signals", format!("{} was never looked at", signal.row.id))));
    }
    broken
}

/// When everybody has answered.
pub(super) fn at_the_end(rows: &Rows, expected: &Expected) -> Broken {
    let mut broken = Broken::new();
    for task in rows.tasks().filter(|task| !task.status.is_final()) {
        broken.push(("ends", format!("{} is {} in the end", task.id, task.status)));
    }
    for effect in rows.effects.iter().filter(|effect| !effect.row.status.is_final()) {
        broken.push(("ends", format!("{} is {} in the end", effect.row.id, effect.row.status)));
    }
    let campaign = &rows.campaign.row;
    if !campaign.status.is_over() || campaign.due_at.is_some() || campaign.finished_at.is_none() {
        let due = campaign.due_at.map_or_else(|| "not due".to_owned(), |at| format!("due at {at}"));
        broken.push(("over", format!("everything is final, and the campaign is {}, {due}", campaign.status)));
    }
    broken.extend(reasons(rows, expected));
    broken.extend(shape(rows));
    broken.extend(money(rows, expected));
    broken.extend(signals(rows));
    broken
}

/// A plan that is none stops its campaign, says why, and leaves nothing behind; a sound one is stopped by a limit alone.
fn reasons(rows: &Rows, expected: &Expected) -> Broken {
    let campaign = &rows.campaign.row;
    let reason = campaign.reason.as_deref().unwrap_or_default();
    let is_stopped = campaign.status == CampaignStatus::Stopped;
    let wrong = match expected.flaw {
        Some(flaw) => {
            let is_told = flaw.says().iter().any(|words| reason.contains(words));
            !(is_stopped && is_told && rows.tasks.is_empty() && rows.plans.is_empty())
        }
        None => is_stopped && !LIMITS.iter().any(|limit| reason.starts_with(limit)),
    };
    let told = || {
        let (plans, tasks) = (rows.plans.len(), rows.tasks.len());
        let flaw = expected.flaw;
        format!("{flaw:?}: the campaign is {} ({reason:?}), {plans} plans, {tasks} tasks", campaign.status)
    };
    wrong.then(|| ("refused", told())).into_iter().collect()
}

/// No cycle, nothing too deep, nothing tried too often: looked for by other means than the planner's.
fn shape(rows: &Rows) -> Broken {
    let mut broken = Broken::new();
    let planned = rows.planned();
    let depths = depths(&planned);
    let cyclic = planned.keys().filter(|id| !depths.contains_key(*id));
    broken.extend(cyclic.map(|id| ("dag", format!("{id} waits for itself, or for nobody"))));
    let strange = rows.tasks().filter(|task| !planned.contains_key(&task.id));
    let strange = strange.filter(|task| task.status != TaskStatus::Dropped);
    broken.extend(strange.map(|task| ("plans", format!("no version has brought {} in", task.id))));
    let deep = depths.iter().filter(|(_, depth)| **depth > limits::PLAN_DEPTH);
    broken.extend(deep.map(|(id, depth)| ("limits", format!("{id} is {depth} deep"))));
    let tried = rows.tasks().filter(|task| task.tries > limits::TRIES_PER_TASK);
    broken.extend(tried.map(|task| ("limits", format!("{} was refused {} times", task.id, task.tries))));
    // [PL-13] [PL-14]
    let mut replaced: BTreeSet<&TaskId> = BTreeSet::new();
    for (task, of) in rows.tasks().filter_map(|task| Some((task, task.alternative_to.as_ref()?))) {
        let is_post = |task: &Task| task.kind == TaskKind::Write;
        let is_first = planned.get(of).is_some_and(|of| is_post(of) && of.alternative_to.is_none());
        if !(is_post(task) && is_first && replaced.insert(of)) {
            broken.push(("alternatives", format!("{} takes the place of {of}", task.id)));
        }
    }
    broken
}

/// How deep each task is; those in a cycle, or behind one, or behind nobody, have no depth.
fn depths<'a>(tasks: &BTreeMap<&'a TaskId, &'a Task>) -> BTreeMap<&'a TaskId, usize> {
    let mut depths: BTreeMap<&TaskId, usize> = BTreeMap::new();
    loop {
        let known = depths.len();
        for (id, task) in tasks {
            let parents: Option<Vec<usize>> =
                task.depends_on.iter().map(|parent| depths.get(parent).copied()).collect();
            if let Some(parents) = parents {
                depths.insert(*id, 1 + parents.into_iter().max().unwrap_or(0));
            }
        }
        if depths.len() == known {
            return depths;
        }
    }
}

/// [M-12] What was spent is within the limit, and settled to the last cent where the campaign finished.
fn money(rows: &Rows, expected: &Expected) -> Broken {
    let mut broken = Broken::new();
    let spent = rows.spent();
    if let Some(limit) = expected.limit.filter(|limit| expected.retries == 0 && spent > *limit) {
        broken.push(("limits", format!("{spent} cents were spent on models and tools, of {limit}")));
    }
    if rows.campaign.row.status != CampaignStatus::Finished {
        return broken;
    }
    let unsettled = rows.plans.iter().filter(|plan| plan.row.status != PlanStatus::Settled);
    broken.extend(
        unsettled.map(|plan| ("settled", format!("plan {} is {}", plan.row.number, plan.row.status))),
    );
    let settled: i64 = rows.plans.iter().filter_map(|plan| plan.row.settled).map(Money::minor).sum();
    if settled != spent {
        broken.push(("settled", format!("{spent} cents were spent, and plans settled {settled}")));
    }
    broken
}

/// Each signal was answered by a version that is there, no more often than the brief allows, and nobody twice.
fn signals(rows: &Rows) -> Broken {
    let mut broken = Broken::new();
    let numbers: BTreeSet<u32> = rows.plans.iter().map(|plan| plan.row.number).collect();
    let answered: Vec<&Signal> = rows
        .signals
        .iter()
        .map(|signal| &signal.row)
        .filter(|signal| signal.status == SignalStatus::Answered)
        .collect();
    let lost = answered.iter().filter(|signal| signal.plan.is_none_or(|plan| !numbers.contains(&plan)));
    broken.extend(lost.map(|signal| ("signals", format!("{} was answered by no plan", signal.id))));
    let ignored = rows.signals.iter().filter(|signal| signal.row.status == SignalStatus::Ignored);
    let silent = ignored.filter(|signal| signal.row.reason.is_none());
    broken
        .extend(silent.map(|signal| ("signals", format!("{} was ignored without a reason", signal.row.id))));
    let react = rows.campaign.row.brief.react.as_ref();
    for (what, most) in [
        ("mention", react.map_or(0, |react| react.mentions)),
        ("trend", react.map_or(0, |react| react.trends)),
    ] {
        let count = answered.iter().filter(|signal| signal.seen.name() == what).count();
        if u32::try_from(count).unwrap_or(u32::MAX) > most {
            broken.push(("limits", format!("{count} {what}s were answered, of {most}")));
        }
    }
    let mut mentions: BTreeSet<&str> = BTreeSet::new();
    // What a plan would have answered that nobody approved is answered by the next.
    let is_reply = |task: &&Task| task.kind == TaskKind::Reply && task.status != TaskStatus::Dropped;
    for task in rows.planned().into_values().filter(is_reply) {
        if let Binding::Mention { mention } = &task.binding
            && !mentions.insert(mention.id.as_str())
        {
            broken.push(("signals", format!("{} answers {} a second time", task.id, mention.id)));
        }
    }
    broken
}
