//! Weaviate's own four tools.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Mind, NOVA, mind};

const UPSERT: &str = "weaviate-objects-upsert";
const QUERY: &str = "weaviate-query-hybrid";

fn put(objects: Value) -> Value {
    json!({ "collection_name": "Knowledge", "tenant_name": "t1", "objects": objects })
}

fn asking(query: &str, more: Value) -> Value {
    let mut asking = json!({ "collection_name": "Knowledge", "tenant_name": "t1", "query": query });
    asking.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    asking
}

async fn library() -> Mind {
    let mind = mind(
        json!({ "duplicate": "twice", "errors": { "broken": { "status": 500, "message": "no disk" } } }),
    );
    let objects = json!([
        { "properties": { "title": "Kettles", "text": "How a kettle boils water.", "topics": ["kitchen"], "weight": 1.5 } },
        { "properties": { "title": "Bicycles", "text": "Repairing a tube.", "topics": ["sport", "repair"], "weight": 9 } },
        { "properties": { "title": "Tea", "text": "Water, leaves and patience.", "published_at": "2026-05-01T00:00:00Z" } },
    ]);
    let results = mind.call(UPSERT, put(objects)).await;
    assert!(
        results["results"].as_array().unwrap().iter().all(|result| result["id"].is_string()),
        "{results}"
    );
    mind
}

async fn titles(mind: &Mind, call: Value) -> Vec<String> {
    let found = mind.call(QUERY, call).await;
    let results = found["results"].as_array().unwrap();
    results.iter().map(|found| found["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn objects_are_found_by_word_and_by_meaning() {
    let mind = library().await;
    for alpha in [0.0, 0.5, 0.75, 1.0] {
        let found =
            titles(&mind, asking("repair a bicycle tube", json!({ "alpha": alpha, "limit": 1 }))).await;
        assert_eq!(found, ["Bicycles"], "{alpha}");
    }
    assert_eq!(titles(&mind, asking("boiling kettles", json!({ "limit": 1 }))).await, ["Kettles"]);
    let none = titles(&mind, asking("xylophone", json!({ "alpha": 0.0 }))).await;
    assert_eq!(none, Vec::<String>::new(), "no word, no hit");
    let titled = json!({ "alpha": 0.0, "target_properties": ["title^2"] });
    assert_eq!(titles(&mind, asking("water tea", titled)).await, ["Tea"]);
}

#[tokio::test]
async fn filters_narrow_what_is_found() {
    let mind = library().await;
    let with = |filters: Value| titles(&mind, asking("water tube", json!({ "filters": filters })));
    let leaf = |path: &str, operator: &str, field: &str, value: Value| json!({ "path": [path], "operator": operator, field: value });
    let heavy = leaf("weight", "GreaterThan", "valueNumber", json!(2));
    let kitchen = leaf("topics", "ContainsAny", "valueTextArray", json!(["kitchen", "garden"]));
    assert_eq!(with(heavy.clone()).await, ["Bicycles"]);
    assert_eq!(with(leaf("weight", "LessThan", "valueNumber", json!(2))).await, ["Kettles"]);
    assert_eq!(with(kitchen.clone()).await, ["Kettles"]);
    assert_eq!(with(leaf("title", "Like", "valueText", json!("t?a"))).await, ["Tea"]);
    assert_eq!(with(leaf("topics", "Equal", "valueText", json!("repair"))).await, ["Bicycles"]);
    let after = leaf("published_at", "GreaterThan", "valueDate", json!("2026-04-01T00:00:00Z"));
    assert_eq!(with(after).await, ["Tea"]);
    let joined = |operator: &str| json!({ "operator": operator, "operands": [heavy, kitchen] });
    assert_eq!(with(joined("And")).await, Vec::<String>::new());
    let mut either = with(joined("Or")).await;
    either.sort();
    assert_eq!(either, ["Bicycles", "Kettles"]);
}

#[tokio::test]
async fn only_what_is_asked_for_is_returned() {
    let mind = library().await;
    let more = json!({
        "limit": 1, "return_properties": ["title"],
        "return_metadata": ["Score", "distance", "vector", "creationTimeUnix", "explainScore"],
    });
    let found = mind.call(QUERY, asking("kettle", more)).await;
    let hit = &found["results"][0];
    let names: BTreeSet<&String> = hit.as_object().unwrap().keys().collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["_additional", "title"]);
    let additional = &hit["_additional"];
    assert_eq!(additional["vector"].as_array().unwrap().len(), 512);
    assert_eq!(additional["creationTimeUnix"], json!(mind.now().as_millisecond()));
    assert!(additional["score"].as_f64().unwrap() > 0.9 && additional["distance"].as_f64().unwrap() < 1.0);
    assert!(additional["explainScore"].as_str().unwrap().contains("keyword"));
    let bare = mind.call(QUERY, asking("kettle", json!({ "limit": 1 }))).await;
    let keys: Vec<&String> = bare["results"][0]["_additional"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id"]);
}

#[tokio::test]
async fn an_object_put_again_is_replaced_and_one_without_id_is_the_same_one() {
    let mind = library().await;
    let tea = json!([{ "properties": { "title": "Tea", "text": "Water, leaves and patience.",
                       "published_at": "2026-05-01T00:00:00Z" } }]);
    let first = mind.call(UPSERT, put(tea.clone())).await;
    assert_eq!(mind.call(UPSERT, put(tea)).await, first);
    assert_eq!(titles(&mind, asking("leaves", json!({ "alpha": 0.0 }))).await, ["Tea"]);
    let id = &first["results"][0]["id"];
    let coffee = json!([{ "uuid": id, "properties": { "title": "Coffee", "text": "Beans." } }]);
    assert_eq!(mind.call(UPSERT, put(coffee)).await["results"][0]["id"], *id);
    assert_eq!(titles(&mind, asking("leaves", json!({ "alpha": 0.0 }))).await, Vec::<String>::new());
    assert_eq!(titles(&mind, asking("beans", json!({ "alpha": 0.0 }))).await, ["Coffee"]);
}

#[tokio::test]
async fn an_object_that_cannot_be_put_is_told_beside_those_that_were() {
    let mind = library().await;
    let objects = json!([
        { "properties": { "title": "Good" } },
        { "properties": { "titel": "Misspelt" } },
        { "properties": { "title": 7 } },
        { "properties": { "title": "broken" } },
        { "properties": { "title": "x".repeat(40_000) } },
    ]);
    let told = mind.call(UPSERT, put(objects)).await;
    let results = told["results"].as_array().unwrap();
    assert!(results[0]["id"].is_string());
    for (at, words) in [(1, "titel"), (2, "title"), (3, "no disk"), (4, "32768")] {
        assert!(results[at]["error"].as_str().unwrap().contains(words), "{}", results[at]);
        assert_eq!(results[at].get("id"), None);
    }
    assert_eq!(titles(&mind, asking("good", json!({ "alpha": 0.0 }))).await, ["Good"]);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let mind = library().await;
    for (code, more) in [
        ("invalid_input", json!({ "alpha": 1.5 })),
        ("invalid_input", json!({ "limit": 0 })),
        ("invalid_input", json!({ "limit": 101 })),
        ("invalid_input", json!({ "target_vectors": ["image"] })),
        ("invalid_input", json!({ "target_properties": ["source"] })),
        ("invalid_input", json!({ "target_properties": ["title^heavy"] })),
        ("invalid_input", json!({ "return_properties": ["titel"] })),
        ("invalid_input", json!({ "return_metadata": ["mood"] })),
        ("invalid_input", json!({ "filters": { "operator": "Equal", "path": ["titel"], "valueText": "x" } })),
        (
            "invalid_input",
            json!({ "filters": { "operator": "Equal", "path": ["weight"], "valueText": "x" } }),
        ),
        (
            "invalid_input",
            json!({ "filters": { "operator": "Sounds", "path": ["title"], "valueText": "x" } }),
        ),
        (
            "unsupported",
            json!({ "filters": { "operator": "IsNull", "path": ["title"], "valueBoolean": true } }),
        ),
        ("not_found", json!({ "collection_name": "Recipe" })),
        ("invalid_input", json!({ "collection_name": "recipe" })),
        ("not_found", json!({ "tenant_name": "t9" })),
    ] {
        assert_eq!(mind.code(QUERY, asking("tea", more.clone())).await, code, "{more}");
    }
    let short = json!([{ "properties": {}, "vectors": { "default": [0.5] } }]);
    assert_eq!(mind.code(UPSERT, put(short)).await, "invalid_input");
    let named = json!([{ "properties": {}, "vectors": { "image": [0.5] } }]);
    assert_eq!(mind.code(UPSERT, put(named)).await, "invalid_input");
    assert_eq!(mind.code(UPSERT, put(json!([]))).await, "invalid_input");
    assert_eq!(mind.code(UPSERT, put(json!([{ "uuid": "x", "properties": {} }]))).await, "invalid_input");
}

#[tokio::test]
async fn an_own_vector_is_searched_like_one_of_ours() {
    let mind = library().await;
    let vector: Vec<f32> = mcp_weaviate::Embedding::of_text("volcanoes and lava").to_unit();
    let objects = json!([{ "properties": { "title": "Untold" }, "vectors": { "default": vector } }]);
    mind.call(UPSERT, put(objects)).await;
    assert_eq!(titles(&mind, asking("lava", json!({ "alpha": 1.0, "limit": 1 }))).await, ["Untold"]);
}

#[tokio::test]
async fn a_faulty_index_shows_its_best_hit_twice() {
    let mind = library().await;
    let found = titles(&mind, asking("tea twice", json!({ "alpha": 0.0 }))).await;
    assert_eq!(found, ["Tea", "Tea"]);
}

#[tokio::test]
async fn collections_and_tenants_are_told() {
    let mind = library().await;
    mind.remember(NOVA, "k1", "text").await;
    mind.remember(("t0", "nova"), "k1", "text").await;
    let all = mind.call("weaviate-collections-get-config", json!({})).await;
    let names: Vec<&Value> =
        all["collections"].as_array().unwrap().iter().map(|class| &class["class"]).collect();
    assert_eq!(names, ["Knowledge", "Memory"]);
    let one = mind.call("weaviate-collections-get-config", json!({ "collection_name": "Memory" })).await;
    assert_eq!(one["collections"].as_array().unwrap().len(), 1);
    assert_eq!(one["collections"][0]["multiTenancyConfig"]["enabled"], true);
    let nothing = json!({ "collection_name": "Nothing" });
    assert_eq!(mind.code("weaviate-collections-get-config", nothing.clone()).await, "not_found");
    let tenants = mind.call("weaviate-tenants-list", json!({ "collection_name": "Memory" })).await;
    let expected = json!([
        { "name": "t0", "activityStatus": "ACTIVE" },
        { "name": "t1", "activityStatus": "ACTIVE" },
    ]);
    assert_eq!(tenants["tenants"], expected);
    assert_eq!(mind.code("weaviate-tenants-list", nothing).await, "not_found");
}
