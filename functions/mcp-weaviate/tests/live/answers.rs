//! What the database's errors mean for a caller.

use chimera_mcp::server::ToolFault;
use serde_json::{Value, json};

use super::stub::{Stub, over, weaviate};
use super::{BATCH, GRAPHQL, QUERY, UPSERT, asking, put};

fn error(message: &str) -> Value {
    json!({ "error": [{ "message": message }] })
}

fn tea() -> Value {
    asking("tea", json!({}))
}

fn told(code: &str, retryable: bool) -> (String, bool) {
    (code.to_owned(), retryable)
}

/// [W-6]
#[tokio::test]
async fn each_status_has_its_meaning() {
    for (status, body, code, retryable) in [
        (400, error("malformed"), "invalid_input", false),
        (
            401,
            json!({ "code": 401, "message": "invalid api key, please provide a valid api key" }),
            "upstream_rejected",
            false,
        ),
        (403, error("forbidden: rbac: viewer"), "upstream_rejected", false),
        (404, error("no such path"), "not_found", false),
        (422, error("vector lengths don't match the length of the index"), "invalid_input", false),
        (422, error("tenant not found: \"t1\""), "not_found", false),
        (429, json!("slow down"), "rate_limited", true),
        (500, error("shard is broken"), "upstream_unavailable", true),
        (502, json!("<html>bad gateway</html>"), "upstream_unavailable", true),
        (301, Value::Null, "upstream_rejected", false),
    ] {
        let weaviate = weaviate().await;
        weaviate.stub.tell(GRAPHQL, status, body.clone());
        assert_eq!(weaviate.refusal(QUERY, tea()).await, told(code, retryable), "{status} {body}");
    }
}

/// [W-6]
#[tokio::test]
async fn each_error_inside_an_answer_has_its_meaning() {
    for (message, code, retryable) in [
        ("tenant not found: \"t1\"", "not_found", false),
        ("429 Too many requests", "rate_limited", true),
        ("context deadline exceeded", "upstream_unavailable", true),
        ("forbidden: rbac: viewer", "upstream_rejected", false),
        ("invalid 'where' filter: unknown operator", "invalid_input", false),
    ] {
        let weaviate = weaviate().await;
        weaviate.stub.tell(GRAPHQL, 200, json!({ "data": null, "errors": [{ "message": message }] }));
        assert_eq!(weaviate.refusal(QUERY, tea()).await, told(code, retryable), "{message}");
    }
}

/// [W-6]
#[tokio::test]
async fn a_wait_that_the_database_asks_for_is_passed_on() {
    let weaviate = weaviate().await;
    weaviate.stub.tell_text(GRAPHQL, 429, Some(12), "");
    let fault = weaviate.fault(QUERY, tea()).await;
    let waits =
        matches!(&fault, ToolFault::Wait { refusal, retry_after_s: 12 } if refusal.code == "rate_limited");
    assert!(waits, "{fault:?}");
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_none() {
    for body in ["garbage", "{}", "{\"data\":{\"Get\":{\"Knowledge\":[{\"title\":\"x\"}]}}}"] {
        let weaviate = weaviate().await;
        weaviate.stub.tell_text(GRAPHQL, 200, None, body);
        assert_eq!(weaviate.refusal(QUERY, tea()).await, told("upstream_unavailable", true), "{body}");
    }
    let weaviate = weaviate().await.with_collection("Knowledge");
    weaviate.stub.tell(BATCH, 200, json!([]));
    let objects = json!([{ "properties": { "title": "Tea" } }]);
    assert_eq!(weaviate.refusal(UPSERT, put(objects)).await, told("upstream_unavailable", true));
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let weaviate = weaviate().await;
    weaviate.stub.tell_text(GRAPHQL, 200, None, &" ".repeat(5 * 1024 * 1024));
    assert_eq!(weaviate.refusal(QUERY, tea()).await, told("upstream_unavailable", true));
}

#[tokio::test]
async fn a_database_that_is_not_there_or_too_old_is_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let nowhere = over(address, Stub::default());
    assert_eq!(nowhere.refusal(QUERY, tea()).await, told("upstream_unavailable", true));

    let old = weaviate().await;
    old.stub.tell("GET /v1/meta", 200, json!({ "version": "1.19.3" }));
    assert_eq!(old.refusal(QUERY, tea()).await, told("unsupported", false));
    assert_eq!(old.stub.paths(), Vec::<String>::new(), "it is asked nothing else");
}

#[tokio::test]
async fn the_servers_key_is_in_no_refusal() {
    let weaviate = weaviate().await;
    weaviate.stub.tell(GRAPHQL, 401, error("the key the-key is wrong"));
    let fault = weaviate.fault(QUERY, tea()).await;
    assert!(!format!("{fault:?}").contains("the-key"), "{fault:?}");
}

#[tokio::test]
async fn a_collection_or_tenant_that_somebody_else_made_meanwhile_is_as_good() {
    let weaviate = weaviate().await;
    weaviate.stub.tell("GET /v1/schema/Knowledge", 404, Value::Null);
    weaviate.stub.tell("POST /v1/schema", 422, error("class name Knowledge already exists"));
    weaviate.stub.tell("POST /v1/schema/Knowledge/tenants", 422, error("tenant t1 already exists"));
    weaviate.stub.tell(BATCH, 200, json!([{ "result": { "status": "SUCCESS" } }]));
    let objects = json!([{ "properties": { "title": "Tea" } }]);
    let told = weaviate.call(UPSERT, put(objects)).await;
    assert!(told["results"][0]["id"].is_string(), "{told}");
}
