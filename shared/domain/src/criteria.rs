//! Acceptance criteria: data on each task, checked by the Judge on the final bytes.

use serde::{Deserialize, Serialize};

use crate::PaymentOrder;

/// The platform's limit for a post, as the platform counts.
const POST_WIDTH: u32 = 280;

/// One thing a result must satisfy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Short stable name, unique within the task; appears in verdicts as `criterion:<id>`.
    pub id: String,
    /// What it asks, for people.
    pub text: String,
    /// Whether breaking it rejects the result whatever the rest says.
    pub mandatory: bool,
    /// How it is checked.
    pub check: Check,
}

/// How a criterion is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// The text's platform-weighted length is at most this.
    MaxLength(u32),
    /// The text mentions this, ignoring case.
    MustMention(String),
    /// The text does not mention this as a word or phrase, ignoring case.
    MustNotMention(String),
    /// The text carries the link of its cited source, and the source supports what is said.
    CarriesSource,
    /// The text states something from the source's body that the source's title does not.
    SaysMoreThanTitle,
    /// The text's platform-weighted length is at least this.
    MinLength(u32),
    /// The text is in this language, by its ISO 639-1 code; `en` is the one that can be read.
    Language(String),
    /// The text keeps every directive of its persona that can be checked.
    FitsPersona,
    /// The post carries an image, by digest, with a text for those who cannot see it.
    CarriesImage,
    /// The text says that it was made by an AI.
    DisclosesAi,
    /// The text says that it is paid for.
    DisclosesSponsor,
    /// Notes hold at least this many usable sources.
    MinSources(u32),
    /// [K-5] What is proposed is exactly this payment: to whom, how much and for what.
    Pays(PaymentOrder),
    /// [J-6] What is to be remembered is what the campaign has published, in its own words, and how it did.
    OwnWords,
}

impl Criterion {
    /// One that must be met.
    #[must_use]
    pub fn mandatory(id: &str, text: &str, check: Check) -> Self {
        Self { id: id.to_owned(), text: text.to_owned(), mandatory: true, check }
    }

    /// What every post must meet: what is asked and, where that has none of its kind, what any post must.
    #[must_use]
    pub fn for_posts(asked: &[Self]) -> Vec<Self> {
        let mut criteria = asked.to_vec();
        for standard in [
            Self::length(),
            Self::mandatory(
                "source",
                "Carries the link of its source, which supports it",
                Check::CarriesSource,
            ),
            Self::mandatory(
                "substance",
                "Says something that the source's title does not",
                Check::SaysMoreThanTitle,
            ),
            Self::language(),
        ] {
            let kind = std::mem::discriminant(&standard.check);
            if asked.iter().any(|criterion| std::mem::discriminant(&criterion.check) == kind) {
                continue;
            }
            let taken = asked.iter().any(|criterion| criterion.id == standard.id);
            let id = if taken { format!("standard-{}", standard.id) } else { standard.id.clone() };
            criteria.push(Self { id, ..standard });
        }
        criteria
    }

    /// What every reply must meet.
    #[must_use]
    pub fn for_replies() -> Vec<Self> {
        let persona = Self::mandatory("persona", "Keeps the persona's directives", Check::FitsPersona);
        vec![Self::length(), Self::language(), persona]
    }

    /// What notes must meet.
    #[must_use]
    pub fn for_notes() -> Vec<Self> {
        vec![Self::mandatory("sources", "Names at least one usable source", Check::MinSources(1))]
    }

    /// What every proposal to remember something must meet.
    #[must_use]
    pub fn for_memories() -> Vec<Self> {
        let text = "Keeps nothing but posts of the campaign, in their own words, and how they did";
        vec![Self::mandatory("own-words", text, Check::OwnWords)]
    }

    fn length() -> Self {
        let text = "At most 280 characters as the platform counts them";
        Self::mandatory("length", text, Check::MaxLength(POST_WIDTH))
    }

    /// Not mandatory: what cannot be read goes to a human, who may know better.
    fn language() -> Self {
        let check = Check::Language("en".to_owned());
        Self { mandatory: false, ..Self::mandatory("language", "Is in English", check) }
    }
}
