//! Plan versions, what each changes of the cost, and the signals that they answer.

use std::collections::BTreeMap;
use std::fmt;

use chimera_domain::{
    Confidence, Currency, GoalCheck, Money, Plan, PlanCause, PlanStatus, Seen, Signal, SignalId,
    SignalStatus, TaskId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::text::Line;

/// How much more, or less, a version may cost than the one it replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostDelta {
    /// In minor units; below zero where the version saves.
    pub minor: i64,
    /// The campaign's currency.
    pub currency: Currency,
}

impl CostDelta {
    /// [PL-21] A version that was drawn as a whole, from the brief or by an operator, may cost its estimate, less that of the version
    /// it replaces, if it replaces one. Any other goes on from its parent: it costs what it adds and starts over, which is its
    /// estimate, less one attempt of each task that it drops. Tasks of which `attempts` knows nothing, in minor
    /// units, count as nothing.
    #[must_use]
    pub fn of(plan: &Plan, versions: &[Plan], attempts: &BTreeMap<TaskId, i64>) -> Self {
        let less = match plan.cause {
            PlanCause::Brief | PlanCause::Operator => {
                let parent = versions.iter().find(|version| version.number == plan.parent);
                parent.map_or(0, |parent| parent.estimate.minor())
            }
            PlanCause::Loss | PlanCause::Alternative | PlanCause::Signals | PlanCause::Round => {
                let dropped = plan.diff.dropped.iter().filter_map(|id| attempts.get(id));
                dropped.copied().fold(0, i64::saturating_add)
            }
        };
        Self { minor: plan.estimate.minor().saturating_sub(less), currency: plan.estimate.currency() }
    }
}

impl fmt::Display for CostDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, amount) = (if self.minor < 0 { '-' } else { '+' }, self.minor.unsigned_abs());
        write!(f, "{sign}{}.{:02} {}", amount / 100, amount % 100, self.currency)
    }
}

/// [PL-21] A plan version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its number, from 1.
    pub number: u32,
    /// The version it replaces; 0 for the first.
    pub parent: u32,
    /// Where it stands.
    pub status: PlanStatus,
    /// What made it.
    pub cause: PlanCause,
    /// Why it was drawn.
    pub reason: Line,
    /// New tasks.
    pub added: Vec<TaskId>,
    /// Tasks no longer wanted.
    pub dropped: Vec<TaskId>,
    /// Tasks that start over.
    pub changed: Vec<TaskId>,
    /// How many tasks stay as they are.
    pub kept: u32,
    /// The most that it may cost to run as it was drawn.
    pub estimate: Money,
    /// Against its parent.
    pub cost_delta: CostDelta,
    /// What running it did cost, once it is over.
    pub settled: Option<Money>,
    /// Whether the goal was found met when all of it was done, where that was asked.
    pub goal: Option<GoalFound>,
    /// What an operator said who wanted another in its place.
    pub rejected: Option<Line>,
    /// When it was drawn.
    pub created_at: Timestamp,
}

/// What was found at the end of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalFound {
    /// Whether the goal is met.
    pub met: bool,
    /// Why.
    pub why: Line,
}

impl From<GoalCheck> for GoalFound {
    fn from(check: GoalCheck) -> Self {
        Self { met: check.met, why: check.why.into() }
    }
}

impl Version {
    pub(crate) fn of(plan: Plan, cost_delta: CostDelta) -> Self {
        Self {
            cost_delta,
            number: plan.number,
            parent: plan.parent,
            status: plan.status,
            cause: plan.cause,
            reason: plan.reason.into(),
            added: plan.diff.added,
            dropped: plan.diff.dropped,
            changed: plan.diff.changed,
            kept: plan.diff.kept,
            estimate: plan.estimate,
            settled: plan.settled,
            goal: plan.goal.map(GoalFound::from),
            rejected: plan.rejected.map(|rejection| rejection.comment.into()),
            created_at: plan.created_at,
        }
    }
}

/// Something perceived that bears on the campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Perceived {
    /// Its id.
    pub id: SignalId,
    /// What kind of thing, in a word.
    pub what: Line,
    /// What was said.
    pub said: Line,
    /// How much it bears on the goal.
    pub relevance: Confidence,
    /// Why it was found relevant.
    pub why: Line,
    /// Where it stands.
    pub status: SignalStatus,
    /// Why nothing follows from it, where nothing does.
    pub reason: Option<Line>,
    /// The plan version that answers it.
    pub plan: Option<u32>,
    /// When it was perceived.
    pub seen_at: Timestamp,
}

impl From<Signal> for Perceived {
    fn from(signal: Signal) -> Self {
        let said = match &signal.seen {
            Seen::Mention { mention, .. } => Line::from(format!("{}: {}", mention.author, mention.text)),
            Seen::Trend { headline, .. } => Line::from(headline.as_str()),
        };
        Self {
            id: signal.id,
            what: signal.seen.name().into(),
            said,
            relevance: signal.relevance,
            why: signal.why.into(),
            status: signal.status,
            reason: signal.reason.map(Line::from),
            plan: signal.plan,
            seen_at: signal.seen_at,
        }
    }
}
