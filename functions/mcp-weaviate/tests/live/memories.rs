//! Remembering, recalling and forgetting in a real Weaviate.

use mcp_weaviate::memory_id;
use serde_json::{Value, json};

use super::stub::weaviate;
use super::{BATCH, GRAPHQL};

fn of_nova(mut arguments: Value) -> Value {
    arguments["tenant"] = json!("t1");
    arguments["agent"] = json!("nova");
    arguments
}

fn episode(salience: u8) -> Value {
    json!({ "key": "k1", "kind": "episodic", "text": "Rain \"again\"", "salience": salience })
}

/// The id of what nova remembered under `k1`.
fn id() -> String {
    let (tenant, agent) =
        (chimera_domain::TenantId::new("t1").unwrap(), chimera_domain::AgentId::new("nova").unwrap());
    memory_id(&tenant, &agent, "k1").to_string()
}

fn object() -> String {
    format!("GET /v1/objects/Memory/{}?tenant=t1", id())
}

fn memory(agent: &str, text: &str) -> Value {
    json!({
        "class": "Memory", "id": id(),
        "properties": {
            "agent": agent, "kind": "episodic", "text": text, "salience": 50, "long_term": true,
            "created_at": "2026-01-01T00:00:00Z",
        },
    })
}

fn put() -> Value {
    json!([{ "id": id(), "result": { "status": "SUCCESS" } }])
}

#[tokio::test]
async fn the_first_memory_makes_the_collection_and_the_tenant_and_the_next_makes_neither() {
    let weaviate = weaviate().await;
    let absent = json!({ "error": [{ "message": "class not found" }] });
    weaviate.stub.tell("GET /v1/schema/Memory", 404, absent);
    weaviate.stub.tell("POST /v1/schema", 200, json!({ "class": "Memory" }));
    weaviate.stub.tell("POST /v1/schema/Memory/tenants", 200, json!([{ "name": "t1" }]));
    weaviate.stub.tell_text(&object(), 404, None, "");
    weaviate.stub.tell(BATCH, 200, put());
    let told = weaviate.keep(episode(50)).await;
    assert_eq!(told["outcome"]["external_id"], id());
    let asked = weaviate.stub.asked();
    let paths: Vec<&str> = asked.iter().map(|asked| asked.what.as_str()).collect();
    let expected = [
        "GET /v1/schema/Memory",
        "POST /v1/schema",
        "POST /v1/schema/Memory/tenants",
        object().as_str(),
        BATCH,
    ]
    .map(str::to_owned);
    assert_eq!(paths, expected);
    assert!(asked.iter().all(|asked| asked.key.as_deref() == Some("Bearer the-key")));
    let class = &asked[1].body;
    assert_eq!(class["class"], "Memory");
    assert_eq!(class["vectorizer"], "none");
    assert_eq!(class["multiTenancyConfig"]["enabled"], true);
    assert_eq!(asked[2].body, json!([{ "name": "t1" }]));
    let object = &asked[4].body["objects"][0];
    assert_eq!((&object["id"], &object["tenant"]), (&json!(id()), &json!("t1")));
    let properties = json!({
        "agent": "nova", "kind": "episodic", "text": "Rain \"again\"", "salience": 50, "long_term": true,
        "created_at": chimera_domain::ports::Clock::now(&weaviate.clock),
    });
    assert_eq!(object["properties"], properties);

    weaviate.stub.tell(&super::stub::path_of("k2"), 404, Value::Null);
    let mut next = episode(50);
    next["key"] = json!("k2");
    weaviate.keep(next).await;
    assert_eq!(weaviate.stub.paths(), [super::stub::path_of("k2"), BATCH.to_owned()]);
}

/// [W-2]
#[tokio::test]
async fn what_is_there_already_is_not_put_again() {
    let weaviate = weaviate().await.with_collection("Memory");
    weaviate.stub.tell(&object(), 200, memory("nova", "Rain \"again\""));
    assert_eq!(weaviate.keep(episode(50)).await["outcome"]["external_id"], id());
    assert!(!weaviate.stub.paths().contains(&BATCH.to_owned()));
}

/// [W-2]
#[tokio::test]
async fn another_text_under_a_key_is_put_in_the_place_of_the_first_and_stays_as_old() {
    let weaviate = weaviate().await.with_collection("Memory");
    weaviate.stub.tell(&object(), 200, memory("nova", "Sunshine"));
    weaviate.stub.tell(BATCH, 200, put());
    assert_eq!(weaviate.keep(episode(50)).await["outcome"]["external_id"], id());
    let asked = weaviate.stub.asked();
    let put = asked.iter().find(|asked| asked.what == BATCH).unwrap();
    let object = &put.body["objects"][0];
    assert_eq!(object["id"], id());
    assert_eq!(object["properties"]["text"], "Rain \"again\"");
    assert_eq!(object["properties"]["created_at"], "2026-01-01T00:00:00Z");
    let passing = weaviate.keep(episode(0)).await;
    assert_eq!(passing["refusal"]["code"], "idempotency_mismatch", "what stays does not become what passes");
}

#[tokio::test]
async fn what_stands_under_keys_is_looked_up_by_id_and_another_agents_is_not_there() {
    let weaviate = weaviate().await;
    weaviate.stub.tell(&object(), 200, memory("nova", "Rain"));
    weaviate.stub.tell(&object(), 200, memory("luna", "Luna's"));
    weaviate.stub.tell(
        &super::stub::path_of("k2"),
        422,
        json!({ "error": [{ "message": "tenant not found: \"t1\"" }] }),
    );
    let asked = of_nova(json!({ "keys": ["k1", "k2"] }));
    let told = weaviate.call("memories_get", asked.clone()).await;
    let memories = told["memories"].as_array().unwrap();
    assert_eq!(memories.len(), 1, "{told}");
    assert_eq!((&memories[0]["key"], &memories[0]["text"]), (&json!("k1"), &json!("Rain")));
    assert_eq!(weaviate.call("memories_get", asked).await, json!({ "memories": [] }));
}

/// [W-3]
#[tokio::test]
async fn what_was_said_in_passing_is_swept_when_it_has_left_the_window() {
    let weaviate = weaviate().await.with_collection("Memory");
    weaviate.stub.tell_text(&object(), 404, None, "");
    weaviate.stub.tell(BATCH, 200, put());
    weaviate.stub.tell("DELETE /v1/batch/objects?tenant=t1", 200, json!({ "results": { "matches": 0 } }));
    weaviate.keep(episode(0)).await;
    let swept = weaviate.stub.asked().pop().unwrap();
    assert_eq!(swept.what, "DELETE /v1/batch/objects?tenant=t1");
    let before =
        chimera_domain::ports::Clock::now(&weaviate.clock).checked_sub(mcp_weaviate::WINDOW).unwrap();
    let expected = json!({
        "match": { "class": "Memory", "where": { "operator": "And", "operands": [
            { "path": ["agent"], "operator": "Equal", "valueText": "nova" },
            { "operator": "And", "operands": [
                { "path": ["long_term"], "operator": "Equal", "valueBoolean": false },
                { "path": ["created_at"], "operator": "LessThan", "valueDate": before.to_string() },
            ] },
        ] } },
        "output": "minimal",
    });
    assert_eq!(swept.body, expected);
}

#[tokio::test]
async fn a_sweep_that_fails_takes_nothing_from_the_memory() {
    let weaviate = weaviate().await.with_collection("Memory");
    weaviate.stub.tell_text(&object(), 404, None, "");
    weaviate.stub.tell(BATCH, 200, put());
    weaviate.stub.tell("DELETE /v1/batch/objects?tenant=t1", 500, json!({ "error": [{ "message": "no" }] }));
    assert_eq!(weaviate.keep(episode(0)).await["state"], "done");
}

/// [W-4]
#[tokio::test]
async fn a_question_is_a_hybrid_query_among_the_agents_own() {
    let weaviate = weaviate().await;
    let mut hit = memory("nova", "Rain")["properties"].clone();
    hit["source_ref"] = Value::Null;
    hit["_additional"] = json!({ "id": id(), "score": "0.8" });
    // An index that is still being written may tell of one twice.
    let found = [hit.clone(), hit];
    weaviate.stub.tell(GRAPHQL, 200, json!({ "data": { "Get": { "Memory": found } } }));
    let question = of_nova(json!({
        "query": "rain", "k": 3, "alpha": 2_500, "fusion": "ranked", "kinds": ["world", "episodic"],
        "since": "2025-12-31T00:00:00Z",
    }));
    let told = weaviate.call("memory_recall", question).await;
    let memories = told["memories"].as_array().unwrap();
    assert_eq!(memories.len(), 1);
    assert_eq!((&memories[0]["id"], &memories[0]["text"]), (&json!(id()), &json!("Rain")));
    let query = weaviate.stub.asked()[0].body["query"].as_str().unwrap().to_owned();
    let (before, after) = query.split_once("vector: [").unwrap();
    assert_eq!(
        before,
        r#"{ Get { Memory(tenant: "t1", limit: 50, hybrid: {query: "rain", alpha: 0.25, fusionType: rankedFusion, "#
    );
    let (_, after) = after.split_once(']').unwrap();
    assert_eq!(
        after,
        concat!(
            r#"}, where: {operator: And, operands: [{path: ["agent"], operator: Equal, valueText: "nova"}, "#,
            r#"{operator: And, operands: [{path: ["long_term"], operator: Equal, valueBoolean: true}, "#,
            r#"{path: ["kind"], operator: ContainsAny, valueText: ["world", "episodic"]}, "#,
            r#"{path: ["created_at"], operator: GreaterThanEqual, valueDate: "2025-12-31T00:00:00Z"}]}]}) "#,
            r#"{ agent kind text salience source_ref long_term created_at _additional { id score } } } }"#,
        )
    );
}

/// [W-3]
#[tokio::test]
async fn the_window_is_a_sorted_query() {
    let weaviate = weaviate().await;
    let mut hit = memory("nova", "Rain")["properties"].clone();
    hit["_additional"] = json!({ "id": id() });
    weaviate.stub.tell(GRAPHQL, 200, json!({ "data": { "Get": { "Memory": [hit] } } }));
    let told = weaviate.call("memory_recent", of_nova(json!({ "limit": 5 }))).await;
    assert_eq!(told["memories"][0]["text"], "Rain");
    let query = weaviate.stub.asked()[0].body["query"].as_str().unwrap().to_owned();
    let after = chimera_domain::ports::Clock::now(&weaviate.clock).checked_sub(mcp_weaviate::WINDOW).unwrap();
    let expected = format!(
        "{{ Get {{ Memory(tenant: \"t1\", limit: 5, sort: [{{path: [\"created_at\"], order: desc}}], where: {{operator: \
         And, operands: [{{path: [\"agent\"], operator: Equal, valueText: \"nova\"}}, {{operator: And, operands: [{{path: \
         [\"created_at\"], operator: GreaterThan, valueDate: \"{after}\"}}]}}]}}) {{ agent kind text salience source_ref \
         long_term created_at _additional {{ id }} }} }} }}"
    );
    assert_eq!(query, expected);
}

/// [W-1]
#[tokio::test]
async fn only_an_agents_own_is_forgotten() {
    let weaviate = weaviate().await;
    let delete = format!("DELETE /v1/objects/Memory/{}?tenant=t1", id());
    weaviate.stub.tell(&object(), 200, memory("luna", "Luna's"));
    weaviate.stub.tell(&object(), 200, memory("nova", "Nova's"));
    weaviate.stub.tell_text(&object(), 404, None, "");
    weaviate.stub.tell_text(&delete, 204, None, "");
    let forget = |key: &str| of_nova(json!({ "ids": [id()], "idempotency_key": key }));
    let unknown = json!({ "forgotten": [], "unknown": [id()] });
    assert_eq!(weaviate.call("memory_forget", forget("f1")).await, unknown);
    assert_eq!(weaviate.stub.paths(), [object()], "another agent's is not deleted");
    let done = weaviate.call("memory_forget", forget("f2")).await;
    assert_eq!(done, json!({ "forgotten": [id()], "unknown": [] }));
    assert_eq!(weaviate.stub.paths(), [object(), delete]);
    assert_eq!(weaviate.call("memory_forget", forget("f3")).await, unknown);
    assert_eq!(weaviate.stub.paths(), [object()]);
}

#[tokio::test]
async fn who_was_never_seen_has_no_memories() {
    for errors in [
        json!([{ "message": "explorer: list class: search: object search at index memory: tenant not found: \"t1\"" }]),
        json!([{ "message": "Cannot query field \"Memory\" on type \"GetObjectsObj\"." }]),
    ] {
        let weaviate = weaviate().await;
        weaviate.stub.tell(GRAPHQL, 200, json!({ "data": { "Get": { "Memory": null } }, "errors": errors }));
        let recalled = weaviate.call("memory_recall", of_nova(json!({ "query": "rain", "k": 3 }))).await;
        assert_eq!(recalled, json!({ "memories": [] }));
        let recent = weaviate.call("memory_recent", of_nova(json!({ "limit": 3 }))).await;
        assert_eq!(recent, json!({ "memories": [] }));
    }
    let empty = weaviate().await;
    let told = json!({ "error": [{ "message": "no graphql provider present, this is most likely because no schema is present" }] });
    empty.stub.tell(GRAPHQL, 422, told);
    let recalled = empty.call("memory_recall", of_nova(json!({ "query": "rain", "k": 3 }))).await;
    assert_eq!(recalled, json!({ "memories": [] }));
}

/// [W-3]
#[tokio::test]
async fn weaviates_own_search_sees_no_more_of_a_memory_than_a_recall() {
    let weaviate = weaviate().await;
    weaviate.stub.tell(GRAPHQL, 200, json!({ "data": { "Get": { "Memory": [] } } }));
    let query = json!({
        "collection_name": "Memory", "tenant_name": "t1", "query": "rain",
        "filters": { "path": ["agent"], "operator": "Equal", "valueText": "nova" },
    });
    weaviate.call("weaviate-query-hybrid", query).await;
    let query = weaviate.stub.asked()[0].body["query"].as_str().unwrap().to_owned();
    assert!(query.contains(r#"path: ["agent"], operator: Equal, valueText: "nova"}"#), "{query}");
    assert!(query.contains(r#"path: ["long_term"], operator: Equal, valueBoolean: true}"#), "{query}");
}
