//! What an agent watches, and what it has seen: perception's memory.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AgentId, CampaignId, TenantId};

/// A title that was read, kept while the news are news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headline {
    /// The article's id at the news server.
    pub id: String,
    /// Its title. Text from outside: data, never instruction.
    pub title: String,
    /// Who wrote it.
    pub source: String,
    /// The region and topic that were asked about, as the address spells them: `any/any` for all of them.
    #[serde(default)]
    pub place: String,
    /// When it came out.
    pub at: Timestamp,
}

/// What an agent watches for its campaigns (row `WATCH` of the agent).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Whose.
    pub tenant: TenantId,
    /// Which agent.
    pub agent: AgentId,
    /// The campaigns that react to what is seen, the oldest first. Perception takes out those that are over.
    pub campaigns: Vec<CampaignId>,
    /// The newest mention that was looked at, by the platform's id.
    pub newest_mention: Option<String>,
    /// What was read in the last hours, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headlines: Vec<Headline>,
    /// The regions and topics, as their addresses spell them, whose news were not heard when it was looked at last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<String>,
    /// When it was looked at last.
    pub looked_at: Option<Timestamp>,
    /// Looks in a row that found no source answering.
    #[serde(default)]
    pub failures: u32,
    /// When it is looked at next; none while no campaign reacts.
    pub due_at: Option<Timestamp>,
}

impl Watch {
    /// A watch that nothing has been seen by.
    #[must_use]
    pub fn new(tenant: TenantId, agent: AgentId) -> Self {
        Self {
            tenant,
            agent,
            campaigns: Vec::new(),
            newest_mention: None,
            headlines: Vec::new(),
            silent: Vec::new(),
            looked_at: None,
            failures: 0,
            due_at: None,
        }
    }

    /// The watch with one more campaign, due at once.
    #[must_use]
    pub fn for_campaign(mut self, campaign: CampaignId, now: Timestamp) -> Self {
        if !self.campaigns.contains(&campaign) {
            self.campaigns.push(campaign);
        }
        self.due_at = Some(now);
        self
    }
}
