//! The server of what agents remember, over one sandbox, and what the sandbox itself says.

use chimera_domain::{AgentId, ProposedMemory, Refusal, TenantId};
use chimera_testkit::{MemorySigner, Mode, VirtualClock};
use futures::FutureExt as _;
use mcp_weaviate::{Capacity, Kept, MemoryObjects, Object, ObjectStore as _, Place, memory_id};
use serde_json::Value;

use super::halves;
use super::served::Served;

/// The server's name in intents.
pub(super) const NAME: &str = "weaviate";

/// The server of memories. Clones share everything.
#[derive(Clone)]
pub struct Memories {
    pub(crate) served: Served,
    objects: MemoryObjects,
}

impl Memories {
    pub(super) fn new(signer: &MemorySigner, clock: &VirtualClock) -> Self {
        let objects = MemoryObjects::default();
        Self { served: halves::of_memories(&objects, signer, clock), objects }
    }

    /// The next keeping goes so; calls queue up.
    pub fn next(&self, mode: Mode) {
        self.served.stage().next(mode);
    }

    /// How often a call that keeps something reached the server.
    #[must_use]
    pub fn executes(&self) -> u32 {
        self.served.executes()
    }

    /// What the server refused before it burnt anything.
    #[must_use]
    pub fn refused(&self) -> Vec<Refusal> {
        self.served.refused()
    }

    /// What an agent remembers for good, by the store itself.
    #[must_use]
    pub fn texts(&self, tenant: &TenantId, agent: &AgentId) -> Vec<String> {
        let text = |object: &Object| object.properties.get("text").and_then(Value::as_str).map(str::to_owned);
        self.kept(tenant, agent).iter().filter_map(text).collect()
    }

    /// Whether something is kept under the memory's key.
    pub(crate) fn holds(&self, tenant: &TenantId, agent: &AgentId, memory: &ProposedMemory) -> bool {
        let id = memory_id(tenant, agent, &memory.key);
        self.kept(tenant, agent).iter().any(|object| object.id == id)
    }

    /// Objects in memory are read at once.
    fn kept(&self, tenant: &TenantId, agent: &AgentId) -> Vec<Object> {
        let place = Place::Memory { tenant: tenant.clone(), agent: agent.clone() };
        match self.objects.kept(&place, Capacity::STANDARD).now_or_never() {
            Some(Ok(Kept::All(objects))) => objects,
            _ => Vec::new(),
        }
    }
}
