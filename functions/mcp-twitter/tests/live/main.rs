//! The live backend against a platform of paper: what exactly it asks, and what it makes of each answer.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod posting;
mod reading;
mod secrecy;
mod tokens;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use chimera_domain::ports::Clock;
use chimera_domain::{TenantId, Timestamp};
use chimera_signed_http::secrets::{SecretError, SecretVault, Secrets};
use mcp_twitter::{Account, Live, Renewal, Tokens, XClient};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const NOW: i64 = 1_800_000_000;
/// What the account's calls are made with.
const ACCESS: &str = "access-1-secret";
/// What the tenant's calls are made with.
const APP: &str = "app-1-secret";

#[derive(Debug, Clone, Copy)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }
}

/// A request as the platform saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    /// Method, path and query.
    line: String,
    authorization: String,
    content_type: Option<String>,
    body: String,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?} has no JSON body"))
    }
}

/// What the platform answers next.
#[derive(Debug, Clone)]
struct Told {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn told(status: u16, body: &Value) -> Told {
    Told { status, headers: Vec::new(), body: body.to_string() }
}

fn ok(body: &Value) -> Told {
    told(200, body)
}

/// A platform that answers what it was told to, one after the other.
#[derive(Clone, Default)]
struct Paper {
    seen: Arc<Mutex<Vec<Seen>>>,
    answers: Arc<Mutex<VecDeque<Told>>>,
}

async fn answer(State(paper): State<Paper>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 16 * 1024 * 1024).await.unwrap();
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("accept").as_deref(), Some("application/json"));
    paper.seen.lock().unwrap().push(Seen {
        line: format!("{} {}", parts.method, parts.uri),
        authorization: header("authorization").unwrap_or_default(),
        content_type: header("content-type"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let told = paper.answers.lock().unwrap().pop_front();
    let Told { status, headers, body } = told.unwrap_or_else(|| ok(&json!({ "unexpected": true })));
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

/// Secrets in memory.
#[derive(Clone, Default)]
struct Vault {
    secrets: Arc<Mutex<BTreeMap<String, String>>>,
    is_closed: Arc<Mutex<bool>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    fn put(&self, name: &str, secret: &Value) {
        self.secrets.lock().unwrap().insert(name.to_owned(), secret.to_string());
    }

    fn secret(&self, name: &str) -> Value {
        serde_json::from_str(&self.secrets.lock().unwrap()[name]).unwrap()
    }

    fn close(&self, is_closed: bool) {
        *self.is_closed.lock().unwrap() = is_closed;
    }
}

impl Secrets for Vault {
    async fn read(&self, name: &str) -> Result<Option<String>, SecretError> {
        Ok(self.secrets.lock().unwrap().get(name).cloned())
    }
}

impl SecretVault for Vault {
    async fn write(&self, name: &str, secret: &str) -> Result<(), SecretError> {
        if *self.is_closed.lock().unwrap() {
            return Err(SecretError::Unavailable("the vault is closed".into()));
        }
        self.secrets.lock().unwrap().insert(name.to_owned(), secret.to_owned());
        Ok(())
    }
}

/// The live backend and what it speaks to.
struct World {
    live: Live<Vault, Noon>,
    paper: Paper,
    vault: Vault,
}

const ACCOUNT_SECRET: &str = "chimera/twitter/t1/nova";

async fn world(answers: impl IntoIterator<Item = Told>) -> World {
    let vault = Vault::default();
    vault.put(ACCOUNT_SECRET, &json!({ "access_token": ACCESS }));
    vault.put("chimera/twitter/t1/@app", &json!({ "bearer_token": APP }));
    world_with(vault, Renewal::Elsewhere, answers).await
}

async fn world_with(vault: Vault, renewal: Renewal, answers: impl IntoIterator<Item = Told>) -> World {
    let paper = Paper::default();
    paper.answers.lock().unwrap().extend(answers);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer).with_state(paper.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    World { live: live(&url, vault.clone(), renewal), paper, vault }
}

fn live(url: &str, vault: Vault, renewal: Renewal) -> Live<Vault, Noon> {
    let tokens = Tokens::new(vault, Noon, "chimera/twitter/", renewal).reread_after(Duration::ZERO);
    Live::new(XClient::new(Some(url), Noon).unwrap(), tokens)
}

/// An address at which nobody listens.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

impl World {
    fn seen(&self) -> Vec<Seen> {
        self.paper.seen.lock().unwrap().clone()
    }

    /// What was asked, in order.
    fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

fn nova() -> Account {
    Account { tenant: TenantId::new("t1").unwrap(), name: "nova".to_owned() }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The platform knows the account as this.
fn me() -> Told {
    let metrics =
        json!({ "followers_count": 321, "following_count": 5, "post_count": 77, "listed_count": 1 });
    ok(
        &json!({ "data": { "id": "2244994945", "name": "Nova", "username": "nova_x", "public_metrics": metrics } }),
    )
}

const ME: &str = "GET /2/users/me?user.fields=public_metrics%2Cusername";
