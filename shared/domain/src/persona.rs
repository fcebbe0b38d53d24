//! The persona as a task carries it.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// Who an agent is, from one versioned `SOUL.md` (FR1.0). Pinned by digest on each task, so that a changed persona
/// never changes work already under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// The name it speaks under.
    pub name: String,
    /// How it sounds: short adjectives or phrases.
    pub voice_traits: Vec<String>,
    /// What it always or never does.
    pub directives: Vec<String>,
    /// Where it comes from, in its own words; cut to an excerpt on tasks.
    pub backstory: String,
    /// Digest of the whole `SOUL.md`.
    pub soul: Digest,
}
