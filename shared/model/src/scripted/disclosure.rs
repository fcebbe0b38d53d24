//! What a text says about itself: that an AI made it, and that somebody pays for it.

use chimera_domain::{Check, Criterion};

use super::manner::Manner;

/// Short ways to say it, so that there is room for what a post is about.
const BY_AN_AI: [&str; 6] = [
    "I'm an AI.",
    "Written by an AI.",
    "Made by an AI.",
    "An AI wrote this.",
    "This is an AI account.",
    "Posted by an AI.",
];

/// What has to be said.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Disclosures {
    ai: bool,
    sponsor: bool,
}

impl Disclosures {
    /// From criteria, and from what the Judge said of earlier drafts.
    pub(super) fn of(criteria: &[Criterion], feedback: &[String]) -> Self {
        let asks = |check: Check| criteria.iter().any(|criterion| criterion.check == check);
        let said = |words: &str| feedback.iter().any(|said| said.contains(words));
        Self {
            ai: asks(Check::DisclosesAi) || said("plainly that an AI made it"),
            sponsor: asks(Check::DisclosesSponsor) || said("must say that it is paid for"),
        }
    }

    /// The words, for those who want no hashtags without one.
    pub(super) fn said(self, manner: &Manner, ordinal: usize) -> Vec<&'static str> {
        let ai = self.ai.then_some(BY_AN_AI[ordinal % BY_AN_AI.len()]);
        let sponsor = self.sponsor.then_some(if manner.hashtags { "#ad" } else { "Paid partnership." });
        ai.into_iter().chain(sponsor).collect()
    }
}
