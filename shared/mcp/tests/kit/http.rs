//! A client that knows nothing of this crate: bytes in, bytes out, in either era of the protocol.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chimera_mcp::server::{ToolServer, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Which revision of the protocol a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2026-07-28: every request says everything.
    Modern,
    /// 2025-11-25, without a session.
    Legacy,
}

pub(crate) const ERAS: [Era; 2] = [Era::Modern, Era::Legacy];

pub(crate) const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

/// A client of one server.
pub(crate) struct Client {
    router: Router,
    era: Era,
    traceparent: Option<&'static str>,
}

impl Client {
    pub(crate) fn of(server: ToolServer, era: Era) -> Self {
        Self { router: router(server, &[]), era, traceparent: None }
    }

    pub(crate) fn traced(mut self, traceparent: &'static str) -> Self {
        self.traceparent = Some(traceparent);
        self
    }

    /// The JSON-RPC answer to a request; `name` is what the header repeats.
    pub(crate) async fn ask(&self, method: &str, name: Option<&str>, mut params: Value) -> Value {
        let version = match self.era {
            Era::Modern => "2026-07-28",
            Era::Legacy => "2025-11-25",
        };
        if self.era == Era::Modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": version,
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        if let Some(traceparent) = self.traceparent {
            params["_meta"]["traceparent"] = json!(traceparent);
        }
        let mut request = Request::post("/mcp")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", version)
            .header("mcp-method", method);
        if let Some(name) = name {
            request = request.header("mcp-name", name);
        }
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (_, answer) = self.send(request.body(Body::from(body.to_string())).unwrap()).await;
        answer
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, serde_json::from_slice(&body).unwrap_or_else(|_| json!({ "body": body.to_vec() })))
    }

    /// What comes of asking, if anything ever does: for tests whose time stands still while something is under way.
    pub(crate) async fn soon<T>(&self, asking: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_secs(60), asking).await.unwrap()
    }

    async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", Some(tool), json!({ "name": tool, "arguments": arguments })).await
    }

    /// The structured answer of a tool that did not refuse.
    pub(crate) async fn answer(&self, tool: &str, arguments: Value) -> Value {
        let answer = self.call(tool, arguments).await;
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["structuredContent"].clone()
    }

    /// The refusal of a tool that refused.
    pub(crate) async fn refusal(&self, tool: &str, arguments: Value) -> Value {
        let answer = self.call(tool, arguments).await;
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["structuredContent"].clone()
    }

    pub(crate) async fn code(&self, tool: &str, arguments: Value) -> String {
        self.refusal(tool, arguments).await["code"].as_str().unwrap().to_owned()
    }

    /// The protocol error that a call of a tool brings.
    pub(crate) async fn error(&self, tool: &str, arguments: Value) -> Value {
        self.call(tool, arguments).await["error"].clone()
    }

    /// The declared tool of this name.
    pub(crate) async fn declared(&self, tool: &str) -> Value {
        let list = self.ask("tools/list", None, json!({})).await;
        let tools = list["result"]["tools"].as_array().unwrap().clone();
        tools.into_iter().find(|declared| declared["name"] == tool).unwrap()
    }
}
