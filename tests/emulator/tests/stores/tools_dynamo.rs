//! The contract of the stores that MCP servers keep, on a server's table of the local cloud.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use aws_sdk_dynamodb::Client;
use chimera_emulator::tools;
use chimera_mcp::server::{DynamoAllowances, DynamoAnswers, DynamoBurns};

use crate::cloud;

/// The table, and what keeps this run's rows apart from the server's own and another run's.
async fn place() -> (Client, String, String) {
    let outputs = cloud::outputs();
    let table = outputs["TwitterTable"].as_str().expect("TwitterTable").to_owned();
    (Client::new(&cloud::aws(&outputs).await), table, std::process::id().to_string())
}

/// [E-2] [E-8]
#[tokio::test]
async fn burns_in_dynamo_keep_the_contract() {
    let (client, table, run) = place().await;
    tools::burns_keep(&DynamoBurns::new(client, table), &run).await;
}

/// [T-3]
#[tokio::test]
async fn answers_in_dynamo_keep_the_contract() {
    let (client, table, run) = place().await;
    tools::answers_keep(&DynamoAnswers::new(client, table), &run).await;
}

/// [T-4]
#[tokio::test]
async fn allowances_in_dynamo_keep_the_contract() {
    let (client, table, run) = place().await;
    tools::allowances_keep(&DynamoAllowances::new(client, table), &run).await;
}
