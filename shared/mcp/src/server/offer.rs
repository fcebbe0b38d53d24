//! A tool as a server offers it: declared to clients, its schemas compiled, and what stands behind its name.

use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::Value;
use thiserror::Error;

use super::effect::AnyEffect;
use super::tool::{AnyTool, ToolFault, cut};
use crate::client::ToolClass;

/// Schema errors told to the caller: enough to repair a call.
const ERRORS_TOLD: usize = 3;
/// Longest name of a tool, in characters: what every client takes.
const NAME_CHARS: usize = 64;

/// A tool or resource cannot be offered as it is declared: a defect. The server does not start.
#[derive(Debug, Error)]
#[error("{what} cannot be offered: {why}")]
pub struct SpecError {
    what: String,
    why: String,
}

impl SpecError {
    pub(crate) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into() }
    }
}

/// A tool as it is declared, its schemas as JSON.
#[derive(Debug, Clone)]
pub(crate) struct ToolSpec {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) input: Value,
    pub(crate) output: Value,
    pub(crate) class: ToolClass,
}

/// What stands behind a tool's name.
pub(crate) enum Behind {
    /// A tool of the server's, or of the kit's.
    Tool(Box<dyn AnyTool>),
    /// An effect behind its desk.
    Effect(Box<dyn AnyEffect>),
    /// The dry run of the others.
    Check,
}

/// A tool that is offered.
pub(crate) struct Offered {
    pub(crate) tool: Tool,
    input: Validator,
    output: Validator,
    pub(crate) class: ToolClass,
    pub(crate) behind: Behind,
}

impl Offered {
    /// Compiles the schemas.
    pub(crate) fn new(spec: ToolSpec, behind: Behind) -> Result<Self, SpecError> {
        let invalid = |why: String| SpecError::new(format!("tool {:?}", spec.name), why);
        if !is_name(spec.name) {
            return Err(invalid(format!("a name has 1 to {NAME_CHARS} characters of A-Z a-z 0-9 _ . -")));
        }
        // Without look-around a pattern takes time in proportion to its text, and every client can use it.
        let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
        let compile = |schema: &Value| options.build(schema).map_err(|error| invalid(error.to_string()));
        let (input, output) = (compile(&spec.input)?, compile(&spec.output)?);
        let (Value::Object(input_schema), Value::Object(output_schema)) = (spec.input, spec.output) else {
            return Err(invalid("a schema must be an object".to_owned()));
        };
        let annotations = ToolAnnotations::new()
            .read_only(spec.class == ToolClass::Read)
            .destructive(spec.class == ToolClass::Effect)
            .idempotent(true);
        let tool = Tool::new(spec.name, spec.description, Arc::new(input_schema))
            .with_raw_output_schema(Arc::new(output_schema))
            .with_annotations(annotations);
        Ok(Self { tool, input, output, class: spec.class, behind })
    }

    /// [T-1] Refuses arguments that do not satisfy the declared schema.
    pub(crate) fn check_arguments(&self, arguments: &Value) -> Result<(), ToolFault> {
        match errors(&self.input, arguments) {
            None => Ok(()),
            Some(wrong) => Err(ToolFault::refused("invalid_input", wrong, false)),
        }
    }

    /// [T-1] An answer that does not satisfy the declared schema is a defect and none.
    pub(crate) fn check_answer(&self, answer: Value) -> Result<Value, ToolFault> {
        match errors(&self.output, &answer) {
            None => Ok(answer),
            Some(wrong) => Err(ToolFault::Failed(format!("the answer breaks its schema: {wrong}").into())),
        }
    }
}

fn is_name(name: &str) -> bool {
    let fits = (1..=NAME_CHARS).contains(&name.len());
    fits && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// What is wrong, without the values: an argument may be a secret.
fn errors(schema: &Validator, value: &Value) -> Option<String> {
    let told: Vec<String> = schema
        .iter_errors(value)
        .take(ERRORS_TOLD)
        .map(|error| format!("{}: {}", error.instance_path(), error.masked()))
        .collect();
    // Names are told, and a caller's own may be as long as its call.
    (!told.is_empty()).then(|| cut(told.join("; ")))
}
