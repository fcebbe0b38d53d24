//! The contract of the stores that MCP servers keep, on those in memory.

use chimera_emulator::tools;
use chimera_mcp::server::{MemoryAllowances, MemoryAnswers, MemoryBurns};

/// [E-2] [E-8]
#[tokio::test]
async fn burns_in_memory_keep_the_contract() {
    tools::burns_keep(&MemoryBurns::default(), "run").await;
}

/// [T-3]
#[tokio::test]
async fn answers_in_memory_keep_the_contract() {
    tools::answers_keep(&MemoryAnswers::default(), "run").await;
}

/// [T-4]
#[tokio::test]
async fn allowances_in_memory_keep_the_contract() {
    tools::allowances_keep(&MemoryAllowances::default(), "run").await;
}
