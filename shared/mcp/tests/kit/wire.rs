//! What arrives: events of the Lambda runtime, bodies of any size, methods of any kind.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_mcp::INTERNAL_HOST;
use chimera_mcp::server::{REQUEST_BYTES, ToolServer};
use serde_json::{Value, json};

use super::http::{Client, Era};
use super::tools::Echo;

fn client() -> Client {
    Client::of(ToolServer::builder("echo").tool(Echo).build().unwrap(), Era::Modern)
}

fn body(text: &str) -> String {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "name": "say", "arguments": { "text": text }, "_meta": meta });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string()
}

fn headers() -> Value {
    json!({
        "host": INTERNAL_HOST,
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "say",
    })
}

fn request(method: &str, body: String) -> Request<Body> {
    let mut request = Request::builder().method(method).uri("/mcp");
    for (name, value) in headers().as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    request.body(Body::from(body)).unwrap()
}

/// A gateway hands binary bodies on in base64, and may take any body for one.
#[tokio::test]
async fn an_event_is_a_call_whether_its_body_is_text_or_base64() {
    let text = body("grüße 🦀");
    for (sent, is_base64) in [(text.clone(), false), (BASE64_STANDARD.encode(&text), true)] {
        let event = json!({
            "resource": "/mcp",
            "path": "/mcp",
            "httpMethod": "POST",
            "headers": headers(),
            "requestContext": {
                "resourcePath": "/mcp", "path": "/mcp", "httpMethod": "POST", "stage": "$default", "identity": {},
            },
            "body": sent,
            "isBase64Encoded": is_base64,
        });
        let (parts, body) = lambda_http::request::from_str(&event.to_string()).unwrap().into_parts();
        let request = Request::from_parts(parts, Body::from(body.to_vec()));
        let (status, answer) = client().send(request).await;
        assert_eq!(
            (status.as_u16(), &answer["result"]["structuredContent"]["text"]),
            (200, &json!("grüße 🦀"))
        );
    }
}

#[tokio::test]
async fn a_request_is_as_large_as_an_event_may_be_and_no_larger() {
    let room = REQUEST_BYTES - body("").len();
    let (status, answer) = client().send(request("POST", body(&"x".repeat(room)))).await;
    assert_eq!(
        (status.as_u16(), &answer["result"]["isError"]),
        (200, &json!(true)),
        "it was read, and refused"
    );
    let (status, _) = client().send(request("POST", body(&"x".repeat(room + 1)))).await;
    assert_eq!(status.as_u16(), 413);
}

#[tokio::test]
async fn there_is_nothing_to_listen_to_and_nothing_to_end() {
    for method in ["GET", "DELETE", "PUT"] {
        let (status, _) = client().send(request(method, String::new())).await;
        assert_eq!(status.as_u16(), 405, "{method}");
    }
}

/// Two readers could take it for two different calls: the one that checks and the one that acts read the same.
#[tokio::test]
async fn an_argument_that_is_there_twice_is_one_argument_throughout() {
    let twice = body("one").replace(r#""text":"one""#, r#""text":"one","text":"two""#);
    assert!(twice.contains(r#""text":"one","text":"two""#), "{twice}");
    let (_, answer) = client().send(request("POST", twice)).await;
    assert_eq!(answer["result"]["structuredContent"], json!({ "text": "two" }));
}
