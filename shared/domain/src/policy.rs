//! Policy is data: per tenant, validated, versioned. A change is one write and acts at dispatch and at the claim.

mod check;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{AgentId, Confidence, Currency, Digest, Money};

pub use check::PolicyError;

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

/// How a post says what made it, beside the platform's own label, which every post carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// The platform's label is enough.
    #[default]
    Label,
    /// The text says it as well.
    LabelAndText,
}

/// Hours in which nothing is published, each day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From this time of day on, `HH:MM`.
    pub from: Time,
    /// Up to this time of day, exclusive; before `from` where the night lies between.
    pub to: Time,
    /// Distance from UTC in minutes, east positive; summer time is the operator's to enter.
    #[serde(default)]
    pub utc_offset_minutes: i16,
}

impl QuietHours {
    /// The end of the quiet hours that `at` falls into; none where it falls into none.
    #[must_use]
    pub fn end(&self, at: Timestamp) -> Option<Timestamp> {
        let offset = SignedDuration::from_mins(i64::from(self.utc_offset_minutes));
        let local = (at + offset).to_zoned(TimeZone::UTC).datetime();
        let (now, overnight) = (local.time(), self.from > self.to);
        let is_quiet =
            if overnight { now >= self.from || now < self.to } else { (self.from..self.to).contains(&now) };
        if !is_quiet {
            return None;
        }
        let ends_on =
            if overnight && now >= self.from { local.date().tomorrow().ok()? } else { local.date() };
        let end = ends_on.to_datetime(self.to).to_zoned(TimeZone::UTC).ok()?;
        Some(end.timestamp() - offset)
    }
}

/// What counts as saying the same again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NearDuplicate {
    /// How far back an agent's posts are compared, in UTC days, today included; 0 compares within the campaign only.
    pub window_days: u32,
}

impl Default for NearDuplicate {
    fn default() -> Self {
        Self { window_days: 7 }
    }
}

/// Money limits; a missing one is no limit. All in the policy's currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// One effect.
    pub per_effect: Option<Money>,
    /// One campaign, whatever its brief asks for.
    #[serde(default)]
    pub per_campaign: Option<Money>,
    /// One agent, one UTC day (FR5.2: 50 dollars by default).
    pub per_agent_day: Option<Money>,
    /// The tenant, one UTC day.
    pub per_tenant_day: Option<Money>,
    /// What models and tools may cost, one campaign.
    #[serde(default)]
    pub operating: Option<Money>,
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
    /// Its own quiet hours, instead of the tenant's.
    pub quiet_hours: Option<QuietHours>,
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
    /// The tenant's own topics, by name: words and phrases that go to a human.
    #[serde(default)]
    pub tenant_topics: BTreeMap<String, BTreeSet<String>>,
    /// Every campaign's effects are held until a human has approved this many of them; a brief may ask for more.
    #[serde(default)]
    pub hold_first: u32,
    /// Who may be paid; none given means anybody, where somebody new is for a human.
    #[serde(default)]
    pub recipients: Option<BTreeSet<String>>,
    /// When nothing is published.
    #[serde(default)]
    pub quiet_hours: Option<QuietHours>,
    /// What counts as saying the same again.
    #[serde(default)]
    pub near_duplicate: NearDuplicate,
    /// How a post says what made it.
    #[serde(default)]
    pub disclosure: Disclosure,
    /// The tenant declares that the platform has approved its automated replies; without it no reply is proposed.
    #[serde(default)]
    pub ai_replies_approved: bool,
    /// Whether agents may create tokens of their own. Where they may, a human is asked each time.
    #[serde(default)]
    pub token_deploy: bool,
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
            tenant_topics: BTreeMap::new(),
            hold_first: 0,
            recipients: None,
            quiet_hours: None,
            near_duplicate: NearDuplicate::default(),
            disclosure: Disclosure::default(),
            ai_replies_approved: false,
            token_deploy: false,
            caps: Caps { per_agent_day: Some(fifty), operating: Some(fifty), ..Caps::default() },
            ladder: vec![Rung { reviewers: vec!["reviewer".to_owned()], wait_s: 4 * 60 * 60 }],
            killed: false,
            killed_tools: BTreeSet::new(),
            agents: BTreeMap::new(),
        }
    }

    /// Digest of the whole policy: verdicts name it beside the version.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_json(&serde_json::to_value(self).unwrap_or_default())
    }

    /// The end of the quiet hours that `agent` is in at `at`, if it is in any.
    #[must_use]
    pub fn quiet_until(&self, agent: &AgentId, at: Timestamp) -> Option<Timestamp> {
        let own = self.agents.get(agent).and_then(|agent| agent.quiet_hours.as_ref());
        own.or(self.quiet_hours.as_ref())?.end(at)
    }

    /// Whether a switch forbids `agent` to use `server.tool` now.
    #[must_use]
    pub fn forbids(&self, agent: &AgentId, server: &str, tool: &str) -> bool {
        self.stops(agent) || self.killed_tools.contains(&format!("{server}.{tool}"))
    }

    /// Whether a switch, the tenant's or its own, stops all that `agent` does.
    #[must_use]
    pub fn stops(&self, agent: &AgentId) -> bool {
        self.killed || self.agents.get(agent).is_some_and(|agent| agent.killed)
    }

    /// Least time between two effects of the agent's account.
    #[must_use]
    pub fn pacing(&self, agent: &AgentId) -> Duration {
        let seconds = self.agents.get(agent).map_or(0, |a| a.pacing_s);
        Duration::from_secs(u64::from(seconds))
    }
}
