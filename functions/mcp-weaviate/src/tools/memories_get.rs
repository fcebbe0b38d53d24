//! `memories_get`: what an agent remembers under given keys.

use chimera_domain::ports::Clock;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::whose;
use crate::database::VectorDatabase;
use crate::memories::Memories;
use crate::memory::Memory;

/// The tool.
#[derive(Debug)]
pub struct MemoriesGet<D, C>(Memories<D, C>);

impl<D, C> MemoriesGet<D, C> {
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
    /// Who remembers.
    #[schemars(schema_with = "schema::id")]
    agent: String,
    /// What the memories stand under.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 128)))]
    keys: Vec<String>,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Those that there are, in the order of the keys.
    memories: Vec<Found>,
}

/// A memory with its key.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    /// What it stands under.
    key: String,
    /// The memory.
    #[serde(flatten)]
    memory: Memory,
}

impl<D: VectorDatabase, C: Clock + Send + 'static> Tool for MemoriesGet<D, C> {
    const NAME: &'static str = "memories_get";
    const DESCRIPTION: &'static str =
        "What an agent remembers under these keys; what it does not is left out.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Input;
    type Output = Output;

    async fn call(&self, _context: &CallContext, input: Input) -> Result<Output, ToolFault> {
        let (tenant, agent) = whose(input.tenant, input.agent)?;
        let found = self.0.get(&tenant, &agent, &input.keys).await?;
        let memories = found.into_iter().map(|(key, memory)| Found { key, memory }).collect();
        Ok(Output { memories })
    }
}
