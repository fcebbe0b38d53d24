//! The stores' contract on the deployed tables of the local cloud.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::Credentials;
use chimera_aws::{DynamoStore, Tables};
use chimera_emulator::contract;
use serde_json::Value;

/// What the deployed stack says of itself.
fn outputs() -> Value {
    let local = std::env::var_os("CHIMERA_LOCAL").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/local")),
        PathBuf::from,
    );
    let path = local.join("outputs.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; `make test-emulator` brings the local cloud up", path.display())
    });
    serde_json::from_str(&text).expect("outputs are JSON")
}

#[tokio::test]
async fn the_dynamo_store_keeps_the_contract() {
    let outputs = outputs();
    let text = |name: &str| outputs[name].as_str().expect(name).to_owned();
    let aws = aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(text("Endpoint"))
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "emulator"))
        .load()
        .await;
    let tables = Tables {
        state: text("StateTable"),
        ledger: text("LedgerTable"),
        decisions: text("DecisionsTable"),
        audit: text("AuditTable"),
    };
    // Its own tenants: the tables may hold a campaign or two.
    let run = std::process::id().to_string();
    contract::keeps(&DynamoStore::new(&aws, tables), &run).await;
}
