//! The local cloud as a test reaches it.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use chimera_signed_http::{http_client, sdk_http};
use serde_json::Value;

/// What the deployed stack says of itself.
pub(crate) fn outputs() -> Value {
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

/// The account's owner, at the local cloud.
pub(crate) async fn aws(outputs: &Value) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(outputs["Endpoint"].as_str().expect("an endpoint"))
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "emulator"))
        .http_client(sdk_http(http_client().expect("an HTTP client")))
        .load()
        .await
}
