//! `memory_forget`: an agent forgets.

use std::collections::BTreeSet;

use chimera_domain::ports::Clock;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{invalid, whose};
use crate::database::VectorDatabase;
use crate::memories::Memories;

/// The tool.
#[derive(Debug)]
pub struct MemoryForget<D, C>(Memories<D, C>);

impl<D, C> MemoryForget<D, C> {
    /// The tool over the memories.
    pub fn new(memories: Memories<D, C>) -> Self {
        Self(memories)
    }
}

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Whose agent.
    #[schemars(schema_with = "schema::id")]
    tenant: String,
    /// Who forgets.
    #[schemars(schema_with = "schema::id")]
    agent: String,
    /// Ids of what to forget.
    #[schemars(length(min = 1, max = 100), inner(length(min = 36, max = 36)))]
    ids: Vec<String>,
    /// The same for the same call.
    #[schemars(schema_with = "schema::idempotency_key")]
    #[expect(dead_code, reason = "the kit keeps under it what was done")]
    idempotency_key: String,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Ids of what was this agent's, and is forgotten now.
    forgotten: Vec<String>,
    /// Ids of nothing that this agent remembers.
    unknown: Vec<String>,
}

impl<D: VectorDatabase, C: Clock + Send + 'static> Tool for MemoryForget<D, C> {
    const NAME: &'static str = "memory_forget";
    const DESCRIPTION: &'static str = "Forgets memories of an agent: what they said is removed.";
    const CLASS: ToolClass = ToolClass::Generate;
    type Input = Input;
    type Output = Output;

    async fn call(&self, _context: &CallContext, input: Input) -> Result<Output, ToolFault> {
        let (tenant, agent) = whose(input.tenant, input.agent)?;
        let read = |id: &String| id.parse::<Uuid>().map_err(|_| invalid(format!("`{id}` is no UUID")));
        let ids = input.ids.iter().map(read).collect::<Result<BTreeSet<_>, _>>()?;
        let forgotten = self.0.forget(tenant, agent, &ids).await?;
        let unknown = ids.iter().filter(|id| !forgotten.contains(id));
        Ok(Output {
            unknown: unknown.map(Uuid::to_string).collect(),
            forgotten: forgotten.iter().map(Uuid::to_string).collect(),
        })
    }
}
