//! `memory_recall`: what an agent remembers that fits a question.

use chimera_domain::Timestamp;
use chimera_domain::ports::Clock;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::whose;
use crate::database::VectorDatabase;
use crate::fusion::Fusion;
use crate::memories::{Memories, Question};
use crate::memory::{Memory, MemoryKind};

/// Weight of meaning where the caller names none, in basis points.
const ALPHA: u16 = 7_500;

/// The tool.
#[derive(Debug)]
pub struct MemoryRecall<D, C>(Memories<D, C>);

impl<D, C> MemoryRecall<D, C> {
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
    /// What it is about.
    #[schemars(length(min = 1, max = 2_000))]
    query: String,
    /// Only these kinds; all where it is left out.
    #[serde(default)]
    #[schemars(length(max = 4))]
    kinds: Vec<MemoryKind>,
    /// How many at most.
    #[schemars(range(min = 1, max = 50))]
    k: u8,
    /// Weight of meaning in basis points: 0 recalls by word alone, 10000 by meaning alone; 7500 where it is left out.
    #[schemars(range(min = 0, max = 10_000))]
    alpha: Option<u16>,
    /// How the two rankings become one: relative_score where it is left out.
    #[serde(default)]
    fusion: Fusion,
    /// Only what was remembered then or later.
    #[serde(default)]
    #[schemars(schema_with = "schema::timestamp")]
    since: Option<Timestamp>,
    /// Only what scores at least this, in basis points of the best possible.
    #[schemars(range(min = 0, max = 10_000))]
    min_score: Option<u16>,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// What fits, best first.
    memories: Vec<Recalled>,
}

/// A memory that fits.
#[derive(Debug, Serialize, JsonSchema)]
struct Recalled {
    /// The memory.
    #[serde(flatten)]
    memory: Memory,
    /// How well it fits among what is remembered, how much it matters and how fresh it is, in basis points.
    score: u16,
}

impl<D: VectorDatabase, C: Clock + Send + 'static> Tool for MemoryRecall<D, C> {
    const NAME: &'static str = "memory_recall";
    const DESCRIPTION: &'static str = "What an agent remembers for good that fits a question, best first; what matters and what is fresh first of that.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Input;
    type Output = Output;

    async fn call(&self, _context: &CallContext, input: Input) -> Result<Output, ToolFault> {
        let (tenant, agent) = whose(input.tenant, input.agent)?;
        let question = Question {
            tenant,
            agent,
            query: input.query,
            kinds: input.kinds,
            k: usize::from(input.k),
            alpha: input.alpha.unwrap_or(ALPHA),
            fusion: input.fusion,
            since: input.since,
            min_score: input.min_score.unwrap_or_default(),
        };
        let recalled = self.0.recall(question).await?;
        let memories = recalled.into_iter().map(|(memory, score)| Recalled { memory, score }).collect();
        Ok(Output { memories })
    }
}
