//! Writes a post about one source and proposes to publish it.

use chimera_domain::ports::{Ask, ModelRole, ReadTools, ReasoningModel};
use chimera_domain::{Check, Intent, Source, Task, WorkOutcome};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::{Desk, SkillError};
use crate::skills::text_schema;

#[derive(Debug, Deserialize)]
struct Post {
    text: String,
}

pub(super) async fn run<T: ReadTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    let Some(source) = &task.source else {
        return Err(SkillError::bad_task("a write task comes with its source"));
    };
    let answer = desk.ask(&question(task, source)).await?;
    let post: Post =
        serde_json::from_value(answer).map_err(|error| SkillError::unreadable("writer-1", &error))?;
    let mut arguments = json!({ "account": task.agent, "text": post.text, "made_with_ai": true });
    if task.criteria.iter().any(|criterion| criterion.check == Check::DisclosesSponsor) {
        // What the text says, the platform's own label says as well.
        arguments["paid_partnership"] = Value::Bool(true);
    }
    let intent = Intent {
        server: "twitter".to_owned(),
        tool: "post_create".to_owned(),
        arguments,
        cites: Some(source.digest()),
    };
    Ok(WorkOutcome::Intent { intent })
}

fn question(task: &Task, source: &Source) -> Ask {
    Ask {
        role: ModelRole::Writer,
        prompt: "writer-1",
        input: json!({
            "goal": task.goal,
            "persona": {
                "name": task.persona.name,
                "voice_traits": task.persona.voice_traits,
                "directives": task.persona.directives,
                "backstory": task.persona.backstory,
            },
            "source": { "title": source.title, "url": source.url, "excerpt": source.excerpt },
            "criteria": task.criteria,
            "feedback": task.feedback,
            "ordinal": task.ordinal,
            "attempt": task.attempt,
        }),
        schema: text_schema(),
        seed: task.seed,
    }
}
