//! A server's tool list: fetched once per process, believed only where it is the pinned one, and then what arguments and
//! answers are held to.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::Digest;
use chimera_domain::Refusal;
use chimera_domain::ports::ToolError;
use jsonschema::{PatternOptions, Validator};
use rmcp::model::{JsonObject, PaginatedRequestParams, Tool};
use serde_json::Value;

use super::courier::Courier;
use super::era::{Peer, fault_of};
use super::fault::{Fault, told};
use crate::server::tools_digest;
use crate::trace;

/// Longest page of a tool list, in bytes: several times the largest list in use.
pub(crate) const PAGE_BYTES: usize = 512 * 1024;
/// Pages of one list.
const PAGES: usize = 8;
/// Tools of one server: what a person can still have looked through before pinning it.
const TOOLS: usize = 512;
/// Schema errors told to the caller: enough to repair a call.
const ERRORS_TOLD: usize = 3;
/// Objects of a schema that has what it refers to in the place of each reference: so much work may each value of an answer
/// take. Far more than the largest schema in use.
const SCHEMA_OBJECTS: usize = 20_000;
/// References within each other: a validator goes down one by one, and a stack ends.
const SCHEMA_DEPTH: usize = 32;

/// The tools of a server whose list is the pinned one.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    tools: BTreeMap<String, Schemas>,
}

#[derive(Debug)]
struct Schemas {
    input: Validator,
    output: Option<Validator>,
}

impl Catalog {
    /// Reads a list that must have this digest. Of its tools only those that `may_be_called` are kept: what the schema of
    /// another one holds is of no consequence.
    pub(crate) fn pinned(
        tools: &[Tool],
        pin: &Digest,
        may_be_called: impl Fn(&str) -> bool,
    ) -> Result<Self, Fault> {
        let found = tools_digest(tools);
        if found != *pin {
            return Err(Fault::forbidden(format!("its tools are not the pinned ones but {found}")));
        }
        let kept = tools.iter().filter(|tool| may_be_called(&tool.name));
        let schemas = kept.map(|tool| Ok((tool.name.to_string(), Schemas::of(tool)?)));
        Ok(Self { tools: schemas.collect::<Result<_, Fault>>()? })
    }

    fn tool(&self, name: &str) -> Result<&Schemas, ToolError> {
        let missing = || ToolError::Forbidden(format!("{}: the server has no such tool", told(name)));
        self.tools.get(name).ok_or_else(missing)
    }

    /// [K-14] The arguments, of which those that came as text are numbers or truth values where the tool takes no text and
    /// they read as such. What it does not take after all is for [`Self::check_input`] to refuse.
    pub(crate) fn read_as_wanted(&self, tool: &str, mut arguments: JsonObject) -> JsonObject {
        let Some(schemas) = self.tools.get(tool) else { return arguments };
        let given = Value::Object(arguments.clone());
        let wrong: BTreeSet<String> =
            schemas.input.iter_errors(&given).map(|error| error.instance_path().to_string()).collect();
        for (name, value) in &mut arguments {
            let is_wrong = wrong.contains(&format!("/{}", name.replace('~', "~0").replace('/', "~1")));
            let read: Option<Value> = value.as_str().and_then(|text| serde_json::from_str(text).ok());
            if let Some(read @ (Value::Number(_) | Value::Bool(_))) = read.filter(|_| is_wrong) {
                *value = read;
            }
        }
        arguments
    }

    /// Refuses arguments that the tool would refuse, in the words of our own servers.
    pub(crate) fn check_input(&self, tool: &str, arguments: &JsonObject) -> Result<(), ToolError> {
        let arguments = Value::Object(arguments.clone());
        match errors(&self.tool(tool)?.input, &arguments) {
            None => Ok(()),
            Some(message) => {
                let code = "invalid_input".to_owned();
                Err(ToolError::Refused(Refusal { code, message, retryable: false }))
            }
        }
    }

    /// What is wrong with an answer; `None` asks whether the tool may answer without structure.
    pub(crate) fn check_output(&self, tool: &str, answer: Option<&Value>) -> Result<(), Fault> {
        let schema = self.tools.get(tool).and_then(|schemas| schemas.output.as_ref());
        match (schema, answer) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(Fault::violation("the answer has no structure, which its schema demands")),
            (Some(schema), Some(answer)) if schema.is_valid(answer) => Ok(()),
            // Where it is wrong is not looked for: an answer can be wrong in more places than there is memory and time.
            (Some(_), Some(_)) => Err(Fault::violation("the answer is not what its schema says")),
        }
    }
}

impl Schemas {
    fn of(tool: &Tool) -> Result<Self, Fault> {
        let unusable = || Fault::forbidden(format!("the schema of {} cannot be used", told(&*tool.name)));
        let compile = |schema: &JsonObject| {
            let schema = Value::Object(schema.clone());
            if !is_affordable(&schema) {
                return Err(unusable());
            }
            // Without look-around a pattern takes time in proportion to its text, whoever wrote it.
            let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
            options.build(&schema).map_err(|_| unusable())
        };
        Ok(Self {
            input: compile(&tool.input_schema)?,
            output: tool.output_schema.as_deref().map(compile).transpose()?,
        })
    }
}

/// [T-28] Whether answers can be held to the schema in a bounded time. A few references that double what they refer to are
/// small on the wire, and take for ever.
fn is_affordable(schema: &Value) -> bool {
    let mut left = SCHEMA_OBJECTS;
    is_read(schema, schema, &mut vec![schema], &mut left)
}

/// Reads a schema with all that it refers to, and ends once that is too much. What is being read already is a recursion,
/// which the validator follows once for each value.
fn is_read<'a>(root: &'a Value, at: &'a Value, open: &mut Vec<&'a Value>, left: &mut usize) -> bool {
    let fields = match at {
        Value::Array(items) => return items.iter().all(|item| is_read(root, item, open, left)),
        Value::Object(fields) => fields,
        _ => return true,
    };
    let Some(less) = left.checked_sub(1) else { return false };
    *left = less;
    let references = ["$ref", "$dynamicRef", "$recursiveRef"].into_iter();
    for reference in references.filter_map(|name| fields.get(name)?.as_str()) {
        // What is referred to by a name, or lies elsewhere, cannot be counted.
        let Some(target) = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) else {
            return false;
        };
        if open.iter().any(|known| std::ptr::eq(*known, target)) {
            continue;
        }
        open.push(target);
        let is_small = open.len() <= SCHEMA_DEPTH && is_read(root, target, open, left);
        open.pop();
        if !is_small {
            return false;
        }
    }
    fields.values().all(|value| is_read(root, value, open, left))
}

fn errors(schema: &Validator, value: &Value) -> Option<String> {
    let wrong: Vec<String> = schema
        .iter_errors(value)
        .take(ERRORS_TOLD)
        .map(|error| format!("{}: {}", error.instance_path(), error.masked()))
        .collect();
    (!wrong.is_empty()).then(|| told(wrong.join("; ")))
}

/// Fetches the list, as far as a list may go.
pub(crate) async fn list(peer: &Peer, courier: &Courier) -> Result<Vec<Tool>, Fault> {
    let mut tools = Vec::new();
    let mut seen = BTreeSet::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let mut page = PaginatedRequestParams::default().with_cursor(cursor);
        page.meta = trace::meta();
        let listed = peer.list_tools(Some(page)).await.map_err(|error| fault_of(&error, courier))?;
        tools.extend(listed.tools);
        if tools.len() > TOOLS {
            return Err(Fault::forbidden(format!("the server has more than {TOOLS} tools")));
        }
        match listed.next_cursor {
            None => return Ok(tools),
            Some(next) if seen.insert(next.clone()) => cursor = Some(next),
            Some(_) => return Err(Fault::forbidden("its tool list goes in a circle")),
        }
    }
    Err(Fault::forbidden(format!("its tool list has more than {PAGES} pages")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Definitions each of which refers to the next one so often.
    fn chain(length: usize, times: usize) -> Value {
        let definitions: serde_json::Map<String, Value> = (0..length)
            .map(|at| {
                let next = json!({ "$ref": format!("#/$defs/d{}", at + 1) });
                (format!("d{at}"), json!({ "allOf": vec![next; times] }))
            })
            .chain([(format!("d{length}"), json!({ "type": "string" }))])
            .collect();
        json!({ "type": "object", "properties": { "state": { "$ref": "#/$defs/d0" } }, "$defs": definitions })
    }

    /// [T-28]
    #[test]
    fn a_schema_that_takes_for_ever_is_told_from_one_that_is_large() {
        let wide: Vec<Value> = (0..2_000).map(|n| json!({ "properties": { "n": { "const": n } } })).collect();
        let tree = json!({ "$defs": { "node": { "type": "object", "properties": {
            "left": { "$ref": "#/$defs/node" }, "right": { "$ref": "#/$defs/node" }, "up": { "$ref": "#" },
        } } }, "$ref": "#/$defs/node" });
        for fine in [json!({ "type": "object" }), json!({ "anyOf": wide }), tree, chain(8, 1), chain(4, 3)] {
            assert!(is_affordable(&fine), "{fine:.80}");
        }
        let elsewhere = json!({ "$ref": "https://tools.example/schema.json" });
        let named = json!({ "$dynamicRef": "#node", "$defs": { "node": { "$dynamicAnchor": "node" } } });
        for endless in [chain(20, 2), chain(60, 2), chain(5_000, 1), elsewhere, named] {
            assert!(!is_affordable(&endless), "{endless:.80}");
        }
    }
}
