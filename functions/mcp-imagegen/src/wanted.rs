//! What is asked for, once it is known to make sense.

use chimera_domain::{AgentId, Digest, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pixels across and down where the caller names none: enough for a post, small enough for a function.
pub const DEFAULT_SIZE: (u32, u32) = (704, 400);
/// The largest seed: what the image models of Bedrock take.
pub const MAX_SEED: u32 = 858_993_459;
/// Characters of a text for those who cannot see the picture: what platforms take.
const ALT_CHARS: usize = 1_000;

/// The range of a picture's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Strong colours.
    #[default]
    Vivid,
    /// Light, soft colours.
    Pastel,
    /// As at night.
    Night,
    /// One hue only.
    Mono,
}

/// What the caller pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Good enough for a post.
    #[default]
    Standard,
    /// The best there is.
    Premium,
}

/// What is paid for a clip. The planner chooses by priority and budget; `image_models` tells what each costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// To look at before more is spent.
    Draft,
    /// For everyday posts.
    Standard,
    /// For what matters most.
    Premium,
}

impl Tier {
    /// All of them, the cheapest first.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Standard, Self::Premium];

    /// Its name, as callers write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

/// [I-1] Who is in the picture. There is no picture without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Character {
    /// Its id: what is drawn from the id alone is the same in all its pictures.
    pub id: AgentId,
    /// What it looks like.
    pub looks: Looks,
}

/// What a character looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looks {
    /// As in this picture of the tenant's.
    Pictured(Digest),
    /// As these words say.
    Described(String),
}

impl Looks {
    /// As callers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pictured(digest) => digest.as_str(),
            Self::Described(words) => words,
        }
    }
}

/// A picture or clip that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Whose it will be.
    pub tenant: TenantId,
    /// For whom it is made.
    pub agent: AgentId,
    /// What is to be seen.
    pub prompt: String,
    /// What must not be seen.
    pub without: Option<String>,
    /// Who is in it.
    pub character: Character,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Another picture of the same words for each, at most [`MAX_SEED`].
    pub seed: u32,
    /// The range of its colours.
    pub style: Style,
    /// What is paid for.
    pub quality: Quality,
}

impl Wanted {
    /// What it shows, for those who cannot see it.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let text = format!("Made with AI: {}", self.prompt);
        text.chars().take(ALT_CHARS).collect()
    }

    /// The prompt's digest: a picture carries it in place of the words.
    #[must_use]
    pub fn prompt_digest(&self) -> Digest {
        Digest::of_bytes(self.prompt.as_bytes())
    }
}

/// The seed of a call that names none: another for each key, the same for a repeated one.
#[must_use]
pub fn seed_of(key: &str) -> u32 {
    let digest = Digest::of_bytes(key.as_bytes());
    let hex: String = digest.as_str().chars().rev().take(8).collect();
    u32::from_str_radix(&hex, 16).unwrap_or_default() % (MAX_SEED + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_that_nobody_named_comes_from_the_key() {
        assert_eq!(seed_of("t1/1"), seed_of("t1/1"));
        assert_ne!(seed_of("t1/1"), seed_of("t1/2"));
        assert!((0..200).all(|n| seed_of(&n.to_string()) <= MAX_SEED));
    }
}
