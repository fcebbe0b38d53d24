//! The kit our servers are built with.

mod burn;
mod burn_dynamo;
mod desk;
mod grant;
mod serve;
mod tools;

pub use burn::{BurnRow, BurnStore, MemoryBurns, Put, StoreFault};
pub use burn_dynamo::DynamoBurns;
pub use desk::{GrantDesk, Presented, Upstream, burn_schema, effect_specs};
pub use grant::{GrantVerifier, InvalidKeys};
pub use serve::{ServeError, router, serve};
pub use tools::{SpecError, ToolFault, ToolServer, ToolSpec, Tools, tools_digest};
