//! The tools every write server has beside its own: what became of a grant, void it, close it, and whether a call would
//! be done.

use std::sync::Arc;

use chimera_domain::{Outcome, SignedGrant};
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::AnyDesk;
use super::offer::ToolSpec;
use super::schema::money_value;
use super::tool::{AnyTool, Request, ToolFault, read};
use crate::client::ToolClass;

/// The tool that looks whether a call would be done.
const CHECK: &str = "effect_check";

/// Asks or settles a grant.
pub(crate) struct Settling {
    pub(crate) desk: Arc<dyn AnyDesk>,
    pub(crate) how: How,
}

/// What is asked of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Outcome,
    Void,
    Close,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    grant: SignedGrant,
    happened: Option<Outcome>,
}

impl AnyTool for Settling {
    fn call<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Value, ToolFault>> {
        Box::pin(async move {
            let Settle { grant, happened } = read(&request.arguments)?;
            let burn = match self.how {
                How::Outcome => self.desk.outcome(&grant).await?,
                How::Void => self.desk.void(&grant).await?,
                How::Close => self.desk.close(&grant, happened).await?,
            };
            Ok(json!(burn))
        })
    }
}

/// The tools that settle, each with what it asks.
pub(crate) fn settling_specs() -> [(How, ToolSpec); 3] {
    let spec = |name, description, happened: Option<Value>| {
        let mut properties = json!({ "grant": { "type": "object" } });
        if let (Some(schema), Some(properties)) = (happened, properties.as_object_mut()) {
            properties.insert("happened".to_owned(), schema);
        }
        let input = json!({
            "type": "object",
            "properties": properties,
            "required": ["grant"],
            "additionalProperties": false,
        });
        ToolSpec { name, description, input, output: burn_schema(), class: ToolClass::Effect }
    };
    let happened = json!({ "anyOf": [outcome_schema(), { "type": "null" }] });
    let close = "Completes a burn in flight with what is known to have happened.";
    [
        (How::Outcome, spec("effect_outcome", "What became of a grant. Changes nothing.", None)),
        (How::Void, spec("effect_void", "Makes an unused grant unusable and answers what was found.", None)),
        (How::Close, spec("effect_close", close, Some(happened))),
    ]
}

/// The tool that looks whether a call of one of `tools` would be done.
pub(crate) fn check_spec(tools: &[&str]) -> ToolSpec {
    ToolSpec {
        name: CHECK,
        description: "Whether a call of an effect tool would be done: verifies its grant, arguments, price and media, and \
                      burns nothing.",
        input: json!({
            "type": "object",
            "properties": {
                "tool": { "enum": tools },
                "arguments": { "type": "object", "description": "As the tool itself takes them." },
            },
            "required": ["tool", "arguments"],
            "additionalProperties": false,
        }),
        output: json!({
            "type": "object",
            "properties": {
                "allowed": { "const": true },
                "price": money_value(),
                "dry_run": { "const": true, "description": "The server does nothing, whatever is allowed." },
            },
            "required": ["allowed", "price"],
            "additionalProperties": false,
        }),
        class: ToolClass::Read,
    }
}

/// JSON Schema of what a write tool answers, the `Burn` of the ports.
pub(crate) fn burn_schema() -> Value {
    json!({
        "type": "object",
        "required": ["state"],
        "properties": { "state": { "enum": ["void", "in_flight", "done", "refused", "unused"] } },
        "allOf": [
            {
                "if": { "properties": { "state": { "const": "done" } } },
                "then": { "required": ["outcome"], "properties": { "outcome": outcome_schema() } },
            },
            {
                "if": { "properties": { "state": { "const": "refused" } } },
                "then": {
                    "required": ["refusal"],
                    "properties": {
                        "refusal": { "type": "object" },
                        "retry_after_s": { "type": "integer", "minimum": 0 },
                    },
                },
            },
        ],
    })
}

fn outcome_schema() -> Value {
    json!({
        "type": "object",
        "required": ["external_id", "cost"],
        "properties": {
            "external_id": { "type": "string", "minLength": 1 },
            "url": { "type": ["string", "null"] },
            "cost": {
                "type": "object",
                "required": ["minor", "currency"],
                "properties": {
                    "minor": { "type": "integer", "minimum": 0 },
                    "currency": { "type": "string" },
                },
                "additionalProperties": false,
            },
        },
        "additionalProperties": false,
    })
}
