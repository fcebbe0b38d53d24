//! What is kept, and where.

use std::fmt;

use chimera_domain::{AgentId, TenantId, Timestamp};
use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

use crate::embedding::{DIMENSIONS, Embedding};

/// The collection of what agents remember.
pub const MEMORY: &str = "Memory";

/// Longest name of a collection or a property.
const NAME_CHARS: usize = 64;

/// The name cannot be a collection's or a property's. The caller is told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is no name of a collection or property: 1 to 64 of A-Z a-z 0-9 _, a collection's begins with A-Z"
)]
pub struct InvalidName(String);

/// Name of a collection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionName(String);

impl CollectionName {
    /// Checks and wraps the name.
    ///
    /// # Errors
    /// [`InvalidName`] where it does not begin with a capital letter or has a sign that is none of `A-Z a-z 0-9 _`.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
        let name = name.into();
        let fits = name.starts_with(|c: char| c.is_ascii_uppercase()) && is_name(&name);
        if fits { Ok(Self(name)) } else { Err(InvalidName(name)) }
    }

    /// The collection of what agents remember.
    #[must_use]
    pub fn memory() -> Self {
        Self(MEMORY.to_owned())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CollectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a property may be called so: nothing that could leave its place in a query.
pub(crate) fn property(name: &str) -> Result<&str, InvalidName> {
    let fits = is_name(name) && !name.starts_with(|c: char| c.is_ascii_digit());
    if fits { Ok(name) } else { Err(InvalidName(name.to_owned())) }
}

fn is_name(name: &str) -> bool {
    let fits = (1..=NAME_CHARS).contains(&name.len());
    fits && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// [W-1] Whose objects, of which collection. A place is of one tenant, and everything that is read, written or forgotten is
/// of one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// What one agent remembers.
    Memory {
        /// Whose agent.
        tenant: TenantId,
        /// Which.
        agent: AgentId,
    },
    /// A tenant's part of another collection.
    Collection {
        /// Whose.
        tenant: TenantId,
        /// Of which; never [`MEMORY`].
        name: CollectionName,
    },
}

impl Place {
    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        match self {
            Self::Memory { tenant, .. } | Self::Collection { tenant, .. } => tenant,
        }
    }

    /// The agent, of a memory.
    #[must_use]
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Memory { agent, .. } => Some(agent),
            Self::Collection { .. } => None,
        }
    }

    /// The collection's name.
    #[must_use]
    pub fn collection(&self) -> CollectionName {
        match self {
            Self::Memory { .. } => CollectionName::memory(),
            Self::Collection { name, .. } => name.clone(),
        }
    }

    /// The key that objects of this place, and of no other, are kept under.
    #[must_use]
    pub fn partition(&self) -> String {
        match self {
            Self::Memory { tenant, agent } => format!("MEM#{tenant}#{agent}"),
            Self::Collection { tenant, name } => format!("COL#{tenant}#{name}"),
        }
    }
}

/// Something kept: properties, and where they are in the space of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Its id, unique in its place.
    pub id: Uuid,
    /// What it says.
    pub properties: Map<String, Value>,
    /// What it is about.
    pub embedding: Embedding,
    /// When it was first put.
    pub created_at: Timestamp,
    /// When it was last put.
    pub updated_at: Timestamp,
}

impl Object {
    /// Bytes it takes in a store.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body().len() + DIMENSIONS
    }

    /// The properties as text.
    #[must_use]
    pub fn body(&self) -> String {
        Value::Object(self.properties.clone()).to_string()
    }
}

/// How long an object stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until it is forgotten.
    Kept,
    /// In the window only, which it leaves at this time.
    Passing {
        /// When.
        until: Timestamp,
    },
}

/// How much one place may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Objects.
    pub objects: usize,
    /// Bytes of all of them.
    pub bytes: usize,
}

impl Capacity {
    /// What a function of 256 MB can read and rank by brute force well inside a call's deadline.
    pub const STANDARD: Self = Self { objects: 10_000, bytes: 16 * 1024 * 1024 };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_a_query() {
        for name in ["Memory", "A", "A_1"] {
            assert!(CollectionName::new(name).is_ok(), "{name}");
        }
        for name in ["", "memory", "A b", "A{", "A(limit:1)", "Ä", &"A".repeat(65)] {
            assert!(CollectionName::new(name).is_err(), "{name}");
        }
        assert!(property("text").is_ok() && property("_x").is_ok());
        for name in ["", "1a", "a b", "a}", "a\"", "a.b"] {
            assert!(property(name).is_err(), "{name}");
        }
    }

    /// [W-1]
    #[test]
    fn no_two_places_share_a_partition() {
        let tenant = |name: &str| TenantId::new(name).unwrap();
        let agent = AgentId::new("nova").unwrap();
        let memory = |name| Place::Memory { tenant: tenant(name), agent: agent.clone() };
        let collection =
            |name| Place::Collection { tenant: tenant(name), name: CollectionName::new("Nova").unwrap() };
        let all = [memory("t1"), memory("t2"), collection("t1"), collection("t2")];
        let keys: std::collections::BTreeSet<String> = all.iter().map(Place::partition).collect();
        assert_eq!(keys.len(), all.len());
    }
}
