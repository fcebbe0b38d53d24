//! What may be looked at by address: an agent's short-term window.

use std::time::Duration;

use chimera_domain::ports::Clock;
use chimera_domain::{AgentId, TenantId};
use chimera_mcp::server::{CallContext, ResourceSpec, Resources, ToolFault};
use serde_json::{Value, json};

use crate::database::VectorDatabase;
use crate::memories::Memories;

/// The window of an agent. Old after seconds: it is asked for before any reasoning.
const RECENT: ResourceSpec = ResourceSpec::new(
    "memory://{tenant}/{agent}/recent",
    "recent",
    "What an agent remembered or said within the last hour, newest first.",
)
.fresh_for(Duration::from_secs(5));
/// Memories shown: what a reader takes in before it reasons.
const SHOWN: usize = 20;

/// The windows of all agents.
#[derive(Debug)]
pub struct WindowResources<D, C>(Memories<D, C>);

impl<D, C> WindowResources<D, C> {
    /// The windows over the memories.
    pub fn new(memories: Memories<D, C>) -> Self {
        Self(memories)
    }
}

impl<D: VectorDatabase, C: Clock + Send + 'static> Resources for WindowResources<D, C> {
    fn templates(&self) -> Vec<ResourceSpec> {
        vec![RECENT]
    }

    async fn read(&self, _context: &CallContext, uri: &str) -> Result<Value, ToolFault> {
        let nobody = || ToolFault::refused("not_found", "no such agent", false);
        let parts = RECENT.parts(uri).ok_or_else(nobody)?;
        let part = |name: &str| parts.get(name).copied().unwrap_or_default();
        let (Ok(tenant), Ok(agent)) = (TenantId::new(part("tenant")), AgentId::new(part("agent"))) else {
            return Err(nobody());
        };
        let memories = self.0.recent(tenant, agent, &[], SHOWN).await?;
        Ok(json!({ "memories": memories }))
    }
}
