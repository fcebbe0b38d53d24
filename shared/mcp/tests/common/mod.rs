//! Grants, and who makes and checks them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::{Clock, Ids};
use chimera_domain::{
    AgentId, CampaignId, Currency, Digest, EffectId, Grant, Money, Outcome, SignedGrant, TenantId, Timestamp,
};
use chimera_mcp::server::GrantVerifier;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const AUDIENCE: &str = "twitter@test";

pub(crate) struct ManualClock(i64);

impl ManualClock {
    pub(crate) fn at(second: i64) -> Self {
        Self(second)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0).unwrap()
    }
}

#[derive(Default)]
pub(crate) struct CountingIds(AtomicU64);

impl Ids for CountingIds {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)) + 1)
    }
}

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn verifier(audience: &str) -> GrantVerifier {
    let keys = BTreeMap::from([("k1", BASE64_STANDARD.encode(key().verifying_key().as_bytes()))]);
    GrantVerifier::from_json(&json!(keys).to_string(), audience).unwrap()
}

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::Usd).unwrap()
}

pub(crate) fn grant(id: &str, arguments: &Value) -> Grant {
    Grant {
        id: id.to_owned(),
        key: "k1".to_owned(),
        tenant: TenantId::new("t1").unwrap(),
        agent: AgentId::new("nova").unwrap(),
        campaign: CampaignId::new("c1").unwrap(),
        effect: EffectId::new("e1").unwrap(),
        audience: AUDIENCE.to_owned(),
        tool: "post_create".to_owned(),
        arguments: Digest::of_json(arguments),
        max_cost: usd(20),
        policy_version: 1,
        expires_at: Timestamp::from_second(1_000).unwrap(),
    }
}

pub(crate) fn sign(grant: Grant) -> SignedGrant {
    let signature = BASE64_STANDARD.encode(key().sign(grant.message().as_bytes()).to_bytes());
    SignedGrant { grant, signature }
}

pub(crate) fn outcome(id: &str) -> Outcome {
    Outcome { external_id: id.to_owned(), url: None, cost: usd(2) }
}
