//! A server that means harm: it reads a request as far as it can and then does, byte by byte, what its script says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// A request, as far as it could be understood.
pub(crate) struct Request {
    /// The JSON-RPC method; the HTTP method where there is no body, and `?` for what is no HTTP.
    pub(crate) rpc: String,
    pub(crate) id: Value,
    /// A list's cursor.
    pub(crate) cursor: Option<String>,
}

/// What the server does, one after the other; then it closes the connection.
pub(crate) enum Step {
    Send(Vec<u8>),
    Repeat(&'static [u8], u64),
    /// One byte at a time.
    Drip(Vec<u8>, Duration),
    Hang,
}

pub(crate) type Script = Vec<Step>;

/// The server, until it is dropped.
pub(crate) struct Hostile {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<BTreeMap<String, usize>>>,
    listening: AbortHandle,
}

impl Hostile {
    pub(crate) async fn listen(behave: fn(&Request) -> Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
        let counts = Arc::clone(&seen);
        let listening = tokio::spawn(async move {
            // Dropped with this task, and with it every connection.
            let mut connections = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                connections.spawn(converse(socket, Arc::clone(&counts), behave));
            }
        });
        Self { address, seen, listening: listening.abort_handle() }
    }

    /// Requests of this JSON-RPC method.
    pub(crate) fn count(&self, rpc: &str) -> usize {
        self.seen.lock().unwrap().get(rpc).copied().unwrap_or(0)
    }

    /// Requests of any kind.
    pub(crate) fn total(&self) -> usize {
        self.seen.lock().unwrap().values().sum()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn converse(
    mut socket: TcpStream,
    counts: Arc<Mutex<BTreeMap<String, usize>>>,
    behave: fn(&Request) -> Script,
) {
    // One request per connection: the client keeps none.
    let Some(request) = read(&mut socket).await else { return };
    *counts.lock().unwrap().entry(request.rpc.clone()).or_default() += 1;
    for step in behave(&request) {
        if perform(&mut socket, step).await.is_err() {
            return;
        }
    }
}

async fn perform(socket: &mut TcpStream, step: Step) -> std::io::Result<()> {
    match step {
        Step::Send(bytes) => socket.write_all(&bytes).await,
        Step::Repeat(bytes, times) => {
            for _ in 0..times {
                socket.write_all(bytes).await?;
            }
            Ok(())
        }
        Step::Drip(bytes, pause) => {
            for byte in bytes {
                socket.write_all(&[byte]).await?;
                tokio::time::sleep(pause).await;
            }
            Ok(())
        }
        Step::Hang => std::future::pending().await,
    }
}

async fn read(socket: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    loop {
        let read = socket.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        if !bytes[0].is_ascii_uppercase() {
            return Some(Request { rpc: "?".to_owned(), id: Value::Null, cursor: None });
        }
        if let Some(request) = whole(&bytes) {
            return Some(request);
        }
    }
}

/// The request, once all of it is there.
fn whole(bytes: &[u8]) -> Option<Request> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    let body = bytes.get(end..end + length)?;
    let verb = head.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let rpc = body["method"].as_str().map_or(verb, str::to_owned);
    let cursor = body["params"]["cursor"].as_str().map(str::to_owned);
    Some(Request { rpc, id: body["id"].clone(), cursor })
}

/// A whole answer of this status and type.
pub(crate) fn http(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The head of an answer whose length nobody knows beforehand.
pub(crate) fn chunked(content_type: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n")
        .into_bytes()
}

/// A whole JSON answer.
pub(crate) fn json_text(body: impl AsRef<[u8]>) -> Script {
    vec![Step::Send(http("200 OK", "application/json", body.as_ref()))]
}

/// A well-formed response with this result.
pub(crate) fn result(request: &Request, result: &Value) -> Script {
    json_text(json!({ "jsonrpc": "2.0", "id": request.id, "result": result }).to_string())
}

/// The result of a tool that answered well.
pub(crate) fn good_result() -> Value {
    json!({ "resultType": "complete", "content": [], "structuredContent": { "state": "unused" }, "isError": false })
}

/// A response that nothing is wrong with, as text.
pub(crate) fn good_text(request: &Request) -> String {
    json!({ "jsonrpc": "2.0", "id": request.id, "result": good_result() }).to_string()
}
