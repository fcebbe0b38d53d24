//! A database that answers what it is told to, and remembers what it was asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::{Clock as _, GrantSigner as _};
use chimera_domain::{AgentId, CampaignId, Currency, Digest, EffectId, Grant, Money, TenantId};
use chimera_mcp::net::Reach;
use chimera_mcp::server::{GrantDesk, GrantVerifier, MemoryAnswers, MemoryBurns, ToolFault, ToolServer};
use chimera_runtime::RandomIds;
use chimera_testkit::{MemorySigner, STACK, VirtualClock};
use mcp_weaviate::{ApiKey, Catalogue, Live, Memories, read_half, write_half};
use serde_json::{Value, json};
use uuid::Uuid;

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

/// Both halves of a server of ours over such a database.
pub(crate) struct Weaviate {
    pub(crate) stub: Stub,
    read: ToolServer,
    write: ToolServer,
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
    let live = Arc::new(Live::new(&url, Reach::Anywhere, Some(key), catalogue, clock.clone()).unwrap());
    let keys: BTreeMap<String, String> = MemorySigner::default()
        .public_keys()
        .into_iter()
        .map(|(id, key)| (id, BASE64_STANDARD.encode(key.as_bytes())))
        .collect();
    let verifier = GrantVerifier::from_json(&json!(keys).to_string(), format!("weaviate@{STACK}")).unwrap();
    let desk = GrantDesk::new(verifier, MemoryBurns::default(), clock.clone(), RandomIds);
    let keeper = Memories::new(Arc::clone(&live), clock.clone());
    let write = write_half(keeper, (Arc::clone(&live), clock.clone()), desk, MemoryAnswers::default());
    let write = write.clock(clock.clone()).build().unwrap();
    let read = read_half(live, clock.clone()).clock(clock.clone()).build().unwrap();
    Weaviate { stub, read, write, clock }
}

impl Weaviate {
    /// A database that has the collection and the tenant.
    pub(crate) fn with_collection(self, name: &str) -> Self {
        let class = json!({ "class": name, "multiTenancyConfig": { "enabled": true } });
        self.stub.tell(&format!("GET /v1/schema/{name}"), 200, class);
        self.stub.tell(&format!("POST /v1/schema/{name}/tenants"), 200, json!([{ "name": "t1" }]));
        self
    }

    /// The half that offers the tool.
    fn half(&self, tool: &str) -> &ToolServer {
        let is_read = self.read.tools().iter().any(|offered| offered.name == tool);
        if is_read { &self.read } else { &self.write }
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.half(tool).call_checked(tool, arguments).await.unwrap()
    }

    /// What becomes of keeping this for nova of `t1`, with a fresh grant for exactly it.
    pub(crate) async fn keep(&self, memory: Value) -> Value {
        let arguments = json!({ "account": "nova", "memories": [memory] });
        let signer = MemorySigner::default();
        let grant = Grant {
            id: Uuid::new_v4().to_string(),
            key: signer.key_id().to_owned(),
            tenant: TenantId::new("t1").unwrap(),
            agent: AgentId::new("nova").unwrap(),
            campaign: CampaignId::new("c1").unwrap(),
            effect: EffectId::new("e1").unwrap(),
            audience: format!("weaviate@{STACK}"),
            tool: "memories_keep".to_owned(),
            arguments: Digest::of_json(&arguments),
            max_cost: Money::zero(Currency::Usd),
            policy_version: 1,
            expires_at: self.clock.now() + std::time::Duration::from_secs(600),
        };
        let mut call = arguments;
        call["grant"] = json!(signer.sign(grant));
        call["idempotency_key"] = json!(Uuid::new_v4());
        self.write.call_checked("memories_keep", call).await.unwrap()
    }

    /// Code and whether to try again.
    pub(crate) async fn refusal(&self, tool: &str, arguments: Value) -> (String, bool) {
        let fault = self.fault(tool, arguments).await;
        let refusal = fault.refusal().unwrap_or_else(|| panic!("{fault:?}"));
        (refusal.code.clone(), refusal.retryable)
    }

    pub(crate) async fn fault(&self, tool: &str, arguments: Value) -> ToolFault {
        self.half(tool).call_checked(tool, arguments).await.unwrap_err()
    }
}

/// Where the database has what nova of `t1` remembered under a key.
pub(crate) fn path_of(key: &str) -> String {
    let tenant = chimera_domain::TenantId::new("t1").unwrap();
    let agent = chimera_domain::AgentId::new("nova").unwrap();
    format!("GET /v1/objects/Memory/{}?tenant=t1", mcp_weaviate::memory_id(&tenant, &agent, key))
}
