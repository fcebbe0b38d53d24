//! Makes a clip, of the tier that its task was given, for the post about one source.

use chimera_domain::ports::{ReasoningModel, SkillTools};
use chimera_domain::{AgentId, Artifact, Digest, Money, Picture, Task, WorkOutcome};
use serde::Deserialize;
use serde_json::json;

use crate::desk::{Desk, SkillError};
use crate::skills::visual::{Visual, reference, seed};
use crate::skills::{ToolName, attempt_key};

/// It has one clip made.
pub(super) const TOOLS: &[ToolName] = &[MAKE];
const MAKE: ToolName = ("imagegen", "video_generate");

/// A clip as the image server gives it.
#[derive(Debug, Deserialize)]
struct Made {
    digest: Digest,
    mime: String,
    width: u32,
    height: u32,
    model: String,
    character: AgentId,
    motion: Motion,
    cost: Money,
}

#[derive(Debug, Deserialize)]
struct Motion {
    duration_ms: u32,
}

/// [K-15] The planner has chosen the tier; nothing here changes it.
pub(super) async fn run<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    let (Some(source), Some(tier)) = (&task.source, task.tier) else {
        return Err(SkillError::bad_task("a film task comes with its source and its tier"));
    };
    let arguments = json!({
        "tenant": task.tenant,
        "agent": task.agent,
        "prompt": Visual::Clip.prompt(task, source),
        "tier": tier,
        "seed": seed(task),
        "character": { "id": task.agent, "reference": reference(&task.persona) },
        "idempotency_key": attempt_key(task),
    });
    let answer = desk.call_paid(MAKE, arguments, tier.clip_cost()).await?;
    let made: Made =
        serde_json::from_value(answer).map_err(|error| SkillError::unreadable(MAKE.1, &error))?;
    desk.pay(made.cost)?;
    let Made { digest, mime, width, height, model, character, motion, .. } = made;
    let alt_text = Visual::Clip.alt_text(task, source);
    let (character, duration_ms) = (Some(character), Some(motion.duration_ms));
    let video = Picture { digest, mime, width, height, alt_text, model, character, duration_ms };
    Ok(WorkOutcome::Artifact { artifact: Artifact::Video { video } })
}
