//! Harm below JSON: time, size, HTTP and TLS.

use std::time::Duration;

use super::server::{Request, Script, Step, chunked, good_text, http, json_text};
use super::{Against, Behaviour, Expect};

/// A chunk of 64 KiB of nothing, as chunked transfer frames it.
const CHUNK: &[u8] = &{
    let mut chunk = [b' '; 65_536 + 9];
    let size = *b"10000\r\n";
    let mut at = 0;
    while at < size.len() {
        chunk[at] = size[at];
        at += 1;
    }
    chunk[65_536 + 7] = b'\r';
    chunk[65_536 + 8] = b'\n';
    chunk
};
const SECOND: Duration = Duration::from_secs(1);

const fn plain(name: &'static str, expect: Expect, behave: fn(&Request) -> Script) -> Behaviour {
    Behaviour { name, against: Against::Plain, expect, behave }
}

pub(crate) const ALL: &[Behaviour] = &[
    plain("hangs before its headers", Expect::Unknown, |_| vec![Step::Hang]),
    plain("hangs in the middle of its body", Expect::Unknown, |_| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"json";
        vec![Step::Send(head.to_vec()), Step::Hang]
    }),
    plain("drips its answer, a byte a second", Expect::Unknown, |request| {
        let text = good_text(request);
        let whole = http("200 OK", "application/json", text.as_bytes());
        let (head, body) = whole.split_at(whole.len() - text.len());
        vec![Step::Send(head.to_vec()), Step::Drip(body.to_vec(), SECOND)]
    }),
    plain("drips its headers", Expect::Unknown, |_| {
        vec![Step::Drip(http("200 OK", "application/json", b"{}"), SECOND)]
    }),
    plain("sends a gigabyte in chunks", Expect::Unknown, |_| {
        vec![Step::Send(chunked("application/json")), Step::Repeat(CHUNK, 16_384)]
    }),
    plain("sends a gigabyte and says so", Expect::Unknown, |_| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1073741824\r\n\r\n";
        vec![Step::Send(head.to_vec()), Step::Repeat(CHUNK, 16_384)]
    }),
    plain("sends a gigabyte of an error", Expect::Unknown, |_| {
        let head = b"HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n";
        vec![Step::Send(head.to_vec()), Step::Repeat(CHUNK, 16_384)]
    }),
    plain("sends a gzip bomb", Expect::Unknown, |_| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n";
        vec![Step::Send(head.to_vec()), Step::Repeat(CHUNK, 1_024)]
    }),
    plain("sends JSON as text/plain", Expect::Unknown, |request| {
        vec![Step::Send(http("200 OK", "text/plain", good_text(request).as_bytes()))]
    }),
    plain("sends a web page", Expect::Unknown, |_| {
        vec![Step::Send(http("200 OK", "text/html", b"<html>It works!</html>"))]
    }),
    plain("sends an empty body", Expect::Unknown, |_| json_text("")),
    plain("accepts and never answers", Expect::Unknown, |_| {
        vec![Step::Send(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_vec())]
    }),
    plain("has no content", Expect::Unknown, |_| {
        vec![Step::Send(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())]
    }),
    plain("redirects to a private address", Expect::Forbidden, |_| {
        redirect("http://169.254.169.254/latest/")
    }),
    plain("redirects to another origin", Expect::Forbidden, |_| redirect("https://other.example/mcp")),
    plain("redirects in a circle", Expect::Forbidden, |_| redirect("/mcp")),
    plain("redirects to nowhere", Expect::Forbidden, |_| {
        vec![Step::Send(b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n".to_vec())]
    }),
    plain("closes at once", Expect::Unknown, |_| Vec::new()),
    plain("closes in the middle of its body", Expect::Unknown, |_| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"json";
        vec![Step::Send(head.to_vec())]
    }),
    plain("sends ten thousand headers", Expect::Unknown, |_| {
        vec![Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Step::Repeat(b"x-bomb: 1\r\n", 10_000), Step::Hang]
    }),
    plain("sends a header without end", Expect::Unknown, |_| {
        vec![Step::Send(b"HTTP/1.1 200 OK\r\nx-bomb: ".to_vec()), Step::Repeat(&[b'x'; 4_096], 262_144)]
    }),
    plain("says 100 Continue for ever", Expect::Unknown, |_| {
        vec![Step::Repeat(b"HTTP/1.1 100 Continue\r\n\r\n", u64::MAX)]
    }),
    plain("lies about the length of a chunk", Expect::Unknown, |_| {
        vec![Step::Send(chunked("application/json")), Step::Send(b"FFFFFFFFFFFFFFFFFFFF\r\n{}".to_vec())]
    }),
    plain("answers in TLS on a plain port", Expect::Unknown, |_| {
        vec![Step::Send(vec![0x16, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28, 0x15, 0x03, 0x03])]
    }),
    plain("speaks no HTTP", Expect::Unknown, |_| vec![Step::Send(b"220 smtp.example ESMTP\r\n".to_vec())]),
    Behaviour {
        name: "answers a TLS greeting with garbage",
        against: Against::Tls,
        expect: Expect::Unsent,
        behave: |_| vec![Step::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())],
    },
    plain("throttles for thirty years", Expect::Unsent, |_| {
        vec![Step::Send(b"HTTP/1.1 429 No\r\nretry-after: 1000000000\r\ncontent-length: 0\r\n\r\n".to_vec())]
    }),
    plain("fails with 500", Expect::Unknown, |_| {
        vec![Step::Send(http("500 Oh", "text/plain", b"stack trace"))]
    }),
    plain("wants somebody to sign in", Expect::Forbidden, |_| {
        let head = b"HTTP/1.1 401 Who\r\nwww-authenticate: Bearer\r\ncontent-length: 0\r\n\r\n";
        vec![Step::Send(head.to_vec())]
    }),
    plain("answers with a status that does not exist", Expect::Unknown, |request| {
        vec![Step::Send(http("799 What", "application/json", good_text(request).as_bytes()))]
    }),
];

fn redirect(to: &str) -> Script {
    let head = format!("HTTP/1.1 307 There\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    vec![Step::Send(head.into_bytes())]
}
