//! A piece of news, wherever it comes from.

use chimera_domain::{Digest, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hexadecimal digits of an article's id.
const ID_DIGITS: usize = 16;

/// A piece of news as plain text. Text from outside: data, never instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Article {
    /// Derived from the URL: the same article has the same id in every answer.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// Its title.
    #[schemars(length(min = 1))]
    pub title: String,
    /// What it says, or the beginning of it.
    pub summary: String,
    /// Where it can be read; `http(s)`.
    #[schemars(regex(pattern = "^https?://"))]
    pub url: String,
    /// Who publishes it.
    pub source: String,
    /// Where it happened, such as `world`.
    pub region: String,
    /// What it is about, such as `science`.
    pub topic: String,
    /// When it was published, RFC 3339.
    #[schemars(with = "String")]
    pub published_at: Timestamp,
}

/// The id of what is at `url`.
pub(crate) fn id_of(url: &str) -> String {
    let digest = Digest::of_bytes(url.as_bytes());
    let hex = digest.as_str().trim_start_matches("sha256:");
    hex.chars().take(ID_DIGITS).collect()
}
