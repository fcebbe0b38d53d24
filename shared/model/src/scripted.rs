//! The offline model: a pure function of what it is asked.

mod disclosure;
mod fact;
mod frame;
mod goal;
mod manner;
mod planner;
mod reply;
mod researcher;
mod subject;
mod voice;
mod writer;

use chimera_domain::ports::{Answer, Ask, ModelError, ModelRole, ReasoningModel};
use chimera_domain::{Currency, Money, Usage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::check::{Repair, Rounds, Said, checked};
use crate::text;

/// The name under which usage is kept.
const MODEL: &str = "scripted-1";

/// A deterministic, offline reasoning model: the same question always gets the same answer.
#[derive(Debug, Clone, Default)]
pub struct ScriptedModel;

impl ScriptedModel {
    /// The model; it has nothing to configure.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl ReasoningModel for ScriptedModel {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        let mut script = Script::default();
        let json = checked(ask, &mut script).await?;
        let cost = Money::zero(Currency::Usd);
        let usage = Usage { model: MODEL.to_owned(), tokens: script.tokens, tool_calls: 0, cost };
        Ok(Answer { json, usage })
    }
}

/// The rounds of one question. A second one gets the same answer: nothing is forgotten, and nothing learnt.
#[derive(Debug, Default)]
struct Script {
    tokens: u64,
}

impl Rounds for Script {
    async fn round(&mut self, ask: &Ask, _repair: Option<&Repair>) -> Result<Said, ModelError> {
        let json = match (ask.role, ask.prompt) {
            (ModelRole::Planner, "planner-1" | "planner-2" | "planner-3" | "planner-4") => {
                answer(ask, |input| planner::plan(&input))?
            }
            (ModelRole::Planner, "goal-1") => answer(ask, |input| goal::judge(&input))?,
            (ModelRole::Researcher, "researcher-1") => answer(ask, |input| researcher::pick(&input))?,
            (ModelRole::Writer, "writer-2") => answer(ask, |input| writer::write(&input, ask.seed))?,
            (ModelRole::Writer, "reply-2") => answer(ask, |input| reply::write(&input, ask.seed))?,
            (role, prompt) => {
                return Err(ModelError::Unusable(format!("no script for prompt {prompt:?} of {role:?}")));
            }
        };
        self.tokens += count_words(&ask.input) + count_words(&json);
        Ok(Said { json, fault: None })
    }
}

fn answer<I: DeserializeOwned, O: Serialize>(
    ask: &Ask,
    script: impl FnOnce(I) -> O,
) -> Result<Value, ModelError> {
    let input = serde_json::from_value(ask.input.clone())
        .map_err(|error| ModelError::Unusable(format!("the input of {}: {error}", ask.prompt)))?;
    serde_json::to_value(script(input)).map_err(|error| ModelError::Unusable(error.to_string()))
}

/// Words of all texts in the value; stands for tokens.
fn count_words(value: &Value) -> u64 {
    match value {
        Value::String(text) => u64::try_from(text::words(text).len()).unwrap_or(u64::MAX),
        Value::Array(values) => values.iter().map(count_words).sum(),
        Value::Object(fields) => fields.values().map(count_words).sum(),
        _ => 1,
    }
}

/// A number that stands for the parts; the source of every choice that is not a judgement.
fn key_of(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).fold(0, |key, byte| (key << 8) | u64::from(*byte))
}

/// The numbers below `len` in an order chosen by `key` (Fisher-Yates).
fn shuffled(len: usize, key: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    let mut state = key;
    for at in (1..len).rev() {
        state = next(state);
        let bound = u64::try_from(at + 1).unwrap_or(u64::MAX);
        order.swap(at, usize::try_from(state % bound).unwrap_or(0));
    }
    order
}

/// One step of a mixing generator (SplitMix64): equal everywhere and in every version, unlike a library's default.
fn next(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
