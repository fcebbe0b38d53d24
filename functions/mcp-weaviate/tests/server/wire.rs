//! The sample events and the resource, over HTTP.

use std::net::SocketAddr;

use chimera_mcp::server::{ToolServer, router, tools_digest};
use serde_json::{Value, json};

use super::{NOVA, mind};

const KEEP: &str = include_str!("../../events/memories_keep.json");
const RECALL: &str = include_str!("../../events/memory_recall.json");
const WINDOW: &str = include_str!("../../events/memory_window.json");

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

async fn serve(half: &ToolServer) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = router(half.clone(), &[]);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// [W-7]
#[tokio::test]
async fn the_sample_events_recall_look_into_the_window_and_keep_nothing_under_a_grant_that_nobody_signed() {
    let mind = mind(json!({}));
    let (read, write) = (serve(&mind.read).await, serve(&mind.write).await);
    let kept = send(write, KEEP, None).await;
    assert_eq!(kept["result"]["structuredContent"]["code"], "grant_invalid", "{kept}");
    assert_eq!(mind.recent(("demo", "nova")).await, Vec::<String>::new());
    let id =
        mind.remember(("demo", "nova"), "task-7/1", "The post about small tools got forty replies.").await;
    let recalled = send(read, RECALL, None).await;
    assert_eq!(recalled["result"]["structuredContent"]["memories"][0]["id"], json!(id), "{recalled}");
    let window = send(read, WINDOW, None).await;
    let shown: Value =
        serde_json::from_str(window["result"]["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(shown["memories"][0]["id"], json!(id));
}

/// [W-1]
#[tokio::test]
async fn the_window_of_another_is_another_window() {
    let mind = mind(json!({}));
    mind.remember(NOVA, "k1", "My secret recipe.").await;
    let address = serve(&mind.read).await;
    let own = send(address, WINDOW, Some("memory://t1/nova/recent")).await;
    assert!(own.to_string().contains("secret recipe"), "{own}");
    for uri in ["memory://t2/nova/recent", "memory://t1/luna/recent"] {
        let other = send(address, WINDOW, Some(uri)).await;
        assert!(!other.to_string().contains("secret recipe"), "{other}");
        assert!(other["result"]["contents"][0]["text"].as_str().unwrap().contains("[]"), "{other}");
    }
    for uri in ["memory://t1/nova/past", "memory://t1%23x/nova/recent", "memory://t1/recent"] {
        let nothing = send(address, WINDOW, Some(uri)).await;
        assert!(nothing["error"].is_object(), "{uri}: {nothing}");
    }
}

#[tokio::test]
async fn the_tool_lists_are_the_same_each_time_and_have_weaviates_own_names() {
    let (mind, again) = (mind(json!({})), super::mind(json!({})));
    let names = |half: &ToolServer| -> Vec<String> {
        half.tools().iter().map(|tool| tool.name.to_string()).collect()
    };
    let read = [
        "memories_get",
        "memory_recall",
        "memory_recent",
        "weaviate-collections-get-config",
        "weaviate-query-hybrid",
        "weaviate-tenants-list",
    ];
    assert_eq!(names(&mind.read), read);
    let write = [
        "effect_check",
        "effect_close",
        "effect_outcome",
        "effect_void",
        "memories_keep",
        "memory_forget",
        "weaviate-objects-upsert",
    ];
    assert_eq!(names(&mind.write), write);
    for (half, other) in [(&mind.read, &again.read), (&mind.write, &again.write)] {
        assert_eq!(tools_digest(&half.tools()), tools_digest(&other.tools()));
    }
}
