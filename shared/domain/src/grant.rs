//! The Judge's signature over one effect. Without it a write tool does nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AgentId, CampaignId, Digest, EffectId, Money, TenantId, canonical_json};

/// What the Judge signs: who may do exactly what, where, for how much, until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// This grant's id; burnt by the write server before it acts.
    pub id: String,
    /// Which key signed it.
    pub key: String,
    /// Whose effect.
    pub tenant: TenantId,
    /// Who acts.
    pub agent: AgentId,
    /// The campaign of the effect, whose id is unique there only.
    pub campaign: CampaignId,
    /// Which effect.
    pub effect: EffectId,
    /// The server and stack it is for, as `<server>@<stack>`.
    pub audience: String,
    /// The tool.
    pub tool: String,
    /// Digest of the canonical arguments.
    pub arguments: Digest,
    /// The most it may cost.
    pub max_cost: Money,
    /// Policy version it was judged under.
    pub policy_version: u64,
    /// Until when it may be burnt.
    pub expires_at: Timestamp,
}

impl Grant {
    /// The signed bytes.
    #[must_use]
    pub fn message(&self) -> String {
        canonical_json(&serde_json::to_value(self).unwrap_or_default())
    }
}

/// A grant with its Ed25519 signature in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedGrant {
    /// What was signed.
    pub grant: Grant,
    /// Ed25519 over [`Grant::message`], standard base64.
    pub signature: String,
}
