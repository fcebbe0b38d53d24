//! `weaviate-collections-get-config`: what collections there are and what their objects look like.

use std::sync::Arc;

use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::name;
use crate::database::VectorDatabase;

/// The tool.
#[derive(Debug)]
pub struct CollectionsGetConfig<D>(Arc<D>);

impl<D> CollectionsGetConfig<D> {
    /// The tool over a database.
    pub fn new(database: Arc<D>) -> Self {
        Self(database)
    }
}

/// Arguments, as Weaviate's own tool takes them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The collection; all where it is left out.
    #[schemars(length(min = 1, max = 64))]
    collection_name: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The collections, as Weaviate's schema has them.
    collections: Vec<Value>,
}

impl<D: VectorDatabase> Tool for CollectionsGetConfig<D> {
    const NAME: &'static str = "weaviate-collections-get-config";
    const DESCRIPTION: &'static str = "The configuration of one collection, or of all.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Input;
    type Output = Output;

    async fn call(&self, _context: &CallContext, input: Input) -> Result<Output, ToolFault> {
        let collection = input.collection_name.map(name).transpose()?;
        Ok(Output { collections: self.0.collections(collection.as_ref()).await? })
    }
}
