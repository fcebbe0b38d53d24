//! Writes an answer to one mention and proposes to publish it.

use chimera_domain::ports::{Ask, ModelRole, ReadTools, ReasoningModel};
use chimera_domain::{Binding, Intent, Mention, Task, WorkOutcome};
use serde::Deserialize;
use serde_json::json;

use crate::desk::{Desk, SkillError};
use crate::skills::text_schema;

#[derive(Debug, Deserialize)]
struct Reply {
    text: String,
}

pub(super) async fn run<T: ReadTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    let Binding::Mention { mention } = &task.binding else {
        return Err(SkillError::bad_task("a reply task is bound to a mention"));
    };
    let answer = desk.ask(&question(task, mention)).await?;
    let reply: Reply =
        serde_json::from_value(answer).map_err(|error| SkillError::unreadable("reply-1", &error))?;
    let intent = Intent {
        server: "twitter".to_owned(),
        tool: "post_reply".to_owned(),
        arguments: json!({
            "account": task.agent,
            "text": reply.text,
            "made_with_ai": true,
            "in_reply_to": mention.id,
        }),
        cites: None,
    };
    Ok(WorkOutcome::Intent { intent })
}

/// What was said comes from outside: it is a field of its own, marked as such, and no part of an instruction.
fn question(task: &Task, mention: &Mention) -> Ask {
    Ask {
        role: ModelRole::Writer,
        prompt: "reply-1",
        input: json!({
            "goal": task.goal,
            "persona": {
                "name": task.persona.name,
                "voice_traits": task.persona.voice_traits,
                "directives": task.persona.directives,
                "backstory": task.persona.backstory,
            },
            "mention": { "untrusted": true, "author": mention.author, "text": mention.text },
            "criteria": task.criteria,
            "feedback": task.feedback,
            "ordinal": task.ordinal,
            "attempt": task.attempt,
        }),
        schema: text_schema(),
        seed: task.seed,
    }
}
