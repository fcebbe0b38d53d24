//! `memory_recent`: the short-term window.

use chimera_domain::ports::Clock;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::whose;
use crate::database::VectorDatabase;
use crate::memories::Memories;
use crate::memory::{Memory, MemoryKind};

/// The tool.
#[derive(Debug)]
pub struct MemoryRecent<D, C>(Memories<D, C>);

impl<D, C> MemoryRecent<D, C> {
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
    /// Only these kinds; all where it is left out.
    #[serde(default)]
    #[schemars(length(max = 4))]
    kinds: Vec<MemoryKind>,
    /// How many at most.
    #[schemars(range(min = 1, max = 100))]
    limit: u8,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// What was remembered or said within the last hour, newest first.
    pub(crate) memories: Vec<Memory>,
}

impl<D: VectorDatabase, C: Clock + Send + 'static> Tool for MemoryRecent<D, C> {
    const NAME: &'static str = "memory_recent";
    const DESCRIPTION: &'static str = "What an agent remembered or said within the last hour, newest first.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Input;
    type Output = Output;

    async fn call(&self, _context: &CallContext, input: Input) -> Result<Output, ToolFault> {
        let (tenant, agent) = whose(input.tenant, input.agent)?;
        let memories = self.0.recent(tenant, agent, &input.kinds, usize::from(input.limit)).await?;
        Ok(Output { memories })
    }
}
