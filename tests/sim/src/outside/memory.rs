//! The server of what agents remember.

use chimera_domain::ports::ToolError;
use chimera_domain::{AgentId, TenantId};
use chimera_mcp::server::ToolServer;
use chimera_testkit::VirtualClock;
use mcp_weaviate::{Capacity, Kept, MemoryObjects, ObjectStore as _, Place};
use serde_json::Value;

use super::{halves, served};

/// The server's name in configuration.
pub(super) const NAME: &str = "weaviate";

/// The server of memories. Clones share everything.
#[derive(Clone)]
pub struct Memories {
    server: ToolServer,
    objects: MemoryObjects,
}

impl Memories {
    pub(super) fn new(clock: &VirtualClock) -> Self {
        let objects = MemoryObjects::default();
        Self { server: halves::of_memories(&objects, clock), objects }
    }

    /// What an agent remembers for good, by the store itself.
    pub async fn texts(&self, tenant: &TenantId, agent: &AgentId) -> Vec<String> {
        let place = Place::Memory { tenant: tenant.clone(), agent: agent.clone() };
        let kept = match self.objects.kept(&place, Capacity::STANDARD).await {
            Ok(Kept::All(objects)) => objects,
            Ok(Kept::TooMuch) | Err(_) => Vec::new(),
        };
        let text = |properties: &serde_json::Map<String, Value>| {
            properties.get("text").and_then(Value::as_str).map(str::to_owned)
        };
        kept.iter().filter_map(|object| text(&object.properties)).collect()
    }

    pub(super) async fn call(&self, tool: &str, arguments: Value) -> Result<Value, ToolError> {
        served::call(&self.server, tool, arguments).await
    }
}
