//! A server that answers as a test says and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::config::{Credentials, SharedCredentialsProvider};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use chimera_domain::Digest;
use chimera_domain::ports::WriteCall;
use chimera_mcp::net::Reach;
use chimera_mcp::{Connections, McpToolbox, Registry, Server, Target, ToolClass};
use serde_json::{Value, json};
use uuid::Uuid;

/// Far longer than anything here takes.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Seen {
    /// The JSON-RPC method, or the HTTP one where there is no body.
    pub(crate) fn rpc(&self) -> &str {
        self.body["method"].as_str().unwrap_or(self.method.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) struct Script {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    pub(crate) async fn new(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (remembered, answer) = (Arc::clone(&seen), Arc::new(answer));
        let handle = move |request: Request<Body>| {
            let (remembered, answer) = (Arc::clone(&remembered), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap();
                let body = serde_json::from_slice(&body).unwrap_or_default();
                let seen = Seen { method: parts.method, headers: parts.headers, body };
                remembered.lock().unwrap().push(seen.clone());
                answer(&seen)
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handle)).await.unwrap() });
        Self { address, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// What was asked since the last time, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.seen.lock().unwrap().drain(..).map(|seen| seen.rpc().to_owned()).collect()
    }

    /// Our own server here, with one tool of each class.
    pub(crate) fn ours(&self) -> Server {
        let target = Target::parse(&format!("http://{}/mcp", self.address)).within(Reach::Anywhere);
        let tools = [("look", ToolClass::Read), ("make", ToolClass::Generate), ("act", ToolClass::Effect)];
        Server::new(target, tools)
    }

    /// Our own server as the only one of a toolbox.
    pub(crate) fn toolbox(&self) -> McpToolbox {
        boxed(self.ours())
    }

    /// Somebody else's server here, as an entry of the configuration that a test may change.
    pub(crate) fn theirs(&self, change: impl FnOnce(&mut Value)) -> Registry {
        let mut entry = json!({
            "name": "server", "url": format!("http://{}/mcp", self.address), "allow_private": true,
            "tools": [{ "name": "look", "class": "read", "kinds": ["research"] }],
        });
        change(&mut entry);
        Registry::from_json(&json!([entry]).to_string()).unwrap()
    }
}

/// A toolbox with this server alone, under the name `server`.
pub(crate) fn boxed(server: Server) -> McpToolbox {
    McpToolbox::new(Registry::new().with("server", server), connections()).seeded(1)
}

/// Connections of which only HTTP is used.
pub(crate) fn connections() -> Connections {
    connections_to(SocketAddr::from(([127, 0, 0, 1], 9)))
}

/// Connections to a stand-in for the Lambda API.
pub(crate) fn connections_to(lambda_api: SocketAddr) -> Connections {
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{lambda_api}"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test")))
        .build();
    Connections::new(&aws).unwrap()
}

/// A response with this result.
pub(crate) fn result(seen: &Seen, result: &Value) -> Response {
    Json(json!({ "jsonrpc": "2.0", "id": seen.body["id"], "result": result })).into_response()
}

/// The result of a tool that gives this.
pub(crate) fn structured(seen: &Seen, answer: &Value) -> Response {
    result(seen, &json!({ "resultType": "complete", "content": [], "structuredContent": answer }))
}

/// The refusal of a tool.
pub(crate) fn refused(seen: &Seen, refusal: &Value) -> Response {
    result(seen, &json!({ "content": [], "structuredContent": refusal, "isError": true }))
}

/// A failure below MCP.
pub(crate) fn status(code: u16) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}

/// A call of `act`.
pub(crate) fn a_write() -> WriteCall {
    let money = json!({ "minor": 20, "currency": "USD" });
    let grant = json!({
        "grant": {
            "id": "g1", "key": "k1", "tenant": "acme", "agent": "mira", "campaign": "c1", "effect": "e1",
            "audience": "server@test", "tool": "act", "arguments": Digest::of_json(&json!({})), "max_cost": money,
            "policy_version": 0, "expires_at": "2031-03-02T09:15:00Z",
        },
        "signature": "",
    });
    WriteCall {
        server: "server".to_owned(),
        tool: "act".to_owned(),
        arguments: json!({}),
        grant: serde_json::from_value(grant).unwrap(),
        idempotency_key: Uuid::from_u128(1),
    }
}
