//! What a real Weaviate is asked, and what its answers mean.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod memories;
mod stub;

use serde_json::{Value, json};

use stub::weaviate;

fn put(objects: Value) -> Value {
    json!({ "collection_name": "Knowledge", "tenant_name": "t1", "objects": objects })
}

fn asking(query: &str, more: Value) -> Value {
    let mut asking = json!({ "collection_name": "Knowledge", "tenant_name": "t1", "query": query });
    asking.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    asking
}

const UPSERT: &str = "weaviate-objects-upsert";
const QUERY: &str = "weaviate-query-hybrid";
const BATCH: &str = "POST /v1/batch/objects";
const GRAPHQL: &str = "POST /v1/graphql";

#[tokio::test]
async fn objects_are_put_in_one_batch_with_vectors_of_ours() {
    let weaviate = weaviate().await.with_collection("Knowledge");
    weaviate.stub.tell(
        BATCH,
        200,
        json!([
            { "id": "a", "result": { "status": "SUCCESS" } },
            { "id": "b", "result": { "status": "FAILED", "errors": { "error": [{ "message": "no room on disk" }] } } },
        ]),
    );
    let id = "00000000-0000-4000-8000-000000000001";
    let objects = json!([
        { "uuid": id, "properties": { "title": "Tea \"black\" {hot}\n" } },
        { "properties": { "titel": "misspelt" } },
        { "properties": { "title": "Coffee" } },
    ]);
    let told = weaviate.call(UPSERT, put(objects)).await;
    assert_eq!(told["results"][0], json!({ "id": id }));
    assert!(told["results"][1]["error"].as_str().unwrap().contains("titel"));
    assert_eq!(told["results"][2], json!({ "error": "no room on disk" }));
    let asked = weaviate.stub.asked();
    let paths: Vec<&str> = asked.iter().map(|asked| asked.what.as_str()).collect();
    assert_eq!(paths, ["GET /v1/schema/Knowledge", "POST /v1/schema/Knowledge/tenants", BATCH]);
    let batch = &asked[2].body["objects"];
    assert_eq!(batch.as_array().unwrap().len(), 2, "what does not fit is not sent");
    assert_eq!(batch[0]["class"], "Knowledge");
    assert_eq!(batch[0]["tenant"], "t1");
    assert_eq!(batch[0]["id"], id);
    assert_eq!(batch[0]["properties"], json!({ "title": "Tea \"black\" {hot}\n" }));
    assert_eq!(batch[0]["vector"].as_array().unwrap().len(), 512);
}

#[tokio::test]
async fn a_search_is_a_hybrid_query_within_the_tenant() {
    let weaviate = weaviate().await;
    let hit = |id: u8, score: Value, title: &str| {
        json!({
            "title": title, "text": null,
            "_additional": {
                "id": format!("00000000-0000-4000-8000-00000000000{id}"), "score": score,
                "creationTimeUnix": "1800000000000",
            },
        })
    };
    let found = [hit(2, json!("0.4"), "Coffee"), hit(1, json!("0.9"), "Tea")];
    weaviate.stub.tell(GRAPHQL, 200, json!({ "data": { "Get": { "Knowledge": found } } }));
    let more = json!({
        "alpha": 0.5, "limit": 2, "target_properties": ["title^2"], "return_properties": ["title", "text"],
        "return_metadata": ["score", "creationTimeUnix"],
        "filters": { "operator": "Equal", "path": ["source"], "valueText": "a \"b\" }" },
    });
    let told = weaviate.call(QUERY, asking("hot \"tea\" }) {\n", more)).await;
    let expected = json!({
        "title": "Tea",
        "_additional": {
            "id": "00000000-0000-4000-8000-000000000001", "score": 0.9, "creationTimeUnix": 1_800_000_000_000_i64,
        },
    });
    assert_eq!(
        told["results"][0], expected,
        "the best first, texts read as numbers, nothing for what is missing"
    );
    let asked = weaviate.stub.asked();
    assert_eq!((asked[0].what.as_str(), asked[0].key.as_deref()), (GRAPHQL, Some("Bearer the-key")));
    let query = asked[0].body["query"].as_str().unwrap();
    let (before, after) = query.split_once("vector: [").unwrap();
    assert_eq!(
        before,
        r#"{ Get { Knowledge(tenant: "t1", limit: 2, hybrid: {query: "hot \"tea\" }) {\n", alpha: 0.5, fusionType: relativeScoreFusion, "#
    );
    let (vector, after) = after.split_once(']').unwrap();
    assert_eq!(vector.split(',').count(), 512);
    assert_eq!(
        after,
        r#", properties: ["title^2"]}, where: {path: ["source"], operator: Equal, valueText: "a \"b\" }"}) { title text _additional { id score creationTimeUnix } } } }"#
    );
}

#[tokio::test]
async fn a_search_by_meaning_alone_is_a_near_vector_query_scored_by_distance() {
    let weaviate = weaviate().await;
    let hit = |id: u8, distance: f64| {
        let id = format!("00000000-0000-4000-8000-00000000000{id}");
        json!({ "title": "x", "_additional": { "id": id, "distance": distance } })
    };
    let found = [hit(1, 0.2), hit(2, 0.4), hit(3, 0.6)];
    weaviate.stub.tell(GRAPHQL, 200, json!({ "data": { "Get": { "Knowledge": found } } }));
    let more = json!({ "alpha": 1.0, "return_metadata": ["score", "distance"] });
    let told = weaviate.call(QUERY, asking("tea", more)).await;
    let scores: Vec<f64> =
        (0..3).map(|at| told["results"][at]["_additional"]["score"].as_f64().unwrap()).collect();
    assert!(
        (scores[0] - 1.0).abs() < 1e-9 && (scores[1] - 0.5).abs() < 1e-9 && scores[2].abs() < 1e-9,
        "{scores:?}"
    );
    assert_eq!(told["results"][0]["_additional"]["distance"], 0.2);
    let query = weaviate.stub.asked()[0].body["query"].as_str().unwrap().to_owned();
    assert!(query.contains("nearVector: {vector: [") && !query.contains("hybrid"), "{query}");
}

#[tokio::test]
async fn a_collection_of_somebody_else_is_read_from_the_schema_and_must_keep_tenants_apart() {
    let weaviate = weaviate().await;
    let class = |enabled: bool| {
        json!({
            "class": "Recipe", "multiTenancyConfig": { "enabled": enabled },
            "properties": [
                { "name": "dish", "dataType": ["text"], "tokenization": "word" },
                { "name": "place", "dataType": ["geoCoordinates"] },
                { "name": "by", "dataType": ["Author"] },
            ],
        })
    };
    weaviate.stub.tell("GET /v1/schema/Recipe", 200, class(true));
    weaviate.stub.tell("GET /v1/schema/Recipe", 200, class(false));
    weaviate.stub.tell(GRAPHQL, 200, json!({ "data": { "Get": { "Recipe": [] } } }));
    let asking = || asking("soup", json!({ "collection_name": "Recipe" }));
    assert_eq!(weaviate.call(QUERY, asking()).await, json!({ "results": [] }));
    let query = weaviate.stub.asked()[1].body["query"].as_str().unwrap().to_owned();
    assert!(query.ends_with("{ dish _additional { id score } } } }"), "{query}");
    assert_eq!(weaviate.refusal(QUERY, asking()).await, ("invalid_input".to_owned(), false));
    assert_eq!(weaviate.stub.paths(), ["GET /v1/schema/Recipe"], "it is not searched");
}

#[tokio::test]
async fn collections_and_tenants_are_asked_of_the_database() {
    let weaviate = weaviate().await;
    weaviate.stub.tell(
        "GET /v1/schema",
        200,
        json!({ "classes": [{ "class": "Memory" }, { "class": "Recipe" }] }),
    );
    weaviate.stub.tell("GET /v1/schema/Recipe", 200, json!({ "class": "Recipe" }));
    let tenants =
        json!([{ "name": "t2", "activityStatus": "INACTIVE" }, { "name": "t1", "activityStatus": "ACTIVE" }]);
    weaviate.stub.tell("GET /v1/schema/Memory/tenants", 200, tenants);
    let config = "weaviate-collections-get-config";
    assert_eq!(weaviate.call(config, json!({})).await["collections"].as_array().unwrap().len(), 2);
    let one = weaviate.call(config, json!({ "collection_name": "Recipe" })).await;
    assert_eq!(one, json!({ "collections": [{ "class": "Recipe" }] }));
    let tenants = weaviate.call("weaviate-tenants-list", json!({ "collection_name": "Memory" })).await;
    let expected = json!([
        { "name": "t1", "activityStatus": "ACTIVE" },
        { "name": "t2", "activityStatus": "INACTIVE" },
    ]);
    assert_eq!(tenants["tenants"], expected);
}
