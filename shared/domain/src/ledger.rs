//! The ledger: reserve, then settle or release. Buckets hold what is used; entries are never changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AgentId, CampaignId, Currency, EffectId, Money, RowKey, TenantId};

/// A sum that has a cap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "bucket", rename_all = "snake_case")]
pub enum Bucket {
    /// One agent on one UTC day.
    AgentDay {
        /// The agent.
        agent: AgentId,
        /// The day as `YYYY-MM-DD`.
        day: String,
    },
    /// One campaign, whole.
    Campaign {
        /// The campaign.
        campaign: CampaignId,
    },
    /// A tenant on one UTC day.
    TenantDay {
        /// The day as `YYYY-MM-DD`.
        day: String,
    },
}

impl Bucket {
    /// The UTC day of `at`, as buckets spell it.
    #[must_use]
    pub fn day(at: Timestamp) -> String {
        at.strftime("%Y-%m-%d").to_string()
    }

    /// Where the bucket's row is.
    #[must_use]
    pub fn key(&self, tenant: &TenantId) -> RowKey {
        let sk = match self {
            Self::AgentDay { agent, day } => format!("BUCKET#A#{agent}#{day}"),
            Self::Campaign { campaign } => format!("BUCKET#C#{campaign}"),
            Self::TenantDay { day } => format!("BUCKET#DAY#{day}"),
        };
        RowKey { pk: format!("T#{tenant}#LEDGER"), sk }
    }
}

/// A bucket's row: what is reserved and spent together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketRow {
    /// Reserved plus spent, in minor units.
    pub used: i64,
}

/// Money set aside for one effect, in the buckets that had a cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Which reservation of the effect it is, from 1.
    pub number: u32,
    /// The upper bound that was set aside.
    pub amount: Money,
    /// The UTC day it was made: a claim on a later day is judged again.
    pub day: String,
    /// Where it counts.
    pub buckets: Vec<Bucket>,
}

/// How a reservation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Close {
    /// It was spent; the rest goes back.
    Settle,
    /// Nothing was spent; all goes back.
    Release,
}

/// A ledger entry. There are two per reservation: its opening, and one closing that can be written once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum LedgerEntry {
    /// Money was set aside.
    Reserve {
        /// For which campaign.
        campaign: CampaignId,
        /// For which effect.
        effect: EffectId,
        /// The reservation.
        reservation: Reservation,
        /// When.
        at: Timestamp,
    },
    /// It was spent or given back.
    Close {
        /// For which campaign.
        campaign: CampaignId,
        /// For which effect.
        effect: EffectId,
        /// Which reservation.
        number: u32,
        /// How it ended.
        how: Close,
        /// What was spent.
        spent: Money,
        /// When.
        at: Timestamp,
    },
    /// Money went out beyond or outside a reservation, found late: alarmed, never silently dropped.
    Late {
        /// For which campaign.
        campaign: CampaignId,
        /// For which effect.
        effect: EffectId,
        /// What was spent.
        spent: Money,
        /// When.
        at: Timestamp,
    },
}

impl LedgerEntry {
    /// Where the entry's row is. Both ways to close share one key, so that only one can be.
    #[must_use]
    pub fn key(&self, tenant: &TenantId) -> RowKey {
        let (campaign, sk) = match self {
            Self::Reserve { campaign, effect, reservation, .. } => {
                (campaign, format!("ENTRY#{effect}#{}#reserve", reservation.number))
            }
            Self::Close { campaign, effect, number, .. } => {
                (campaign, format!("ENTRY#{effect}#{number}#close"))
            }
            Self::Late { campaign, effect, .. } => (campaign, format!("ENTRY#{effect}#late")),
        };
        RowKey { pk: format!("T#{tenant}#C#{campaign}"), sk }
    }

    /// When it was written.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Reserve { at, .. } | Self::Close { at, .. } | Self::Late { at, .. } => *at,
        }
    }

    /// The currency of its amount.
    #[must_use]
    pub fn currency(&self) -> Currency {
        match self {
            Self::Reserve { reservation, .. } => reservation.amount.currency(),
            Self::Close { spent, .. } | Self::Late { spent, .. } => spent.currency(),
        }
    }
}
