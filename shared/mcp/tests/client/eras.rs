//! Servers of the present revision and of older ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use chimera_domain::ports::{ReadTools as _, ToolError};
use chimera_mcp::McpToolbox;
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::scripted::{SOON, Script, Seen, connections, result, status, structured};

const HANDSHAKE: [&str; 4] = ["initialize", "notifications/initialized", "tools/call", "DELETE"];

/// A server of the present revision.
fn modern(seen: &Seen) -> Response {
    match seen.rpc() {
        "server/discover" => {
            let found = json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"],
                "capabilities": { "tools": {} }, "ttlMs": 0, "cacheScope": "private" });
            result(seen, &found)
        }
        "tools/call" => structured(seen, &json!({ "era": "modern" })),
        _ => status(400),
    }
}

/// A server of an older one, which answers in a stream of events. `session` is the one it opens next.
fn legacy(seen: &Seen, session: &AtomicUsize) -> Response {
    let present = || format!("s-{}", session.load(Ordering::SeqCst));
    let has_session = || seen.header("mcp-session-id") == Some(present().as_str());
    match seen.rpc() {
        "initialize" => {
            session.fetch_add(1, Ordering::SeqCst);
            let chosen = json!({ "protocolVersion": "2025-06-18", "capabilities": { "tools": {} },
                "serverInfo": { "name": "older", "version": "1" } });
            let mut response = result(seen, &chosen);
            response.headers_mut().insert("mcp-session-id", present().parse().unwrap());
            response
        }
        "notifications/initialized" if has_session() => status(202),
        "tools/call" if has_session() => {
            let noise = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {} });
            let result = json!({ "content": [{ "type": "text", "text": "older" }] });
            let answer = json!({ "jsonrpc": "2.0", "id": seen.body["id"], "result": result });
            let events =
                format!("event: message\ndata: {noise}\n\n: hm\n\nevent: message\ndata: {answer}\n\n");
            ([("content-type", "text/event-stream")], events).into_response()
        }
        "DELETE" if has_session() => status(204),
        _ => {
            let message = "Bad Request: Server not initialized";
            let error =
                json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32_000, "message": message } });
            (StatusCode::BAD_REQUEST, axum::Json(error)).into_response()
        }
    }
}

async fn a_legacy_server() -> Script {
    let session = AtomicUsize::new(0);
    Script::new(move |seen| legacy(seen, &session)).await
}

/// A legacy server that never answers this.
async fn a_server_that_ignores(rpc: &'static str) -> Script {
    let session = AtomicUsize::new(0);
    Script::new(move |seen| if seen.rpc() == rpc { silence() } else { legacy(seen, &session) }).await
}

/// The head of an answer that never comes.
fn silence() -> Response {
    let silence = stream::pending::<Result<Vec<u8>, std::convert::Infallible>>();
    ([("content-type", "application/json")], Body::from_stream(silence)).into_response()
}

fn toolbox(server: &Script, era: &str) -> McpToolbox {
    McpToolbox::new(server.theirs(|entry| entry["era"] = json!(era)), connections()).seeded(1)
}

async fn look(toolbox: &McpToolbox) -> Result<Value, ToolError> {
    toolbox.call("server", "look", json!({}), SOON).await
}

/// [T-23]
#[tokio::test]
async fn a_modern_server_is_probed_once_and_then_called_in_one_exchange() {
    let server = Script::new(modern).await;
    let auto = toolbox(&server, "auto");
    for _ in 0..2 {
        assert_eq!(look(&auto).await.unwrap(), json!({ "era": "modern" }));
    }
    assert_eq!(server.asked(), ["server/discover", "tools/call", "tools/call"]);
    look(&toolbox(&server, "modern")).await.unwrap();
    assert_eq!(server.asked(), ["tools/call"]);
}

/// [T-23]
#[tokio::test]
async fn an_older_server_is_probed_once_and_each_call_has_a_session_of_its_own() {
    let server = a_legacy_server().await;
    let auto = toolbox(&server, "auto");
    for _ in 0..2 {
        assert_eq!(look(&auto).await.unwrap(), json!({ "text": "older", "untrusted": true }));
    }
    let calls = server.seen();
    let call = |n: usize| calls.iter().filter(|seen| seen.rpc() == "tools/call").nth(n).unwrap();
    assert_eq!(
        (call(0).header("mcp-session-id"), call(1).header("mcp-session-id")),
        (Some("s-1"), Some("s-2"))
    );
    assert_eq!(call(0).header("mcp-protocol-version"), Some("2025-06-18"));
    let expected = [&["server/discover"], HANDSHAKE.as_slice(), HANDSHAKE.as_slice()].concat();
    assert_eq!(server.asked(), expected);
    look(&toolbox(&server, "legacy")).await.unwrap();
    assert_eq!(server.asked(), HANDSHAKE, "nothing is probed where the configuration says it");
}

/// [T-23]
#[tokio::test]
async fn calls_that_begin_together_share_one_probe() {
    let server = Script::new(modern).await;
    let auto = toolbox(&server, "auto");
    let (first, second, third) = tokio::join!(look(&auto), look(&auto), look(&auto));
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert_eq!(server.asked().iter().filter(|rpc| *rpc == "server/discover").count(), 1);
}

/// [T-23]
#[tokio::test]
async fn a_server_that_was_replaced_is_probed_anew() {
    let (replaced, session) = (Arc::new(AtomicBool::new(false)), AtomicUsize::new(0));
    let is_replaced = Arc::clone(&replaced);
    let server =
        Script::new(
            move |seen| {
                if is_replaced.load(Ordering::SeqCst) { legacy(seen, &session) } else { modern(seen) }
            },
        )
        .await;
    let auto = toolbox(&server, "auto");
    look(&auto).await.unwrap();
    replaced.store(true, Ordering::SeqCst);
    assert!(matches!(look(&auto).await, Err(ToolError::Forbidden(_))), "it refuses what it does not know");
    assert_eq!(look(&auto).await.unwrap(), json!({ "text": "older", "untrusted": true }));
}

/// [T-23]
#[tokio::test]
async fn a_server_that_is_silent_to_a_probe_is_asked_in_the_older_way_for_this_once() {
    let server = a_server_that_ignores("server/discover").await;
    let auto = toolbox(&server, "auto");
    // A third of this is the probe's.
    let deadline = Duration::from_millis(1_500);
    auto.call("server", "look", json!({}), deadline).await.unwrap();
    auto.call("server", "look", json!({}), deadline).await.unwrap();
    assert_eq!(server.asked().iter().filter(|rpc| *rpc == "server/discover").count(), 2);
}

/// [T-23]
#[tokio::test]
async fn a_modern_configuration_never_falls_back() {
    let server = a_legacy_server().await;
    assert!(matches!(look(&toolbox(&server, "modern")).await, Err(ToolError::Forbidden(_))));
    assert_eq!(server.asked(), ["tools/call"]);
}

/// A server that answers the first probe and no other, refuses what is asked `once`, and the rest when it is released.
async fn a_server_that_waits(release: &Arc<Notify>) -> Script {
    let (probes, release) = (AtomicUsize::new(0), Arc::clone(release));
    Script::new(move |seen| match seen.rpc() {
        "server/discover" if probes.fetch_add(1, Ordering::SeqCst) > 0 => silence(),
        "tools/call" if seen.body["params"]["arguments"]["at"] == "once" => status(403),
        "tools/call" => {
            let error = json!({ "code": -32_602, "message": "no" });
            let answer = json!({ "jsonrpc": "2.0", "id": seen.body["id"], "error": error }).to_string();
            let release = Arc::clone(&release);
            let said = stream::once(async move {
                release.notified().await;
                Ok::<_, std::convert::Infallible>(answer)
            });
            ([("content-type", "application/json")], Body::from_stream(said)).into_response()
        }
        _ => modern(seen),
    })
    .await
}

/// [T-28]
#[tokio::test]
async fn a_call_that_is_refused_does_not_wait_for_the_probe_of_another() {
    let release = Arc::new(Notify::new());
    let server = a_server_that_waits(&release).await;
    let auto = toolbox(&server, "auto");
    let look = |at: &'static str, deadline| auto.call("server", "look", json!({ "at": at }), deadline);
    let asked = async |rpc: &str, times: usize| {
        while server.seen().iter().filter(|seen| seen.rpc() == rpc).count() < times {
            tokio::task::yield_now().await;
        }
    };
    // Shorter than a probe to which nobody answers.
    let deadline = Duration::from_secs(2);
    let slow = timeout(deadline, look("slow", deadline));
    let others = async {
        asked("tools/call", 1).await;
        let refused = look("once", SOON).await;
        assert!(matches!(refused, Err(ToolError::Forbidden(_))), "what was learnt is forgotten: {refused:?}");
        let released = async {
            asked("server/discover", 2).await;
            release.notify_one();
        };
        tokio::join!(look("probed", SOON), released)
    };
    tokio::select! {
        biased;
        ended = slow => assert!(matches!(ended.unwrap(), Err(ToolError::Forbidden(_)))),
        (probed, ()) = others => unreachable!("the probe ended first: {probed:?}"),
    }
}

/// [T-23]
#[tokio::test]
async fn a_session_is_ended_although_the_call_was_never_answered() {
    let server = a_server_that_ignores("tools/call").await;
    let call = toolbox(&server, "legacy");
    let late = call.call("server", "look", json!({}), Duration::from_millis(1_500)).await.unwrap_err();
    assert!(matches!(late, ToolError::Unknown(_)), "{late}");
    assert_eq!(server.asked(), HANDSHAKE);
}

/// [T-23]
#[tokio::test]
async fn calls_that_wait_for_a_probe_without_answer_do_not_probe_one_after_the_other() {
    let session = AtomicUsize::new(0);
    let server = Script::new(move |seen| match seen.rpc() {
        "server/discover" => silence(),
        // Every call has a session of its own; this server tells them apart no further.
        "initialize" if session.load(Ordering::SeqCst) > 0 => {
            session.store(0, Ordering::SeqCst);
            legacy(seen, &session)
        }
        _ => legacy(seen, &session),
    })
    .await;
    let auto = toolbox(&server, "auto");
    // A third of this is the probe's.
    let deadline = Duration::from_millis(1_500);
    let look = || auto.call("server", "look", json!({}), deadline);
    let (first, second, third) = tokio::join!(look(), look(), look());
    assert!(first.is_ok() && second.is_ok() && third.is_ok(), "{first:?} {second:?} {third:?}");
    assert_eq!(server.asked().iter().filter(|rpc| *rpc == "server/discover").count(), 1);
}
