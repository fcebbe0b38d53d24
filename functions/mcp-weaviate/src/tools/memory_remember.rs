//! `memory_remember`: an agent remembers a text.

use chimera_domain::Timestamp;
use chimera_domain::ports::Clock;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{invalid, whose};
use crate::database::VectorDatabase;
use crate::memories::{Memories, NewMemory, TEXT_CHARS};
use crate::memory::MemoryKind;

/// The tool.
#[derive(Debug)]
pub struct MemoryRemember<D, C>(Memories<D, C>);

impl<D, C> MemoryRemember<D, C> {
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
    /// What kind of thing it is: persona, episodic, world or policy.
    kind: MemoryKind,
    /// What to remember.
    #[schemars(length(min = 1, max = 8_000))]
    text: String,
    /// How much it matters. An episodic text of 0 is said in passing: it is in the window of an hour and nowhere else.
    #[schemars(range(min = 0, max = 100))]
    salience: u8,
    /// Where it comes from, such as a task or a URL.
    #[schemars(length(min = 1, max = 512))]
    source_ref: Option<String>,
    /// The same for the same text.
    #[schemars(schema_with = "schema::idempotency_key")]
    idempotency_key: String,
}

/// The answer. It does not repeat the text: what is forgotten must not survive in it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The memory's id.
    id: String,
    /// Whether it stays beyond the window of an hour.
    long_term: bool,
    /// When it was remembered.
    #[schemars(schema_with = "schema::timestamp")]
    created_at: Timestamp,
}

impl<D: VectorDatabase, C: Clock + Send + 'static> Tool for MemoryRemember<D, C> {
    const NAME: &'static str = "memory_remember";
    const DESCRIPTION: &'static str = "Remembers a text for an agent: for an hour in its short-term window and, unless it was said in passing, for good.";
    const CLASS: ToolClass = ToolClass::Generate;
    type Input = Input;
    type Output = Output;

    async fn call(&self, _context: &CallContext, input: Input) -> Result<Output, ToolFault> {
        let (tenant, agent) = whose(input.tenant, input.agent)?;
        if input.text.chars().count() > TEXT_CHARS {
            return Err(invalid(format!("a remembered text has at most {TEXT_CHARS} characters")));
        }
        let new = NewMemory {
            tenant,
            agent,
            kind: input.kind,
            text: input.text,
            salience: input.salience,
            source_ref: input.source_ref,
            key: input.idempotency_key,
        };
        let memory = self.0.remember(new).await?;
        let created_at = memory.created_at;
        Ok(Output { id: memory.id.to_string(), long_term: memory.long_term, created_at })
    }
}
