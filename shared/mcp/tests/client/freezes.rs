//! A function sleeps between its calls, and the other side of its connections does not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chimera_domain::ports::{Burn, ReadTools as _, WriteTools as _};
use chimera_mcp::net::Reach;
use chimera_mcp::{McpToolbox, McpWriteTools, Registry, Server, Target, ToolClass};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::scripted::{SOON, a_write, connections, connections_to};

/// A server that keeps connections open, and then forgets those it has without a word: what is sent on them is never
/// answered, as after an idle timeout of a router on the way.
struct Forgetful {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// Connections up to this number are forgotten.
    forgotten: AtomicUsize,
    /// Whether an answered connection is closed at once.
    closes: bool,
}

impl Forgetful {
    async fn new(closes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { closes, ..State::default() });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::spawn(converse(socket, number, Arc::clone(&shared)));
            }
        });
        Self { address, state }
    }

    fn forget(&self) {
        self.state.forgotten.store(self.connections(), Ordering::SeqCst);
    }

    fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    fn read_tools(&self) -> McpToolbox {
        let target = Target::parse(&format!("http://{}/mcp", self.address)).within(Reach::Anywhere);
        let server = Server::new(target, [("look", ToolClass::Read)]);
        McpToolbox::new(Registry::new().with("server", server), connections())
    }

    fn write_tools(&self) -> McpWriteTools {
        let server = Server::new(Target::parse("McpServer"), [("act", ToolClass::Effect)]);
        McpWriteTools::new(Registry::new().with("server", server), connections_to(self.address))
    }
}

async fn converse(mut socket: TcpStream, number: usize, state: Arc<State>) {
    while let Some(body) = request(&mut socket).await {
        state.requests.fetch_add(1, Ordering::SeqCst);
        if number <= state.forgotten.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let text = answer(&body).to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", text.len());
        socket.write_all(format!("{head}\r\n\r\n{text}").as_bytes()).await.unwrap();
        if state.closes {
            return;
        }
    }
}

/// The body of the next request on the connection.
async fn request(socket: &mut TcpStream) -> Option<Value> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4_096]);
    loop {
        let read = socket.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap_or("0");
        let length: usize = length.trim().parse().unwrap();
        if let Some(body) = bytes.get(end + 4..end + 4 + length) {
            return Some(serde_json::from_slice(body).unwrap());
        }
    }
}

/// The answer to a call, in the shape of a function's response where the call came in a function's event.
fn answer(body: &Value) -> Value {
    let event = body["body"].as_str().map(|text| serde_json::from_str::<Value>(text).unwrap());
    let id = &event.as_ref().unwrap_or(body)["id"];
    let result = json!({ "content": [], "structuredContent": { "state": "unused" } });
    let message = json!({ "jsonrpc": "2.0", "id": id, "result": result });
    match event {
        None => message,
        Some(_) => json!({ "statusCode": 200, "headers": { "content-type": "application/json" },
            "body": message.to_string() }),
    }
}

/// Time passes, and nothing of this process notices: what Lambda's freeze is to a function.
async fn freeze() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(2_001)).await;
    tokio::time::resume();
}

/// [T-30] An effect's one request must not go to waste on a connection that nobody hears.
#[tokio::test]
async fn an_effect_after_a_freeze_does_not_take_an_old_connection() {
    let server = Forgetful::new(false).await;
    let writes = server.write_tools();
    assert_eq!(writes.execute(&a_write(), SOON).await.unwrap(), Burn::Unused);
    let before = server.connections();
    server.forget();
    freeze().await;
    assert_eq!(writes.execute(&a_write(), SOON).await.unwrap(), Burn::Unused);
    assert_eq!((server.connections(), server.requests()), (before + 1, 2));
}

/// [T-30]
#[tokio::test]
async fn a_read_over_http_never_takes_an_old_connection() {
    let server = Forgetful::new(false).await;
    let reads = server.read_tools();
    let look = || reads.call("server", "look", json!({}), SOON);
    look().await.unwrap();
    server.forget();
    look().await.unwrap();
    assert_eq!((server.connections(), server.requests()), (2, 2));
}

/// [T-30]
#[tokio::test]
async fn a_server_that_closes_its_connections_between_calls_is_called_all_the_same() {
    let server = Forgetful::new(true).await;
    let (reads, writes) = (server.read_tools(), server.write_tools());
    for _ in 0..3 {
        reads.call("server", "look", json!({}), SOON).await.unwrap();
        freeze().await;
        writes.execute(&a_write(), SOON).await.unwrap();
        freeze().await;
    }
    assert_eq!(server.requests(), 6, "each call was sent once");
}
