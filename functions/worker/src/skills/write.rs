//! Writes a post about one source, with its pictures, and proposes to publish it.

use chimera_domain::ports::{ReasoningModel, SkillTools};
use chimera_domain::{Check, Intent, Picture, Task, WorkOutcome};
use serde_json::{Value, json};

use crate::desk::{Desk, SkillError};
use crate::skills::{About, ToolName, memory, written};

/// It asks what the agent remembers, where its task says so.
pub(super) const TOOLS: &[ToolName] = memory::TOOLS;

pub(super) async fn run<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    let Some(source) = &task.source else {
        return Err(SkillError::bad_task("a write task comes with its source"));
    };
    let memory = memory::remembered(desk, task, &source.title).await?;
    let what = json!({ "title": source.title, "url": source.url, "excerpt": source.excerpt });
    let text = written(desk, task, About { prompt: "writer-2", name: "source", what, memory }).await?;
    let mut arguments = json!({ "account": task.agent, "text": text, "made_with_ai": true });
    if !task.pictures.is_empty() {
        // [K-6] What was judged, by its digest: the bytes cannot be exchanged afterwards.
        arguments["media"] = task.pictures.iter().map(medium).collect();
    }
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

/// A picture or clip as a post carries it.
fn medium(picture: &Picture) -> Value {
    json!({ "digest": picture.digest, "mime": picture.mime, "alt_text": picture.alt_text })
}
