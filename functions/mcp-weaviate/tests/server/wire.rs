//! The sample events and the resource, over HTTP.

use std::net::SocketAddr;

use chimera_mcp::server::{router, tools_digest};
use serde_json::{Value, json};

use super::{NOVA, mind};

const EVENTS: [&str; 3] = [
    include_str!("../../events/memory_remember.json"),
    include_str!("../../events/memory_recall.json"),
    include_str!("../../events/memory_window.json"),
];

/// Sends a sample event's request, for another resource if there is one.
async fn send(address: SocketAddr, event: &str, uri: Option<&str>) -> Value {
    let event: Value = serde_json::from_str(event).unwrap();
    let mut body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    let mut request = reqwest::Client::new().post(format!("http://{address}/mcp"));
    for (name, value) in event["headers"].as_object().unwrap() {
        let value = if name == "mcp-name" { uri.or(value.as_str()) } else { value.as_str() };
        if name != "host" {
            request = request.header(name, value.unwrap());
        }
    }
    if let Some(uri) = uri {
        body["params"]["uri"] = json!(uri);
    }
    request.json(&body).send().await.unwrap().json().await.unwrap()
}

async fn serve(mind: &super::Mind) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = router(mind.server.clone(), &[]);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

#[tokio::test]
async fn the_sample_events_remember_recall_and_look_into_the_window() {
    let mind = mind(json!({}));
    let address = serve(&mind).await;
    let [remember, recall, window] = EVENTS;
    let remembered = send(address, remember, None).await;
    let id = &remembered["result"]["structuredContent"]["id"];
    assert!(id.is_string(), "{remembered}");
    let recalled = send(address, recall, None).await;
    assert_eq!(recalled["result"]["structuredContent"]["memories"][0]["id"], *id, "{recalled}");
    let window = send(address, window, None).await;
    let shown: Value =
        serde_json::from_str(window["result"]["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(shown["memories"][0]["id"], *id);
}

/// [W-1]
#[tokio::test]
async fn the_window_of_another_is_another_window() {
    let mind = mind(json!({}));
    mind.remember(NOVA, "k1", "My secret recipe.").await;
    let address = serve(&mind).await;
    let own = send(address, EVENTS[2], Some("memory://t1/nova/recent")).await;
    assert!(own.to_string().contains("secret recipe"), "{own}");
    for uri in ["memory://t2/nova/recent", "memory://t1/luna/recent"] {
        let other = send(address, EVENTS[2], Some(uri)).await;
        assert!(!other.to_string().contains("secret recipe"), "{other}");
        assert!(other["result"]["contents"][0]["text"].as_str().unwrap().contains("[]"), "{other}");
    }
    for uri in ["memory://t1/nova/past", "memory://t1%23x/nova/recent", "memory://t1/recent"] {
        let nothing = send(address, EVENTS[2], Some(uri)).await;
        assert!(nothing["error"].is_object(), "{uri}: {nothing}");
    }
}

#[tokio::test]
async fn the_tool_list_is_the_same_each_time_and_has_weaviates_own_names() {
    let tools = mind(json!({})).server.tools();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    let expected = [
        "memory_forget",
        "memory_recall",
        "memory_recent",
        "memory_remember",
        "weaviate-collections-get-config",
        "weaviate-objects-upsert",
        "weaviate-query-hybrid",
        "weaviate-tenants-list",
    ];
    assert_eq!(names, expected);
    assert_eq!(tools_digest(&tools), tools_digest(&mind(json!({})).server.tools()));
}
