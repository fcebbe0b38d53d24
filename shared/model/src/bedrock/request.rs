//! What Converse is sent: one instruction, one document of data, one tool that must be called.

use chimera_domain::ports::Ask;
use serde_json::{Value, json};

use super::{BedrockConfig, Guardrail};
use crate::check::Repair;

/// The one tool. Its input is the answer.
pub(super) const TOOL: &str = "answer";
/// What the model is told of it.
const TOOL_SAYS: &str = "Takes the whole answer.";
/// Seeds have 31 bits wherever models take any.
const SEED_BITS: u64 = 0x7fff_ffff;

/// [B-2] The body, but for how long the answer may be. Only the prompt's own text is instruction; everything that the asker
/// gives is one JSON document in the user's message, whose strings nothing can leave.
pub(super) fn body(config: &BedrockConfig, prompt: &str, ask: &Ask, repair: Option<&Repair>) -> Value {
    let mut document = json!({ "untrusted": true, "input": ask.input });
    if let Some(repair) = repair {
        document["repair"] = json!(repair);
    }
    let tool = json!({ "name": TOOL, "description": TOOL_SAYS, "inputSchema": { "json": ask.schema } });
    let mut body = json!({
        "system": [{ "text": prompt }],
        "messages": [{ "role": "user", "content": [{ "text": document.to_string() }] }],
        "toolConfig": { "tools": [{ "toolSpec": tool }], "toolChoice": { "tool": { "name": TOOL } } },
        "inferenceConfig": { "maxTokens": config.terms.max_tokens },
        "requestMetadata": { "prompt": ask.prompt },
    });
    if config.terms.temperature {
        body["inferenceConfig"]["temperature"] = json!(0);
    }
    if config.terms.seed {
        body["additionalModelRequestFields"] = json!({ "seed": ask.seed & SEED_BITS });
    }
    if let Some(Guardrail { id, version }) = &config.guardrail {
        body["guardrailConfig"] = json!({ "guardrailIdentifier": id, "guardrailVersion": version });
    }
    body
}

/// The body as it is sent, with an answer of at most so many tokens.
pub(super) fn bytes(body: &Value, max_tokens: u64) -> Vec<u8> {
    let mut body = body.clone();
    body["inferenceConfig"]["maxTokens"] = json!(max_tokens);
    body.to_string().into_bytes()
}
