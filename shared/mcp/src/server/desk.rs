//! The protocol of a write server (design §8): burn the grant, act, complete the burn.

use std::future::Future;

use chimera_domain::ports::{Burn, Clock, Ids};
use chimera_domain::{Digest, Grant, Money, Outcome, Refusal, SignedGrant};
use serde_json::{Value, json};
use uuid::Uuid;

use super::burn::{BurnRow, BurnStore, Put, StoreFault};
use super::grant::GrantVerifier;
use super::tools::{ToolFault, ToolSpec};
use crate::client::ToolClass;

/// What the platform said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// It happened.
    Done(Outcome),
    /// It did not and will not, under this grant.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Seconds that the platform asks for before another try.
        retry_after_s: Option<u32>,
    },
    /// Nobody knows: the answer got lost or makes no sense.
    Unknown(String),
}

/// A call as it is presented: what it wants to do, and the grant for it.
#[derive(Debug, Clone)]
pub struct Presented<'a> {
    /// The tool.
    pub tool: &'a str,
    /// Digest of its arguments, without grant, key and media bytes.
    pub arguments: Digest,
    /// The grant.
    pub grant: &'a SignedGrant,
    /// What the platform de-duplicates on.
    pub key: Uuid,
    /// The most this call can cost.
    pub price: Money,
}

/// Where grants are checked, burnt and settled.
#[derive(Debug)]
pub struct GrantDesk<S, C, I> {
    verifier: GrantVerifier,
    store: S,
    clock: C,
    ids: I,
}

impl From<StoreFault> for ToolFault {
    fn from(fault: StoreFault) -> Self {
        Self::Failed(Box::new(fault))
    }
}

impl<S: BurnStore, C: Clock, I: Ids> GrantDesk<S, C, I> {
    /// A desk over a store.
    pub fn new(verifier: GrantVerifier, store: S, clock: C, ids: I) -> Self {
        Self { verifier, store, clock, ids }
    }

    /// [E-1] [E-2] Does `act` once, if the grant covers it and was never used. A used grant or repeated key answers
    /// what is stored; `act` is then never polled.
    ///
    /// # Errors
    /// A refusal where the grant does not cover the call: it was not burnt. [`ToolFault::Failed`] where the store
    /// failed before `act` could begin.
    pub async fn execute<A>(&self, call: Presented<'_>, act: A) -> Result<Burn, ToolFault>
    where
        A: Future<Output = Upstream> + Send,
    {
        let grant = &call.grant.grant;
        self.verifier.check_genuine(call.grant).map_err(ToolFault::Refused)?;
        GrantVerifier::check_covers(grant, call.tool, &call.arguments, call.price)
            .map_err(ToolFault::Refused)?;
        if let Err(expired) = GrantVerifier::check_fresh(grant, self.clock.now()) {
            let used = self.store.get(&grant.tenant, &grant.id).await?;
            return used.map(|row| row.answer()).ok_or(ToolFault::Refused(expired));
        }
        let row = self.row(call.grant, Some(call.key), Burn::InFlight);
        match self.store.put(&row).await? {
            Put::New => Ok(self.complete(grant, act.await).await),
            Put::Found(row) => Ok(row.answer()),
            Put::KeyUsed(row) if row.arguments == call.arguments => Ok(row.answer()),
            Put::KeyUsed(_) => {
                let message = "the idempotency key was used with other arguments";
                Err(ToolFault::refused("idempotency_mismatch", message, false))
            }
        }
    }

    /// What became of the grant. Accepts an expired one.
    ///
    /// # Errors
    /// As [`GrantDesk::execute`].
    pub async fn outcome(&self, grant: &SignedGrant) -> Result<Burn, ToolFault> {
        self.verifier.check_genuine(grant).map_err(ToolFault::Refused)?;
        let row = self.store.get(&grant.grant.tenant, &grant.grant.id).await?;
        Ok(row.map_or(Burn::Unused, |row| row.answer()))
    }

    /// Makes an unused grant unusable; answers what it found. Accepts an expired one.
    ///
    /// # Errors
    /// As [`GrantDesk::execute`].
    pub async fn void(&self, grant: &SignedGrant) -> Result<Burn, ToolFault> {
        self.put_if_absent(grant, Burn::Void).await
    }

    /// Completes a burn in flight with what a read-back or a human found (`None`: it did not happen); answers what
    /// the row says then. Accepts an expired grant. An unused one is unusable afterwards.
    ///
    /// # Errors
    /// As [`GrantDesk::execute`].
    pub async fn close(&self, grant: &SignedGrant, happened: Option<Outcome>) -> Result<Burn, ToolFault> {
        let state = happened.map_or(Burn::Void, |outcome| Burn::Done { outcome });
        self.put_if_absent(grant, state.clone()).await?;
        let row = self.store.settle(&grant.grant.tenant, &grant.grant.id, &state, true).await?;
        Ok(row.map_or(Burn::Unused, |row| row.answer()))
    }

    async fn put_if_absent(&self, grant: &SignedGrant, state: Burn) -> Result<Burn, ToolFault> {
        self.verifier.check_genuine(grant).map_err(ToolFault::Refused)?;
        let row = self.row(grant, None, state);
        match self.store.put(&row).await? {
            Put::New => Ok(row.answer()),
            Put::Found(found) | Put::KeyUsed(found) => Ok(found.answer()),
        }
    }

    /// Stores what the platform said; answers what the row says then. Where storing failed the platform's word is the
    /// answer: the caller is better informed by it than by a store that failed.
    async fn complete(&self, grant: &Grant, upstream: Upstream) -> Burn {
        let burn = match upstream {
            Upstream::Done(outcome) => Burn::Done { outcome },
            Upstream::Refused { refusal, retry_after_s } => Burn::Refused { refusal, retry_after_s },
            Upstream::Unknown(why) => {
                tracing::warn!(grant.id = grant.id, why, "the platform's answer is unknown");
                return Burn::InFlight;
            }
        };
        match self.record(grant, &burn).await {
            Ok(stored) => stored.unwrap_or(burn),
            Err(fault) => {
                let error: &dyn std::error::Error = &fault;
                tracing::error!(grant.id = grant.id, error, "an outcome was not stored");
                burn
            }
        }
    }

    async fn record(&self, grant: &Grant, burn: &Burn) -> Result<Option<Burn>, StoreFault> {
        let row = self.store.settle(&grant.tenant, &grant.id, burn, false).await?;
        match (row, burn) {
            (Some(row), Burn::Done { outcome }) if row.closed => {
                tracing::warn!(grant.id = grant.id, "an outcome came after its burn was closed");
                self.store.add_late(&grant.tenant, &grant.id, outcome).await?;
                Ok(Some(burn.clone()))
            }
            (row, _) => Ok(row.map(|row| row.answer())),
        }
    }

    fn row(&self, grant: &SignedGrant, key: Option<Uuid>, state: Burn) -> BurnRow {
        BurnRow {
            tenant: grant.grant.tenant.clone(),
            grant: grant.grant.id.clone(),
            arguments: grant.grant.arguments.clone(),
            key,
            writer: self.ids.fresh(),
            state,
            closed: false,
            late: None,
            at: self.clock.now(),
        }
    }
}

/// The tools every write server has beside its own: what became of a grant, void it, close it.
#[must_use]
pub fn effect_specs() -> Vec<ToolSpec> {
    let spec = |name, description, happened: Option<Value>| {
        let mut properties = json!({ "grant": { "type": "object" } });
        if let (Some(schema), Some(properties)) = (happened, properties.as_object_mut()) {
            properties.insert("happened".to_owned(), schema);
        }
        let input = json!({
            "type": "object",
            "properties": properties,
            "required": ["grant"],
            "additionalProperties": false,
        });
        ToolSpec { name, description, input, output: burn_schema(), class: ToolClass::Effect }
    };
    let happened = json!({ "anyOf": [outcome_schema(), { "type": "null" }] });
    vec![
        spec("effect_outcome", "What became of a grant. Changes nothing.", None),
        spec("effect_void", "Makes an unused grant unusable and answers what was found.", None),
        spec(
            "effect_close",
            "Completes a burn in flight with what is known to have happened.",
            Some(happened),
        ),
    ]
}

/// JSON Schema of [`Burn`].
#[must_use]
pub fn burn_schema() -> Value {
    json!({
        "type": "object",
        "required": ["state"],
        "properties": { "state": { "enum": ["void", "in_flight", "done", "refused", "unused"] } },
        "allOf": [
            {
                "if": { "properties": { "state": { "const": "done" } } },
                "then": { "required": ["outcome"], "properties": { "outcome": outcome_schema() } },
            },
            {
                "if": { "properties": { "state": { "const": "refused" } } },
                "then": {
                    "required": ["refusal"],
                    "properties": {
                        "refusal": { "type": "object" },
                        "retry_after_s": { "type": "integer", "minimum": 0 },
                    },
                },
            },
        ],
    })
}

fn outcome_schema() -> Value {
    json!({
        "type": "object",
        "required": ["external_id", "cost"],
        "properties": {
            "external_id": { "type": "string", "minLength": 1 },
            "url": { "type": ["string", "null"] },
            "cost": {
                "type": "object",
                "required": ["minor", "currency"],
                "properties": {
                    "minor": { "type": "integer", "minimum": 0 },
                    "currency": { "type": "string" },
                },
                "additionalProperties": false,
            },
        },
        "additionalProperties": false,
    })
}
