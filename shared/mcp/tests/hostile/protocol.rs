//! Harm in MCP: results, streams of events, handshakes.

use serde_json::{Value, json};

use super::server::{Request, Script, Step, chunked, good_result, good_text, http, json_text, result};
use super::{Against, Behaviour, Expect};

const fn plain(name: &'static str, behave: fn(&Request) -> Script) -> Behaviour {
    Behaviour { name, against: Against::Plain, expect: Expect::Unknown, behave }
}

const fn older(name: &'static str, expect: Expect, behave: fn(&Request) -> Script) -> Behaviour {
    Behaviour { name, against: Against::Legacy, expect, behave }
}

const EVENTS: &str = "text/event-stream";

/// A stream of these events that ends.
fn events(texts: &[String]) -> Script {
    let body: String = texts.iter().map(|text| format!("event: message\ndata: {text}\n\n")).collect();
    vec![Step::Send(http("200 OK", EVENTS, body.as_bytes()))]
}

pub(crate) const ALL: &[Behaviour] = &[
    plain("gives a result of an unknown type", |request| {
        let odd =
            json!({ "resultType": "perhaps", "content": [], "structuredContent": { "state": "unused" } });
        result(request, &odd)
    }),
    plain("asks for input for ever", |request| {
        let asks = json!({ "resultType": "input_required", "inputRequests": {}, "requestState": "again" });
        result(request, &asks)
    }),
    plain("answers with a task", |request| {
        let task = json!({ "resultType": "task", "taskId": "t", "status": "working", "createdAt": "now",
            "lastUpdatedAt": "now", "ttlMs": null });
        result(request, &task)
    }),
    plain("gives a result that is a list", |request| result(request, &json!([good_result()]))),
    plain("gives an empty result", |request| result(request, &json!({}))),
    plain("gives the result of another request", |request| {
        result(request, &json!({ "resultType": "complete", "tools": [] }))
    }),
    plain("labels a stream as JSON", |request| {
        json_text(format!("event: message\ndata: {}\n\n", good_text(request)))
    }),
    plain("ends its stream without a response", |_| {
        events(&[json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {} }).to_string()])
    }),
    plain("answers twice in its stream", |request| {
        let other = json!({ "jsonrpc": "2.0", "id": request.id, "result": { "content": [] } });
        events(&[good_text(request), other.to_string()])
    }),
    plain("answers another request in its stream", |_| {
        events(&[json!({ "jsonrpc": "2.0", "id": 4_711, "result": good_result() }).to_string()])
    }),
    plain("asks for a sample in its stream and waits", |_| {
        let asks = json!({ "jsonrpc": "2.0", "id": 9, "method": "sampling/createMessage", "params": {} });
        let event = format!("data: {asks}\n\n");
        let framed = format!("{:x}\r\n{event}\r\n", event.len());
        vec![Step::Send(chunked(EVENTS)), Step::Send(framed.into_bytes()), Step::Hang]
    }),
    plain("comments for ever in its stream", |_| {
        vec![Step::Send(chunked(EVENTS)), Step::Repeat(b"4\r\n: x\n\r\n", u64::MAX)]
    }),
    plain("notifies for ever in its stream", |_| {
        const EVENT: &[u8] =
            b"3b\r\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"} \n\n\r\n";
        vec![Step::Send(chunked(EVENTS)), Step::Repeat(EVENT, u64::MAX)]
    }),
    plain("sends an event without end", |_| {
        vec![Step::Send(chunked(EVENTS)), Step::Repeat(b"10\r\ndata: xxxxxxxxx\n\r\n", u64::MAX)]
    }),
    plain("sends a stream that is none of events", |_| {
        vec![Step::Send(http("200 OK", EVENTS, b"hello\n\n"))]
    }),
    older("chooses a revision of long ago", Expect::Forbidden, |request| greeting(request, "1999-01-01")),
    older("chooses the present revision in a handshake", Expect::Forbidden, |request| {
        greeting(request, "2026-07-28")
    }),
    older("hangs in the handshake", Expect::Unknown, |_| vec![Step::Hang]),
    older("refuses the end of the handshake", Expect::Forbidden, |request| match request.rpc.as_str() {
        "initialize" => greeting(request, "2025-11-25"),
        _ => vec![Step::Send(http("400 Bad Request", "text/plain", b"no"))],
    }),
    older("forgets its session at once", Expect::Forbidden, |request| match request.rpc.as_str() {
        "initialize" => greeting(request, "2025-11-25"),
        "tools/call" => vec![Step::Send(http("404 Not Found", "text/plain", b"no such session"))],
        _ => accepted(),
    }),
    older("never lets its session end", Expect::Unknown, |request| match request.rpc.as_str() {
        "initialize" => greeting(request, "2025-11-25"),
        "notifications/initialized" => accepted(),
        "tools/call" => vec![Step::Send(http("500 Oh", "text/plain", b"no"))],
        _ => vec![Step::Hang],
    }),
    Behaviour {
        name: "says nothing to a probe and nothing to a handshake",
        against: Against::Auto,
        expect: Expect::Unknown,
        behave: |_| vec![Step::Hang],
    },
    Behaviour {
        name: "speaks only revisions that nobody knows",
        against: Against::Auto,
        expect: Expect::Forbidden,
        behave: |request| {
            let found = json!({ "resultType": "complete", "supportedVersions": ["2999-01-01"], "capabilities": {},
                "ttlMs": 0, "cacheScope": "private" });
            result(request, &found)
        },
    },
];

fn accepted() -> Script {
    vec![Step::Send(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_vec())]
}

/// The answer to a handshake, with a session.
fn greeting(request: &Request, version: &str) -> Script {
    let chosen: Value = json!({ "jsonrpc": "2.0", "id": request.id, "result": {
        "protocolVersion": version, "capabilities": {}, "serverInfo": { "name": "x", "version": "1" } } });
    let (text, head) = (chosen.to_string(), "HTTP/1.1 200 OK\r\ncontent-type: application/json");
    let length = text.len();
    let whole = format!("{head}\r\nmcp-session-id: s1\r\ncontent-length: {length}\r\n\r\n{text}");
    vec![Step::Send(whole.into_bytes())]
}
