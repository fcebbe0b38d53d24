//! What is called again, and what never is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse as _, Response};
use chimera_domain::ports::{ReadTools as _, ToolError, WriteTools as _};
use chimera_mcp::{McpWriteTools, Registry};
use serde_json::{Value, json};

use crate::scripted::{SOON, Script, Seen, a_write, connections, refused, status, structured};

/// A server that fails so often before it answers.
async fn failing(times: usize, fail: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Script {
    let failed = AtomicUsize::new(0);
    Script::new(move |seen| {
        if failed.fetch_add(1, Ordering::SeqCst) < times {
            fail(seen)
        } else {
            structured(seen, &json!({ "ok": true }))
        }
    })
    .await
}

fn later(seen: &Seen) -> Response {
    refused(seen, &json!({ "code": "in_progress", "message": "later", "retryable": true }))
}

fn throttled(_: &Seen) -> Response {
    let mut response = status(429).into_response();
    response.headers_mut().insert(RETRY_AFTER, 0.into());
    response
}

async fn called(server: &Script, tool: &str, arguments: Value) -> (Result<Value, ToolError>, usize) {
    let answer = server.toolbox().call("server", tool, arguments, SOON).await;
    (answer, server.asked().len())
}

/// [T-26]
#[tokio::test]
async fn looking_is_repeated_where_it_may_do_better() {
    for fail in [later as fn(&Seen) -> Response, throttled, |_| status(500), |_| status(503)] {
        let (answer, asked) = called(&failing(2, fail).await, "look", json!({})).await;
        assert_eq!((answer.unwrap(), asked), (json!({ "ok": true }), 3));
    }
    let (error, asked) = called(&failing(9, |_| status(500)).await, "look", json!({})).await;
    assert!(matches!(error, Err(ToolError::Unknown(_))) && asked == 3);
}

/// [T-26]
#[tokio::test]
async fn what_would_fail_in_the_same_way_is_called_once() {
    let no =
        |seen: &Seen| refused(seen, &json!({ "code": "not_found", "message": "no", "retryable": false }));
    for fail in [no as fn(&Seen) -> Response, |_| status(403), |_| status(404), |_| "no JSON".into_response()]
    {
        let (answer, asked) = called(&failing(9, fail).await, "look", json!({})).await;
        assert!(answer.is_err() && asked == 1, "{answer:?}, {asked}");
    }
}

/// [T-26]
#[tokio::test]
async fn making_is_repeated_under_its_key_alone() {
    let (answer, asked) = called(&failing(1, later).await, "make", json!({ "prompt": "x" })).await;
    assert!(matches!(answer, Err(ToolError::Refused(_))) && asked == 1);
    let keyed = json!({ "prompt": "x", "idempotency_key": "c1/t1/1" });
    let (answer, asked) = called(&failing(1, later).await, "make", keyed).await;
    assert!(answer.is_ok() && asked == 2);
}

/// [T-26]
#[tokio::test]
async fn acting_is_never_repeated() {
    for fail in [later as fn(&Seen) -> Response, throttled, |_| status(500)] {
        let server = failing(1, fail).await;
        let writes = McpWriteTools::new(Registry::new().with("server", server.ours()), connections());
        assert!(writes.execute(&a_write(), SOON).await.is_err());
        assert!(
            writes.outcome(&a_write(), SOON).await.is_err(),
            "no burn, but asked once more by the caller"
        );
        assert_eq!(server.asked().len(), 2);
    }
}

/// [T-26]
#[tokio::test]
async fn an_effect_for_which_no_time_is_left_is_not_sent_and_no_unknown() {
    let server = failing(0, |_| status(500)).await;
    let writes = McpWriteTools::new(Registry::new().with("server", server.ours()), connections());
    let late = writes.execute(&a_write(), Duration::ZERO).await.unwrap_err();
    assert!(matches!(late, ToolError::Unsent(_)), "{late}");
    assert!(server.asked().is_empty());
}

/// [T-26]
#[tokio::test]
async fn a_wait_that_is_asked_for_is_given_however_it_is_said() {
    let waiting = |wait: &'static str| {
        move |seen: &Seen| {
            let error = json!({ "code": -32_603, "message": "busy" });
            let body = axum::Json(json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": error }));
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, wait)], body).into_response()
        }
    };
    for wait in ["3600", "99999999999999999999999", "Fri, 01 Jan 2100 00:00:00 GMT"] {
        let (answer, asked) = called(&failing(9, waiting(wait)).await, "look", json!({})).await;
        assert!(matches!(answer, Err(ToolError::Unknown(_))) && asked == 1, "{wait}: {answer:?}, {asked}");
    }
    let (answer, asked) = called(&failing(1, waiting("0")).await, "look", json!({})).await;
    assert!(answer.is_ok() && asked == 2, "{answer:?}, {asked}");
}
