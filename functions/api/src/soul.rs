//! `SOUL.md`: who an agent is. Front matter between two `---` lines, the backstory below.

use chimera_domain::{AgentId, Digest, Persona, is_carriable};
use serde::Deserialize;
use thiserror::Error;

use crate::body;

/// Longest front matter, in bytes: YAML's aliases can repeat a part of it, so a small text bounds the large one.
const FRONT_MATTER_BYTES: usize = 16 * 1024;
/// Longest name, in characters: it must fit a card's title.
const NAME_CHARS: usize = 100;
/// Most voice traits: a voice with more has none.
const TRAITS: usize = 32;
/// Most directives: each is read to the model with every task.
const DIRECTIVES: usize = 64;
/// Longest trait or directive, in characters.
const LINE_CHARS: usize = 500;
/// Longest backstory, in bytes: the agent's row must stay well below the limit of a row.
const BACKSTORY_BYTES: usize = 48 * 1024;

/// Why a `SOUL.md` is refused. Its author corrects it; the agent stays as it was.
#[derive(Debug, Error)]
pub enum SoulError {
    /// Not framed by two lines of three dashes.
    #[error("a SOUL.md begins with a line of three dashes, front matter, and another line of three dashes")]
    Frame,
    /// Unknown, missing or duplicate keys, or values of another kind.
    #[error("the front matter has exactly name, id, voice_traits and directives: {0}")]
    FrontMatter(String),
    /// A part is empty or too long, or cannot be carried.
    #[error("{0}")]
    Part(String),
    /// It belongs to another agent.
    #[error("the SOUL.md is of agent {0}")]
    OtherAgent(AgentId),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    name: String,
    id: AgentId,
    voice_traits: Vec<String>,
    directives: Vec<String>,
}

/// Reads a `SOUL.md` as the persona of `agent`.
///
/// # Errors
/// [`SoulError`] when it is not exactly what the format allows.
pub fn read_soul(text: &str, agent: &AgentId) -> Result<Persona, SoulError> {
    let (front, backstory) = split(text)?;
    if front.len() > FRONT_MATTER_BYTES {
        return Err(SoulError::FrontMatter(format!("at most {FRONT_MATTER_BYTES} bytes")));
    }
    let front: FrontMatter =
        serde_norway::from_str(front).map_err(|error| SoulError::FrontMatter(body::short(&error)))?;
    if front.id != *agent {
        return Err(SoulError::OtherAgent(front.id));
    }
    check_line("name", &front.name, NAME_CHARS)?;
    check_lines("voice_traits", &front.voice_traits, TRAITS)?;
    check_lines("directives", &front.directives, DIRECTIVES)?;
    let backstory = backstory.trim();
    if backstory.len() > BACKSTORY_BYTES || !is_carriable(backstory) {
        let message = format!("the backstory must be plain text of at most {BACKSTORY_BYTES} bytes");
        return Err(SoulError::Part(message));
    }
    Ok(Persona {
        name: front.name,
        voice_traits: front.voice_traits,
        directives: front.directives,
        backstory: backstory.to_owned(),
        soul: Digest::of_bytes(text.as_bytes()),
    })
}

fn split(text: &str) -> Result<(&str, &str), SoulError> {
    let rest = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")).ok_or(SoulError::Frame)?;
    let mut offset = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Ok((&rest[..offset], &rest[offset + line.len()..]));
        }
        offset += line.len();
    }
    Err(SoulError::Frame)
}

fn check_lines(name: &str, lines: &[String], most: usize) -> Result<(), SoulError> {
    if lines.is_empty() || lines.len() > most {
        return Err(SoulError::Part(format!("{name} must have 1 to {most} entries")));
    }
    lines.iter().try_for_each(|line| check_line(name, line, LINE_CHARS))
}

fn check_line(name: &str, line: &str, most: usize) -> Result<(), SoulError> {
    if line.trim().is_empty() || line.chars().count() > most || !is_carriable(line) {
        return Err(SoulError::Part(format!("{name} must be plain text of 1 to {most} characters")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUL: &str = "---\nname: Mika\nid: mika\nvoice_traits: [dry, warm]\ndirectives:\n  - Never shout.\n---\n\n\
                        Born by the sea.\n";

    fn mika() -> AgentId {
        AgentId::new("mika").unwrap()
    }

    #[test]
    fn a_soul_is_read_whole() {
        let persona = read_soul(SOUL, &mika()).unwrap();
        assert_eq!((persona.name.as_str(), persona.backstory.as_str()), ("Mika", "Born by the sea."));
        assert_eq!(persona.voice_traits, ["dry", "warm"]);
        assert_eq!(persona.soul, Digest::of_bytes(SOUL.as_bytes()));
    }

    #[test]
    fn anything_else_is_refused() {
        let bad = [
            String::new(),
            "name: Mika".to_owned(),
            "---\nname: Mika\n".to_owned(),
            SOUL.replace("id: mika", "id: mika\nmood: good"),
            SOUL.replace("id: mika", "id: mika\nid: mika"),
            SOUL.replace("id: mika", "id: other"),
            SOUL.replace("id: mika", "id: ../mika"),
            SOUL.replace("name: Mika\n", ""),
            SOUL.replace("name: Mika", "name: ''"),
            SOUL.replace("[dry, warm]", "[]"),
            SOUL.replace("[dry, warm]", "dry"),
            SOUL.replace("[dry, warm]", "&a [*a, *a]"),
            SOUL.replace("sea.", "sea\u{0}."),
        ];
        for text in bad {
            assert!(read_soul(&text, &mika()).is_err(), "{text}");
        }
    }
}
