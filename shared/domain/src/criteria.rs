//! Acceptance criteria: data on each task, checked by the Judge on the final bytes.

use serde::{Deserialize, Serialize};

use crate::PaymentOrder;

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
}
