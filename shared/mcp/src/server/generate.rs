//! Tools that make something and cost money: a key makes one thing.

use chimera_domain::{Digest, Timestamp};
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::answers::{AnswerKey, AnswerStore, Taken, Taking};
use super::burn::StoreFault;
use super::services::Services;
use super::tool::{AnyTool, Request, Tool, ToolFault, answer, read};

/// A tool with the store of what it has made.
pub(crate) struct Generating<T, A> {
    pub(crate) tool: T,
    pub(crate) answers: A,
}

impl<T: Tool, A: AnswerStore> AnyTool for Generating<T, A> {
    fn call<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Value, ToolFault>> {
        Box::pin(async move {
            // Once the lease has run out another call may make it: this one must not be at it any more.
            let begun = Instant::now();
            let end = begun.checked_add(request.services.lease).unwrap_or(begun);
            let taking = taking(T::NAME, &request.arguments, request.services)?;
            // What the schema let through and the type does not take is refused before the key is taken.
            let input = read(&request.arguments)?;
            match self.answers.take(&taking).await? {
                Taken::Own => {
                    let made = timeout_at(end, self.make(&taking, request, input)).await;
                    made.unwrap_or_else(|late| Err(ToolFault::Failed(late.into())))
                }
                Taken::Answered(answer) => Ok(answer),
                Taken::InProgress(until) => Err(in_progress(until, taking.now)),
                Taken::Mismatch => {
                    let message = "the idempotency key was used with other arguments";
                    Err(ToolFault::refused("idempotency_mismatch", message, false))
                }
            }
        })
    }
}

impl<T: Tool, A: AnswerStore> Generating<T, A> {
    /// [T-3] Makes it and keeps it. A refusal frees the key, for nothing was made. A failure does not: nobody knows
    /// whether the upstream made it and charged for it, and only when the lease has run out may another call try. An
    /// answer that breaks its schema is a failure too: kept, it would be the key's for good.
    async fn make(&self, taking: &Taking, request: Request<'_>, input: T::Input) -> Result<Value, ToolFault> {
        if let Err(unspent) = request.services.spend(T::NAME, T::ALLOWANCE, &request.arguments).await {
            self.free(taking).await;
            return Err(unspent);
        }
        let made = answer(&self.tool, request.context, input).await;
        match made.and_then(|made| request.offered.check_answer(made)) {
            Ok(made) => Ok(self.keep(taking, made).await),
            Err(fault) => {
                if fault.refusal().is_some() {
                    self.free(taking).await;
                }
                Err(fault)
            }
        }
    }

    /// Where freeing fails the key is free when the lease has run out.
    async fn free(&self, taking: &Taking) {
        if let Err(fault) = self.answers.release(taking).await {
            tell(taking, &fault, "a key was not freed");
        }
    }

    /// Where storing failed the answer is given all the same: it was paid for.
    async fn keep(&self, taking: &Taking, made: Value) -> Value {
        match self.answers.finish(taking, &made).await {
            Ok(standing) => standing,
            Err(fault) => {
                tell(taking, &fault, "an answer was not stored");
                made
            }
        }
    }
}

fn tell(taking: &Taking, fault: &StoreFault, what: &str) {
    let (AnswerKey { tenant, tool, .. }, error) = (&taking.key, fault as &dyn std::error::Error);
    tracing::error!(mcp.tool = tool, tenant.id = tenant, error, "{what}");
}

fn taking(tool: &str, arguments: &Value, services: &Services) -> Result<Taking, ToolFault> {
    let mut rest = arguments.clone();
    let key = rest.as_object_mut().and_then(|fields| fields.remove("idempotency_key"));
    let (Some(key), Some(tenant)) = (key.as_ref().and_then(Value::as_str), rest["tenant"].as_str()) else {
        return Err(ToolFault::refused("invalid_input", "tenant and idempotency_key must be named", false));
    };
    let now = services.clock.now();
    Ok(Taking {
        key: AnswerKey { tenant: tenant.to_owned(), tool: tool.to_owned(), key: key.to_owned() },
        arguments: Digest::of_json(&rest),
        holder: Uuid::new_v4(),
        now,
        until: now.checked_add(services.lease).unwrap_or(now),
    })
}

fn in_progress(until: Timestamp, now: Timestamp) -> ToolFault {
    let wait = std::time::Duration::try_from(until.duration_since(now)).unwrap_or_default();
    ToolFault::wait("in_progress", "another call with this key is under way", wait)
}
