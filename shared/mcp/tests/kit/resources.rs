//! What may be looked at by address.

use std::time::Duration;

use chimera_mcp::server::{CallContext, ResourceSpec, Resources, ToolFault, ToolServer};
use serde_json::{Value, json};

use super::http::{Client, ERAS, Era, TRACEPARENT};
use super::tools::Echo;

const LEDGER: ResourceSpec = ResourceSpec::new("wallet://{tenant}/{agent}/ledger", "ledger", "A ledger.");
const LATEST: ResourceSpec =
    ResourceSpec::new("news://latest", "latest", "The latest.").fresh_for(Duration::from_secs(5)).public();

struct Shelves;

impl Resources for Shelves {
    fn templates(&self) -> Vec<ResourceSpec> {
        vec![LEDGER, LATEST]
    }

    async fn read(&self, context: &CallContext, uri: &str) -> Result<Value, ToolFault> {
        let Some(parts) = LEDGER.parts(uri) else {
            return Ok(json!({ "latest": true, "traceparent": context.traceparent }));
        };
        match parts["agent"] {
            "nobody" => Err(ToolFault::refused("not_found", "no such wallet", false)),
            "busy" => Err(ToolFault::wait("rate_limited", "later", Duration::from_secs(7))),
            "broken" => Err(ToolFault::Failed("the key is hunter2".into())),
            agent => Ok(json!({ "tenant": parts["tenant"], "agent": agent })),
        }
    }
}

fn client(era: Era) -> Client {
    Client::of(ToolServer::builder("shelves").resources(Shelves).build().unwrap(), era)
}

async fn read(client: &Client, uri: &str) -> Value {
    client.ask("resources/read", Some(uri), json!({ "uri": uri })).await
}

/// [T-8]
#[tokio::test]
async fn resources_are_listed_and_read_as_json() {
    for era in ERAS {
        let client = client(era);
        let listed = client.ask("resources/list", None, json!({})).await;
        assert_eq!(listed["result"]["resources"].as_array().unwrap().len(), 1);
        assert_eq!(listed["result"]["resources"][0]["uri"], "news://latest");
        let templates = client.ask("resources/templates/list", None, json!({})).await;
        let template = &templates["result"]["resourceTemplates"][0];
        assert_eq!(template["uriTemplate"], "wallet://{tenant}/{agent}/ledger");
        assert_eq!(template["mimeType"], "application/json");

        let found = read(&client, "wallet://t1/nova/ledger").await;
        let contents = &found["result"]["contents"][0];
        assert_eq!(contents["uri"], "wallet://t1/nova/ledger");
        let text: Value = serde_json::from_str(contents["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, json!({ "tenant": "t1", "agent": "nova" }));
    }
}

/// [T-8]
#[tokio::test]
async fn a_reading_says_how_long_it_is_fresh_and_whose_it_is() {
    let client = client(Era::Modern);
    let own = read(&client, "wallet://t1/nova/ledger").await;
    assert_eq!((&own["result"]["ttlMs"], &own["result"]["cacheScope"]), (&json!(60_000), &json!("private")));
    let all = read(&client, "news://latest").await;
    assert_eq!((&all["result"]["ttlMs"], &all["result"]["cacheScope"]), (&json!(5_000), &json!("public")));
}

/// [T-8]
#[tokio::test]
async fn what_is_not_there_is_a_wrong_request() {
    for (era, code) in [(Era::Modern, -32602), (Era::Legacy, -32002)] {
        for uri in ["wallet://t1/nobody/ledger", "wallet://t1/nova/secrets", "file:///etc/passwd"] {
            let error = read(&client(era), uri).await["error"].clone();
            assert_eq!((&error["code"], &error["data"]["uri"]), (&json!(code), &json!(uri)));
        }
    }
}

/// [T-8]
#[tokio::test]
async fn a_reading_that_is_refused_says_why_and_a_failed_one_does_not() {
    for era in ERAS {
        let refused = read(&client(era), "wallet://t1/busy/ledger").await["error"].clone();
        assert_eq!(refused["code"], -32603);
        assert_eq!(
            (&refused["data"]["code"], &refused["data"]["retry_after_s"]),
            (&json!("rate_limited"), &json!(7))
        );
        let failed = read(&client(era), "wallet://t1/broken/ledger").await["error"].clone();
        assert!(!failed.to_string().contains("hunter2"), "{failed}");
    }
}

/// [T-9]
#[tokio::test]
async fn a_reading_knows_the_trace_it_belongs_to() {
    let found = read(&client(Era::Modern).traced(TRACEPARENT), "news://latest").await;
    let text = found["result"]["contents"][0]["text"].as_str().unwrap();
    assert!(text.contains(TRACEPARENT), "{text}");
}

#[tokio::test]
async fn a_server_without_resources_says_so() {
    let discover = async |server: ToolServer| {
        let client = Client::of(server, Era::Modern);
        client.ask("server/discover", None, json!({})).await["result"]["capabilities"].clone()
    };
    let with = discover(ToolServer::builder("shelves").resources(Shelves).build().unwrap()).await;
    assert!(with["resources"].is_object() && with["tools"].is_object(), "{with}");
    let without = discover(ToolServer::builder("echo").tool(Echo).build().unwrap()).await;
    assert_eq!(without.get("resources"), None);
    let bare = Client::of(ToolServer::builder("echo").tool(Echo).build().unwrap(), Era::Modern);
    assert_eq!(read(&bare, "news://latest").await["error"]["code"], -32602);
}
