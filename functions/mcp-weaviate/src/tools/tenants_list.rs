//! `weaviate-tenants-list`: who has objects in a collection. An operator's tool: the names of tenants, not their objects.

use std::sync::Arc;

use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::name;
use crate::database::VectorDatabase;

/// The tool.
#[derive(Debug)]
pub struct TenantsList<D>(Arc<D>);

impl<D> TenantsList<D> {
    /// The tool over a database.
    pub fn new(database: Arc<D>) -> Self {
        Self(database)
    }
}

/// Arguments, as Weaviate's own tool takes them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The collection.
    #[schemars(length(min = 1, max = 64))]
    collection_name: String,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The tenants, by name.
    tenants: Vec<OneTenant>,
}

/// A tenant of a collection.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OneTenant {
    /// Its name.
    name: String,
    /// Whether its objects can be searched right now, in the database's words, such as ACTIVE.
    activity_status: String,
}

impl<D: VectorDatabase> Tool for TenantsList<D> {
    const NAME: &'static str = "weaviate-tenants-list";
    const DESCRIPTION: &'static str = "The tenants that have objects in a collection.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Input;
    type Output = Output;

    async fn call(&self, _context: &CallContext, input: Input) -> Result<Output, ToolFault> {
        let tenants = self.0.tenants(&name(input.collection_name)?).await?;
        let shown =
            tenants.into_iter().map(|tenant| OneTenant { name: tenant.name, activity_status: tenant.status });
        Ok(Output { tenants: shown.collect() })
    }
}
