//! What a skill works with: the tools, the model, and the bill.

use std::time::Duration;

use chimera_domain::ports::{
    Ask, HandleError, ModelError, ReadTools as _, ReasoningModel, SkillTools, ToolError,
};
use chimera_domain::{Currency, Money, TaskKind, ToolFeed, Usage};
use serde_json::Value;
use thiserror::Error;

use crate::skills::ToolName;

/// The name under which usage is kept while no model has answered.
const NO_MODEL: &str = "none";

/// The part of the time, as a divisor, that what the work can do without may take.
const BRIEFLY: u32 = 4;

/// The code of a tool that is still at what an earlier delivery has asked of it.
const IN_PROGRESS: &str = "in_progress";

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
    /// The task's kind, by which tools are given out.
    kind: TaskKind,
    /// What may be called, as the skill's own file lists it.
    allowed: &'static [ToolName],
    /// For each call; the work as a whole is bounded by its caller.
    deadline: Duration,
    usage: Usage,
    /// What was asked for and may have been charged, while nobody has told its price.
    at_risk: Option<Money>,
}

impl<'a, T: SkillTools, M: ReasoningModel> Desk<'a, T, M> {
    pub(crate) fn new(
        tools: &'a T,
        model: &'a M,
        (kind, allowed): (TaskKind, &'static [ToolName]),
        deadline: Duration,
        currency: Currency,
    ) -> Self {
        Self { tools, model, kind, allowed, deadline, usage: no_usage(currency), at_risk: None }
    }

    /// What has been used. [K-2] What may have been charged without its price being told counts at its most.
    pub(crate) fn usage(&self) -> Usage {
        let usage = self.usage.clone();
        let at_most = self.at_risk.and_then(|most| usage.cost.plus(most).ok());
        Usage { cost: at_most.unwrap_or(usage.cost), ..usage }
    }

    /// Calls a tool. What may pass is tried again by the toolbox, which knows what may be repeated ([T-26]).
    pub(crate) async fn call(
        &mut self,
        server: &str,
        tool: &str,
        arguments: Value,
    ) -> Result<Value, SkillError> {
        Ok(self.reach((server, tool), arguments, self.deadline).await?)
    }

    /// The same, side by side, for what the work can do without: together they get a part of the time, so that the work has
    /// the rest.
    pub(crate) async fn call_both_briefly(
        &mut self,
        [one, other]: [(ToolName, Value); 2],
    ) -> [Result<Value, SkillError>; 2] {
        for (tool, _) in [&one, &other] {
            self.count(*tool);
        }
        let (one, other) = tokio::join!(self.reach_briefly(one), self.reach_briefly(other));
        [one, other]
    }

    async fn reach_briefly(
        &self,
        ((server, tool), arguments): (ToolName, Value),
    ) -> Result<Value, SkillError> {
        let part = self.deadline / BRIEFLY;
        let answer = tokio::time::timeout(part, self.fetch((server, tool), arguments, part)).await;
        let late = |_| ToolError::Unknown(format!("{server}.{tool}: no answer in {} ms", part.as_millis()));
        Ok(answer.map_err(late)??)
    }

    /// The same for what charges up to so many minor units. [`Desk::pay`] says what it was; until then the most counts.
    pub(crate) async fn call_paid(
        &mut self,
        (server, tool): (&str, &str),
        arguments: Value,
        most_minor: i64,
    ) -> Result<Value, SkillError> {
        self.at_risk = Money::new(most_minor, self.usage.cost.currency()).ok();
        let answer = self.reach((server, tool), arguments, self.deadline).await;
        let is_free = match &answer {
            Err(ToolError::Refused(refusal)) => refusal.code != IN_PROGRESS,
            Err(ToolError::Unsent(_) | ToolError::Forbidden(_)) => true,
            Ok(_) | Err(ToolError::Unknown(_)) => false,
        };
        if is_free {
            self.at_risk = None;
        }
        Ok(answer?)
    }

    async fn reach(
        &mut self,
        (server, tool): (&str, &str),
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        self.count((server, tool));
        self.fetch((server, tool), arguments, deadline).await
    }

    /// Puts a call on the bill; one that does not leave is none.
    fn count(&mut self, tool: (&str, &str)) {
        if self.allowed.contains(&tool) {
            self.usage.tool_calls = self.usage.tool_calls.saturating_add(1);
        }
    }

    async fn fetch(
        &self,
        (server, tool): (&str, &str),
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        // [K-1]
        if !self.allowed.contains(&(server, tool)) {
            let why = format!("{server}.{tool}: not among the tools of this kind of task");
            return Err(ToolError::Forbidden(why));
        }
        self.tools.for_kind(self.kind).call(server, tool, arguments, deadline).await
    }

    /// [K-12] Calls the tool of somebody else's server that the brief names; whether it may be called is the toolbox's to
    /// say, which knows the configuration.
    pub(crate) async fn call_named(&mut self, feed: &ToolFeed) -> Result<Value, SkillError> {
        self.usage.tool_calls = self.usage.tool_calls.saturating_add(1);
        let tools = self.tools.of_others(self.kind);
        Ok(tools.call(feed.server(), feed.tool(), feed.arguments(), self.deadline).await?)
    }

    /// Asks the model.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> Result<Value, SkillError> {
        let answer = self.model.ask(ask).await?;
        self.usage.model = answer.usage.model;
        self.usage.tokens = self.usage.tokens.saturating_add(answer.usage.tokens);
        self.usage.tool_calls = self.usage.tool_calls.saturating_add(answer.usage.tool_calls);
        self.spend(answer.usage.cost)?;
        Ok(answer.json)
    }

    /// Puts what a paid call did cost on the bill.
    pub(crate) fn pay(&mut self, cost: Money) -> Result<(), SkillError> {
        self.at_risk = None;
        self.spend(cost)
    }

    /// Puts what a model or tool cost on the bill.
    fn spend(&mut self, cost: Money) -> Result<(), SkillError> {
        // Nothing costs nothing in every currency.
        if cost.minor() > 0 {
            let sum = self.usage.cost.plus(cost);
            self.usage.cost = sum.map_err(|error| HandleError::Defect(format!("what it cost: {error}")))?;
        }
        Ok(())
    }
}

/// Of work that used nothing.
pub(crate) fn no_usage(currency: Currency) -> Usage {
    Usage { model: NO_MODEL.to_owned(), tokens: 0, tool_calls: 0, cost: Money::zero(currency) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use chimera_domain::ports::ReadTools;
    use chimera_model::ScriptedModel;
    use serde_json::json;

    use super::*;

    #[derive(Default)]
    struct Counted(AtomicU32);

    impl ReadTools for &Counted {
        async fn call(&self, _: &str, _: &str, _: Value, _: Duration) -> Result<Value, ToolError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(json!({}))
        }
    }

    impl SkillTools for Counted {
        fn for_kind(&self, _: TaskKind) -> impl ReadTools + Send {
            self
        }
    }

    /// [K-1]
    #[tokio::test]
    async fn a_tool_that_a_skill_does_not_list_is_never_called() {
        let (tools, model) = (Counted::default(), ScriptedModel::new());
        let listed: &[ToolName] = &[("news", "news_headlines")];
        let kind = (TaskKind::Research, listed);
        let mut desk = Desk::new(&tools, &model, kind, Duration::from_secs(1), Currency::Usd);
        let refused = desk.call("imagegen", "image_generate", json!({})).await;
        assert!(matches!(refused, Err(SkillError::Failed { code: "tool_forbidden", retryable: false, .. })));
        assert_eq!((tools.0.load(Ordering::SeqCst), desk.usage().tool_calls), (0, 0));
        assert!(desk.call("news", "news_headlines", json!({})).await.is_ok());
        assert_eq!(tools.0.load(Ordering::SeqCst), 1);
    }
}
