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
mod reading;
mod registry;
mod result;
mod retry;
mod strict;
mod token;
mod toolbox;
pub mod trace;
mod write;

pub use config::ConfigError;
pub use connections::Connections;
pub use era::Era;
pub use registry::{Registry, Server, Target, ToolClass};
pub use toolbox::{McpToolbox, Offer};
pub use write::McpWriteTools;

/// Where the tokens of other people's servers come from.
pub use chimera_signed_http::secrets::{NoSecrets, SecretError, Secrets};

use thiserror::Error;

/// The connections cannot be set up. The function must not start.
#[derive(Debug, Error)]
#[error("the HTTP client cannot be set up")]
pub struct SetupError(#[from] reqwest::Error);
