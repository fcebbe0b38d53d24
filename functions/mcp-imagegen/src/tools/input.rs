//! What the arguments of several tools have in common.

use chimera_domain::AgentId;
use chimera_mcp::server::{ToolFault, schema};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::wanted::{Character, Looks};

/// What a digest begins with.
const DIGEST: &str = "sha256:";
/// Hex digits of a digest.
const DIGITS: usize = 64;

/// Who is in the picture.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CharacterInput {
    /// Its id. Colours and emblem come from the id alone and are the same in all its pictures.
    #[schemars(schema_with = "schema::id")]
    pub id: AgentId,
    /// What it looks like: in words, or the digest (`sha256:…`) of a picture of it.
    #[schemars(length(min = 1, max = 2_000))]
    pub reference: String,
}

impl TryFrom<CharacterInput> for Character {
    type Error = ToolFault;

    /// [I-1] A reference that says nothing is none.
    fn try_from(input: CharacterInput) -> Result<Self, ToolFault> {
        let reference = input.reference.trim();
        if reference.is_empty() {
            return Err(invalid("character_required: the character's reference is empty"));
        }
        let looks = match reference.strip_prefix(DIGEST) {
            None => Looks::Described(reference.to_owned()),
            Some(digits) if is_hex(digits) => Looks::Pictured(read(reference)?),
            Some(_) => return Err(invalid("the character's reference is no digest of 64 hex digits")),
        };
        Ok(Self { id: input.id, looks })
    }
}

fn is_hex(digits: &str) -> bool {
    digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn read(digest: &str) -> Result<chimera_domain::Digest, ToolFault> {
    serde_json::from_value(digest.into()).map_err(|error| invalid(&error.to_string()))
}

/// A text in which there is something to see.
pub(super) fn visible(name: &str, text: &str) -> Result<String, ToolFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(invalid(&format!("the {name} is empty")));
    }
    // Controls mean nothing to a model, and break what they are written into.
    Ok(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

pub(super) fn invalid(why: &str) -> ToolFault {
    ToolFault::refused("invalid_input", why, false)
}
