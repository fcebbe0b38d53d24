//! Writes an answer to one mention and proposes to publish it.

use chimera_domain::ports::{ReasoningModel, SkillTools};
use chimera_domain::{Binding, Intent, Task, WorkOutcome};
use serde_json::json;

use crate::desk::{Desk, SkillError};
use crate::skills::{About, ToolName, memory, written};

/// It has the mention in its task, and asks what the agent remembers, where that says so.
pub(super) const TOOLS: &[ToolName] = memory::TOOLS;

pub(super) async fn run<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    let Binding::Mention { mention } = &task.binding else {
        return Err(SkillError::bad_task("a reply task is bound to a mention"));
    };
    let what = json!({ "untrusted": true, "author": mention.author, "text": mention.text });
    let memory = memory::remembered(desk, task, &mention.text).await?;
    let text = written(desk, task, About { prompt: "reply-2", name: "mention", what, memory }).await?;
    let intent = Intent {
        server: "twitter".to_owned(),
        tool: "post_reply".to_owned(),
        arguments: json!({
            "account": task.agent,
            "text": text,
            "made_with_ai": true,
            "in_reply_to": mention.id,
        }),
        cites: None,
    };
    Ok(WorkOutcome::Intent { intent })
}
