//! The skills: one per kind of task. A new one is a file here and a line in each of the two tables, [`run`] and
//! [`tools_of`].

mod film;
mod illustrate;
mod memory;
mod others;
mod plain;
mod remember;
mod reply;
mod research;
mod transact;
mod visual;
mod write;

use chimera_domain::ports::{Ask, ModelRole, ReasoningModel, SkillTools};
use chimera_domain::{Digest, Recollection, Task, TaskKind, WorkOutcome};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::{Desk, SkillError};

/// Does the task with the skill of its kind.
pub(crate) async fn run<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    match task.kind {
        TaskKind::Research => research::run(desk, task).await,
        TaskKind::Write => write::run(desk, task).await,
        TaskKind::Reply => reply::run(desk, task).await,
        TaskKind::Illustrate => illustrate::run(desk, task).await,
        TaskKind::Film => film::run(desk, task).await,
        TaskKind::Transact => transact::run(desk, task).await,
        TaskKind::Remember => remember::run(desk, task).await,
    }
}

/// A tool by its server's name and its own.
pub type ToolName = (&'static str, &'static str);

/// [K-1] The tools that the skill of this kind may call, as each skill's own file lists them.
#[must_use]
pub fn tools_of(kind: TaskKind) -> &'static [ToolName] {
    match kind {
        TaskKind::Research => research::TOOLS,
        TaskKind::Write => write::TOOLS,
        TaskKind::Reply => reply::TOOLS,
        TaskKind::Illustrate => illustrate::TOOLS,
        TaskKind::Film => film::TOOLS,
        TaskKind::Transact => transact::TOOLS,
        TaskKind::Remember => remember::TOOLS,
    }
}

/// The longest idempotency key that a tool takes, in bytes.
const KEY_BYTES: usize = 128;

/// [K-9] The key under which this attempt has something made: a message that is delivered twice gets what the first
/// delivery paid for.
fn attempt_key(task: &Task) -> String {
    bounded(format!("{}/{}/{}", task.campaign, task.id, task.attempt))
}

/// A key that a tool takes: its digest, where it is too long.
fn bounded(key: String) -> String {
    if key.len() <= KEY_BYTES { key } else { Digest::of_bytes(key.as_bytes()).as_str().to_owned() }
}

/// Text from outside as one line of at most so many characters, without what could end a quotation.
fn quotable(text: &str, most: usize) -> String {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = plain.chars().filter(|c| !c.is_control()).map(|c| match c {
        '"' | '\u{201c}' | '\u{201d}' | '\u{ab}' | '\u{bb}' => '\'',
        c => c,
    });
    plain.take(most).collect()
}

/// What a text is written about, under the name that its prompt knows it by. It comes from outside: a field of its own, and
/// no part of an instruction.
struct About {
    prompt: &'static str,
    name: &'static str,
    what: Value,
    /// What the agent remembers of it, which comes from outside as well.
    memory: Recollection,
}

#[derive(Debug, Deserialize)]
struct Written {
    text: String,
}

/// Has a text written in the voice of the task's persona.
async fn written<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
    about: About,
) -> Result<String, SkillError> {
    let mut input = json!({
        "goal": task.goal,
        "persona": {
            "name": task.persona.name,
            "voice_traits": task.persona.voice_traits,
            "directives": task.persona.directives,
            "backstory": task.persona.backstory,
        },
        "criteria": task.criteria,
        "feedback": task.feedback,
        "ordinal": task.ordinal,
        "attempt": task.attempt,
    });
    input[about.name] = about.what;
    // [K-8] What it remembers stands beside who it is, and never within.
    if let Some(memory) = about.memory.told() {
        input["memory"] = memory;
    }
    let (role, prompt, schema, seed) = (ModelRole::Writer, about.prompt, text_schema(), task.seed);
    let answer = desk.ask(&Ask { role, prompt, input, schema, seed }).await?;
    let written: Written =
        serde_json::from_value(answer).map_err(|error| SkillError::unreadable(prompt, &error))?;
    Ok(written.text)
}

/// The form of an answer that is one text.
fn text_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["text"],
        "properties": { "text": { "type": "string", "minLength": 1, "maxLength": 4_000 } }
    })
}
