//! The server over the sandbox, as an MCP client would call it.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod collections;
mod memories;
mod tenants;
mod wire;

use std::sync::Arc;

use chimera_domain::Timestamp;
use chimera_domain::ports::Clock;
use chimera_mcp::server::{MemoryAnswers, ToolFault, ToolServer};
use chimera_testkit::VirtualClock;
use mcp_weaviate::{Capacity, Catalogue, MemoryObjects, Sandbox, server};
use serde_json::{Value, json};

/// A server with its time.
struct Mind {
    server: ToolServer,
    clock: VirtualClock,
}

/// An agent of a tenant.
type Who = (&'static str, &'static str);

const NOVA: Who = ("t1", "nova");

fn mind(faults: Value) -> Mind {
    mind_holding(faults, Capacity::STANDARD)
}

fn mind_holding(faults: Value, capacity: Capacity) -> Mind {
    let clock = VirtualClock::default();
    let faults = serde_json::from_value(faults).unwrap();
    let sandbox =
        Sandbox::new(MemoryObjects::default(), clock.clone(), Catalogue::standard().unwrap(), faults);
    let server =
        server(Arc::new(sandbox.holding(capacity)), clock.clone(), MemoryAnswers::default()).unwrap();
    Mind { server, clock }
}

impl Mind {
    async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.server.call_checked(tool, arguments).await.unwrap()
    }

    async fn fault(&self, tool: &str, arguments: Value) -> ToolFault {
        self.server.call_checked(tool, arguments).await.unwrap_err()
    }

    async fn code(&self, tool: &str, arguments: Value) -> String {
        let fault = self.fault(tool, arguments).await;
        fault.refusal().unwrap_or_else(|| panic!("{fault:?}")).code.clone()
    }

    /// Remembers something that happened, of some weight.
    async fn remember(&self, who: Who, key: &str, text: &str) -> String {
        let remembered = self.call("memory_remember", episode(who, key, text)).await;
        remembered["id"].as_str().unwrap().to_owned()
    }

    async fn recall(&self, who: Who, query: &str) -> Vec<String> {
        self.recall_with(who, json!({ "query": query, "k": 10 })).await
    }

    async fn recall_with(&self, who: Who, arguments: Value) -> Vec<String> {
        texts(&self.call("memory_recall", of(who, arguments)).await)
    }

    async fn recent(&self, who: Who) -> Vec<String> {
        texts(&self.call("memory_recent", of(who, json!({ "limit": 100 }))).await)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The arguments with tenant and agent.
fn of((tenant, agent): Who, mut arguments: Value) -> Value {
    arguments["tenant"] = json!(tenant);
    arguments["agent"] = json!(agent);
    arguments
}

fn episode(who: Who, key: &str, text: &str) -> Value {
    of(who, json!({ "kind": "episodic", "text": text, "salience": 50, "idempotency_key": key }))
}

fn texts(answer: &Value) -> Vec<String> {
    let memories = answer["memories"].as_array().unwrap();
    memories.iter().map(|memory| memory["text"].as_str().unwrap().to_owned()).collect()
}
