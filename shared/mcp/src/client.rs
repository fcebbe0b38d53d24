//! The caller's side: read and generate tools for workers, write tools for the publisher.

mod call;
mod carrier;
mod courier;
mod lambda;
mod registry;
mod toolbox;
mod write;

pub use carrier::Connections;
pub use registry::{Registry, Server, Target, ToolClass};
pub use toolbox::McpToolbox;
pub use write::McpWriteTools;

use thiserror::Error;

/// The connections cannot be set up. The function must not start.
#[derive(Debug, Error)]
#[error("the HTTP client cannot be set up")]
pub struct SetupError(#[from] reqwest::Error);
