//! Write tools, as the publisher alone uses them.

use std::time::Duration;

use chimera_domain::Outcome;
use chimera_domain::ports::{Burn, ToolError, WriteCall, WriteTools};
use chimera_signed_http::secrets::NoSecrets;
use serde_json::{Value, json};

use super::call::{Called, Caller};
use super::connections::Connections;
use super::registry::{Registry, ToolClass};
use super::retry::Pauses;

/// Calls the effect tools of a registry, each once: nothing underneath sends again.
#[derive(Debug)]
pub struct McpWriteTools {
    caller: Caller<NoSecrets>,
}

impl McpWriteTools {
    /// Write tools over these servers.
    #[must_use]
    pub fn new(registry: Registry, connections: Connections) -> Self {
        Self { caller: Caller::new(registry, connections, NoSecrets, Pauses::new()) }
    }

    /// Calls `tool`, which serves the call's own tool, on the call's server.
    async fn burn(
        &self,
        call: &WriteCall,
        tool: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Burn, ToolError> {
        let effects = [ToolClass::Effect];
        let (server, permit) = self.caller.registry.permit(&call.server, &call.tool, &effects, None)?;
        let called = Called { name: &call.server, server, permit, tool };
        let answer = self.caller.call(called, arguments, deadline).await?;
        serde_json::from_value(answer)
            .map_err(|error| ToolError::Unknown(format!("{tool}: the answer is no burn: {error}")))
    }
}

impl WriteTools for McpWriteTools {
    async fn execute(&self, call: &WriteCall, deadline: Duration) -> Result<Burn, ToolError> {
        let mut arguments = call.arguments.clone();
        if let Some(arguments) = arguments.as_object_mut() {
            arguments.insert("grant".to_owned(), json!(call.grant));
            arguments.insert("idempotency_key".to_owned(), json!(call.idempotency_key));
        }
        self.burn(call, &call.tool, arguments, deadline).await
    }

    async fn outcome(&self, call: &WriteCall, deadline: Duration) -> Result<Burn, ToolError> {
        self.burn(call, "effect_outcome", json!({ "grant": call.grant }), deadline).await
    }

    async fn void(&self, call: &WriteCall, deadline: Duration) -> Result<Burn, ToolError> {
        self.burn(call, "effect_void", json!({ "grant": call.grant }), deadline).await
    }

    async fn close(
        &self,
        call: &WriteCall,
        happened: Option<&Outcome>,
        deadline: Duration,
    ) -> Result<Burn, ToolError> {
        let mut arguments = json!({ "grant": call.grant });
        if let (Some(outcome), Some(arguments)) = (happened, arguments.as_object_mut()) {
            arguments.insert("happened".to_owned(), json!(outcome));
        }
        self.burn(call, "effect_close", arguments, deadline).await
    }
}
