//! The contracts of the stores that each server's sandbox keeps, on its own table of the local cloud.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use aws_sdk_dynamodb::Client;
use mcp_coinbase::sandbox::DynamoBooks;
use mcp_imagegen::DynamoImages;
use mcp_twitter::DynamoPosts;
use mcp_weaviate::DynamoObjects;

use crate::cloud;

/// A server's table, and what keeps this run's rows apart from its own and another run's.
async fn place(output: &str) -> (Client, String, String) {
    let outputs = cloud::outputs();
    let table = outputs[output].as_str().expect("the table's name").to_owned();
    (Client::new(&cloud::aws(&outputs).await), table, std::process::id().to_string())
}

/// [E-8]
#[tokio::test]
async fn posts_in_dynamo_keep_the_contract() {
    let (client, table, run) = place("TwitterTable").await;
    mcp_twitter::contract::keeps(&DynamoPosts::new(client, table), &run).await.expect("the contract");
}

/// [WA-1]
#[tokio::test]
async fn books_in_dynamo_keep_the_contract() {
    let (client, table, run) = place("WalletTable").await;
    mcp_coinbase::contract::keeps(&DynamoBooks::new(client, table), &run).await;
}

/// [I-4]
#[tokio::test]
async fn pictures_in_dynamo_keep_the_contract() {
    let (client, table, run) = place("ImageTable").await;
    mcp_imagegen::contract::keeps(&DynamoImages::new(client, table), &run).await.expect("the contract");
}

/// [W-1]
#[tokio::test]
async fn memories_in_dynamo_keep_the_contract() {
    let (client, table, run) = place("MemoryTable").await;
    mcp_weaviate::contract::keeps(&DynamoObjects::new(client, table), &run).await;
}
