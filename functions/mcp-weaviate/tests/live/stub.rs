//! A database that answers what it is told to, and remembers what it was asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use chimera_mcp::net::Reach;
use chimera_mcp::server::{MemoryAnswers, ToolFault, ToolServer};
use chimera_testkit::VirtualClock;
use mcp_weaviate::{ApiKey, Catalogue, Live, server};
use serde_json::{Value, json};

/// What the database was asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// Method, path and query.
    pub(crate) what: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Value,
}

/// An answer: status, `retry-after`, body.
type Told = (u16, Option<u32>, String);

#[derive(Default)]
struct Script {
    asked: Vec<Asked>,
    /// By method and path: in turn, the last one for ever.
    told: BTreeMap<String, Vec<Told>>,
}

#[derive(Clone, Default)]
pub(crate) struct Stub(Arc<Mutex<Script>>);

/// A server of ours over such a database.
pub(crate) struct Weaviate {
    pub(crate) stub: Stub,
    pub(crate) server: ToolServer,
    pub(crate) clock: VirtualClock,
}

impl Stub {
    pub(crate) fn tell(&self, what: &str, status: u16, body: Value) {
        self.tell_text(what, status, None, &body.to_string());
    }

    pub(crate) fn tell_text(&self, what: &str, status: u16, retry_after_s: Option<u32>, body: &str) {
        let mut script = self.0.lock().unwrap();
        script.told.entry(what.to_owned()).or_default().push((status, retry_after_s, body.to_owned()));
    }

    /// What it was asked since the last time, but for its release.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let mut asked = std::mem::take(&mut self.0.lock().unwrap().asked);
        asked.retain(|asked| asked.what != "GET /v1/meta");
        asked
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }

    fn answer(&self, what: &str, path: &str) -> Told {
        let mut script = self.0.lock().unwrap();
        let told = script
            .told
            .get_mut(what)
            .map(|told| if told.len() > 1 { told.remove(0) } else { told[0].clone() });
        told.unwrap_or_else(|| match path {
            "/v1/meta" => {
                (200, None, json!({ "hostname": "h", "version": "1.37.1", "modules": {} }).to_string())
            }
            _ => (599, None, format!("nothing is told for {what}")),
        })
    }
}

async fn handle(
    State(stub): State<Stub>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = headers.get("authorization").map(|key| key.to_str().unwrap().to_owned());
    let what = format!("{method} {uri}");
    let asked = Asked { what: what.clone(), key, body: serde_json::from_slice(&body).unwrap_or_default() };
    stub.0.lock().unwrap().asked.push(asked);
    let (status, retry_after_s, body) = stub.answer(&what, uri.path());
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}

/// A database on this machine, and a server over it.
pub(crate) async fn weaviate() -> Weaviate {
    let stub = Stub::default();
    let router = Router::new().fallback(handle).with_state(stub.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    over(address, stub)
}

/// A server over a database at an address.
pub(crate) fn over(address: SocketAddr, stub: Stub) -> Weaviate {
    let clock = VirtualClock::default();
    let key = ApiKey::new("the-key").unwrap();
    let (url, catalogue) = (format!("http://{address}/"), Catalogue::standard().unwrap());
    let live = Live::new(&url, Reach::Anywhere, Some(key), catalogue, clock.clone()).unwrap();
    let server = server(Arc::new(live), clock.clone(), MemoryAnswers::default()).unwrap();
    Weaviate { stub, server, clock }
}

impl Weaviate {
    /// A database that has the collection and the tenant.
    pub(crate) fn with_collection(self, name: &str) -> Self {
        let class = json!({ "class": name, "multiTenancyConfig": { "enabled": true } });
        self.stub.tell(&format!("GET /v1/schema/{name}"), 200, class);
        self.stub.tell(&format!("POST /v1/schema/{name}/tenants"), 200, json!([{ "name": "t1" }]));
        self
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.server.call_checked(tool, arguments).await.unwrap()
    }

    /// Code and whether to try again.
    pub(crate) async fn refusal(&self, tool: &str, arguments: Value) -> (String, bool) {
        let fault = self.fault(tool, arguments).await;
        let refusal = fault.refusal().unwrap_or_else(|| panic!("{fault:?}"));
        (refusal.code.clone(), refusal.retryable)
    }

    pub(crate) async fn fault(&self, tool: &str, arguments: Value) -> ToolFault {
        self.server.call_checked(tool, arguments).await.unwrap_err()
    }
}

/// Where the database has what nova of `t1` remembered under a key.
pub(crate) fn path_of(key: &str) -> String {
    let tenant = chimera_domain::TenantId::new("t1").unwrap();
    let agent = chimera_domain::AgentId::new("nova").unwrap();
    format!("GET /v1/objects/Memory/{}?tenant=t1", mcp_weaviate::memory_id(&tenant, &agent, key))
}
