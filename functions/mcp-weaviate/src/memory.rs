//! What an agent remembers.

use std::time::Duration;

use chimera_domain::{AgentId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::object::Place;

/// How long everything that is remembered is in the short-term window.
pub const WINDOW: Duration = Duration::from_secs(60 * 60);
/// How long it takes until an experience or a fact counts half as fresh.
const HALF_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Hundredths of a recalled text's score that are due to how well it fits alone, to salience and to freshness.
const FIT: f64 = 0.70;
const SALIENCE: f64 = 0.15;
const FRESHNESS: f64 = 0.15;
/// A whole, in basis points.
pub(crate) const WHOLE: f64 = 10_000.0;

/// Names the ids of memories among all ids made of names.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f2d_1c7e_94b3_4f0a_8e51_3a7c_d0b9_2e46);

/// What is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemoryKind {
    /// What the agent is like. Never fades.
    Persona,
    /// What happened, or was said. With salience 0 it was said in passing, and is in the window only.
    Episodic,
    /// How the world is.
    World,
    /// What the agent may and may not. Never fades.
    Policy,
}

impl MemoryKind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Persona => "persona",
            Self::Episodic => "episodic",
            Self::World => "world",
            Self::Policy => "policy",
        }
    }

    fn fades(self) -> bool {
        matches!(self, Self::Episodic | Self::World)
    }

    /// [W-3] Whether a text of this kind and salience stays beyond the window.
    #[must_use]
    pub fn is_long_term(self, salience: u8) -> bool {
        self != Self::Episodic || salience > 0
    }
}

/// A text that an agent remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// Its id.
    #[schemars(with = "String")]
    pub id: Uuid,
    /// What kind of thing it is.
    pub kind: MemoryKind,
    /// What.
    pub text: String,
    /// How much it matters, 0 to 100.
    pub salience: u8,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<String>,
    /// Whether it stays beyond the window of an hour.
    pub long_term: bool,
    /// When it was remembered, RFC 3339.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
}

impl Memory {
    /// As the database keeps it.
    pub(crate) fn properties(&self, agent: &AgentId) -> Map<String, Value> {
        let mut properties = Map::new();
        let fields = [
            ("agent", json!(agent.as_str())),
            ("kind", json!(self.kind)),
            ("text", json!(self.text)),
            ("salience", json!(self.salience)),
            ("source_ref", json!(self.source_ref)),
            ("long_term", json!(self.long_term)),
            ("created_at", json!(self.created_at)),
        ];
        for (name, value) in fields {
            if !value.is_null() {
                properties.insert(name.to_owned(), value);
            }
        }
        properties
    }

    /// As it was kept. The database may say more than was put, such as nothing for what is missing.
    pub(crate) fn read(id: Uuid, mut properties: Map<String, Value>) -> Result<Self, serde_json::Error> {
        properties.insert("id".to_owned(), json!(id));
        serde_json::from_value(Value::Object(properties))
    }

    /// [W-4] What a fused score of 0 to 1 is worth, in basis points: it never falls with salience, and never rises with age.
    #[must_use]
    pub fn worth(&self, fused: f64, now: Timestamp) -> u16 {
        let salience = f64::from(self.salience.min(100)) / 100.0;
        let lift = FIT + SALIENCE * salience + FRESHNESS * self.freshness(now);
        basis_points(fused.clamp(0.0, 1.0) * lift)
    }

    /// 1 for now, a half after a week, and so on. What an agent is and may stays fresh.
    fn freshness(&self, now: Timestamp) -> f64 {
        if !self.kind.fades() {
            return 1.0;
        }
        let age = now.duration_since(self.created_at).as_secs_f64().max(0.0);
        (-age / HALF_LIFE.as_secs_f64()).exp2()
    }
}

/// A share of 0 to 1, in basis points.
pub(crate) fn basis_points(share: f64) -> u16 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 10,000")]
    let points = (share.clamp(0.0, 1.0) * WHOLE).round() as u16;
    points
}

/// [W-2] The id of what a tenant's agent remembered under a key: the same for the same, and another's for nobody else.
#[must_use]
pub fn memory_id(tenant: &TenantId, agent: &AgentId, key: &str) -> Uuid {
    // Neither name has a line break, so that no two of three are the same text.
    Uuid::new_v5(&NAMESPACE, format!("{tenant}\n{agent}\n{key}").as_bytes())
}

/// The id of an object that was put without one: of the same object in the same place always the same.
#[must_use]
pub(crate) fn object_id(place: &Place, body: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{}\n{body}", place.partition()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(kind: MemoryKind, salience: u8, created_at: i64) -> Memory {
        Memory {
            id: Uuid::nil(),
            kind,
            text: "x".to_owned(),
            salience,
            source_ref: None,
            long_term: true,
            created_at: Timestamp::from_second(created_at).unwrap(),
        }
    }

    /// [W-4]
    #[test]
    fn worth_never_falls_with_salience_and_never_rises_with_age() {
        let now = Timestamp::from_second(100_000_000).unwrap();
        for kind in [MemoryKind::Persona, MemoryKind::Episodic, MemoryKind::World, MemoryKind::Policy] {
            for fused in [0.0, 0.1, 0.5, 1.0] {
                let by_salience: Vec<u16> =
                    (0..=100).map(|salience| memory(kind, salience, 99_000_000).worth(fused, now)).collect();
                assert!(by_salience.is_sorted(), "{kind:?} {fused}");
                let by_time: Vec<u16> =
                    (0..2_000).map(|step| memory(kind, 50, step * 51_000).worth(fused, now)).collect();
                assert!(by_time.is_sorted(), "{kind:?} {fused}");
            }
        }
        assert_eq!(memory(MemoryKind::World, 100, 100_000_000).worth(1.0, now), 10_000);
        assert_eq!(memory(MemoryKind::World, 0, 0).worth(1.0, now), 7_000);
        assert_eq!(memory(MemoryKind::Policy, 0, 0).worth(1.0, now), 8_500);
    }

    #[test]
    fn a_memory_comes_back_as_it_was_kept() {
        let agent = AgentId::new("nova").unwrap();
        let mut kept = memory(MemoryKind::Episodic, 7, 1_800_000_000);
        assert_eq!(Memory::read(kept.id, kept.properties(&agent)).unwrap(), kept);
        kept.source_ref = Some("task/1".to_owned());
        assert_eq!(Memory::read(kept.id, kept.properties(&agent)).unwrap(), kept);
        let mut silent = memory(MemoryKind::World, 7, 1).properties(&agent);
        silent.insert("source_ref".to_owned(), Value::Null);
        assert_eq!(Memory::read(Uuid::nil(), silent).unwrap().source_ref, None);
    }

    /// [W-2]
    #[test]
    fn an_id_is_one_agents_of_one_tenant() {
        let id = |tenant: &str, agent: &str, key: &str| {
            memory_id(&TenantId::new(tenant).unwrap(), &AgentId::new(agent).unwrap(), key)
        };
        assert_eq!(id("t", "a", "k"), id("t", "a", "k"));
        let all = [
            id("t", "a", "k"),
            id("u", "a", "k"),
            id("t", "b", "k"),
            id("t", "a", "l"),
            id("t", "a", "k\na"),
        ];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }

    /// [W-3]
    #[test]
    fn only_what_is_said_in_passing_leaves_with_the_window() {
        for kind in [MemoryKind::Persona, MemoryKind::World, MemoryKind::Policy] {
            assert!(kind.is_long_term(0));
        }
        assert!(!MemoryKind::Episodic.is_long_term(0) && MemoryKind::Episodic.is_long_term(1));
    }
}
