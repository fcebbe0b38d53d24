//! What Converse answers, and what that means.

use chimera_domain::ports::ModelError;
use serde::Deserialize;
use serde_json::Value;

use super::request::TOOL;
use super::terms::Tokens;
use crate::check::Said;

/// How the canned text of an emulator without a model begins.
const CANNED: [&str; 2] = ["[ministack mock", "[mock"];

/// A whole answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reply {
    output: Output,
    stop_reason: String,
    usage: Counted,
}

#[derive(Debug, Deserialize)]
struct Output {
    message: Message,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    content: Vec<Block>,
}

/// A block of a kind that is not named here has none of these.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    text: Option<String>,
    tool_use: Option<ToolUse>,
}

#[derive(Debug, Deserialize)]
struct ToolUse {
    name: String,
    #[serde(default)]
    input: Value,
}

/// What the provider charges for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    input_tokens: u64,
    output_tokens: u64,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    cache_write_input_tokens: Option<u64>,
}

impl Reply {
    /// [B-4] Reads an answer. One that does not say what it used is none: it could not be accounted for.
    pub(super) fn read(body: &[u8]) -> Result<Self, ModelError> {
        serde_json::from_slice(body).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            unusable(format!("model_malformed: what came is not an answer of Converse ({place})"))
        })
    }

    /// What was used.
    pub(super) fn tokens(&self) -> Tokens {
        let Counted { input_tokens, output_tokens, cache_read_input_tokens, cache_write_input_tokens } =
            self.usage;
        Tokens {
            read: input_tokens,
            written: output_tokens,
            cached: cache_read_input_tokens.unwrap_or(0),
            caching: cache_write_input_tokens.unwrap_or(0),
        }
    }

    /// What was said. What the model itself can mend comes as a fault, for another round.
    pub(super) fn said(self) -> Result<Said, ModelError> {
        let why = self.stop_reason.as_str();
        match why {
            "guardrail_intervened" | "content_filtered" | "refusal" => {
                return Err(unusable(format!("model_blocked: {why}")));
            }
            "model_context_window_exceeded" => {
                return Err(unusable("model_rejected: the question is too long for the model"));
            }
            _ => {}
        }
        let blocks = self.output.message.content;
        let fault = match why {
            "max_tokens" => Some("it was cut off at the most tokens that it may have; answer more briefly"),
            "malformed_tool_use" | "malformed_model_output" => Some("the tool's input was no JSON"),
            _ => None,
        };
        let mut called = Value::Null;
        match blocks.iter().find_map(|block| block.tool_use.as_ref()) {
            Some(tool) if tool.name == TOOL => called = tool.input.clone(),
            Some(tool) => return Err(canned(&format!("it called {:?}", brief(&tool.name)))),
            None if fault.is_some() => {}
            None => return Err(without_tool(&blocks)),
        }
        Ok(Said { json: called, fault: fault.map(str::to_owned) })
    }
}

/// [B-7] A model that is made to call a tool calls it. Text instead is an emulator's, or that of a model which cannot be made
/// to.
fn without_tool(blocks: &[Block]) -> ModelError {
    let text = blocks.iter().find_map(|block| block.text.as_deref()).unwrap_or_default();
    if CANNED.iter().any(|mark| text.starts_with(mark)) {
        return canned("an emulator without a model answered in its place");
    }
    canned("it answered with text; either an emulator did, or the model takes no forced tool")
}

fn canned(what: &str) -> ModelError {
    unusable(format!("model_canned: the model did not call its tool: {what}"))
}

fn brief(name: &str) -> String {
    name.chars().take(40).collect()
}

fn unusable(why: impl Into<String>) -> ModelError {
    ModelError::Unusable(why.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(stop: &str, content: &Value) -> Reply {
        let body = json!({
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": stop,
            "usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15},
        });
        Reply::read(body.to_string().as_bytes()).unwrap()
    }

    fn refused(stop: &str, content: &Value) -> String {
        reply(stop, content).said().unwrap_err().to_string()
    }

    fn called(name: &str) -> Value {
        json!([{"text": "Here it is."}, {"toolUse": {"toolUseId": "1", "name": name, "input": {"text": "hi"}}}])
    }

    #[test]
    fn the_tools_input_is_the_answer_whatever_stands_beside_it() {
        let said = reply("tool_use", &called("answer")).said().unwrap();
        assert_eq!((said.json, said.fault), (json!({"text": "hi"}), None));
        let thought = json!([{"reasoningContent": {"reasoningText": {"text": "hm"}}}, called("answer")[1]]);
        assert_eq!(reply("end_turn", &thought).said().unwrap().json, json!({"text": "hi"}));
    }

    #[test]
    fn what_the_model_can_mend_is_a_fault_and_not_the_end() {
        for stop in ["max_tokens", "malformed_tool_use", "malformed_model_output"] {
            assert!(reply(stop, &called("answer")).said().unwrap().fault.is_some(), "{stop}");
            assert!(reply(stop, &json!([])).said().unwrap().fault.is_some(), "{stop}");
        }
    }

    #[test]
    fn what_was_blocked_stays_blocked() {
        for stop in ["guardrail_intervened", "content_filtered", "refusal"] {
            let said = refused(stop, &json!([{"text": "Sorry."}]));
            assert!(said.ends_with(&format!("model_blocked: {stop}")), "{said}");
        }
        assert!(refused("model_context_window_exceeded", &json!([])).contains("model_rejected"));
    }

    /// [B-7]
    #[test]
    fn text_in_place_of_the_tool_is_refused_and_says_whose_it_probably_is() {
        let emulator =
            json!([{"text": "[ministack mock nova amazon.nova-lite-v1:0] reply for prompt#1a2b3c4d"}]);
        assert!(
            refused("end_turn", &emulator)
                .contains("model_canned: the model did not call its tool: an emulator")
        );
        let post = json!([{"text": "{\"text\": \"A post like any other\"}"}]);
        assert!(refused("end_turn", &post).contains("model_canned"));
        assert!(refused("end_turn", &json!([])).contains("model_canned"));
        assert!(refused("tool_use", &called("publish")).contains("it called \"publish\""));
    }

    /// [B-4]
    #[test]
    fn an_answer_that_does_not_say_what_it_used_is_none() {
        let silent = json!({"output": {"message": {"content": called("answer")}}, "stopReason": "tool_use"});
        let refused = Reply::read(silent.to_string().as_bytes()).unwrap_err().to_string();
        assert!(refused.contains("model_malformed"), "{refused}");
        assert!(Reply::read(b"<html>").is_err());
        let cached = json!({
            "output": {"message": {"content": []}}, "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokens": 3, "cacheWriteInputTokens": 4},
        });
        let tokens = Reply::read(cached.to_string().as_bytes()).unwrap().tokens();
        assert_eq!(tokens, Tokens { read: 1, written: 2, cached: 3, caching: 4 });
    }
}
