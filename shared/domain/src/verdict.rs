//! What the Judge found, with its evidence.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Confidence, Digest};

/// The Judge's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// Commit.
    Approve,
    /// Back to the planner, with feedback.
    Reject,
    /// To a human.
    Escalate,
}

/// A reason to ask a human, named by rule: `topic:politics`, `band:medium`, `hold_first`, `unreadable`, `tries:last`,
/// `budget:campaign`. An approval binds the set that was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flag(String);

impl Flag {
    /// A flag of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One rule that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleEvidence {
    /// The rule's id, such as `criterion:max-length` or `platform:x.length`.
    pub rule: String,
    /// Whether it was met.
    pub met: bool,
    /// What was seen, short enough for a card.
    pub seen: String,
}

/// Where the confidence comes from, each part in basis points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Share of acceptance criteria met.
    pub criteria: Confidence,
    /// Support of the claims in the cited source, as committed.
    pub support: Confidence,
    /// Fit to the persona.
    pub persona: Confidence,
    /// Distance from what was published before.
    pub novelty: Confidence,
    /// Rules looked at.
    pub rules: Vec<RuleEvidence>,
}

/// The Judge's answer, explained (promise 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The answer.
    pub kind: VerdictKind,
    /// How sure.
    pub confidence: Confidence,
    /// Why a human must see it; empty for a plain approval.
    pub flags: BTreeSet<Flag>,
    /// What the planner, or a person, should know.
    pub reasons: Vec<String>,
    /// What it rests on.
    pub evidence: Evidence,
    /// Which policy version was applied.
    pub policy_version: u64,
    /// Digest of that policy, whole.
    pub policy: Digest,
}
