//! The skills: one per kind of task. A new one is a file here and a line in [`run`].

mod reply;
mod research;
mod write;

use chimera_domain::ports::{Ask, ModelRole, ReadTools, ReasoningModel};
use chimera_domain::{Task, TaskKind, WorkOutcome};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::{Desk, SkillError};

/// Does the task with the skill of its kind.
pub(crate) async fn run<T: ReadTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    match task.kind {
        TaskKind::Research => research::run(desk, task).await,
        TaskKind::Write => write::run(desk, task).await,
        TaskKind::Reply => reply::run(desk, task).await,
    }
}

/// What a text is written about, under the name that its prompt knows it by. It comes from outside: a field of its own, and
/// no part of an instruction.
struct About {
    prompt: &'static str,
    name: &'static str,
    what: Value,
}

#[derive(Debug, Deserialize)]
struct Written {
    text: String,
}

/// Has a text written in the voice of the task's persona.
async fn written<T: ReadTools, M: ReasoningModel>(
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
