//! Bearer tokens of other people's servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use chimera_domain::ports::{ReadTools as _, ToolError};
use chimera_mcp::client::{SecretError, Secrets};
use chimera_mcp::{McpToolbox, SecretsManager};
use serde_json::json;

use crate::scripted::{SOON, Script, connections, refused, status, structured};

/// A secret that is replaced each time it has been read.
#[derive(Default)]
struct Replaced(AtomicUsize);

impl Secrets for &Replaced {
    async fn read(&self, name: &str) -> Result<Option<String>, SecretError> {
        assert_eq!(name, "chimera/theirs");
        Ok(Some(format!("token-{}", self.0.fetch_add(1, Ordering::SeqCst))))
    }
}

fn registry(server: &Script) -> chimera_mcp::Registry {
    server.theirs(|entry| {
        entry["secret"] = json!("chimera/theirs");
        entry["era"] = json!("modern");
    })
}

/// [T-24]
#[tokio::test]
async fn a_token_is_read_once_and_anew_when_it_was_refused() {
    let server = Script::new(|seen| match seen.header("authorization") {
        Some("Bearer token-1") => structured(seen, &json!({})),
        _ => status(401),
    })
    .await;
    let secrets = Replaced::default();
    let toolbox = McpToolbox::new(registry(&server), connections()).with_secrets(&secrets);
    let look = || toolbox.call("server", "look", json!({}), SOON);
    assert!(matches!(look().await, Err(ToolError::Forbidden(_))), "the old token");
    look().await.unwrap();
    look().await.unwrap();
    assert_eq!(secrets.0.load(Ordering::SeqCst), 2);
}

/// [T-24]
#[tokio::test]
async fn a_token_goes_to_its_own_server_and_nowhere_else() {
    let elsewhere = Script::new(|seen| structured(seen, &json!({}))).await;
    let there = format!("http://{}/mcp", elsewhere.address);
    let server =
        Script::new(move |_| (StatusCode::TEMPORARY_REDIRECT, [("location", there.clone())]).into_response())
            .await;
    let secrets = Replaced::default();
    let toolbox = McpToolbox::new(registry(&server), connections()).with_secrets(&secrets);
    assert!(matches!(toolbox.call("server", "look", json!({}), SOON).await, Err(ToolError::Forbidden(_))));
    assert!(elsewhere.seen().is_empty());
    assert!(elsewhere.toolbox().call("server", "look", json!({}), SOON).await.is_ok());
    assert_eq!(elsewhere.seen()[0].header("authorization"), None);
}

/// [T-24]
#[tokio::test]
async fn without_secrets_a_server_that_wants_one_is_not_called() {
    let server = Script::new(|seen| structured(seen, &json!({}))).await;
    let toolbox = McpToolbox::new(registry(&server), connections());
    assert!(matches!(toolbox.call("server", "look", json!({}), SOON).await, Err(ToolError::Forbidden(_))));
    assert!(server.asked().is_empty());
}

/// [T-24] Secrets Manager as it answers, from a stand-in.
#[tokio::test]
async fn secrets_manager_gives_a_token_or_says_that_there_is_none() {
    let server = Script::new(|seen| {
        assert_eq!(seen.header("x-amz-target"), Some("secretsmanager.GetSecretValue"));
        let known = seen.body["SecretId"] == "chimera/theirs";
        let (code, body) = match known {
            true => (StatusCode::OK, json!({ "Name": "chimera/theirs", "SecretString": "s3cret" })),
            false => {
                (StatusCode::BAD_REQUEST, json!({ "__type": "ResourceNotFoundException", "message": "no" }))
            }
        };
        (code, axum::Json(body)).into_response()
    })
    .await;
    let aws = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("us-east-1"))
        .endpoint_url(format!("http://{}", server.address))
        .credentials_provider(aws_sdk_lambda::config::SharedCredentialsProvider::new(
            aws_sdk_lambda::config::Credentials::new("a", "b", None, None, "test"),
        ))
        .build();
    let secrets = SecretsManager::new(&aws).unwrap();
    assert_eq!(secrets.required("chimera/theirs").await.unwrap(), "s3cret");
    assert!(matches!(secrets.required("chimera/other").await, Err(SecretError::Unusable { .. })));
}

/// [T-24]
#[tokio::test]
async fn a_call_survives_that_its_token_was_replaced() {
    let replaced = Arc::new(AtomicUsize::new(0));
    let present = Arc::clone(&replaced);
    let server = Script::new(move |seen| {
        let right = format!("Bearer token-{}", present.load(Ordering::SeqCst));
        if seen.header("authorization") == Some(right.as_str()) {
            structured(seen, &json!({}))
        } else {
            status(401)
        }
    })
    .await;
    let secrets = Replaced::default();
    let toolbox = McpToolbox::new(registry(&server), connections()).with_secrets(&secrets).seeded(1);
    let look = || toolbox.call("server", "look", json!({}), SOON);
    look().await.unwrap();
    replaced.store(1, Ordering::SeqCst);
    look().await.unwrap();
    assert_eq!((secrets.0.load(Ordering::SeqCst), server.asked().len()), (2, 3));
    replaced.store(9, Ordering::SeqCst);
    assert!(matches!(look().await, Err(ToolError::Forbidden(_))), "neither the old one nor the new one");
    assert_eq!(server.asked().len(), 2, "a token that was just read is not shown again");
}

/// [T-24]
#[tokio::test]
async fn a_token_that_a_server_says_back_is_struck_out() {
    let server = Script::new(|seen| {
        let shown = seen.header("authorization").unwrap();
        let error = json!({ "code": -32_602, "message": format!("{shown} is not for this") });
        let answer = json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": error });
        match seen.body["params"]["arguments"]["how"].as_str() {
            Some("fail") => (StatusCode::BAD_REQUEST, axum::Json(answer)).into_response(),
            Some("raise") => axum::Json(answer).into_response(),
            Some("refuse") => refused(seen, &json!({ "code": "no", "message": shown })),
            _ => structured(seen, &json!({ "headers": { "authorization": shown }, shown: [shown] })),
        }
    })
    .await;
    let secrets = Replaced::default();
    let toolbox = McpToolbox::new(registry(&server), connections()).with_secrets(&secrets).seeded(1);
    for how in ["fail", "raise", "refuse", "answer"] {
        let said = match toolbox.call("server", "look", json!({ "how": how }), SOON).await {
            Ok(answer) => answer.to_string(),
            Err(error) => error.to_string(),
        };
        assert!(said.contains("Bearer [token]") && !said.contains("token-"), "{how}: {said}");
    }
}
