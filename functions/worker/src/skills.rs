//! The skills: one per kind of task. A new one is a file here and a line in [`run`].

mod reply;
mod research;
mod write;

use chimera_domain::ports::{ReadTools, ReasoningModel};
use chimera_domain::{Task, TaskKind, WorkOutcome};
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

/// The form of an answer that is one text.
fn text_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["text"],
        "properties": { "text": { "type": "string", "minLength": 1, "maxLength": 4_000 } }
    })
}
