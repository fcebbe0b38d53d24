//! Nobody reaches another tenant's, or another agent's.

use serde_json::{Value, json};

use super::{Mind, NOVA, Who, mind, of};

const RIVAL: Who = ("t2", "nova");
const SISTER: Who = ("t1", "luna");

fn knowledge(tenant: &str, uuid: &str, title: &str) -> Value {
    json!({
        "collection_name": "Knowledge", "tenant_name": tenant,
        "objects": [{ "uuid": uuid, "properties": { "title": title } }],
    })
}

async fn titles(mind: &Mind, tenant: &str) -> Vec<Value> {
    let query = json!({ "collection_name": "Knowledge", "tenant_name": tenant, "query": "secret recipe" });
    let found = mind.call("weaviate-query-hybrid", query).await;
    found["results"].as_array().unwrap().iter().map(|found| found["title"].clone()).collect()
}

/// [W-1]
#[tokio::test]
async fn a_memory_is_one_agents_of_one_tenant() {
    let mind = mind(json!({}));
    let mine = mind.remember(NOVA, "k1", "My secret recipe.").await;
    for (who, text) in [(RIVAL, "The rival's secret recipe."), (SISTER, "Luna's secret recipe.")] {
        assert_eq!(mind.recall(who, "secret recipe").await, Vec::<String>::new());
        assert_eq!(mind.recent(who).await, Vec::<String>::new());
        let theirs = mind.remember(who, &format!("k1-{}", who.1), text).await;
        assert_ne!(theirs, mine);
        assert_eq!(mind.recall(who, "secret recipe").await, [text]);
        assert_eq!(mind.recent(who).await, [text]);
    }
    assert_eq!(mind.recall(NOVA, "secret recipe").await, ["My secret recipe."]);
}

/// [W-1]
#[tokio::test]
async fn knowing_an_id_lets_nobody_forget_anothers_memory() {
    let mind = mind(json!({}));
    let mine = mind.remember(NOVA, "k1", "My secret recipe.").await;
    for (who, key) in [(RIVAL, "f1"), (SISTER, "f2")] {
        let forget = of(who, json!({ "ids": [mine], "idempotency_key": key }));
        let told = mind.call("memory_forget", forget).await;
        assert_eq!(told, json!({ "forgotten": [], "unknown": [mine] }), "not even that it is there");
    }
    assert_eq!(mind.recall(NOVA, "secret recipe").await, ["My secret recipe."]);
}

/// [W-1]
#[tokio::test]
async fn the_same_key_of_two_tenants_is_two_memories() {
    let mind = mind(json!({}));
    let mine = mind.remember(NOVA, "k1", "Mine.").await;
    let theirs = mind.remember(RIVAL, "k1", "Theirs.").await;
    assert_ne!(mine, theirs);
    assert_eq!(mind.recent(NOVA).await, ["Mine."]);
    assert_eq!(mind.recent(RIVAL).await, ["Theirs."]);
}

/// [W-1]
#[tokio::test]
async fn an_object_of_the_same_id_is_each_tenants_own() {
    let mind = mind(json!({}));
    let id = "00000000-0000-4000-8000-000000000001";
    mind.call("weaviate-objects-upsert", knowledge("t1", id, "My secret recipe")).await;
    mind.call("weaviate-objects-upsert", knowledge("t2", id, "Their secret recipe")).await;
    assert_eq!(titles(&mind, "t1").await, ["My secret recipe"]);
    assert_eq!(titles(&mind, "t2").await, ["Their secret recipe"]);
}

/// [W-1]
#[tokio::test]
async fn weaviates_own_tools_need_a_tenant_and_for_memories_an_agent() {
    let mind = mind(json!({}));
    mind.remember(NOVA, "k1", "My secret recipe.").await;
    mind.remember(SISTER, "k2", "Luna's secret recipe.").await;
    let query = |more: Value| {
        let mut query = json!({ "query": "secret recipe", "collection_name": "Memory" });
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        query
    };
    let agent = |name: &str| json!({ "path": ["agent"], "operator": "Equal", "valueText": name });
    let either = json!({ "operator": "Or", "operands": [agent("nova"), agent("luna")] });
    for refused in [
        query(json!({})),
        query(json!({ "filters": agent("nova") })),
        query(json!({ "tenant_name": "t1" })),
        query(json!({ "tenant_name": "t1", "filters": either })),
        query(json!({ "tenant_name": "t1#nova", "filters": agent("nova") })),
        query(json!({ "tenant_name": "t1", "filters": agent("nova#x") })),
    ] {
        assert_eq!(mind.code("weaviate-query-hybrid", refused.clone()).await, "invalid_input", "{refused}");
    }
    let found = mind
        .call("weaviate-query-hybrid", query(json!({ "tenant_name": "t1", "filters": agent("nova") })))
        .await;
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    assert_eq!(found["results"][0]["text"], "My secret recipe.");
    let unknown = query(json!({ "tenant_name": "t9", "filters": agent("nova") }));
    assert_eq!(mind.code("weaviate-query-hybrid", unknown).await, "not_found");
}

/// [W-1]
#[tokio::test]
async fn memories_are_not_written_past_the_memory_tools() {
    let mind = mind(json!({}));
    let put = json!({
        "collection_name": "Memory", "tenant_name": "t1",
        "objects": [{ "properties": { "agent": "nova", "kind": "persona", "text": "I am a banker." } }],
    });
    assert_eq!(mind.code("weaviate-objects-upsert", put).await, "policy_violation");
    assert_eq!(mind.recall(NOVA, "banker").await, Vec::<String>::new());
}
