//! A campaign's plan as a graph: what every form is drawn from.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::{
    Binding, Campaign, CampaignId, CampaignStatus, Effect, EffectId, EffectStatus, Money, Plan, Priority,
    Row, Task, TaskId, TaskKind, TaskStatus,
};
use serde::{Deserialize, Serialize};

use crate::state::State;
use crate::text::Line;
use crate::version::{CostDelta, Perceived, Version};

/// [PL-20] A campaign's tasks with what they wait for, and the plan versions that made them. Its JSON is its serde form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignGraph {
    /// Which campaign.
    pub campaign: CampaignId,
    /// Where it stands.
    pub status: CampaignStatus,
    /// What was asked.
    pub goal: Line,
    /// Its revision.
    pub revision: u32,
    /// The newest version's number; 0 before the first.
    pub plan: u32,
    /// Every task that any version drew, in the plan's order.
    pub nodes: Vec<Node>,
    /// What waits for what.
    pub edges: Vec<Edge>,
    /// Every plan version, the oldest first.
    pub versions: Vec<Version>,
    /// What was perceived that bears on the campaign, the earliest first.
    pub signals: Vec<Perceived>,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its id.
    pub id: TaskId,
    /// What kind of work it is.
    pub kind: TaskKind,
    /// What is to be done.
    pub goal: Line,
    /// Where it stands.
    pub status: TaskStatus,
    /// Where the effect of its approval stands, if it has one.
    pub effect: Option<EffectStatus>,
    /// Whether that effect was taken back by another.
    pub taken_back: bool,
    /// Which queue carries it.
    pub priority: Priority,
    /// Its fence number.
    pub attempt: u32,
    /// How often it was rejected.
    pub tries: u32,
    /// What models and tools have cost for it so far.
    pub cost: Money,
    /// The plan version that last changed it.
    pub plan: u32,
    /// Why it failed or was dropped.
    pub reason: Option<Line>,
}

/// Why one task comes after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// It works with what the other made: one of its sources, or its picture.
    Input,
    /// It only waits until the other is over.
    Wait,
}

/// That one task comes after another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The task that comes first.
    pub from: TaskId,
    /// The task that waits for it.
    pub to: TaskId,
    /// Why.
    pub kind: EdgeKind,
}

/// An edge by the places of its ends among the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: EdgeKind,
}

impl Node {
    /// How it stands, with its effect.
    #[must_use]
    pub fn state(&self) -> State {
        State::of(self.status, self.effect, self.taken_back)
    }
}

/// The rows that matter here.
#[derive(Default)]
struct Rows {
    campaign: Option<Campaign>,
    plans: Vec<Plan>,
    tasks: Vec<Task>,
    effects: BTreeMap<EffectId, Effect>,
    signals: Vec<Perceived>,
}

impl CampaignGraph {
    /// [PL-20] The graph of one campaign's rows; none where its own row is not among them. Rows of other kinds are passed over. What
    /// depends on a task that is not among the rows is shown without that edge.
    #[must_use]
    pub fn of(rows: impl IntoIterator<Item = Row>) -> Option<Self> {
        let mut found = Rows::default();
        for row in rows {
            match row {
                Row::Campaign(row) => found.campaign = Some(*row),
                Row::Plan(row) => found.plans.push(*row),
                Row::Task(row) => found.tasks.push(*row),
                Row::Effect(row) => {
                    found.effects.insert(row.id.clone(), *row);
                }
                Row::Signal(row) => found.signals.push((*row).into()),
                _ => {}
            }
        }
        let campaign = found.campaign.take()?;
        Some(found.graph(campaign))
    }

    /// The edges whose ends are both there and differ, by the places of their ends.
    pub(crate) fn links(&self) -> Vec<Link> {
        let places: BTreeMap<&TaskId, usize> =
            self.nodes.iter().enumerate().map(|(at, node)| (&node.id, at)).collect();
        let link = |edge: &Edge| {
            let (from, to) = (*places.get(&edge.from)?, *places.get(&edge.to)?);
            (from != to).then_some(Link { from, to, kind: edge.kind })
        };
        self.edges.iter().filter_map(link).collect()
    }

    /// The version with this number.
    pub(crate) fn version(&self, number: u32) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// The signals that this version answers.
    pub(crate) fn answered_by(&self, number: u32) -> impl Iterator<Item = &Perceived> {
        self.signals.iter().filter(move |signal| signal.plan == Some(number))
    }
}

impl Rows {
    fn graph(mut self, campaign: Campaign) -> CampaignGraph {
        self.tasks.sort_by(|a, b| (a.ordinal, &a.id).cmp(&(b.ordinal, &b.id)));
        self.plans.sort_by_key(|plan| plan.number);
        self.signals.sort_by(|a, b| (a.seen_at, &a.id).cmp(&(b.seen_at, &b.id)));
        let kinds: BTreeMap<TaskId, TaskKind> =
            self.tasks.iter().map(|task| (task.id.clone(), task.kind)).collect();
        let edges = self.tasks.iter().flat_map(|task| edges_to(task, &kinds)).collect();
        let attempts: BTreeMap<TaskId, i64> =
            self.tasks.iter().map(|task| (task.id.clone(), task.attempt_cost())).collect();
        let deltas: Vec<CostDelta> =
            self.plans.iter().map(|plan| CostDelta::of(plan, &self.plans, &attempts)).collect();
        let versions = self.plans.into_iter().zip(deltas).map(|(plan, delta)| Version::of(plan, delta));
        let versions = versions.collect();
        let nodes = self.tasks.into_iter().map(|task| node(task, &self.effects)).collect();
        CampaignGraph {
            campaign: campaign.id,
            status: campaign.status,
            goal: campaign.brief.goal.into(),
            revision: campaign.revision,
            plan: campaign.plan,
            nodes,
            edges,
            versions,
            signals: self.signals,
        }
    }
}

fn node(task: Task, effects: &BTreeMap<EffectId, Effect>) -> Node {
    let effect = task.effect.as_ref().and_then(|id| effects.get(id));
    let is_undo = |undo: &Effect| {
        undo.undoes.is_some() && undo.undoes == task.effect && undo.status == EffectStatus::Done
    };
    Node {
        effect: effect.map(|effect| effect.status),
        taken_back: effects.values().any(is_undo),
        id: task.id,
        kind: task.kind,
        goal: task.goal.into(),
        status: task.status,
        priority: task.priority,
        attempt: task.attempt,
        tries: task.tries,
        cost: task.cost,
        plan: task.plan,
        reason: task.reason.map(Line::from),
    }
}

/// [PL-20] What the task comes after, each once: what it waits for, and what its binding names.
fn edges_to(task: &Task, kinds: &BTreeMap<TaskId, TaskKind>) -> Vec<Edge> {
    let bound = match &task.binding {
        Binding::SourceOf { task, .. } => Some(task),
        _ => None,
    };
    let mut seen = BTreeSet::new();
    let parents = task.depends_on.iter().chain(bound);
    let parents = parents.filter(|parent| **parent != task.id && seen.insert(*parent));
    let edge = |parent: &TaskId| {
        let makes_its_picture = kinds.get(parent)?.is_for_a_post() && task.kind == TaskKind::Write;
        let is_input = bound == Some(parent) || makes_its_picture;
        let kind = if is_input { EdgeKind::Input } else { EdgeKind::Wait };
        Some(Edge { from: parent.clone(), to: task.id.clone(), kind })
    };
    parents.filter_map(edge).collect()
}
