//! Makes a picture for the post about one source.

use chimera_domain::ports::{ReasoningModel, SkillTools};
use chimera_domain::{AgentId, Artifact, Digest, Money, Picture, Task, WorkOutcome, limits};
use serde::Deserialize;
use serde_json::json;

use crate::desk::{Desk, SkillError};
use crate::skills::visual::{Visual, reference, seed};
use crate::skills::{ToolName, attempt_key};

/// It has one picture made.
pub(super) const TOOLS: &[ToolName] = &[MAKE];
const MAKE: ToolName = ("imagegen", "image_generate");

/// What a picture costs at most, in minor units: what an attempt to illustrate sets aside beyond every other.
const DEAREST: i64 = limits::ILLUSTRATE_COST_MINOR - limits::ATTEMPT_COST_MINOR;

/// A picture as the image server gives it.
#[derive(Debug, Deserialize)]
struct Made {
    digest: Digest,
    mime: String,
    width: u32,
    height: u32,
    model: String,
    character: AgentId,
    cost: Money,
}

pub(super) async fn run<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    let Some(source) = &task.source else {
        return Err(SkillError::bad_task("an illustrate task comes with its source"));
    };
    let arguments = json!({
        "tenant": task.tenant,
        "agent": task.agent,
        "prompt": Visual::Picture.prompt(task, source),
        "seed": seed(task),
        "character": { "id": task.agent, "reference": reference(&task.persona) },
        "idempotency_key": attempt_key(task),
    });
    let answer = desk.call_paid(MAKE, arguments, DEAREST).await?;
    let made: Made =
        serde_json::from_value(answer).map_err(|error| SkillError::unreadable(MAKE.1, &error))?;
    desk.pay(made.cost)?;
    let Made { digest, mime, width, height, model, character, .. } = made;
    let alt_text = Visual::Picture.alt_text(task, source);
    let (character, duration_ms) = (Some(character), None);
    let image = Picture { digest, mime, width, height, alt_text, model, character, duration_ms };
    Ok(WorkOutcome::Artifact { artifact: Artifact::Image { image } })
}
