//! What an agent remembers, as its writers are told it.

use chimera_domain::ports::{ReasoningModel, SkillTools};
use chimera_domain::{Recollection, Task};
use serde_json::Value;

use crate::desk::{Desk, SkillError};
use crate::skills::ToolName;

/// The tools that look into the agent's memory: what it remembers for good, and what happened within the hour.
pub(super) const TOOLS: &[ToolName] = &[LONG_TERM, RECENT];
const LONG_TERM: ToolName = (Recollection::SERVER, Recollection::LONG_TERM);
const RECENT: ToolName = (Recollection::SERVER, Recollection::RECENT);

/// [K-8] What the agent remembers about this, where its task wants that. A memory that cannot be asked costs no text, nor
/// the time to write it: nothing is remembered then.
pub(super) async fn remembered<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
    about: &str,
) -> Result<Recollection, SkillError> {
    // Nothing is asked where nobody wants it: a call costs time and a share of the model's attention.
    let questions = Recollection::questions(&task.tenant, &task.agent, about).filter(|_| task.recall);
    let Some([long_term, recent]) = questions else { return Ok(Recollection::default()) };
    let [long_term, recent] = desk.call_both_briefly([(LONG_TERM, long_term), (RECENT, recent)]).await;
    Ok(Recollection::of(&texts(task, RECENT, recent)?, &texts(task, LONG_TERM, long_term)?))
}

/// The texts of an answer; none where there is none.
fn texts(task: &Task, tool: ToolName, answer: Result<Value, SkillError>) -> Result<Vec<String>, SkillError> {
    let why = match answer.map(|answer| Recollection::texts(&answer)) {
        Ok(Some(texts)) => return Ok(texts),
        Ok(None) => "the answer cannot be read".to_owned(),
        Err(SkillError::Failed { code, message, .. }) => format!("{code}: {message}"),
        Err(later @ SkillError::Later(_)) => return Err(later),
    };
    tracing::warn!(
        campaign.id = %task.campaign, task.id = %task.id, tool = tool.1, why,
        "a writer goes on without what its agent remembers"
    );
    Ok(Vec::new())
}
