//! Makes every call of the live backend once, at a base URL, with an invented key, and prints what came of it: one line of JSON
//! per operation of the database. `make mcp-contracts` runs it against Weaviate's own document.
//!
//! `weaviate_live_calls <base URL> [operation]`. First parts of the path such as `~404~GET~schema` ask whoever answers for that
//! status, the first time that method and path fit.
#![expect(clippy::print_stdout, reason = "its lines are what it is for")]

use anyhow::Context as _;
use chimera_domain::{AgentId, TenantId, Timestamp};
use chimera_mcp::net::Reach;
use chimera_runtime::SystemClock;
use mcp_weaviate::{
    ApiKey, Catalogue, CollectionName, Condition, DatabaseFault, Embedding, Fusion, Live, Metadata,
    NewObject, Newest, Object, Place, Scalar, Search, Stay, Test, VectorDatabase as _,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

const META: &str = "GET /v1/meta";
const SCHEMA: &str = "GET /v1/schema";
const MAKE: &str = "POST /v1/schema";
const CLASS: &str = "GET /v1/schema/{className}";
const TENANTS: &str = "GET /v1/schema/{className}/tenants";
const ADMIT: &str = "POST /v1/schema/{className}/tenants";
const GET: &str = "GET /v1/objects/{className}/{id}";
const DELETE: &str = "DELETE /v1/objects/{className}/{id}";
const PUT: &str = "POST /v1/batch/objects";
const SWEEP: &str = "DELETE /v1/batch/objects";
const QUERY: &str = "POST /v1/graphql";

/// What a call told: whether it makes sense, and in which words.
struct Told {
    ok: bool,
    words: String,
}

/// Makes calls and prints what they told; those of one operation alone if so asked.
struct Calls {
    only: Option<String>,
}

impl Calls {
    async fn make(&self, operations: &[&str], call: impl Future<Output = Told>) {
        let is_wanted = |operation: &&&str| self.only.as_deref().is_none_or(|only| only == **operation);
        let wanted: Vec<&&str> = operations.iter().filter(is_wanted).collect();
        if wanted.is_empty() {
            return;
        }
        let Told { ok, words } = call.await;
        for operation in wanted {
            println!("{}", json!({ "operation": operation, "ok": ok, "told": words }));
        }
    }
}

/// It was done, and something was there; or the database says why not.
fn told(result: Result<bool, DatabaseFault>) -> Told {
    let (ok, words) = match result {
        Ok(true) => (true, "done".to_owned()),
        Ok(false) => (true, "nothing".to_owned()),
        Err(fault @ DatabaseFault::Answer(_)) => (true, fault.to_string()),
        Err(fault) => (false, format!("{fault}: {fault:?}")),
    };
    Told { ok, words }
}

/// Each object was put, or the database says why not.
fn put(results: Result<Vec<Result<Uuid, String>>, DatabaseFault>) -> Told {
    match results.map(|results| results.into_iter().find_map(Result::err)) {
        Ok(Some(words)) => Told { ok: true, words },
        other => told(other.map(|_| true)),
    }
}

type Weaviate = Live<SystemClock>;

/// Each call has a database of its own that knows nothing yet; `scene` is what is asked of whoever answers.
fn weaviate(base: &str, scene: &str) -> anyhow::Result<Weaviate> {
    let (url, key) = (format!("{base}{scene}"), ApiKey::new("invented")?);
    Ok(Live::new(&url, Reach::Anywhere, Some(key), Catalogue::standard()?, SystemClock)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let base = arguments.next().context("the base URL is missing")?;
    let calls = Calls { only: arguments.next() };
    let tenant = TenantId::new("t1")?;
    let memory = Place::Memory { tenant: tenant.clone(), agent: AgentId::new("nova")? };
    let knowledge = Place::Collection { tenant, name: CollectionName::new("Knowledge")? };
    looks(&calls, &base).await?;
    memories(&calls, &base, &memory).await?;
    queries(&calls, &base, &memory, knowledge).await
}

async fn looks(calls: &Calls, base: &str) -> anyhow::Result<()> {
    let here = weaviate(base, "")?;
    let own = CollectionName::new("Recipe")?;
    calls
        .make(&[META, SCHEMA], async { told(here.collections(None).await.map(|all| !all.is_empty())) })
        .await;
    calls.make(&[CLASS], async { told(here.collections(Some(&own)).await.map(|all| !all.is_empty())) }).await;
    calls.make(&[TENANTS], async { told(here.tenants(&own).await.map(|all| !all.is_empty())) }).await;
    Ok(())
}

async fn memories(calls: &Calls, base: &str, memory: &Place) -> anyhow::Result<()> {
    let now = Timestamp::from_second(1_800_000_000)?;
    let object = Object {
        id: Uuid::from_u128(0x8e03_978e_40d5_43e8_bc93_6894_a57f_9324),
        properties: properties(json!({
            "agent": "nova", "kind": "episodic", "text": "Kites fly on Sundays.", "salience": 40,
            "long_term": false, "created_at": now.to_string(),
        })),
        embedding: Embedding::of_text("Kites fly on Sundays."),
        created_at: now,
        updated_at: now,
    };
    let (first, later) =
        (weaviate(base, "/~404~GET~schema/~404~GET~objects")?, weaviate(base, "/~404~GET~objects")?);
    let kept = async { told(first.keep(memory, &object, Stay::Kept).await.map(|_| true)) };
    calls.make(&[MAKE, ADMIT, GET, PUT], kept).await;
    let passing = Stay::Passing { until: now };
    let swept = async { told(later.keep(memory, &object, passing).await.map(|_| true)) };
    calls.make(&[CLASS, SWEEP], swept).await;
    let here = weaviate(base, "")?;
    calls.make(&[GET, DELETE], async { told(here.forget(memory, object.id).await) }).await;
    Ok(())
}

async fn queries(calls: &Calls, base: &str, memory: &Place, knowledge: Place) -> anyhow::Result<()> {
    let here = weaviate(base, "")?;
    let at = Timestamp::from_second(1_800_000_000)?;
    let condition = Condition::All(vec![
        Condition::compare("kind", Test::ContainsAny, vec![Scalar::Text("world".to_owned())]),
        Condition::compare("created_at", Test::GreaterEqual, vec![Scalar::Date(at)]),
    ]);
    let search = Search {
        place: memory.clone(),
        query: "kites on \"Sundays\"".to_owned(),
        embedding: Embedding::of_text("kites on Sundays"),
        alpha: 0.75,
        fusion: Fusion::RelativeScore,
        searched: vec![("text".to_owned(), 2.0)],
        condition: Some(condition),
        wanted: Vec::new(),
        metadata: vec![Metadata::Id, Metadata::Score, Metadata::CreationTimeUnix],
        limit: 3,
    };
    let by_meaning = Search { alpha: 1.0, fusion: Fusion::Ranked, ..search.clone() };
    let newest = Newest { place: memory.clone(), after: at, condition: None, limit: 5 };
    calls.make(&[QUERY], async { told(here.search(&search).await.map(|hits| !hits.is_empty())) }).await;
    calls.make(&[QUERY], async { told(here.search(&by_meaning).await.map(|hits| !hits.is_empty())) }).await;
    calls.make(&[QUERY], async { told(here.newest(&newest).await.map(|hits| !hits.is_empty())) }).await;

    let objects = vec![NewObject {
        id: None,
        properties: properties(json!({
            "title": "Kites", "text": "They fly.", "topics": ["wind"], "weight": 1.5,
            "published_at": "2026-01-01T00:00:00Z",
        })),
        embedding: None,
    }];
    calls.make(&[PUT, ADMIT, CLASS], async { put(here.upsert(&knowledge, objects).await) }).await;
    Ok(())
}

fn properties(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}
