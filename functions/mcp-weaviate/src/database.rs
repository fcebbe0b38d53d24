//! The database as the tools see it, sandbox or live.

use std::future::Future;

use chimera_domain::{TenantId, Timestamp};
use chimera_mcp::server::{StoreFault, ToolFault};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

use crate::class::Class;
use crate::condition::Condition;
use crate::embedding::Embedding;
use crate::fusion::Fusion;
use crate::memory::object_id;
use crate::object::{CollectionName, Object, Place, Stay};

/// Bytes of one object's properties: a hundred of them still fit the answer a client accepts.
pub const OBJECT_BYTES: usize = 32 * 1024;

/// An answer of the database that is no success.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Error)]
#[error("the database answered {status}: {message}")]
#[serde(deny_unknown_fields)]
pub struct DatabaseError {
    /// The HTTP status, or the one that an error inside an answer stands for.
    pub status: u16,
    /// What it says about it.
    #[serde(default)]
    pub message: String,
    /// Seconds until it takes more, where it says so.
    #[serde(default)]
    pub retry_after_s: Option<u32>,
}

impl DatabaseError {
    /// An answer with these words.
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after_s: None }
    }
}

/// The database did not do it.
#[derive(Debug, Error)]
pub enum DatabaseFault {
    /// It says why. What that means for a caller is decided in one place, [`ToolFault`]'s `From`.
    #[error(transparent)]
    Answer(#[from] DatabaseError),
    /// No answer, or none that makes sense. The caller may try again: nothing here does harm when it is done twice.
    #[error("the database cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The place holds as much as it may. The caller must forget something first.
    #[error("{0}")]
    Full(String),
    /// It cannot be done: the place holds more than can be searched, or the database is too old. An operator must look.
    #[error("{0}")]
    Unsupported(String),
}

impl DatabaseFault {
    /// Whether it is because there is no such tenant, collection or object yet.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Answer(DatabaseError { status: 404, .. }))
    }
}

impl From<StoreFault> for DatabaseFault {
    fn from(fault: StoreFault) -> Self {
        Self::Unreachable(Box::new(fault))
    }
}

/// [W-6] What the caller of a tool hears.
impl From<DatabaseFault> for ToolFault {
    fn from(fault: DatabaseFault) -> Self {
        match fault {
            DatabaseFault::Answer(error) => meaning(error),
            DatabaseFault::Unreachable(cause) => {
                let error: &dyn std::error::Error = cause.as_ref();
                tracing::warn!(error, "the memory's database cannot be reached");
                Self::refused("upstream_unavailable", "the memory's database cannot be reached", true)
            }
            DatabaseFault::Full(why) => Self::refused("policy_violation", why, false),
            DatabaseFault::Unsupported(why) => Self::refused("unsupported", why, false),
        }
    }
}

fn meaning(error: DatabaseError) -> ToolFault {
    let DatabaseError { status, message, retry_after_s } = error;
    match status {
        400 | 413 | 422 => ToolFault::refused("invalid_input", message, false),
        401 | 403 => {
            tracing::error!(status, "the memory's database refuses the server's credentials");
            ToolFault::refused("upstream_rejected", "the database refuses the server's credentials", false)
        }
        404 => ToolFault::refused("not_found", message, false),
        409 => ToolFault::refused("conflict", message, false),
        429 => match retry_after_s {
            Some(seconds) => {
                ToolFault::wait("rate_limited", message, std::time::Duration::from_secs(seconds.into()))
            }
            None => ToolFault::refused("rate_limited", message, true),
        },
        408 | 500.. => {
            tracing::warn!(status, "the memory's database failed");
            ToolFault::refused("upstream_unavailable", format!("the database answered {status}"), true)
        }
        _ => ToolFault::refused("upstream_rejected", message, false),
    }
}

/// What to search for, and how.
#[derive(Debug, Clone)]
pub struct Search {
    /// Where.
    pub place: Place,
    /// The words.
    pub query: String,
    /// Their embedding.
    pub embedding: Embedding,
    /// Weight of the embedding against the words, 0 to 1.
    pub alpha: f64,
    /// How the two become one.
    pub fusion: Fusion,
    /// Properties to search for words, each with its weight; empty means all that are made of words.
    pub searched: Vec<(String, f64)>,
    /// What else must hold.
    pub condition: Option<Condition>,
    /// Properties wanted; empty means all.
    pub wanted: Vec<String>,
    /// What else is wanted.
    pub metadata: Vec<Metadata>,
    /// How many at most.
    pub limit: usize,
}

/// What can be told of an object beside what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// Its id, which is always told.
    Id,
    /// Its embedding.
    Vector,
    /// 1 less the cosine.
    Distance,
    /// The cosine, stretched to 0 to 1.
    Certainty,
    /// The fused score.
    Score,
    /// How it came about.
    ExplainScore,
    /// When it was first put.
    CreationTimeUnix,
    /// When it was last put.
    LastUpdateTimeUnix,
}

impl Metadata {
    /// All of them, by the database's name.
    pub(crate) const ALL: [(&'static str, Self); 8] = [
        ("id", Self::Id),
        ("vector", Self::Vector),
        ("distance", Self::Distance),
        ("certainty", Self::Certainty),
        ("score", Self::Score),
        ("explainScore", Self::ExplainScore),
        ("creationTimeUnix", Self::CreationTimeUnix),
        ("lastUpdateTimeUnix", Self::LastUpdateTimeUnix),
    ];

    /// By its name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, metadata)| *metadata)
    }

    /// The database's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, metadata)| *metadata == self).map_or("id", |(name, _)| name)
    }
}

/// An object that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: Uuid,
    /// What it says, as far as it was asked for.
    pub properties: Map<String, Value>,
    /// 0 to 1; 0 where nothing was searched for.
    pub score: f64,
    /// What else was asked for, by the database's names.
    pub metadata: Map<String, Value>,
}

/// Part of an agent's window.
#[derive(Debug, Clone)]
pub struct Newest {
    /// The agent's memory.
    pub place: Place,
    /// Only what is younger.
    pub after: Timestamp,
    /// What else must hold.
    pub condition: Option<Condition>,
    /// How many at most.
    pub limit: usize,
}

/// An object as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct NewObject {
    /// Its id; one made of what it says where there is none.
    pub id: Option<Uuid>,
    /// What it says.
    pub properties: Map<String, Value>,
    /// What it is about; made of its texts where there is none.
    pub embedding: Option<Embedding>,
}

impl NewObject {
    /// The object in a place of a collection.
    ///
    /// # Errors
    /// In words, what keeps it from being one.
    pub(crate) fn into_object(self, place: &Place, class: &Class, now: Timestamp) -> Result<Object, String> {
        if let Some(fault) = class.fault(&self.properties) {
            return Err(fault);
        }
        let body = Value::Object(self.properties.clone()).to_string();
        if body.len() > OBJECT_BYTES {
            return Err(format!(
                "an object's properties have at most {OBJECT_BYTES} bytes, these have {}",
                body.len()
            ));
        }
        let embedding =
            self.embedding.unwrap_or_else(|| Embedding::of_text(&class.text_of(&self.properties)));
        let id = self.id.unwrap_or_else(|| object_id(place, &body));
        Ok(Object { id, properties: self.properties, embedding, created_at: now, updated_at: now })
    }
}

impl Hit {
    /// An object that was not searched for.
    pub(crate) fn of(id: Uuid, properties: Map<String, Value>) -> Self {
        Self { id, properties, score: 0.0, metadata: Map::new() }
    }
}

/// A tenant of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Who.
    pub name: String,
    /// Whether its objects can be searched right now, in the database's words.
    pub status: String,
}

/// What keeping an object found.
#[derive(Debug, Clone, PartialEq)]
pub enum Keeping {
    /// It is kept now.
    New,
    /// One of the same id says this already; so far it stays as it is.
    Before(Map<String, Value>),
    /// One of the same id was forgotten.
    Forgotten,
}

/// A database of objects that are searched by word and by meaning.
pub trait VectorDatabase: Send + Sync + 'static {
    /// Definitions of the collections, or of this one.
    fn collections(
        &self,
        name: Option<&CollectionName>,
    ) -> impl Future<Output = Result<Vec<Value>, DatabaseFault>> + Send;

    /// Who has objects in a collection.
    fn tenants(
        &self,
        collection: &CollectionName,
    ) -> impl Future<Output = Result<Vec<Tenant>, DatabaseFault>> + Send;

    /// The objects of a place that fit best, best first; equally good ones by id.
    fn search(&self, search: &Search) -> impl Future<Output = Result<Vec<Hit>, DatabaseFault>> + Send;

    /// Puts objects, in place of those of the same ids; of each its id, or why not.
    fn upsert(
        &self,
        place: &Place,
        objects: Vec<NewObject>,
    ) -> impl Future<Output = Result<Vec<Result<Uuid, String>>, DatabaseFault>> + Send;

    /// Puts an object unless the place has one of its id.
    fn keep(
        &self,
        place: &Place,
        object: &Object,
        stay: Stay,
    ) -> impl Future<Output = Result<Keeping, DatabaseFault>> + Send;

    /// The objects of a place that have these ids; what is not there is left out.
    fn look_up(
        &self,
        place: &Place,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<Hit>, DatabaseFault>> + Send;

    /// The newest objects of an agent's memory, newest first.
    fn newest(&self, newest: &Newest) -> impl Future<Output = Result<Vec<Hit>, DatabaseFault>> + Send;

    /// Removes an object; `false` where the place has none of this id.
    fn forget(&self, place: &Place, id: Uuid) -> impl Future<Output = Result<bool, DatabaseFault>> + Send;
}

/// Names a tenant that a database does not know.
pub(crate) fn no_tenant(tenant: &TenantId) -> DatabaseError {
    DatabaseError::new(404, format!("tenant not found: \"{tenant}\""))
}

/// Names a collection that a database does not know.
pub(crate) fn no_collection(name: &CollectionName) -> DatabaseError {
    DatabaseError::new(404, format!("collection \"{name}\" not found"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, retry_after_s: Option<u32>) -> (String, bool) {
        let error = DatabaseError { retry_after_s, ..DatabaseError::new(status, "words") };
        let fault = ToolFault::from(DatabaseFault::Answer(error));
        let refusal = fault.refusal().unwrap();
        (refusal.code.clone(), refusal.retryable)
    }

    /// [W-6]
    #[test]
    fn each_answer_of_the_database_has_its_meaning() {
        for (status, code, retryable) in [
            (400, "invalid_input", false),
            (401, "upstream_rejected", false),
            (403, "upstream_rejected", false),
            (404, "not_found", false),
            (408, "upstream_unavailable", true),
            (409, "conflict", false),
            (422, "invalid_input", false),
            (429, "rate_limited", true),
            (500, "upstream_unavailable", true),
            (503, "upstream_unavailable", true),
            (418, "upstream_rejected", false),
            (302, "upstream_rejected", false),
        ] {
            assert_eq!(told(status, None), (code.to_owned(), retryable), "{status}");
        }
        let waits = DatabaseError { retry_after_s: Some(7), ..DatabaseError::new(429, "") };
        let fault = ToolFault::from(DatabaseFault::Answer(waits));
        assert!(matches!(fault, ToolFault::Wait { retry_after_s: 7, .. }), "{fault:?}");
    }

    #[test]
    fn a_servers_credentials_are_no_news_for_its_caller() {
        let error = DatabaseError::new(401, "anonymous access not enabled, key sk-123");
        let fault = ToolFault::from(DatabaseFault::Answer(error));
        assert!(!fault.refusal().unwrap().message.contains("sk-123"));
    }

    #[test]
    fn metadata_are_known_by_name_in_any_case() {
        assert_eq!(Metadata::named("EXPLAINSCORE"), Some(Metadata::ExplainScore));
        assert_eq!(Metadata::named("rank"), None);
        assert!(Metadata::ALL.iter().all(|(name, metadata)| metadata.name() == *name));
    }
}
