//! The live provider.

mod bedrock;
mod body;

pub use bedrock::{BedrockConfig, BedrockProvider, InvalidConfig};
