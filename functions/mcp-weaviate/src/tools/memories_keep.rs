//! `memories_keep`: an agent remembers what was approved.

use std::collections::BTreeSet;

use chimera_domain::{Currency, Money};
use chimera_mcp::server::{Effect, EffectTool, ToolFault, Upstream, schema};
use schemars::JsonSchema;
use serde::Deserialize;

use super::invalid;
use crate::keeper::{KeepOrder, Keeper};
use crate::memories::NewMemory;
use crate::memory::MemoryKind;

/// The tool.
#[derive(Debug)]
pub struct MemoriesKeep<K>(K);

impl<K> MemoriesKeep<K> {
    /// The tool over whoever keeps memories.
    pub fn new(keeper: K) -> Self {
        Self(keeper)
    }
}

/// What is to be kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arguments {
    /// The agent that remembers.
    #[schemars(schema_with = "schema::id")]
    account: String,
    /// The memories, each under a key of its own.
    #[schemars(length(min = 1, max = 3))]
    memories: Vec<OneMemory>,
}

/// A memory to keep.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneMemory {
    /// What it stands under, the same for the same. Another text under a key takes the place of the one before.
    #[schemars(length(min = 1, max = 128))]
    key: String,
    /// What kind of thing it is: persona, episodic, world or policy.
    kind: MemoryKind,
    /// What to remember.
    #[schemars(length(min = 1, max = 8_000))]
    text: String,
    /// How much it matters. An episodic text of 0 is said in passing: it is in the window of an hour and nowhere else.
    #[schemars(range(min = 0, max = 100))]
    salience: u8,
    /// Where it comes from, such as a task or a URL.
    #[serde(default)]
    #[schemars(length(min = 1, max = 512))]
    source_ref: Option<String>,
}

impl<K: Keeper> EffectTool for MemoriesKeep<K> {
    const NAME: &'static str = "memories_keep";
    const DESCRIPTION: &'static str = "Keeps, each under its key, exactly the memories that the grant approves; a used grant answers what became of \
         them.";
    type Arguments = Arguments;

    fn account<'a>(&self, arguments: &'a Arguments) -> &'a str {
        &arguments.account
    }

    /// [W-7] It costs nothing. Nothing is burnt for what could be kept in part only.
    fn price(&self, arguments: &Arguments) -> Result<Money, ToolFault> {
        let mut keys = BTreeSet::new();
        for memory in &arguments.memories {
            if memory.text.trim().is_empty() {
                return Err(invalid("there is nothing to remember in an empty text"));
            }
            if !keys.insert(memory.key.as_str()) {
                return Err(invalid(format!("two memories stand under `{}`", memory.key)));
            }
        }
        Ok(Money::zero(Currency::Usd))
    }

    async fn act(&self, effect: Effect, arguments: Arguments) -> Upstream {
        let Effect { tenant, agent, key, .. } = effect;
        let new = |memory: OneMemory| NewMemory {
            tenant: tenant.clone(),
            agent: agent.clone(),
            kind: memory.kind,
            text: memory.text,
            salience: memory.salience,
            source_ref: memory.source_ref,
            key: memory.key,
        };
        let memories = arguments.memories.into_iter().map(new).collect();
        self.0.keep(KeepOrder { key, memories }).await
    }
}
