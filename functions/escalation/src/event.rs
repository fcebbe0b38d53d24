//! The workflow's input to this function.

use std::fmt;

use chimera_domain::{CampaignId, ReviewId, TenantId};
use serde::Deserialize;

/// A workflow's token for one rung of a review.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Park {
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// Which review.
    pub review: ReviewId,
    /// Which rung.
    pub rung: u32,
    /// Which start of that rung.
    pub start: u32,
    /// The token.
    pub token: String,
}

impl fmt::Debug for Park {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Park({} {} {})", self.review, self.rung, self.start)
    }
}
