//! Harm in JSON and in JSON-RPC.

use serde_json::{Value, json};

use super::server::{Request, Script, Step, chunked, good_result, good_text, json_text};
use super::{Against, Behaviour, Expect};

const fn plain(name: &'static str, behave: fn(&Request) -> Script) -> Behaviour {
    Behaviour { name, against: Against::Plain, expect: Expect::Unknown, behave }
}

/// A response whose structured content is this text, whatever it is.
fn with_content(request: &Request, content: &str) -> Vec<u8> {
    let id = &request.id;
    let head =
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[],"structuredContent":{content}}}}}"#);
    head.into_bytes()
}

/// A response from these fields.
fn message(fields: &Value) -> Script {
    json_text(fields.to_string())
}

pub(crate) const ALL: &[Behaviour] = &[
    plain("says NaN", |request| json_text(with_content(request, r#"{"state":NaN}"#))),
    plain("says 1e400", |request| json_text(with_content(request, r#"{"state":"unused","n":1e400}"#))),
    plain("nests a hundred thousand lists", |request| {
        json_text(with_content(request, &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))))
    }),
    plain("sends a string without end", |request| {
        let head = with_content(request, "\"");
        let framed =
            [format!("{:x}\r\n", head.len() - 2).as_bytes(), &head[..head.len() - 2], b"\r\n"].concat();
        vec![
            Step::Send(chunked("application/json")),
            Step::Send(framed),
            Step::Repeat(b"10\r\nxxxxxxxxxxxxxxxx\r\n", 4_194_304),
        ]
    }),
    plain("fills an answer with small objects", |request| {
        json_text(with_content(request, &format!("[{}0]", r#"{"":0},"#.repeat(300_000))))
    }),
    plain("fills an answer with small numbers", |request| {
        json_text(with_content(request, &format!("[{}0]", "0,".repeat(1_000_000))))
    }),
    plain("sends bytes that are no UTF-8", |request| {
        let text = with_content(request, r#"{"state":"unused","x":"?"}"#);
        json_text(text.into_iter().map(|byte| if byte == b'?' { 0xff } else { byte }).collect::<Vec<_>>())
    }),
    plain("gives a key twice", |request| {
        json_text(with_content(request, r#"{"state":"unused","state":"in_flight"}"#))
    }),
    plain("gives its result twice", |request| {
        let (id, good) = (&request.id, good_result());
        json_text(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{good},"result":{good}}}"#))
    }),
    plain("sends half a surrogate", |request| {
        json_text(with_content(request, r#"{"state":"unused","x":"\ud800"}"#))
    }),
    plain("begins with a byte order mark", |request| json_text(format!("\u{feff}{}", good_text(request)))),
    plain("breaks off in the middle", |request| {
        let text = good_text(request);
        json_text(&text[..text.len() - 3])
    }),
    plain("says null", |_| json_text("null")),
    plain("speaks JSON-RPC 1.0", |request| {
        message(&json!({ "jsonrpc": "1.0", "id": request.id, "result": good_result() }))
    }),
    plain("speaks no JSON-RPC", |_| message(&good_result())),
    plain("gives a result and an error", |request| {
        let error = json!({ "code": -32_603, "message": "both" });
        message(&json!({ "jsonrpc": "2.0", "id": request.id, "result": good_result(), "error": error }))
    }),
    plain("gives neither a result nor an error", |request| {
        message(&json!({ "jsonrpc": "2.0", "id": request.id }))
    }),
    plain("answers another request", |_| {
        message(&json!({ "jsonrpc": "2.0", "id": 4_711, "result": good_result() }))
    }),
    plain("answers no request", |_| {
        message(&json!({ "jsonrpc": "2.0", "id": null, "result": good_result() }))
    }),
    plain("fails another request", |_| {
        message(&json!({ "jsonrpc": "2.0", "id": 4_711, "error": { "code": -32_602, "message": "no" } }))
    }),
    plain("gives an error that is none", |request| {
        message(&json!({ "jsonrpc": "2.0", "id": request.id, "error": "no" }))
    }),
    plain("answers twice", |request| json_text(good_text(request).repeat(2))),
    plain("answers in a batch", |request| json_text(format!("[{}]", good_text(request)))),
    plain("sends a notification instead", |_| {
        message(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }))
    }),
    plain("asks a question instead", |request| {
        message(
            &json!({ "jsonrpc": "2.0", "id": request.id, "method": "sampling/createMessage", "params": {} }),
        )
    }),
];
