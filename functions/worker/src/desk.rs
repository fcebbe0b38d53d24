//! What a skill works with: the tools, the model, and the bill.

use std::time::Duration;

use chimera_domain::ports::{Ask, HandleError, ModelError, ReadTools, ReasoningModel, ToolError};
use chimera_domain::{Currency, Money, Usage};
use serde_json::Value;
use thiserror::Error;

/// Waits before a read tool is called again: long enough for a throttle to pass, short within any deadline.
const TOOL_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// The name under which usage is kept while no model has answered.
const NO_MODEL: &str = "none";

/// Why a skill did not answer.
#[derive(Debug, Error)]
pub(crate) enum SkillError {
    /// The work cannot be done: the result says so, and the Judge and the planner act.
    #[error("{code}: {message}")]
    Failed {
        /// Short stable word.
        code: &'static str,
        /// For people.
        message: String,
        /// Whether another attempt may do better.
        retryable: bool,
    },
    /// Nothing is known about the work: the message is delivered again.
    #[error(transparent)]
    Later(#[from] HandleError),
}

impl SkillError {
    /// The task asks for something that no attempt can do.
    pub(crate) fn bad_task(message: impl Into<String>) -> Self {
        Self::Failed { code: "bad_task", message: message.into(), retryable: false }
    }

    /// A tool or model answered in a form that cannot be used.
    pub(crate) fn unreadable(whose: &str, error: &serde_json::Error) -> Self {
        let message = format!("the answer of {whose} cannot be read: {error}");
        Self::Failed { code: "unreadable_answer", message, retryable: true }
    }

    /// The model answered something that its input does not bear out.
    pub(crate) fn unusable(message: impl Into<String>) -> Self {
        Self::Failed { code: "model_unusable", message: message.into(), retryable: true }
    }
}

impl From<ToolError> for SkillError {
    fn from(error: ToolError) -> Self {
        let (code, message, retryable) = match error {
            ToolError::Refused(refusal) => {
                ("tool_failed", format!("{}: {}", refusal.code, refusal.message), refusal.retryable)
            }
            ToolError::Unsent(why) | ToolError::Unknown(why) => ("tool_failed", why, true),
            ToolError::Forbidden(why) => ("tool_forbidden", why, false),
        };
        Self::Failed { code, message, retryable }
    }
}

impl From<ModelError> for SkillError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Unusable(why) => Self::unusable(why),
            unavailable @ ModelError::Unavailable(_) => Self::Later(HandleError::Model(unavailable)),
        }
    }
}

/// The tools and the model of one task, and what they have used so far.
#[derive(Debug)]
pub(crate) struct Desk<'a, T, M> {
    tools: &'a T,
    model: &'a M,
    /// For each call; the work as a whole is bounded by its caller.
    deadline: Duration,
    usage: Usage,
}

impl<'a, T: ReadTools, M: ReasoningModel> Desk<'a, T, M> {
    pub(crate) fn new(tools: &'a T, model: &'a M, deadline: Duration, currency: Currency) -> Self {
        Self { tools, model, deadline, usage: no_usage(currency) }
    }

    /// What has been used.
    pub(crate) fn usage(&self) -> Usage {
        self.usage.clone()
    }

    /// Calls a read tool; what may pass is tried again.
    pub(crate) async fn call(
        &mut self,
        server: &str,
        tool: &str,
        arguments: Value,
    ) -> Result<Value, SkillError> {
        let mut pauses = TOOL_PAUSES.iter();
        loop {
            self.usage.tool_calls = self.usage.tool_calls.saturating_add(1);
            let error = match self.tools.call(server, tool, arguments.clone(), self.deadline).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match pauses.next() {
                Some(pause) if may_pass(&error) => tokio::time::sleep(*pause).await,
                _ => return Err(error.into()),
            }
        }
    }

    /// Asks the model.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> Result<Value, SkillError> {
        let answer = self.model.ask(ask).await?;
        self.usage.model = answer.usage.model;
        self.usage.tokens = self.usage.tokens.saturating_add(answer.usage.tokens);
        self.usage.tool_calls = self.usage.tool_calls.saturating_add(answer.usage.tool_calls);
        // Nothing costs nothing in every currency.
        if answer.usage.cost.minor() > 0 {
            self.usage.cost = self
                .usage
                .cost
                .plus(answer.usage.cost)
                .map_err(|error| HandleError::Defect(format!("the model's cost: {error}")))?;
        }
        Ok(answer.json)
    }
}

/// Of work that used nothing.
pub(crate) fn no_usage(currency: Currency) -> Usage {
    Usage { model: NO_MODEL.to_owned(), tokens: 0, tool_calls: 0, cost: Money::zero(currency) }
}

fn may_pass(error: &ToolError) -> bool {
    match error {
        ToolError::Refused(refusal) => refusal.retryable,
        ToolError::Unsent(_) | ToolError::Unknown(_) => true,
        ToolError::Forbidden(_) => false,
    }
}
