//! Policy is data: per tenant, validated, versioned. A change is one write and acts at dispatch and at the claim.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{AgentId, Confidence, Currency, Money};

/// The topics that always go to a human (NFR1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Elections, parties, office holders, contested public policy.
    Politics,
    /// What to take, do or avoid for one's health.
    HealthAdvice,
    /// What to buy, sell, hold or borrow.
    FinancialAdvice,
    /// Accusations, legal rights, guarantees.
    LegalClaims,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 4] = [Self::Politics, Self::HealthAdvice, Self::FinancialAdvice, Self::LegalClaims];

    /// As rows and screens spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Politics => "politics",
            Self::HealthAdvice => "health_advice",
            Self::FinancialAdvice => "financial_advice",
            Self::LegalClaims => "legal_claims",
        }
    }
}

/// The confidence thresholds (NFR1.1): above `approve` is approved, from `hold` to `approve` inclusive is held, below
/// `hold` is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Approved above this.
    pub approve: Confidence,
    /// Held from this on.
    pub hold: Confidence,
}

/// Which band a confidence falls into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// Above `approve`.
    High,
    /// From `hold` to `approve`, both inclusive.
    Medium,
    /// Below `hold`.
    Low,
}

impl Thresholds {
    /// The band of `confidence`.
    #[must_use]
    pub fn band(self, confidence: Confidence) -> Band {
        if confidence > self.approve {
            Band::High
        } else if confidence >= self.hold {
            Band::Medium
        } else {
            Band::Low
        }
    }
}

/// What happens in the medium band (the source documents disagree).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediumBand {
    /// Held before anything happens.
    Hold,
    /// Published, then reviewed; a rejection proposes the delete.
    PublishThenReview,
}

/// What happens in the low band (the source documents disagree).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LowBand {
    /// Rejected with feedback; a human only when tries run out.
    Retry,
    /// Straight to a human.
    Human,
}

/// Money limits; a missing one is no limit. All in the policy's currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// One effect.
    pub per_effect: Option<Money>,
    /// One agent, one UTC day (FR5.2: 50 dollars by default).
    pub per_agent_day: Option<Money>,
    /// The tenant, one UTC day.
    pub per_tenant_day: Option<Money>,
}

/// One step of the ladder of reviewers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Who is told; role or person names.
    pub reviewers: Vec<String>,
    /// How long they have, in seconds.
    pub wait_s: u32,
}

/// Switches and pace of one agent's account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentPolicy {
    /// Nothing this agent does reaches the world while set.
    pub killed: bool,
    /// Least time between two posts of the account, in seconds.
    pub pacing_s: u32,
}

/// A tenant's policy (row `POLICY`). `version` and writer live on the row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The one currency budgets are kept in.
    pub currency: Currency,
    /// Confidence thresholds.
    pub thresholds: Thresholds,
    /// Medium band.
    pub medium_band: MediumBand,
    /// Low band.
    pub low_band: LowBand,
    /// Topics that go to a human.
    pub topics: BTreeSet<Topic>,
    /// Money limits.
    pub caps: Caps,
    /// Who is asked, in turn.
    pub ladder: Vec<Rung>,
    /// The tenant's kill switch: nothing reaches the world while set.
    pub killed: bool,
    /// Tools that may not be used, as `server.tool`.
    pub killed_tools: BTreeSet<String>,
    /// Per agent; others have the default.
    pub agents: BTreeMap<AgentId, AgentPolicy>,
}

/// Why a policy is refused. The operator corrects it; the old one stays.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// `hold` is above `approve`.
    #[error("thresholds.hold must not be above thresholds.approve")]
    Thresholds,
    /// Nobody would ever be asked.
    #[error("ladder must have 1 to 10 rungs, each with a reviewer and a wait of 1 second to 30 days")]
    Ladder,
    /// Prices are known in dollars only, and nothing is ever converted.
    #[error("currency must be USD: no price is known in {0}")]
    NoPrices(Currency),
    /// Publishing first needs a tool that takes a post back, which no server has.
    #[error("medium_band must be hold: no server can take a post back")]
    MediumBand,
    /// A cap in another currency than the policy.
    #[error("caps.{0} is not in the policy's currency")]
    Currency(&'static str),
}

impl Policy {
    /// The policy a tenant starts with.
    #[must_use]
    pub fn standard(currency: Currency) -> Self {
        let fifty = Money::new(5_000, currency).unwrap_or(Money::zero(currency));
        Self {
            currency,
            thresholds: Thresholds { approve: Confidence::share(9, 10), hold: Confidence::share(7, 10) },
            medium_band: MediumBand::Hold,
            low_band: LowBand::Retry,
            topics: Topic::ALL.into_iter().collect(),
            caps: Caps { per_effect: None, per_agent_day: Some(fifty), per_tenant_day: None },
            ladder: vec![Rung { reviewers: vec!["reviewer".to_owned()], wait_s: 4 * 60 * 60 }],
            killed: false,
            killed_tools: BTreeSet::new(),
            agents: BTreeMap::new(),
        }
    }

    /// Checks the policy as a whole.
    ///
    /// # Errors
    /// The first [`PolicyError`] found.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.thresholds.hold > self.thresholds.approve {
            return Err(PolicyError::Thresholds);
        }
        let month_s = 30 * 24 * 60 * 60;
        let rung_is_sound = |rung: &Rung| !rung.reviewers.is_empty() && (1..=month_s).contains(&rung.wait_s);
        if !(1..=10).contains(&self.ladder.len()) || !self.ladder.iter().all(rung_is_sound) {
            return Err(PolicyError::Ladder);
        }
        if self.currency != Currency::Usd {
            return Err(PolicyError::NoPrices(self.currency));
        }
        if self.medium_band != MediumBand::Hold {
            return Err(PolicyError::MediumBand);
        }
        let caps = [
            ("per_effect", self.caps.per_effect),
            ("per_agent_day", self.caps.per_agent_day),
            ("per_tenant_day", self.caps.per_tenant_day),
        ];
        for (name, cap) in caps {
            if cap.is_some_and(|cap| cap.currency() != self.currency) {
                return Err(PolicyError::Currency(name));
            }
        }
        Ok(())
    }

    /// Whether a switch forbids `agent` to use `server.tool` now.
    #[must_use]
    pub fn forbids(&self, agent: &AgentId, server: &str, tool: &str) -> bool {
        self.killed
            || self.agents.get(agent).is_some_and(|a| a.killed)
            || self.killed_tools.contains(&format!("{server}.{tool}"))
    }

    /// Least time between two effects of the agent's account.
    #[must_use]
    pub fn pacing(&self, agent: &AgentId) -> Duration {
        let seconds = self.agents.get(agent).map_or(0, |a| a.pacing_s);
        Duration::from_secs(u64::from(seconds))
    }
}
