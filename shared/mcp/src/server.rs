//! The kit our servers are built with.

mod allowance;
mod allowance_dynamo;
mod answers;
mod answers_dynamo;
mod builder;
mod burn;
mod burn_dynamo;
mod closing;
mod desk;
mod desk_tools;
pub mod dynamo;
mod effect;
mod generate;
mod grant;
mod media;
mod offer;
mod resources;
pub mod schema;
mod serve;
mod services;
mod tool;
mod tools;

pub use allowance::{Allowance, AllowanceStore, MemoryAllowances, Spent};
pub use allowance_dynamo::DynamoAllowances;
pub use answers::{AnswerKey, AnswerStore, MemoryAnswers, Taken, Taking};
pub use answers_dynamo::DynamoAnswers;
pub use builder::{NoDesk, ServerBuilder, WithDesk};
pub use burn::{BurnKey, BurnRow, BurnStore, MemoryBurns, Put, StoreFault};
pub use burn_dynamo::DynamoBurns;
pub use desk::{GrantDesk, Presented, Upstream};
pub use effect::{Effect, EffectTool};
pub use grant::{GrantVerifier, InvalidKeys};
pub use media::{MediaBytes, MediaRef};
pub use offer::SpecError;
pub use resources::{ResourceSpec, Resources};
pub use serve::{REQUEST_BYTES, ServeError, router, serve};
pub use tool::{CallContext, Tool, ToolFault};
pub use tools::{ToolServer, tools_digest};

/// How a server reaches its own table and secrets.
pub use chimera_signed_http::sdk_config;
