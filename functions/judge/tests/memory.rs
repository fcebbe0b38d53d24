//! What the Judge is told of what an agent remembers.
#![expect(clippy::unwrap_used, reason = "what goes wrong here fails a test, as it should")]

#[path = "../src/memory.rs"]
mod memory;
