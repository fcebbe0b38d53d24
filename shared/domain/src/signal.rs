//! A signal: something perceived in the world that bears on a campaign.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::transition::status;
use crate::{CampaignId, Confidence, Digest, Mention, SignalId, TenantId};

status! {
    /// Where a signal stands.
    SignalStatus ("signal") {
        /// The planner has not looked at it.
        Open = "open",
        /// A plan version answers it.
        Answered = "answered",
        /// Nothing follows from it; its row says why.
        Ignored = "ignored",
    }
    /// What may happen to a signal.
    SignalEvent {
        /// The planner made a plan version that answers it.
        Answer = "be answered": { Open => Answered },
        /// The planner, by a limit or a policy, makes nothing of it.
        Ignore = "be ignored": { Open => Ignored },
    }
}

/// What was perceived. All text is from outside: data, never instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Seen {
    /// Somebody said something to the agent.
    Mention {
        /// It.
        mention: Mention,
        /// Whether it asks the agent something and expects an answer.
        asks: bool,
        /// The platform's id of the post it answers, if it answers one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_reply_to: Option<String>,
    },
    /// Several sources write about the same thing.
    Trend {
        /// The newest article's title.
        headline: String,
        /// The words its articles share, the most frequent first.
        terms: Vec<String>,
        /// Ids of its articles at the news server, the newest first.
        articles: Vec<String>,
        /// Who wrote about it.
        sources: Vec<String>,
        /// How much it is a trend.
        strength: Confidence,
    },
}

impl Seen {
    /// What kind it is, for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mention { .. } => "mention",
            Self::Trend { .. } => "trend",
        }
    }
}

impl SignalId {
    /// The signal that a mention makes: derived, so that whoever sees it twice names the same row.
    #[must_use]
    pub fn of_mention(mention: &str) -> Self {
        Self::derived("mention", mention)
    }

    /// The signal that a trend makes, by its earliest article: a trend that grows stays the same.
    #[must_use]
    pub fn of_trend(earliest_article: &str) -> Self {
        Self::derived("trend", earliest_article)
    }

    fn derived(what: &str, of: &str) -> Self {
        let digest = Digest::of_bytes(of.as_bytes());
        let hex: String = digest.as_str().trim_start_matches("sha256:").chars().take(16).collect();
        Self::trusted(format!("{what}-{hex}"))
    }
}

/// Something perceived that bears on a campaign (row `SIGNAL#<id>`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign it bears on.
    pub campaign: CampaignId,
    /// Its id, derived from what was perceived.
    pub id: SignalId,
    /// What was perceived.
    pub seen: Seen,
    /// How much it bears on the campaign's goal.
    pub relevance: Confidence,
    /// Why it was found relevant, for people.
    pub why: String,
    /// Where it stands.
    pub status: SignalStatus,
    /// Why it was ignored, for people.
    pub reason: Option<String>,
    /// The plan version that answers it.
    pub plan: Option<u32>,
    /// When it was perceived.
    pub seen_at: Timestamp,
}
