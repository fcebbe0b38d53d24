//! The server: rmcp declares tools but checks neither what comes in nor what goes out, so both are checked here.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_domain::{Digest, Refusal};
use futures::FutureExt as _;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, Implementation,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::offer::{Behind, Offered};
use super::resources::Shelf;
use super::services::Services;
use super::tool::{CallContext, Request, ToolFault, cut, read};
use crate::client::ToolClass;

/// How long a client may keep a list: it changes with a deployment only.
const LIST_TTL_MS: u64 = 60_000;

pub(super) struct Inner {
    pub(super) name: &'static str,
    pub(super) tools: BTreeMap<&'static str, Offered>,
    pub(super) shelf: Option<Shelf>,
    pub(super) services: Services,
}

/// Serves tools and resources over MCP, checking arguments and answers. Made by [`ToolServer::builder`]; clones are one
/// server.
#[derive(Clone)]
pub struct ToolServer {
    pub(super) inner: Arc<Inner>,
}

#[derive(Deserialize)]
struct Checked {
    tool: String,
    arguments: Value,
}

impl ToolServer {
    /// The tool list as clients see it, by name.
    #[must_use]
    pub fn tools(&self) -> Vec<Tool> {
        self.inner.tools.values().map(|offered| offered.tool.clone()).collect()
    }

    /// Calls a tool as a client would: arguments and answer are checked.
    ///
    /// # Errors
    /// [`ToolFault`]; `invalid_input` where the arguments do not satisfy the schema, `unknown_tool` for another name.
    pub async fn call_checked(&self, tool: &str, arguments: Value) -> Result<Value, ToolFault> {
        self.call_within(&CallContext::default(), tool, arguments).await
    }

    /// The same within a context.
    ///
    /// # Errors
    /// As [`ToolServer::call_checked`].
    pub async fn call_within(
        &self,
        context: &CallContext,
        tool: &str,
        arguments: Value,
    ) -> Result<Value, ToolFault> {
        let offered = self.offered(tool)?;
        offered.check_arguments(&arguments)?;
        let request = Request { context, arguments, services: &self.inner.services, offered };
        let answer = match &offered.behind {
            Behind::Tool(tool) => tool.call(request).await?,
            Behind::Effect(effect) => effect.execute(request).await?,
            Behind::Check => self.check(request).await?,
        };
        offered.check_answer(answer)
    }

    /// Reads a resource as a client would.
    ///
    /// # Errors
    /// [`ToolFault`]; `not_found` where there is no such resource.
    pub async fn read_resource_within(&self, context: &CallContext, uri: &str) -> Result<Value, ToolFault> {
        match self.shelf() {
            Some(shelf) => shelf.look(context, uri).await.map(|(value, _)| value),
            None => Err(ToolFault::refused("not_found", "the server has no resources", false)),
        }
    }

    fn offered(&self, tool: &str) -> Result<&Offered, ToolFault> {
        self.inner.tools.get(tool).ok_or_else(|| ToolFault::refused("unknown_tool", tool, false))
    }

    /// [T-6] Whether the call that the arguments describe would be done.
    async fn check(&self, request: Request<'_>) -> Result<Value, ToolFault> {
        let Checked { tool, arguments } = read(&request.arguments)?;
        let offered = self.offered(&tool)?;
        offered.check_arguments(&arguments)?;
        match &offered.behind {
            Behind::Effect(effect) => effect.check(Request { arguments, offered, ..request }).await,
            _ => Err(ToolFault::refused("unsupported", "this tool has no effect to check", false)),
        }
    }

    fn shelf(&self) -> Option<&Shelf> {
        self.inner.shelf.as_ref()
    }
}

/// The digest a client pins: over every tool's name, description, schemas and annotations, in order of name.
#[must_use]
pub fn tools_digest(tools: &[Tool]) -> Digest {
    let by_name: BTreeMap<&str, Value> = tools.iter().map(|tool| (tool.name.as_ref(), json!(tool))).collect();
    Digest::of_json(&json!(by_name))
}

/// [T-10] What panics has failed like anything else. The library under us would lose the reply with the handler, and
/// leave the caller waiting for as long as it likes.
async fn guarded<T>(call: impl Future<Output = Result<T, ToolFault>>) -> Result<T, ToolFault> {
    let caught = AssertUnwindSafe(call).catch_unwind().await;
    caught.unwrap_or_else(|_| Err(ToolFault::Failed("it panicked".into())))
}

fn context_of(request: &RequestContext<RoleServer>) -> CallContext {
    CallContext::traced(request.meta.get_traceparent())
}

/// A refusal as clients see it.
fn told(refusal: &Refusal, retry_after_s: Option<u32>) -> Value {
    let mut told = json!(refusal);
    if let Some(seconds) = retry_after_s {
        told["retry_after_s"] = json!(seconds);
    }
    told
}

impl ServerHandler for ToolServer {
    fn get_info(&self) -> ServerConfig {
        let name = Implementation::new(self.inner.name, env!("CARGO_PKG_VERSION"));
        let mut capabilities = ServerCapabilities::builder().enable_tools().build();
        if self.shelf().is_some() {
            capabilities.resources = Some(Default::default());
        }
        ServerConfig::new(capabilities).with_server_info(name)
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
        self.inner.tools.get(name).map(|offered| offered.tool.clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.as_ref();
        let unknown = || ErrorData::invalid_params(cut(format!("unknown tool: {name}")), None);
        let class = self.inner.tools.get(name).ok_or_else(unknown)?.class;
        let context = context_of(&context);
        let span = tracing::info_span!(
            "mcp_call",
            mcp.server = self.inner.name,
            mcp.tool = name,
            trace_id = context.trace_id()
        );
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let call = async {
            let began = Instant::now();
            match guarded(self.call_within(&context, name, arguments)).await {
                Ok(answer) => {
                    tell(class, began.elapsed());
                    Ok(CallToolResult::structured(answer).into())
                }
                Err(fault) => refused(fault).map(|told| CallToolResult::structured_error(told).into()),
            }
        };
        call.instrument(span).await
    }

    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let listed = self.shelf().map(Shelf::listed).unwrap_or_default();
        let list = ListResourcesResult::with_all_items(listed);
        Ok(list.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public))
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let templates = self.shelf().map(Shelf::templates).unwrap_or_default();
        let list = ListResourceTemplatesResult::with_all_items(templates);
        Ok(list.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.as_str();
        let not_found = || ErrorData::resource_not_found("no such resource", Some(json!({ "uri": uri })));
        let shelf = self.shelf().ok_or_else(not_found)?;
        let context = context_of(&context);
        let span = tracing::info_span!(
            "mcp_read",
            mcp.server = self.inner.name,
            mcp.uri = uri,
            trace_id = context.trace_id()
        );
        let read = async {
            match guarded(shelf.read(&context, uri)).await {
                Ok(result) => Ok(result.into()),
                Err(ToolFault::Refused(refusal)) if refusal.code == "not_found" => Err(not_found()),
                Err(fault) => {
                    let told = refused(fault)?;
                    Err(ErrorData::internal_error("the resource was refused", Some(told)))
                }
            }
        };
        read.instrument(span).await
    }
}

/// [T-9] What was made or done is a step of the story; what was only looked at is for developers.
fn tell(class: ToolClass, took: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match class {
        ToolClass::Read => tracing::debug!(duration_ms, "a tool answered"),
        ToolClass::Generate | ToolClass::Effect => tracing::info!(duration_ms, "a tool answered"),
    }
}

/// What the caller is told of a fault; what it must not know is logged.
fn refused(fault: ToolFault) -> Result<Value, ErrorData> {
    let (refusal, retry_after_s) = match fault {
        ToolFault::Refused(refusal) => (refusal, None),
        ToolFault::Wait { refusal, retry_after_s } => (refusal, Some(retry_after_s)),
        ToolFault::Failed(cause) => {
            let error: &dyn std::error::Error = cause.as_ref();
            tracing::error!(error, "a tool failed");
            return Err(ErrorData::internal_error("the tool failed", None));
        }
    };
    tracing::info!(refusal.code = refusal.code, "a call was refused");
    Ok(told(&refusal, retry_after_s))
}
