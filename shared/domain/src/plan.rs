//! A plan: a DAG of tasks, versioned.

use std::collections::BTreeMap;

use jiff::Timestamp;
use petgraph::graphmap::DiGraphMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::transition::status;
use crate::{CampaignId, Money, OperatorId, Task, TaskId, TenantId, limits};

status! {
    /// Where a plan version stands.
    PlanStatus ("plan") {
        /// Its rows are being written.
        Draft = "draft",
        /// It is the campaign's plan.
        Open = "open",
        /// Nothing of it is left to do, or a newer version took over.
        Settled = "settled",
    }
    /// What may happen to a plan version.
    PlanEvent {
        /// All its rows are there.
        Open = "be opened": { Draft => Open },
        /// It is over.
        Settle = "be settled": { Open => Settled, Draft => Settled },
        /// A task of its campaign, which was finished, is to be done again.
        Reopen = "be reopened": { Settled => Open },
    }
}

/// What made a plan version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanCause {
    /// The brief: it is the first, or drawn anew before the first was opened.
    #[default]
    Brief,
    /// An operator edited it.
    Operator,
    /// Something that the plan rested on will not be there.
    Loss,
    /// A task that was refused too often gets another way.
    Alternative,
    /// Signals.
    Signals,
    /// A round ended and the goal was not met.
    Round,
}

/// What a version changes against its parent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDiff {
    /// New tasks.
    pub added: Vec<TaskId>,
    /// Tasks no longer wanted.
    pub dropped: Vec<TaskId>,
    /// Tasks that start over with other input.
    pub changed: Vec<TaskId>,
    /// How many tasks stay as they are; a running one commits without a second execution.
    pub kept: u32,
}

/// Whether a campaign's goal is met, as it was asked at the end of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalCheck {
    /// Whether it is.
    pub met: bool,
    /// Why, in a sentence for people.
    pub why: String,
    /// Posts that are missing where it is not.
    pub posts: u32,
    /// What asking cost.
    pub cost: Money,
}

/// A plan version (row `PLAN#<n>`); never the tasks themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// The version, from 1.
    pub number: u32,
    /// The version it replaces; 0 for the first.
    pub parent: u32,
    /// What made it.
    #[serde(default)]
    pub cause: PlanCause,
    /// Why it was drawn, for people.
    pub reason: String,
    /// What it changes.
    pub diff: PlanDiff,
    /// The most that it may cost to run as it is drawn: its drawing, and one attempt of each of its tasks.
    pub estimate: Money,
    /// Whether the goal was found met when all of it was done, where that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalCheck>,
    /// What its drawing cost.
    #[serde(default)]
    pub drawing: Option<Money>,
    /// The most that the campaign may have cost to run with every attempt opened so far. Retries raise it in the
    /// transaction that opens them, so that no two planners open the same room.
    #[serde(default)]
    pub reserved: Option<Money>,
    /// What running it did cost, from the rows, once it is settled.
    #[serde(default)]
    pub settled: Option<Money>,
    /// Who wanted another in its place, while it was a draft that waited for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Rejection>,
    /// Where it stands.
    pub status: PlanStatus,
    /// When it was drawn.
    pub created_at: Timestamp,
}

/// An operator wants another plan than the one that was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// Who.
    pub by: OperatorId,
    /// What is wrong with it: told to the model, as data.
    pub comment: String,
    /// When.
    pub at: Timestamp,
}

/// Why a plan is refused. The model is asked once more, then the campaign is stopped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// No task, or more than the limit.
    #[error("a plan has 1 to {max} tasks, not {0}", max = limits::TASKS_PER_PLAN)]
    Size(usize),
    /// The same id twice.
    #[error("task {0} is in the plan twice")]
    Duplicate(TaskId),
    /// It depends on a task that is not there.
    #[error("task {0} depends on {1}, which is not in the plan")]
    Missing(TaskId, TaskId),
    /// Tasks wait for each other.
    #[error("task {0} waits for itself")]
    Cycle(TaskId),
    /// Too long a chain.
    #[error("the plan is deeper than {} tasks", limits::PLAN_DEPTH)]
    Depth,
    /// An effect without acceptance criteria cannot be judged.
    #[error("task {0} would act on the world and has no acceptance criteria")]
    NoCriteria(TaskId),
}

/// Checks that the tasks form an acyclic, bounded plan in which everything that acts can be judged.
///
/// # Errors
/// The first [`PlanError`] found.
pub fn check_plan(tasks: &[Task]) -> Result<(), PlanError> {
    if tasks.is_empty() || tasks.len() > limits::TASKS_PER_PLAN {
        return Err(PlanError::Size(tasks.len()));
    }
    let mut index: BTreeMap<&TaskId, usize> = BTreeMap::new();
    for (at, task) in tasks.iter().enumerate() {
        if index.insert(&task.id, at).is_some() {
            return Err(PlanError::Duplicate(task.id.clone()));
        }
        if task.kind.acts() && task.criteria.is_empty() {
            return Err(PlanError::NoCriteria(task.id.clone()));
        }
    }
    let mut graph: DiGraphMap<usize, ()> = DiGraphMap::new();
    for (at, task) in tasks.iter().enumerate() {
        graph.add_node(at);
        for parent in &task.depends_on {
            let from =
                index.get(parent).ok_or_else(|| PlanError::Missing(task.id.clone(), parent.clone()))?;
            graph.add_edge(*from, at, ());
        }
    }
    let order = petgraph::algo::toposort(&graph, None)
        .map_err(|cycle| PlanError::Cycle(tasks[cycle.node_id()].id.clone()))?;
    check_depth(&graph, &order)
}

fn check_depth(graph: &DiGraphMap<usize, ()>, order: &[usize]) -> Result<(), PlanError> {
    let mut depth: BTreeMap<usize, usize> = BTreeMap::new();
    for node in order {
        let parents = graph.neighbors_directed(*node, petgraph::Direction::Incoming);
        let own = 1 + parents.filter_map(|p| depth.get(&p)).max().copied().unwrap_or(0);
        if own > limits::PLAN_DEPTH {
            return Err(PlanError::Depth);
        }
        depth.insert(*node, own);
    }
    Ok(())
}
