//! What an agent remembers, as its writers are told it.

use chimera_domain::Task;
use chimera_domain::ports::{ReasoningModel, SkillTools};
use serde::Deserialize;
use serde_json::json;

use crate::desk::{Desk, SkillError};
use crate::skills::{ToolName, quotable};

/// The tool that looks through the agent's memory.
pub(super) const RECALL: ToolName = ("weaviate", "memory_recall");

/// Memories asked for: enough to see a habit, few enough for one prompt.
const RECALLED: u32 = 3;

/// A question's most characters, and a memory's: about a title and about a post.
const QUERY_CHARS: usize = 200;
const NOTE_CHARS: usize = 400;

#[derive(Debug, Deserialize)]
struct Recalled {
    memories: Vec<Memory>,
}

#[derive(Debug, Deserialize)]
struct Memory {
    text: String,
}

/// [K-8] What the agent remembers about this, best first. A memory that cannot be asked costs no post, nor the time to
/// write it: nothing is remembered then.
pub(super) async fn recalled<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
    about: &str,
) -> Result<Vec<String>, SkillError> {
    let query = quotable(about, QUERY_CHARS);
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let arguments = json!({ "tenant": task.tenant, "agent": task.agent, "query": query, "k": RECALLED });
    let answer = desk.call_briefly(RECALL.0, RECALL.1, arguments).await.and_then(|answer| {
        serde_json::from_value::<Recalled>(answer).map_err(|error| SkillError::unreadable(RECALL.1, &error))
    });
    match answer {
        Ok(Recalled { memories }) => {
            let most = usize::try_from(RECALLED).unwrap_or(usize::MAX);
            let notes = memories.iter().take(most).map(|memory| quotable(&memory.text, NOTE_CHARS));
            Ok(notes.collect())
        }
        Err(SkillError::Failed { code, message, .. }) => {
            tracing::warn!(
                campaign.id = %task.campaign, task.id = %task.id, code, message,
                "a writer goes on without what its agent remembers"
            );
            Ok(Vec::new())
        }
        Err(later @ SkillError::Later(_)) => Err(later),
    }
}
