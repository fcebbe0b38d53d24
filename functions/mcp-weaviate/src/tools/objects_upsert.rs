//! `weaviate-objects-upsert`: puts objects into a collection, in place of those of the same ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{invalid, part};
use crate::database::{NewObject, VectorDatabase};
use crate::embedding::{DIMENSIONS, Embedding};
use crate::object::{CollectionName, MEMORY, Place};

/// The one vector that objects have.
const VECTOR: &str = "default";

/// The tool.
#[derive(Debug)]
pub struct ObjectsUpsert<D>(Arc<D>);

impl<D> ObjectsUpsert<D> {
    /// The tool over a database.
    pub fn new(database: Arc<D>) -> Self {
        Self(database)
    }
}

/// Arguments, as Weaviate's own tool takes them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The collection to put objects into.
    #[schemars(length(min = 1, max = 64))]
    collection_name: String,
    /// The tenant whose objects they are; every collection of this server needs one.
    #[schemars(length(min = 1, max = 64))]
    tenant_name: Option<String>,
    /// The objects.
    #[schemars(length(min = 1, max = 100))]
    objects: Vec<OneObject>,
}

/// An object to put.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneObject {
    /// Its id; one made of its properties where it is left out, so that the same object twice is one.
    #[schemars(length(min = 36, max = 36))]
    uuid: Option<String>,
    /// What it says. Times are RFC 3339 with time and zone.
    properties: Map<String, Value>,
    /// Its vectors by name: only `default`, of 512 numbers. Made of its texts where it is left out.
    vectors: Option<BTreeMap<String, Vec<f32>>>,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// What became of each object, in their order.
    results: Vec<OneResult>,
}

/// What became of an object: its id, or why it was not put.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct OneResult {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Why it was not put.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<D: VectorDatabase> Tool for ObjectsUpsert<D> {
    const NAME: &'static str = "weaviate-objects-upsert";
    const DESCRIPTION: &'static str =
        "Puts one or more objects into a tenant's part of a collection, in place of those of the same ids.";
    const CLASS: ToolClass = ToolClass::Generate;
    type Input = Input;
    type Output = Output;

    async fn call(&self, _context: &CallContext, input: Input) -> Result<Output, ToolFault> {
        let (name, tenant) = part(input.collection_name, input.tenant_name)?;
        if name == CollectionName::memory() {
            let why = format!("{MEMORY} is written by memories_keep and memory_forget alone");
            return Err(ToolFault::refused("policy_violation", why, false));
        }
        let place = Place::Collection { tenant, name };
        let objects = input.objects.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let results = self.0.upsert(&place, objects).await?;
        let result = |result| match result {
            Ok(id) => OneResult { id: Some(Uuid::to_string(&id)), error: None },
            Err(why) => OneResult { id: None, error: Some(why) },
        };
        Ok(Output { results: results.into_iter().map(result).collect() })
    }
}

fn read(object: OneObject) -> Result<NewObject, ToolFault> {
    let id =
        object.uuid.map(|id| id.parse().map_err(|_| invalid(format!("`{id}` is no UUID")))).transpose()?;
    let mut vectors = object.vectors.unwrap_or_default();
    let vector = vectors.remove(VECTOR);
    if let Some(other) = vectors.keys().next() {
        return Err(invalid(format!("objects have no vector called `{other}`, only one called `{VECTOR}`")));
    }
    let embedding = |vector: Vec<f32>| {
        let wrong = || invalid(format!("a vector has {DIMENSIONS} numbers, this one {}", vector.len()));
        Embedding::of_values(&vector).ok_or_else(wrong)
    };
    let embedding = vector.map(embedding).transpose()?;
    Ok(NewObject { id, properties: object.properties, embedding })
}
