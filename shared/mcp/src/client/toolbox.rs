//! Read and generate tools, as workers and the publisher's read-backs use them.

use std::time::Duration;

use chimera_domain::ports::{ReadTools, Resources, SkillTools, ToolError};
use chimera_domain::{Digest, TaskKind};
use chimera_signed_http::secrets::{NoSecrets, Secrets};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::call::{Called, Caller};
use super::connections::Connections;
use super::fault::{Failure, Fault};
use super::registry::{Registry, ToolClass};
use super::retry::Pauses;
use crate::server::tools_digest;

/// What a toolbox calls at most.
const CLASSES: [ToolClass; 2] = [ToolClass::Read, ToolClass::Generate];

/// Calls the read and generate tools of a registry. Effect tools are refused, whatever IAM says.
#[derive(Debug)]
pub struct McpToolbox<S = NoSecrets> {
    caller: Caller<S>,
}

impl McpToolbox {
    /// A toolbox over these servers, none of which needs a token.
    #[must_use]
    pub fn new(registry: Registry, connections: Connections) -> Self {
        Self { caller: Caller::new(registry, connections, NoSecrets, Pauses::new()) }
    }
}

/// What a server offers, for whoever is about to pin it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its tools' names, in its own order.
    pub tools: Vec<String>,
    /// What a pin of this list is.
    pub digest: Digest,
}

impl<S: Secrets> McpToolbox<S> {
    /// The same toolbox, which takes its servers' tokens from here.
    #[must_use]
    pub fn with_secrets<T: Secrets>(self, secrets: T) -> McpToolbox<T> {
        McpToolbox { caller: self.caller.with_secrets(secrets) }
    }

    /// The same toolbox, whose pauses before repeated calls follow from `seed`: for tests.
    #[must_use]
    pub fn seeded(self, seed: u64) -> Self {
        Self { caller: self.caller.paced(Pauses::seeded(seed)) }
    }

    /// The tools of a server as it lists them now, pinned or not.
    ///
    /// # Errors
    /// [`ToolError`]; nothing was called.
    pub async fn offer(&self, server: &str, deadline: Duration) -> Result<Offer, ToolError> {
        let known = self.caller.registry.server(server)?;
        let within = Instant::now() + deadline.min(known.timeout);
        let listed = timeout_at(within, self.caller.list(server, known, within)).await;
        let tools = listed.unwrap_or_else(|_| Err(Fault::late())).map_err(|fault| {
            let Failure { error, .. } = fault.beforehand().into();
            error
        })?;
        let digest = tools_digest(&tools);
        Ok(Offer { tools: tools.into_iter().map(|tool| tool.name.into_owned()).collect(), digest })
    }

    async fn call_as(
        &self,
        kind: Option<TaskKind>,
        (name, tool): (&str, &str),
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        let (server, permit) = self.caller.registry.permit(name, tool, &CLASSES, kind)?;
        self.caller.call(Called { name, server, permit, tool }, arguments, deadline).await
    }

    async fn call_named(
        &self,
        kind: TaskKind,
        (name, tool): (&str, &str),
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        let (server, permit) = self.caller.registry.permit_named(name, tool, kind)?;
        self.caller.call(Called { name, server, permit, tool }, arguments, deadline).await
    }
}

/// For functions that do no task: whatever their registry holds.
impl<S: Secrets> ReadTools for McpToolbox<S> {
    async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        self.call_as(None, (server, tool), arguments, deadline).await
    }
}

/// What the registry lets be looked at, by address.
impl<S: Secrets> Resources for McpToolbox<S> {
    async fn read(&self, server: &str, uri: &str, deadline: Duration) -> Result<Value, ToolError> {
        self.caller.read(server, uri, deadline).await
    }
}

impl<S: Secrets> SkillTools for McpToolbox<S> {
    fn for_kind(&self, kind: TaskKind) -> impl ReadTools + Send {
        KindTools { toolbox: self, kind }
    }

    fn of_others(&self, kind: TaskKind) -> impl ReadTools + Send {
        NamedTools { toolbox: self, kind }
    }
}

/// The tools that the skill of one kind of task may call.
#[derive(Debug)]
struct KindTools<'a, S> {
    toolbox: &'a McpToolbox<S>,
    kind: TaskKind,
}

impl<S: Secrets> ReadTools for KindTools<'_, S> {
    async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        self.toolbox.call_as(Some(self.kind), (server, tool), arguments, deadline).await
    }
}

/// The tools that a brief may name for one kind of task.
#[derive(Debug)]
struct NamedTools<'a, S> {
    toolbox: &'a McpToolbox<S>,
    kind: TaskKind,
}

impl<S: Secrets> ReadTools for NamedTools<'_, S> {
    async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        self.toolbox.call_named(self.kind, (server, tool), arguments, deadline).await
    }
}
