#![doc = include_str!("../README.md")]

mod any;
mod bedrock;
mod cassette;
mod check;
mod prompts;
mod scripted;
mod text;

pub use any::{AnyModel, StartError};
pub use bedrock::{BedrockConfig, BedrockModel, Guardrail, InvalidConfig, Terms, TermsTable};
pub use cassette::{Cassette, CassetteError, Recorder};
pub use scripted::ScriptedModel;
