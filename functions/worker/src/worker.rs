//! One message: one task, one answer.

use std::time::Duration;

use chimera_domain::ports::{
    Clock, HandleError, Ids, MessageHandler, ReasoningModel, ReviewQueue, SkillTools,
};
use chimera_domain::{
    Confidence, ResultId, ReviewMessage, Task, TaskMessage, TaskResult, TaskStatus, Usage, WorkOutcome,
    limits,
};
use chimera_mcp::trace::{self, Traceparent};

use crate::desk::{Desk, SkillError, no_usage};
use crate::skills;

/// Kept from the deadline to send the answer, or a fifth of it where it is short.
const SENDING: Duration = Duration::from_secs(1);

/// What a worker says of its own work, in basis points: as sure as one who does not judge can be. It can only lower the
/// Judge's figure.
const SELF_CONFIDENCE: u16 = 9_500;

/// Does one task with one skill and sends the answer to the Judge.
#[derive(Debug)]
pub struct Worker<T, M, R, C, I> {
    tools: T,
    model: M,
    reviews: R,
    clock: C,
    ids: I,
}

impl<T, M, R, C, I> Worker<T, M, R, C, I>
where
    T: SkillTools,
    M: ReasoningModel,
    R: ReviewQueue,
    C: Clock,
    I: Ids,
{
    /// A worker over these ports.
    pub fn new(tools: T, model: M, reviews: R, clock: C, ids: I) -> Self {
        Self { tools, model, reviews, clock, ids }
    }

    /// What comes of the task within `deadline`. An overrun is an answer; only what may pass by waiting is an error.
    async fn work(&self, task: &Task, deadline: Duration) -> Result<(WorkOutcome, Usage), HandleError> {
        let currency = task.cost.currency();
        if let Some(message) = oversize(task) {
            return Ok((failure("bad_task", message, false), no_usage(currency)));
        }
        let time = deadline.saturating_sub(SENDING.min(deadline / 5));
        let tools_of = (task.kind, skills::tools_of(task.kind));
        let mut desk = Desk::new(&self.tools, &self.model, tools_of, time, currency);
        let outcome = match tokio::time::timeout(time, skills::run(&mut desk, task)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(SkillError::Failed { code, message, retryable })) => failure(code, message, retryable),
            Ok(Err(SkillError::Later(error))) => return Err(error),
            Err(_) => failure("deadline", format!("not done within {} ms", time.as_millis()), true),
        };
        Ok((outcome, desk.usage()))
    }

    fn answer(&self, task: &Task, outcome: WorkOutcome, usage: Usage) -> Result<TaskResult, HandleError> {
        let id = ResultId::new(self.ids.fresh().to_string())
            .map_err(|error| HandleError::Defect(format!("a fresh id: {error}")))?;
        let confidence = match outcome {
            WorkOutcome::Failure { .. } => Confidence::ZERO,
            _ => Confidence::new(SELF_CONFIDENCE).unwrap_or(Confidence::ZERO),
        };
        Ok(TaskResult {
            tenant: task.tenant.clone(),
            campaign: task.campaign.clone(),
            task: task.id.clone(),
            agent: task.agent.clone(),
            attempt: task.attempt,
            id,
            outcome,
            confidence,
            usage,
        })
    }
}

impl<T, M, R, C, I> MessageHandler<TaskMessage> for Worker<T, M, R, C, I>
where
    T: SkillTools + Send,
    M: ReasoningModel + Send,
    R: ReviewQueue + Send,
    C: Clock + Send,
    I: Ids + Send,
{
    type Batch = ();

    async fn open(&self, _messages: &[TaskMessage]) -> Result<(), HandleError> {
        Ok(())
    }

    async fn handle(&self, message: TaskMessage, _batch: &(), deadline: Duration) -> Result<(), HandleError> {
        let task = message.task;
        if task.status != TaskStatus::Open {
            tracing::warn!(
                campaign.id = %task.campaign, task.id = %task.id, task.status = ?task.status,
                "a task that is not open was sent to a worker; ignored"
            );
            return Ok(());
        }
        let started = self.clock.now();
        // [T-29]
        let trace = Traceparent::of(&task.tenant, &task.campaign, task.id.as_str(), task.attempt);
        let (outcome, usage) = trace::within(trace, self.work(&task, deadline)).await?;
        let result = self.answer(&task, outcome, usage)?;
        let told = told(&result.outcome).to_owned();
        self.reviews.send_review(&ReviewMessage::Result(Box::new(result))).await?;
        let duration_ms = self.clock.now().duration_since(started).as_millis();
        tracing::info!(
            campaign.id = %task.campaign, task.id = %task.id, task.kind = task.kind.name(),
            attempt = task.attempt, outcome = told, duration_ms = %duration_ms,
            "a task was answered"
        );
        Ok(())
    }
}

/// Why the task's message is refused, where it is larger than any row may be.
fn oversize(task: &Task) -> Option<String> {
    let bytes = serde_json::to_vec(task).map_or(usize::MAX, |json| json.len());
    (bytes > limits::ROW_BYTES).then(|| format!("the task is larger than {} bytes", limits::ROW_BYTES))
}

fn failure(code: &str, message: String, retryable: bool) -> WorkOutcome {
    WorkOutcome::Failure { code: code.to_owned(), message, retryable }
}

/// The outcome in one word, for logs.
fn told(outcome: &WorkOutcome) -> &str {
    match outcome {
        WorkOutcome::Artifact { .. } => "artifact",
        WorkOutcome::Intent { .. } => "intent",
        WorkOutcome::Failure { code, .. } => code,
    }
}
