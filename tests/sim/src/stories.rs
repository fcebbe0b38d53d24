//! Beginnings that several stories share.

use chimera_domain::{Confidence, MediumBand, Policy, Review, Stored, Subject, Thresholds};
use chimera_testkit::Mode;
use chimera_testkit::builders::a_campaign;

use crate::SwarmWorld;

/// Whatever is answered is of the medium band, and goes where `band` says.
pub fn all_is_medium(policy: &mut Policy, band: MediumBand) {
    policy.medium_band = band;
    policy.thresholds = Thresholds { approve: Confidence::FULL, hold: Confidence::ZERO };
}

impl SwarmWorld {
    /// A quiet world with a campaign of one post, whose first call the platform takes so.
    pub async fn with_one_post(mode: Mode) -> Self {
        let world = Self::new();
        world.platform.next(mode);
        world.start(a_campaign().posts(1)).await;
        world.run_until_quiet().await;
        world
    }

    /// The open question about a post that goes out before it is answered.
    #[must_use]
    pub fn question_after(&self) -> Option<Stored<Review>> {
        let is_after = |review: &Stored<Review>| matches!(review.row.subject, Subject::Published { .. });
        self.open_reviews().into_iter().find(is_after)
    }
}
