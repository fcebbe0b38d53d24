//! Tools with schemas that hold: rmcp declares them but checks neither what comes in nor what goes out.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use chimera_domain::{Digest, Refusal};
use jsonschema::Validator;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use thiserror::Error;

use crate::client::ToolClass;

/// How long a client may keep the tool list: it changes with a deployment only.
const LIST_TTL_MS: u64 = 60_000;
/// Schema errors told to the caller: enough to repair a call.
const ERRORS_TOLD: usize = 3;

/// A tool as a server declares it.
#[derive(Debug, Clone)]
pub struct ToolSpec {
    /// Its name.
    pub name: &'static str,
    /// What it does, for models and people.
    pub description: &'static str,
    /// JSON Schema of its arguments, an object.
    pub input: Value,
    /// JSON Schema of its structured answer.
    pub output: Value,
    /// What it does to the world; told to clients as annotations.
    pub class: ToolClass,
}

/// A tool that did not answer.
#[derive(Debug, Error)]
pub enum ToolFault {
    /// The tool refuses; the caller is told why.
    #[error("{0:?}")]
    Refused(Refusal),
    /// The tool does not know what happened, or is defective. The caller learns only that; an operator looks.
    #[error("the tool failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ToolFault {
    /// A refusal.
    #[must_use]
    pub fn refused(code: &str, message: impl Into<String>, retryable: bool) -> Self {
        Self::Refused(Refusal { code: code.to_owned(), message: message.into(), retryable })
    }
}

/// The tools of one server.
pub trait Tools: Send + Sync + 'static {
    /// The server's name.
    fn server(&self) -> &'static str;

    /// What it offers.
    fn specs(&self) -> Vec<ToolSpec>;

    /// Calls one of them, with arguments that satisfy its input schema.
    fn call(&self, tool: &str, arguments: Value) -> impl Future<Output = Result<Value, ToolFault>> + Send;
}

/// A tool's own schema is invalid: a defect. The server does not start.
#[derive(Debug, Error)]
#[error("the schema of tool {tool} is invalid: {why}")]
pub struct SpecError {
    tool: &'static str,
    why: String,
}

struct Checked {
    tool: Tool,
    input: Validator,
    output: Validator,
}

struct Inner<T> {
    tools: T,
    checked: BTreeMap<&'static str, Checked>,
}

/// Serves [`Tools`] over MCP, checking arguments and answers.
pub struct ToolServer<T> {
    inner: Arc<Inner<T>>,
}

impl<T> Clone for ToolServer<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<T: Tools> ToolServer<T> {
    /// Compiles the schemas.
    ///
    /// # Errors
    /// [`SpecError`] when one is no JSON Schema.
    pub fn new(tools: T) -> Result<Self, SpecError> {
        let specs = tools.specs();
        let checked =
            specs.into_iter().map(|spec| Ok((spec.name, check(spec)?))).collect::<Result<_, _>>()?;
        Ok(Self { inner: Arc::new(Inner { tools, checked }) })
    }

    /// The tool list as clients see it, by name.
    #[must_use]
    pub fn tools(&self) -> Vec<Tool> {
        self.inner.checked.values().map(|checked| checked.tool.clone()).collect()
    }

    /// Calls a tool as a client would: arguments and answer are checked.
    ///
    /// # Errors
    /// [`ToolFault`]; `invalid_input` where the arguments do not satisfy the schema, `unknown_tool` for another name.
    pub async fn call_checked(&self, tool: &str, arguments: Value) -> Result<Value, ToolFault> {
        let checked = self.inner.checked.get(tool);
        let checked = checked.ok_or_else(|| ToolFault::refused("unknown_tool", tool, false))?;
        if let Some(wrong) = errors(&checked.input, &arguments) {
            return Err(ToolFault::refused("invalid_input", wrong, false));
        }
        let answer = self.inner.tools.call(tool, arguments).await?;
        match errors(&checked.output, &answer) {
            None => Ok(answer),
            Some(wrong) => Err(ToolFault::Failed(format!("the answer breaks its schema: {wrong}").into())),
        }
    }
}

fn check(spec: ToolSpec) -> Result<Checked, SpecError> {
    let invalid = |why: String| SpecError { tool: spec.name, why };
    let compile =
        |schema: &Value| jsonschema::validator_for(schema).map_err(|error| invalid(error.to_string()));
    let (input, output) = (compile(&spec.input)?, compile(&spec.output)?);
    let (Value::Object(input_schema), Value::Object(output_schema)) = (spec.input, spec.output) else {
        return Err(invalid("a schema must be an object".to_owned()));
    };
    let effect = spec.class == ToolClass::Effect;
    let annotations =
        ToolAnnotations::new().read_only(spec.class == ToolClass::Read).destructive(effect).idempotent(true);
    let tool = Tool::new(spec.name, spec.description, Arc::new(input_schema))
        .with_raw_output_schema(Arc::new(output_schema))
        .with_annotations(annotations);
    Ok(Checked { tool, input, output })
}

fn errors(schema: &Validator, value: &Value) -> Option<String> {
    let told: Vec<String> = schema
        .iter_errors(value)
        .take(ERRORS_TOLD)
        .map(|error| format!("{}: {}", error.instance_path(), error.masked()))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// The digest a client pins: over every tool's name, description, schemas and annotations, in order of name.
#[must_use]
pub fn tools_digest(tools: &[Tool]) -> Digest {
    let by_name: BTreeMap<&str, Value> = tools.iter().map(|tool| (tool.name.as_ref(), json!(tool))).collect();
    Digest::of_json(&json!(by_name))
}

impl<T: Tools> ServerHandler for ToolServer<T> {
    fn get_info(&self) -> ServerConfig {
        let name = Implementation::new(self.inner.tools.server(), env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build()).with_server_info(name)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let list = ListToolsResult::with_all_items(self.tools());
        Ok(list.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.inner.checked.get(name).map(|checked| checked.tool.clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.as_ref();
        if !self.inner.checked.contains_key(name) {
            return Err(ErrorData::invalid_params(format!("unknown tool: {name}"), None));
        }
        match self.call_checked(name, Value::Object(request.arguments.unwrap_or_default())).await {
            Ok(answer) => Ok(CallToolResult::structured(answer).into()),
            Err(ToolFault::Refused(refusal)) => {
                tracing::info!(mcp.tool = name, refusal.code = refusal.code, "a tool call was refused");
                Ok(CallToolResult::structured_error(json!(refusal)).into())
            }
            Err(ToolFault::Failed(cause)) => {
                let error: &dyn std::error::Error = cause.as_ref();
                tracing::error!(mcp.tool = name, error, "a tool failed");
                Err(ErrorData::internal_error("the tool failed", None))
            }
        }
    }
}
