//! Looks at how the campaign's posts did and keeps those that did best.

use std::cmp::Reverse;

use chimera_domain::ports::{ReasoningModel, SkillTools};
use chimera_domain::{Artifact, Published, Remembered, Task, WorkOutcome};
use serde::Deserialize;
use serde_json::json;

use crate::desk::{Desk, SkillError};
use crate::skills::{ToolName, bounded};

/// It asks how posts did, and keeps memories.
pub(super) const TOOLS: &[ToolName] = &[METRICS, KEEP];
const METRICS: ToolName = ("twitter", "posts_metrics");
const KEEP: ToolName = ("weaviate", "memory_remember");

/// How much a post that worked matters, of 100. Always the same: what is kept under one key never changes.
const SALIENCE: u8 = 70;

/// The longest link that is kept with a memory, in bytes.
const SOURCE_BYTES: usize = 512;

/// Memories of one campaign: what is kept of everything is kept of nothing.
const KEPT: usize = 3;

#[derive(Debug, Deserialize)]
struct Metrics {
    metrics: Vec<Figures>,
}

/// How a post did.
#[derive(Debug, Deserialize)]
struct Figures {
    post_id: String,
    #[serde(default)]
    likes: u64,
    #[serde(default)]
    replies: u64,
    #[serde(default)]
    reposts: u64,
    #[serde(default)]
    quotes: u64,
}

impl Figures {
    /// What counts as having worked: an answer or a passing on takes more than a like.
    fn engagement(&self) -> u64 {
        let spoken = self.replies.saturating_add(self.reposts).saturating_add(self.quotes);
        self.likes.saturating_add(spoken.saturating_mul(3))
    }
}

#[derive(Debug, Deserialize)]
struct Kept {
    id: String,
}

pub(super) async fn run<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    if task.published.is_empty() {
        return Err(SkillError::bad_task("a remember task comes with what was published"));
    }
    let ids: Vec<&str> = task.published.iter().map(|post| post.post_id.as_str()).collect();
    let arguments = json!({ "tenant": task.tenant, "account": task.agent, "post_ids": ids });
    let answer = desk.call(METRICS.0, METRICS.1, arguments).await?;
    let answer: Metrics =
        serde_json::from_value(answer).map_err(|error| SkillError::unreadable(METRICS.1, &error))?;
    let mut notes = Vec::new();
    for post in best(&task.published, &answer.metrics) {
        notes.push(keep(desk, task, post).await?);
    }
    if notes.is_empty() {
        let message = "the platform shows none of the posts".to_owned();
        return Err(SkillError::Failed { code: "nothing_to_remember", message, retryable: true });
    }
    Ok(WorkOutcome::Artifact { artifact: Artifact::Memory { notes } })
}

/// [K-11] The posts that did best, each once; of equals the newer one.
fn best<'a>(published: &'a [Published], figures: &[Figures]) -> Vec<&'a Published> {
    let engagement = |post: &Published| {
        figures.iter().find(|figures| figures.post_id == post.post_id).map(Figures::engagement)
    };
    let mut known: Vec<_> = published.iter().filter_map(|post| Some((engagement(post)?, post))).collect();
    known.sort_by_key(|(engagement, _)| Reverse(*engagement));
    known.into_iter().take(KEPT).map(|(_, post)| post).collect()
}

/// Keeps one post as a memory: its own words, by which a writer knows them again. [K-9] The key is the post's, not the
/// attempt's, so that nothing is remembered twice.
async fn keep<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
    post: &Published,
) -> Result<Remembered, SkillError> {
    let mut arguments = json!({
        "tenant": task.tenant,
        "agent": task.agent,
        "kind": "episodic",
        "text": post.text,
        "salience": SALIENCE,
        "idempotency_key": bounded(format!("{}/{}", task.campaign, post.post_id)),
    });
    if let Some(url) = post.url.as_ref().filter(|url| (1..=SOURCE_BYTES).contains(&url.len())) {
        arguments["source_ref"] = json!(url);
    }
    let answer = desk.call(KEEP.0, KEEP.1, arguments).await?;
    let kept: Kept =
        serde_json::from_value(answer).map_err(|error| SkillError::unreadable(KEEP.1, &error))?;
    Ok(Remembered { id: kept.id, text: post.text.clone() })
}
