#![doc = include_str!("../README.md")]

pub mod client;
pub mod net;
pub mod server;

pub use chimera_signed_http::secrets::SecretsManager;
pub use client::{Connections, McpToolbox, McpWriteTools, Registry, Server, Target, ToolClass, trace};

/// The host our own servers answer to when they are invoked as functions. Nothing resolves it: it only has to be the
/// same on both sides of the event.
pub const INTERNAL_HOST: &str = "mcp.chimera.internal";

/// Longest answer accepted from a server, in bytes: what a worker can still put into a message after cutting, and far
/// below Lambda's own 6 MB.
pub const RESPONSE_BYTES: usize = 4 * 1024 * 1024;
