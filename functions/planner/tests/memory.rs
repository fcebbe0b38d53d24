//! What a planner is told of what its agent remembers.
#![expect(clippy::unwrap_used, reason = "what goes wrong here fails a test, as it should")]

#[path = "../src/memory.rs"]
mod memory;
