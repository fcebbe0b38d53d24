//! How a campaign reacts to the world, as its brief says.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Confidence, Seen, limits};

/// What bears on a goal at least this much becomes a signal (FR2.1).
const RELEVANCE_MIN: u16 = 7_500;

/// What a campaign reacts to, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct React {
    /// How many people who say something to the agent it answers at most.
    #[serde(default)]
    pub mentions: u32,
    /// How many posts it writes at most about what several sources write about.
    #[serde(default)]
    pub trends: u32,
    /// The region whose news are meant, as the news server spells it; everywhere where it is not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The topic whose news are meant, as the news server spells it; all where it is not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Seconds after its start during which it watches. It is not finished before, unless it has reacted as often as it may.
    pub for_s: u32,
    /// What bears on its goal less than this is no signal.
    #[serde(default = "relevance_min")]
    pub relevance_min: Confidence,
}

fn relevance_min() -> Confidence {
    Confidence::new(RELEVANCE_MIN).unwrap_or(Confidence::ZERO)
}

/// Why what a brief says of reacting is refused. The operator corrects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReactError {
    /// It would react to nothing.
    #[error("react must allow mentions, trends or both")]
    Nothing,
    /// Too many reactions.
    #[error("react.mentions and react.trends must be at most {} together", limits::REACTIONS_PER_CAMPAIGN)]
    TooMany,
    /// It would watch for no time, or too long.
    #[error("react.for_s must be 1 to {}", limits::WATCH_S)]
    For,
    /// A region or topic that no address can carry.
    #[error("react.region and react.topic must be 1 to 40 of a-z, 0-9 and -")]
    Place,
}

impl React {
    /// How often it may react to what is like this.
    #[must_use]
    pub fn most(&self, seen: &Seen) -> u32 {
        match seen {
            Seen::Mention { .. } => self.mentions,
            Seen::Trend { .. } => self.trends,
        }
    }

    /// Checks it as a whole.
    ///
    /// # Errors
    /// The first [`ReactError`] found.
    pub fn check(&self) -> Result<(), ReactError> {
        match self.mentions.saturating_add(self.trends) {
            0 => return Err(ReactError::Nothing),
            1..=limits::REACTIONS_PER_CAMPAIGN => {}
            _ => return Err(ReactError::TooMany),
        }
        if !(1..=limits::WATCH_S).contains(&self.for_s) {
            return Err(ReactError::For);
        }
        let is_plain = |name: &String| {
            let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            (1..=40).contains(&name.len()) && name.bytes().all(fits)
        };
        if self.region.iter().chain(&self.topic).all(is_plain) { Ok(()) } else { Err(ReactError::Place) }
    }
}

/// Who opens a campaign's first plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanMode {
    /// The planner, as soon as it is drawn.
    #[default]
    Automatic,
    /// An operator, who may edit it first.
    ApproveFirst,
}

impl PlanMode {
    /// Whether it is what is meant where nothing is said.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        *self == Self::Automatic
    }
}
