//! Writes a post about one source and proposes to publish it.

use chimera_domain::ports::{ReadTools, ReasoningModel};
use chimera_domain::{Check, Intent, Task, WorkOutcome};
use serde_json::{Value, json};

use crate::desk::{Desk, SkillError};
use crate::skills::{About, written};

pub(super) async fn run<T: ReadTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    let Some(source) = &task.source else {
        return Err(SkillError::bad_task("a write task comes with its source"));
    };
    let what = json!({ "title": source.title, "url": source.url, "excerpt": source.excerpt });
    let text = written(desk, task, About { prompt: "writer-1", name: "source", what }).await?;
    let mut arguments = json!({ "account": task.agent, "text": text, "made_with_ai": true });
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
