//! The caller's side: read and generate tools for workers, write tools for the publisher.

mod answer;
mod call;
mod carrier;
mod catalog;
mod config;
mod connections;
mod courier;
mod era;
mod fault;
mod lambda;
mod ours;
mod registry;
mod result;
mod retry;
mod secrets;
mod strict;
mod toolbox;
pub mod trace;
mod write;

pub use config::ConfigError;
pub use connections::Connections;
pub use era::Era;
pub use registry::{Registry, Server, Target, ToolClass};
pub use secrets::{NoSecrets, SecretError, Secrets, SecretsManager};
pub use toolbox::{McpToolbox, Offer};
pub use write::McpWriteTools;

use thiserror::Error;

/// The connections cannot be set up. The function must not start.
#[derive(Debug, Error)]
#[error("the HTTP client cannot be set up")]
pub struct SetupError(#[from] reqwest::Error);
