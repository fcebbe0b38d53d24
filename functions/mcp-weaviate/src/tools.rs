//! The tools: Weaviate's own four, by their names and schemas, and what agents remember by.

mod collections_get_config;
mod memory_forget;
mod memory_recall;
mod memory_recent;
mod memory_remember;
mod objects_upsert;
mod query_hybrid;
mod tenants_list;

use chimera_domain::{AgentId, TenantId};
use chimera_mcp::server::ToolFault;

pub use collections_get_config::CollectionsGetConfig;
pub use memory_forget::MemoryForget;
pub use memory_recall::MemoryRecall;
pub use memory_recent::MemoryRecent;
pub use memory_remember::MemoryRemember;
pub use objects_upsert::ObjectsUpsert;
pub use query_hybrid::QueryHybrid;
pub use tenants_list::TenantsList;

use crate::filter::InvalidFilter;
use crate::object::{CollectionName, InvalidName};

/// Whose memory a call is about.
fn whose(tenant: String, agent: String) -> Result<(TenantId, AgentId), ToolFault> {
    let tenant = TenantId::new(tenant).map_err(|error| invalid(error.to_string()))?;
    let agent = AgentId::new(agent).map_err(|error| invalid(error.to_string()))?;
    Ok((tenant, agent))
}

/// The collection and the tenant that one of Weaviate's own tools is called for. Its schema leaves the tenant out where a
/// collection has none; every collection here has.
fn part(collection: String, tenant: Option<String>) -> Result<(CollectionName, TenantId), ToolFault> {
    let collection = name(collection)?;
    let tenant = tenant.ok_or_else(|| {
        invalid(format!("collection {collection} has multi-tenancy enabled, but request was without tenant"))
    })?;
    let tenant = TenantId::new(tenant).map_err(|error| invalid(error.to_string()))?;
    Ok((collection, tenant))
}

fn name(collection: String) -> Result<CollectionName, ToolFault> {
    CollectionName::new(collection).map_err(|error: InvalidName| invalid(error.to_string()))
}

fn invalid(message: impl Into<String>) -> ToolFault {
    ToolFault::refused("invalid_input", message, false)
}

impl From<InvalidFilter> for ToolFault {
    fn from(filter: InvalidFilter) -> Self {
        match &filter {
            InvalidFilter::Malformed(_) => invalid(filter.to_string()),
            InvalidFilter::Unsupported(_) => Self::refused("unsupported", filter.to_string(), false),
        }
    }
}
