//! What a receipt says of the task.

use chimera_domain::{
    Artifact, PaymentOrder, Picture, Published, Task, TaskId, TaskKind, TaskStatus, Timestamp, VideoTier,
    WorkOutcome,
};
use serde::Serialize;

/// The task it came from.
#[derive(Serialize)]
pub(super) struct TaskPart {
    id: TaskId,
    kind: TaskKind,
    status: TaskStatus,
    plan: u32,
    attempt: u32,
    tries: u32,
    goal: String,
    /// What was paid for its clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<VideoTier>,
    /// Title and link of what it is about.
    source: Option<(String, String)>,
    /// What it publishes beside its text.
    pictures: Vec<Picture>,
    /// What it was told to pay.
    payment: Option<PaymentOrder>,
    /// The posts that it looked at.
    looked_at: Vec<Published>,
    /// The picture, the clip or the memories that it made; what research noted is the source of who writes about it.
    made: Option<Artifact>,
    /// What was said about earlier attempts, oldest first.
    feedback: Vec<String>,
    opened_at: Option<Timestamp>,
    reason: Option<String>,
}

impl From<Task> for TaskPart {
    fn from(row: Task) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            status: row.status,
            plan: row.plan,
            attempt: row.attempt,
            tries: row.tries,
            goal: row.goal,
            tier: row.tier,
            pictures: row.pictures,
            payment: row.binding.into_order(),
            looked_at: row.published,
            made: row.committed.and_then(|committed| made(committed.outcome)),
            source: row.source.map(|source| (source.title, source.url)),
            feedback: row.feedback,
            opened_at: row.opened_at,
            reason: row.reason,
        }
    }
}

fn made(outcome: WorkOutcome) -> Option<Artifact> {
    match outcome {
        WorkOutcome::Artifact { artifact: Artifact::Notes { .. } } => None,
        WorkOutcome::Artifact { artifact } => Some(artifact),
        WorkOutcome::Intent { .. } | WorkOutcome::Failure { .. } => None,
    }
}
