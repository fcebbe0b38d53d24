//! Read and generate tools, as workers and the publisher's read-backs use them.

use std::time::Duration;

use chimera_domain::ports::{ReadTools, ToolError};
use serde_json::Value;

use super::call::Caller;
use super::carrier::{Connections, Retries};
use super::registry::{Registry, ToolClass};

/// Calls the read and generate tools of a registry. Effect tools are refused, whatever IAM says.
#[derive(Debug)]
pub struct McpToolbox {
    caller: Caller,
}

impl McpToolbox {
    /// A toolbox over these servers.
    #[must_use]
    pub fn new(registry: Registry, connections: Connections) -> Self {
        Self { caller: Caller::new(registry, connections, Retries::Allowed) }
    }
}

impl ReadTools for McpToolbox {
    async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        let known = self.caller.registry.permit(server, tool, &[ToolClass::Read, ToolClass::Generate])?;
        self.caller.call((server, known), tool, arguments, deadline).await
    }
}
