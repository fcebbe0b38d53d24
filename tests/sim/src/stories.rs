//! Beginnings that several stories share.

use chimera_domain::{Confidence, MediumBand, Policy, Review, Stored, Subject, Thresholds};
use chimera_testkit::builders::a_campaign;
use chimera_testkit::{Article, Mode};

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

/// An article unlike its neighbours.
#[must_use]
pub fn an_article(at: u32) -> Article {
    let pick = |words: &[&'static str], step: u32| {
        let len = u32::try_from(words.len()).unwrap_or(1).max(1);
        words.get(usize::try_from((at / step) % len).unwrap_or(0)).copied().unwrap_or_default()
    };
    let name =
        format!("{}{}", pick(&["Lantern", "Pebble", "Drift", "Thimble", "Quill", "Anvil", "Fern"], 1), at);
    let does = pick(
        &["indexes old mail", "draws street maps", "trims audio", "renames photos", "checks spelling"],
        1,
    );
    let needs = pick(&["a single binary", "one text file", "no account", "no network", "an old laptop"], 5);
    let shows = pick(&["every change in a list", "a preview first", "what it skipped", "its own log"], 2);
    let text = format!(
        "{name} {does} and asks for {needs}. Version {at} reads {} files in about {} seconds. It shows {shows} before \
         anything is written. The project is kept by {} volunteers in their evenings.",
        at * 130 + 700,
        at % 9 + 2,
        at % 6 + 2,
    );
    Article::new(&format!("tool-{at}"), &format!("{name} {does}"), &text)
}
