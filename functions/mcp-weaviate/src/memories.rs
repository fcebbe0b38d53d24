//! Remembering, recalling and forgetting, over whichever database there is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chimera_domain::ports::Clock;
use chimera_domain::{AgentId, TenantId, Timestamp};
use chimera_mcp::server::ToolFault;
use uuid::Uuid;

use crate::condition::{Condition, Scalar, Test};
use crate::database::{DatabaseFault, Hit, Keeping, NewObject, Newest, Search, VectorDatabase};
use crate::embedding::Embedding;
use crate::fusion::Fusion;
use crate::memory::{Memory, MemoryKind, WHOLE, WINDOW, memory_id};
use crate::object::{Object, Place, Stay};

/// Characters of a remembered text: two pages.
pub const TEXT_CHARS: usize = 8_000;
/// Objects looked at for one that is recalled: what fits less well may be fresher, or matter more.
const CANDIDATES: usize = 4;
/// How many are looked at at least and at most, so that an answer stays small.
const LOOKED_AT: (usize, usize) = (50, 200);

/// A text to remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMemory {
    /// Whose agent.
    pub tenant: TenantId,
    /// Which.
    pub agent: AgentId,
    /// What kind of thing it is.
    pub kind: MemoryKind,
    /// What.
    pub text: String,
    /// How much it matters, 0 to 100.
    pub salience: u8,
    /// Where it comes from.
    pub source_ref: Option<String>,
    /// The same for the same.
    pub key: String,
}

/// What to recall.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Whose agent.
    pub tenant: TenantId,
    /// Which.
    pub agent: AgentId,
    /// What it is about.
    pub query: String,
    /// Only these kinds; all where there is none.
    pub kinds: Vec<MemoryKind>,
    /// How many at most.
    pub k: usize,
    /// Weight of meaning against words, in basis points.
    pub alpha: u16,
    /// How the two become one.
    pub fusion: Fusion,
    /// Only what was remembered then or later.
    pub since: Option<Timestamp>,
    /// Only what scores at least this, in basis points.
    pub min_score: u16,
}

/// The memories of all agents. Clones share them.
#[derive(Debug)]
pub struct Memories<D, C> {
    database: Arc<D>,
    clock: Arc<C>,
}

impl<D, C> Clone for Memories<D, C> {
    fn clone(&self) -> Self {
        Self { database: Arc::clone(&self.database), clock: Arc::clone(&self.clock) }
    }
}

impl<D: VectorDatabase, C: Clock + Send + 'static> Memories<D, C> {
    /// Memories in a database.
    pub fn new(database: Arc<D>, clock: C) -> Self {
        Self { database, clock: Arc::new(clock) }
    }

    /// [W-2] Remembers a text. The same under its key stays as it was, and another one takes its place.
    ///
    /// # Errors
    /// `invalid_input` for a text of nothing, `idempotency_mismatch` where one of the two only passes, `conflict` where what
    /// the key stands for was forgotten, `policy_violation` where there is no room, and what the database says.
    pub async fn remember(&self, new: NewMemory) -> Result<Memory, ToolFault> {
        if new.text.trim().is_empty() {
            return Err(ToolFault::refused(
                "invalid_input",
                "there is nothing to remember in an empty text",
                false,
            ));
        }
        let now = self.clock.now();
        let (agent, tenant) = (new.agent.clone(), new.tenant.clone());
        let memory = memory_of(new, now);
        let object = Object {
            id: memory.id,
            properties: memory.properties(&agent),
            embedding: Embedding::of_text(&memory.text),
            created_at: now,
            updated_at: now,
        };
        let passing = Stay::Passing { until: now.checked_add(WINDOW).unwrap_or(Timestamp::MAX) };
        let stay = if memory.long_term { Stay::Kept } else { passing };
        let place = Place::Memory { tenant, agent: agent.clone() };
        match self.database.keep(&place, &object, stay).await? {
            Keeping::New => Ok(memory),
            Keeping::Forgotten => {
                Err(ToolFault::refused("conflict", "what this key stands for was forgotten", false))
            }
            Keeping::Before(properties) => {
                let found = read(memory.id, properties)?;
                self.renewed(&place, &agent, memory, found).await
            }
        }
    }

    /// The memory in the place of one that stood under its key, unless that is the same but for its time.
    async fn renewed(
        &self,
        place: &Place,
        agent: &AgentId,
        asked: Memory,
        found: Memory,
    ) -> Result<Memory, ToolFault> {
        let asked = Memory { created_at: found.created_at, ..asked };
        if asked == found {
            return Ok(found);
        }
        if !(asked.long_term && found.long_term) {
            let why = "this key stands for a text that does not stay as long";
            return Err(ToolFault::refused("idempotency_mismatch", why, false));
        }
        let object = NewObject {
            id: Some(asked.id),
            properties: asked.properties(agent),
            embedding: Some(Embedding::of_text(&asked.text)),
        };
        match self.database.upsert(place, vec![object]).await?.pop() {
            Some(Ok(_)) => Ok(asked),
            Some(Err(why)) => Err(ToolFault::refused("upstream_unavailable", why, true)),
            None => Err(ToolFault::Failed("the database told of no object".into())),
        }
    }

    /// What the agent remembers under these keys, in their order.
    ///
    /// # Errors
    /// What the database says.
    pub async fn get(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
        keys: &[String],
    ) -> Result<Vec<(String, Memory)>, ToolFault> {
        let ids: Vec<Uuid> = keys.iter().map(|key| memory_id(tenant, agent, key)).collect();
        let place = Place::Memory { tenant: tenant.clone(), agent: agent.clone() };
        let found = some(self.database.look_up(&place, &ids).await)?;
        let mut memories = found
            .into_iter()
            .map(|hit| Ok((hit.id, read(hit.id, hit.properties)?)))
            .collect::<Result<BTreeMap<_, _>, ToolFault>>()?;
        let after = self.clock.now().checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        memories.retain(|_, memory| memory.long_term || memory.created_at > after);
        let named = keys.iter().zip(ids).filter_map(|(key, id)| Some((key.clone(), memories.remove(&id)?)));
        Ok(named.collect())
    }

    /// [W-4] What fits a question best, best first; the newer of two equally good ones first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn recall(&self, question: Question) -> Result<Vec<(Memory, u16)>, ToolFault> {
        let place = Place::Memory { tenant: question.tenant.clone(), agent: question.agent.clone() };
        let mut all = vec![Condition::equal("long_term", Scalar::Boolean(true))];
        all.extend(of_kinds(&question.kinds));
        let since = question.since.map(Scalar::Date);
        all.extend(since.map(|since| Condition::compare("created_at", Test::GreaterEqual, vec![since])));
        let search = Search {
            place,
            embedding: Embedding::of_text(&question.query),
            query: question.query,
            alpha: f64::from(question.alpha) / WHOLE,
            fusion: question.fusion,
            searched: Vec::new(),
            condition: Some(Condition::All(all)),
            wanted: Vec::new(),
            metadata: Vec::new(),
            limit: (question.k * CANDIDATES).clamp(LOOKED_AT.0, LOOKED_AT.1),
        };
        let now = self.clock.now();
        let mut recalled = Vec::new();
        for hit in distinct(some(self.database.search(&search).await)?) {
            let memory = read(hit.id, hit.properties)?;
            let worth = memory.worth(hit.score, now);
            recalled.push((memory, worth));
        }
        recalled.retain(|(_, worth)| *worth >= question.min_score);
        recalled.sort_by(|(one, score), (other, than)| {
            than.cmp(score).then(other.created_at.cmp(&one.created_at)).then(one.id.cmp(&other.id))
        });
        recalled.truncate(question.k);
        Ok(recalled)
    }

    /// [W-3] What was remembered or said within the last hour, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn recent(
        &self,
        tenant: TenantId,
        agent: AgentId,
        kinds: &[MemoryKind],
        limit: usize,
    ) -> Result<Vec<Memory>, ToolFault> {
        let now = self.clock.now();
        let newest = Newest {
            place: Place::Memory { tenant, agent },
            after: now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN),
            condition: of_kinds(kinds),
            limit,
        };
        let found = distinct(some(self.database.newest(&newest).await)?);
        found.into_iter().map(|hit| read(hit.id, hit.properties)).collect()
    }

    /// [W-1] Forgets an agent's own; gives the ids that were its, each once.
    ///
    /// # Errors
    /// What the database says; what was forgotten until then is forgotten.
    pub async fn forget(
        &self,
        tenant: TenantId,
        agent: AgentId,
        ids: &BTreeSet<Uuid>,
    ) -> Result<Vec<Uuid>, ToolFault> {
        let place = Place::Memory { tenant, agent };
        let mut forgotten = Vec::new();
        for id in ids {
            if self.database.forget(&place, *id).await? {
                forgotten.push(*id);
            }
        }
        Ok(forgotten)
    }
}

fn memory_of(new: NewMemory, now: Timestamp) -> Memory {
    Memory {
        id: memory_id(&new.tenant, &new.agent, &new.key),
        long_term: new.kind.is_long_term(new.salience),
        kind: new.kind,
        text: new.text,
        salience: new.salience,
        source_ref: new.source_ref,
        created_at: now,
    }
}

fn of_kinds(kinds: &[MemoryKind]) -> Option<Condition> {
    let names: Vec<Scalar> = kinds.iter().map(|kind| Scalar::Text(kind.name().to_owned())).collect();
    (!names.is_empty()).then(|| Condition::compare("kind", Test::ContainsAny, names))
}

/// Who was never seen has no memories.
fn some(found: Result<Vec<Hit>, DatabaseFault>) -> Result<Vec<Hit>, DatabaseFault> {
    match found {
        Err(fault) if fault.is_absence() => Ok(Vec::new()),
        other => other,
    }
}

/// Each object once: an index that is still being written may tell of one twice.
fn distinct(hits: Vec<Hit>) -> Vec<Hit> {
    let mut seen = BTreeSet::new();
    hits.into_iter().filter(|hit| seen.insert(hit.id)).collect()
}

fn read(id: Uuid, properties: serde_json::Map<String, serde_json::Value>) -> Result<Memory, ToolFault> {
    Memory::read(id, properties).map_err(|error| ToolFault::Failed(error.into()))
}
