//! What a policy must be as a whole, beyond what its fields are.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{Policy, QuietHours, Rung};
use crate::{AgentId, Currency, is_carriable};

/// Days of an agent's history that one judgement reads at most.
const MAX_WINDOW_DAYS: u32 = 31;

/// Why a policy is refused. The operator corrects it; the old one stays. The message goes with its [`PolicyError::place`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// `hold` is above `approve`.
    #[error("must not be above thresholds.approve")]
    Thresholds,
    /// Nobody would ever be asked.
    #[error("must have 1 to 10 rungs, each with reviewers who have names and a wait of 1 second to 30 days")]
    Ladder,
    /// A topic of the tenant's without a usable name or words.
    #[error(
        "must have a name of a-z, 0-9 and _, at most 64, and 1 to 500 words or phrases of 2 to 100 characters"
    )]
    TenantTopic(String),
    /// More topics than a screen should hold.
    #[error("must be at most 20 topics")]
    TenantTopics,
    /// Quiet hours without an end, or at an offset that no place on earth has; the tenant's, or an agent's.
    #[error("must begin and end at different times, at an offset of -840 to 840 minutes")]
    QuietHours(Option<AgentId>),
    /// A window that would read for ever.
    #[error("must be at most {MAX_WINDOW_DAYS} days")]
    Window,
    /// A switch that is no tool's name, or a recipient without one.
    #[error("must be names without spaces; a tool's is server.tool")]
    Name(&'static str),
    /// Prices are known in dollars only, and nothing is ever converted.
    #[error("must be USD: no price is known in {0}")]
    NoPrices(Currency),
    /// A cap in another currency than the policy.
    #[error("must be in the policy's currency")]
    Currency(&'static str),
}

impl PolicyError {
    /// Where in the policy it is: names from the outside in.
    #[must_use]
    pub fn place(&self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Thresholds => &["thresholds", "hold"],
            Self::Ladder => &["ladder"],
            Self::TenantTopic(name) => &["tenant_topics", name],
            Self::TenantTopics => &["tenant_topics"],
            Self::QuietHours(None) => &["quiet_hours"],
            Self::QuietHours(Some(agent)) => &["agents", agent.as_str(), "quiet_hours"],
            Self::Window => &["near_duplicate", "window_days"],
            Self::Name(name) => &[name],
            Self::NoPrices(_) => &["currency"],
            Self::Currency(cap) => &["caps", cap],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

impl Policy {
    /// Checks the policy as a whole.
    ///
    /// # Errors
    /// The first [`PolicyError`] found.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.thresholds.hold > self.thresholds.approve {
            return Err(PolicyError::Thresholds);
        }
        let month_s = 30 * 24 * 60 * 60;
        let rung_is_sound = |rung: &Rung| {
            let is_named = |reviewer: &String| !reviewer.trim().is_empty() && is_carriable(reviewer);
            let asks_somebody = !rung.reviewers.is_empty() && rung.reviewers.iter().all(is_named);
            asks_somebody && (1..=month_s).contains(&rung.wait_s)
        };
        if !(1..=10).contains(&self.ladder.len()) || !self.ladder.iter().all(rung_is_sound) {
            return Err(PolicyError::Ladder);
        }
        if self.currency != Currency::Usd {
            return Err(PolicyError::NoPrices(self.currency));
        }
        self.check_names()?;
        self.check_hours()?;
        if self.near_duplicate.window_days > MAX_WINDOW_DAYS {
            return Err(PolicyError::Window);
        }
        let caps = [
            ("per_effect", self.caps.per_effect),
            ("per_campaign", self.caps.per_campaign),
            ("per_agent_day", self.caps.per_agent_day),
            ("per_tenant_day", self.caps.per_tenant_day),
            ("operating", self.caps.operating),
        ];
        for (name, cap) in caps {
            if cap.is_some_and(|cap| cap.currency() != self.currency) {
                return Err(PolicyError::Currency(name));
            }
        }
        Ok(())
    }

    fn check_hours(&self) -> Result<(), PolicyError> {
        let of_agents = self.agents.iter().map(|(id, agent)| (Some(id), agent.quiet_hours.as_ref()));
        for (agent, hours) in std::iter::once((None, self.quiet_hours.as_ref())).chain(of_agents) {
            let is_unsound = |hours: &QuietHours| {
                hours.from == hours.to || hours.utc_offset_minutes.unsigned_abs() > 14 * 60
            };
            if hours.is_some_and(is_unsound) {
                return Err(PolicyError::QuietHours(agent.cloned()));
            }
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), PolicyError> {
        if self.tenant_topics.len() > 20 {
            return Err(PolicyError::TenantTopics);
        }
        let is_name = |name: &str| {
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            (1..=64).contains(&name.len()) && name.chars().all(is_plain)
        };
        let is_usable = |words: &BTreeSet<String>| {
            let fits = |word: &String| (2..=100).contains(&word.trim().chars().count());
            (1..=500).contains(&words.len()) && words.iter().all(fits)
        };
        if let Some((name, _)) =
            self.tenant_topics.iter().find(|(name, words)| !is_name(name) || !is_usable(words))
        {
            return Err(PolicyError::TenantTopic(name.clone()));
        }
        let is_word = |name: &String| !name.is_empty() && !name.contains(char::is_whitespace);
        let has_dot =
            |tool: &String| tool.split_once('.').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
        if !self.killed_tools.iter().all(|tool| is_word(tool) && has_dot(tool)) {
            return Err(PolicyError::Name("killed_tools"));
        }
        if !self.recipients.iter().flatten().all(is_word) {
            return Err(PolicyError::Name("recipients"));
        }
        Ok(())
    }
}
