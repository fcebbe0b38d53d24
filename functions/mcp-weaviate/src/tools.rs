//! The tools: Weaviate's own four, by their names and schemas, and what agents remember by.

mod collections_get_config;
mod memories_get;
mod memories_keep;
mod memory_forget;
mod memory_recall;
mod memory_recent;
mod objects_upsert;
mod query_hybrid;
mod tenants_list;

use std::sync::Arc;

use chimera_domain::ports::{Clock, Ids};
use chimera_domain::{AgentId, TenantId};
use chimera_mcp::server::{
    AnswerStore, BurnStore, GrantDesk, NoDesk, ServerBuilder, ToolFault, ToolServer, WithDesk,
};

pub use collections_get_config::CollectionsGetConfig;
pub use memories_get::MemoriesGet;
pub use memories_keep::MemoriesKeep;
pub use memory_forget::MemoryForget;
pub use memory_recall::MemoryRecall;
pub use memory_recent::MemoryRecent;
pub use objects_upsert::ObjectsUpsert;
pub use query_hybrid::QueryHybrid;
pub use tenants_list::TenantsList;

use crate::database::VectorDatabase;
use crate::filter::InvalidFilter;
use crate::keeper::Keeper;
use crate::memories::Memories;
use crate::object::{CollectionName, InvalidName};
use crate::resources::WindowResources;

/// What both halves are called.
const SERVER: &str = "weaviate";

/// The read half: what agents remember and what a tenant's agents may look up. Nothing in it could change either.
pub fn read_half<D: VectorDatabase, C: Clock + Send + 'static>(
    database: Arc<D>,
    clock: C,
) -> ServerBuilder<NoDesk> {
    let memories = Memories::new(Arc::clone(&database), clock);
    ToolServer::builder(SERVER)
        .tool(QueryHybrid::new(Arc::clone(&database)))
        .tool(CollectionsGetConfig::new(Arc::clone(&database)))
        .tool(TenantsList::new(database))
        .tool(MemoriesGet::new(memories.clone()))
        .tool(MemoryRecall::new(memories.clone()))
        .tool(MemoryRecent::new(memories.clone()))
        .resources(WindowResources::new(memories))
}

/// [W-7] The write half: what is remembered, with a grant and never without; and what only operators do, who may invoke it,
/// and no function does. `answers` keeps what was forgotten under which key.
pub fn write_half<K, D, C, S, DC, I, A>(
    keeper: K,
    (database, clock): (Arc<D>, C),
    desk: GrantDesk<S, DC, I>,
    answers: A,
) -> ServerBuilder<WithDesk>
where
    K: Keeper,
    D: VectorDatabase,
    C: Clock + Send + 'static,
    S: BurnStore,
    DC: Clock + Send + 'static,
    I: Ids + Send + 'static,
    A: AnswerStore,
{
    let memories = Memories::new(Arc::clone(&database), clock);
    ToolServer::builder(SERVER)
        .with_desk(desk)
        .effect(MemoriesKeep::new(keeper))
        .generate(MemoryForget::new(memories), answers)
        .upsert(ObjectsUpsert::new(database))
}

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
