//! One call: one exchange, no handshake, no state kept between calls.

use std::collections::HashMap;
use std::time::Duration;

use chimera_domain::Refusal;
use chimera_domain::ports::ToolError;
use jsonschema::Validator;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ClientConfig, ErrorCode,
    Implementation, JsonObject, ProtocolVersion, ServerCapabilities, ServerPeerInfo,
};
use rmcp::service::{RunningService, serve_directly};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{RoleClient, ServiceError};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::carrier::{Carrier, Connections, Fault, Retries};
use super::courier::Courier;
use super::registry::{Registry, Server};
use crate::server::tools_digest;

/// What a server said its tools answer, once its tool list was found to be the pinned one.
#[derive(Debug, Default)]
struct Catalog {
    outputs: HashMap<String, Validator>,
}

/// Calls the servers of one registry.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) registry: Registry,
    connections: Connections,
    catalogs: HashMap<String, OnceCell<Catalog>>,
    retries: Retries,
}

impl Caller {
    pub(crate) fn new(registry: Registry, connections: Connections, retries: Retries) -> Self {
        let catalogs = registry.names().map(|(name, _)| (name.clone(), OnceCell::new())).collect();
        Self { registry, connections, catalogs, retries }
    }

    /// Calls a permitted tool; gives its structured answer. Everything happens within `deadline`.
    pub(crate) async fn call(
        &self,
        (name, server): (&str, &Server),
        tool: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ToolError> {
        let Value::Object(arguments) = arguments else {
            return Err(ToolError::Forbidden(format!("{name}.{tool}: arguments are no object")));
        };
        let within = Instant::now() + deadline;
        let late = |_| ToolError::Unknown(format!("{name}.{tool}: no answer within {deadline:?}"));
        // Asking for the tool list acts on nothing, so running out of time there is no doubt about the call.
        let catalog = timeout_at(within, self.catalog(name, server, within))
            .await
            .map_err(|_| ToolError::Unsent(format!("{name}: no tool list within {deadline:?}")))??;
        let carrier = self.connections.to(&server.target, self.retries);
        let result =
            timeout_at(within, call_once(carrier, within, tool, arguments)).await.map_err(late)??;
        let answer = structured(result)?;
        match catalog.and_then(|catalog| catalog.outputs.get(tool)) {
            Some(schema) if !schema.is_valid(&answer) => {
                Err(ToolError::Unknown(format!("{name}.{tool}: the answer is not what its schema says")))
            }
            _ => Ok(answer),
        }
    }

    async fn catalog(
        &self,
        name: &str,
        server: &Server,
        within: Instant,
    ) -> Result<Option<&Catalog>, ToolError> {
        let (Some(pin), Some(cell)) = (&server.pin, self.catalogs.get(name)) else {
            return Ok(None);
        };
        let listed = cell
            .get_or_try_init(async || {
                let tools = list(self.connections.to(&server.target, self.retries), within).await?;
                let found = tools_digest(&tools);
                if found != *pin {
                    return Err(ToolError::Forbidden(format!("{name}: its tools changed to {found}")));
                }
                Ok(Catalog { outputs: tools.iter().filter_map(output_schema).collect() })
            })
            .await?;
        Ok(Some(listed))
    }
}

fn output_schema(tool: &rmcp::model::Tool) -> Option<(String, Validator)> {
    let schema = Value::Object(tool.output_schema.as_deref()?.clone());
    let validator = jsonschema::validator_for(&schema).ok()?;
    Some((tool.name.to_string(), validator))
}

async fn call_once(
    carrier: Carrier,
    within: Instant,
    tool: &str,
    arguments: JsonObject,
) -> Result<CallToolResult, ToolError> {
    let (service, courier) = connect(carrier, within);
    let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
    match service.call_tool_once(params).await {
        Ok(CallToolResponse::Complete(result)) => Ok(result),
        Ok(_) => Err(ToolError::Unknown("the tool asked for something before answering".to_owned())),
        Err(error) => Err(tool_error(&error, courier.fault())),
    }
}

async fn list(carrier: Carrier, within: Instant) -> Result<Vec<rmcp::model::Tool>, ToolError> {
    let (service, courier) = connect(carrier, within);
    service.list_all_tools().await.map_err(|error| match tool_error(&error, courier.fault()) {
        // A list that did not come leaves the call itself unsent.
        ToolError::Unknown(why) => ToolError::Unsent(why),
        other => other,
    })
}

/// A peer that is known to speak the stateless protocol: no request is spent on finding out.
fn connect(carrier: Carrier, within: Instant) -> (RunningService<RoleClient, ClientConfig>, Courier) {
    let config =
        StreamableHttpClientTransportConfig::with_uri(carrier.address()).reinit_on_expired_session(false);
    let courier = Courier::new(carrier, within);
    let transport = StreamableHttpClientTransport::with_client(courier.clone(), config);
    let peer = ServerPeerInfo::new(ProtocolVersion::V_2026_07_28, ServerCapabilities::default());
    let ourselves = Implementation::new("chimera", env!("CARGO_PKG_VERSION"));
    let client = ClientConfig::new(ClientCapabilities::default(), ourselves)
        .with_protocol_version(ProtocolVersion::V_2026_07_28);
    (serve_directly(client, transport, Some(peer)), courier)
}

fn tool_error(error: &ServiceError, fault: Option<Fault>) -> ToolError {
    match (fault, error) {
        (Some(Fault::Unsent(why)), _) => ToolError::Unsent(why),
        (Some(Fault::Forbidden(why)), _) => ToolError::Forbidden(why),
        (Some(Fault::Unknown(why)), _) => ToolError::Unknown(why),
        (None, ServiceError::McpError(refusal)) if refused_before_running(refusal.code) => {
            ToolError::Forbidden(refusal.message.to_string())
        }
        (None, other) => ToolError::Unknown(other.to_string()),
    }
}

/// Protocol errors that a server raises instead of calling the tool.
fn refused_before_running(code: ErrorCode) -> bool {
    [
        ErrorCode::INVALID_REQUEST,
        ErrorCode::METHOD_NOT_FOUND,
        ErrorCode::INVALID_PARAMS,
        ErrorCode::PARSE_ERROR,
        ErrorCode::HEADER_MISMATCH,
        ErrorCode::UNSUPPORTED_PROTOCOL_VERSION,
        ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY,
    ]
    .contains(&code)
}

fn structured(result: CallToolResult) -> Result<Value, ToolError> {
    let failed = result.is_error.unwrap_or(false);
    match result.structured_content {
        Some(answer) if !failed => Ok(answer),
        Some(answer) => Err(ToolError::Refused(refusal(answer))),
        None if failed => Err(ToolError::Refused(refusal(Value::Null))),
        None => Err(ToolError::Unknown("the tool answered nothing structured".to_owned())),
    }
}

fn refusal(answer: Value) -> Refusal {
    let text = answer.to_string();
    serde_json::from_value(answer).unwrap_or_else(|_| Refusal {
        code: "tool_error".to_owned(),
        message: text,
        retryable: false,
    })
}
