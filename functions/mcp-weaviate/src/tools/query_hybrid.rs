//! `weaviate-query-hybrid`: objects of a collection, by word and by meaning.

use std::sync::Arc;

use chimera_domain::AgentId;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{invalid, part};
use crate::condition::{Condition, Scalar};
use crate::database::{Hit, Metadata, Search, VectorDatabase};
use crate::embedding::Embedding;
use crate::filter::Filter;
use crate::fusion::Fusion;
use crate::object::{CollectionName, MEMORY, Place, property};

/// Weight of meaning where the caller names none, as in Weaviate.
const ALPHA: f64 = 0.75;
/// Objects answered where the caller names no limit, and at most: their properties fit an answer whatever they say.
const LIMITS: (u16, u16) = (10, 100);
/// Characters of the words searched for.
const QUERY_CHARS: u32 = 2_000;
/// The one vector that objects have.
const VECTOR: &str = "default";

/// The tool.
#[derive(Debug)]
pub struct QueryHybrid<D>(Arc<D>);

impl<D> QueryHybrid<D> {
    /// The tool over a database.
    pub fn new(database: Arc<D>) -> Self {
        Self(database)
    }
}

/// Arguments, as Weaviate's own tool takes them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The words to search for.
    #[schemars(length(min = 1, max = QUERY_CHARS))]
    query: String,
    /// The collection to search.
    #[schemars(length(min = 1, max = 64))]
    collection_name: String,
    /// The tenant to search within; every collection of this server needs one.
    #[schemars(length(min = 1, max = 64))]
    tenant_name: Option<String>,
    /// Weight of meaning: 0 searches by word alone, 1 by meaning alone; 0.75 where it is left out.
    #[schemars(range(min = 0.0, max = 1.0))]
    alpha: Option<f64>,
    /// How many objects at most; 10 where it is left out.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u16>,
    /// The vectors to search by meaning; objects have one, called default.
    #[schemars(length(max = 8))]
    target_vectors: Option<Vec<String>>,
    /// The properties to search by word, each by its name or as `name^weight`; all that are made of words where it is left
    /// out.
    #[schemars(length(max = 64))]
    target_properties: Option<Vec<String>>,
    /// The properties to return; all where it is left out.
    #[schemars(length(max = 64))]
    return_properties: Option<Vec<String>>,
    /// What else to return: id, vector, distance, certainty, score, explainScore, creationTimeUnix, lastUpdateTimeUnix.
    #[schemars(length(max = 16))]
    return_metadata: Option<Vec<String>>,
    /// What else must hold. A comparison: {"path": ["topic"], "operator": "Equal", "valueText": "tea"}. Several:
    /// {"operator": "And", "operands": [...]}. What is remembered is of one agent: collection Memory needs an Equal on agent.
    filters: Option<Filter>,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The objects, best first: their properties, and `_additional` with the id and what else was asked for.
    results: Vec<Map<String, Value>>,
}

impl<D: VectorDatabase> Tool for QueryHybrid<D> {
    const NAME: &'static str = "weaviate-query-hybrid";
    const DESCRIPTION: &'static str =
        "Searches a tenant's part of a collection by word and by meaning at once; the best objects first.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Input;
    type Output = Output;

    async fn call(&self, _context: &CallContext, input: Input) -> Result<Output, ToolFault> {
        let hits = self.0.search(&search(input)?).await?;
        Ok(Output { results: hits.into_iter().map(shown).collect() })
    }
}

fn search(input: Input) -> Result<Search, ToolFault> {
    let (collection, tenant) = part(input.collection_name, input.tenant_name)?;
    let condition = input.filters.map(|filter| filter.condition()).transpose()?;
    let (place, condition) = if collection == CollectionName::memory() {
        (Place::Memory { tenant, agent: agent_of(condition.as_ref())? }, for_good(condition))
    } else {
        (Place::Collection { tenant, name: collection }, condition)
    };
    let vectors = input.target_vectors.unwrap_or_default();
    if let Some(other) = vectors.iter().find(|vector| *vector != VECTOR) {
        return Err(invalid(format!("objects have no vector called `{other}`, only one called `{VECTOR}`")));
    }
    let limit = input.limit.unwrap_or(LIMITS.0).min(LIMITS.1);
    Ok(Search {
        place,
        embedding: Embedding::of_text(&input.query),
        query: input.query,
        alpha: input.alpha.unwrap_or(ALPHA),
        fusion: Fusion::RelativeScore,
        searched: all(input.target_properties, boosted)?,
        condition,
        wanted: all(input.return_properties, |name| checked(name).map(str::to_owned))?,
        metadata: all(input.return_metadata, metadata)?,
        limit: usize::from(limit),
    })
}

/// [W-3] What is said in passing is in the window only.
fn for_good(condition: Option<Condition>) -> Option<Condition> {
    let stays = Condition::equal("long_term", Scalar::Boolean(true));
    Some(Condition::All(std::iter::once(stays).chain(condition).collect()))
}

/// [W-1] What is remembered is searched one agent at a time.
fn agent_of(condition: Option<&Condition>) -> Result<AgentId, ToolFault> {
    let agent = condition.and_then(|condition| condition.required_text("agent"));
    let agent = agent.ok_or_else(|| {
        invalid(format!(
            "a search of {MEMORY} needs the filter of one agent: path [\"agent\"], operator Equal"
        ))
    })?;
    AgentId::new(agent).map_err(|error| invalid(error.to_string()))
}

fn all<T>(
    texts: Option<Vec<String>>,
    read: impl Fn(&str) -> Result<T, ToolFault>,
) -> Result<Vec<T>, ToolFault> {
    texts.unwrap_or_default().iter().map(|text| read(text)).collect()
}

fn checked(name: &str) -> Result<&str, ToolFault> {
    property(name).map_err(|error| invalid(error.to_string()))
}

fn boosted(text: &str) -> Result<(String, f64), ToolFault> {
    let (name, weight) = text.split_once('^').unwrap_or((text, "1"));
    let weight: Option<f64> = weight.parse().ok().filter(|weight: &f64| (0.0..=1_000.0).contains(weight));
    let weight = weight.ok_or_else(|| invalid(format!("`{text}` has no weight of 0 to 1000")))?;
    Ok((checked(name)?.to_owned(), weight))
}

fn metadata(name: &str) -> Result<Metadata, ToolFault> {
    let known = || Metadata::ALL.map(|(name, _)| name).join(", ");
    Metadata::named(name).ok_or_else(|| invalid(format!("`{name}` is none of {}", known())))
}

fn shown(hit: Hit) -> Map<String, Value> {
    let mut additional = hit.metadata;
    additional.insert("id".to_owned(), json!(hit.id));
    let mut shown = hit.properties;
    shown.insert("_additional".to_owned(), Value::Object(additional));
    shown
}
