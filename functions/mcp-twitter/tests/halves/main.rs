//! Both halves over one store, as an MCP client would call them.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod deletions;
mod limits;
mod pictures;
mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::{Clock, Ids};
use chimera_domain::{
    AgentId, CampaignId, Currency, Digest, EffectId, Grant, Money, SignedGrant, TenantId, Timestamp,
};
use chimera_mcp::server::{GrantDesk, GrantVerifier, MemoryAllowances, MemoryBurns, ToolFault, ToolServer};
use ed25519_dalek::{Signer, SigningKey};
use mcp_twitter::{Faults, MemoryPosts, Sandbox, read_half, write_half};
use serde_json::{Value, json};
use uuid::Uuid;

/// When every story begins: 08:00 on 15 January 2027.
const BEGINNING: i64 = 1_800_000_000;

/// A clock that stands until somebody sets it forward.
#[derive(Clone)]
struct Time(Arc<AtomicI64>);

impl Time {
    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct RandomIds;

impl Ids for RandomIds {
    fn fresh(&self) -> Uuid {
        Uuid::new_v4()
    }
}

struct Platform {
    write: ToolServer,
    read: ToolServer,
    posts: MemoryPosts,
    time: Time,
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn platform(faults: Value) -> Platform {
    let keys = BTreeMap::from([("k1", BASE64_STANDARD.encode(key().verifying_key().as_bytes()))]);
    let verifier = GrantVerifier::from_json(&json!(keys).to_string(), "twitter@test").unwrap();
    let (posts, time) = (MemoryPosts::default(), Time(Arc::new(AtomicI64::new(BEGINNING))));
    let faults: Faults = serde_json::from_value(faults).unwrap();
    let sandbox = || Sandbox::new(posts.clone(), time.clone(), faults.clone()).seeded(7);
    let desk = GrantDesk::new(verifier, MemoryBurns::default(), time.clone(), RandomIds);
    let write = write_half(sandbox(), desk).clock(time.clone()).build().unwrap();
    let read = read_half(sandbox(), MemoryAllowances::default()).clock(time.clone()).build().unwrap();
    Platform { write, read, posts, time }
}

/// Who acts: a tenant and one of its agents.
type Who = (&'static str, &'static str);

const NOVA: Who = ("t1", "nova");

fn grant(id: &str, arguments: &Value) -> SignedGrant {
    grant_to(NOVA, "post_create", id, arguments)
}

fn grant_to((tenant, agent): Who, tool: &str, id: &str, arguments: &Value) -> SignedGrant {
    let grant = Grant {
        id: id.to_owned(),
        key: "k1".to_owned(),
        tenant: TenantId::new(tenant).unwrap(),
        agent: AgentId::new(agent).unwrap(),
        campaign: CampaignId::new("c1").unwrap(),
        effect: EffectId::new("e1").unwrap(),
        audience: "twitter@test".to_owned(),
        tool: tool.to_owned(),
        arguments: Digest::of_json(arguments),
        max_cost: Money::new(20, Currency::Usd).unwrap(),
        policy_version: 1,
        expires_at: Timestamp::from_second(BEGINNING + 7 * 86_400).unwrap(),
    };
    let signature = BASE64_STANDARD.encode(key().sign(grant.message().as_bytes()).to_bytes());
    SignedGrant { grant, signature }
}

fn intent(text: &str) -> Value {
    json!({ "account": "nova", "text": text, "made_with_ai": true })
}

/// The intent's arguments with a grant for them.
fn granted(id: &str, arguments: &Value) -> Value {
    granted_to(NOVA, "post_create", id, arguments)
}

fn granted_to(who: Who, tool: &str, id: &str, arguments: &Value) -> Value {
    let mut call = arguments.clone();
    call["grant"] = json!(grant_to(who, tool, id, arguments));
    call["idempotency_key"] = json!(Uuid::new_v4());
    call
}

fn deletion(of: &Value, (_, agent): Who) -> Value {
    json!({ "account": agent, "post_id": of["outcome"]["external_id"] })
}

fn code(fault: &ToolFault) -> String {
    match fault.refusal() {
        Some(refusal) => refusal.code.clone(),
        None => panic!("{fault:?}"),
    }
}

impl Platform {
    async fn post(&self, id: &str, text: &str) -> Value {
        self.write.call_checked("post_create", granted(id, &intent(text))).await.unwrap()
    }

    /// Calls a write tool with a grant for exactly this.
    async fn call(&self, who: Who, tool: &str, id: &str, arguments: &Value) -> Value {
        self.write.call_checked(tool, granted_to(who, tool, id, arguments)).await.unwrap()
    }

    async fn refusal(&self, call: Value) -> String {
        self.refusal_of("post_create", call).await
    }

    async fn refusal_of(&self, tool: &str, call: Value) -> String {
        code(&self.write.call_checked(tool, call).await.unwrap_err())
    }

    /// Calls a read tool.
    async fn look(&self, tool: &str, arguments: Value) -> Value {
        self.read.call_checked(tool, arguments).await.unwrap()
    }

    async fn search(&self, text: &str) -> Vec<Value> {
        self.search_of(NOVA, json!({ "text": text })).await
    }

    async fn search_of(&self, (tenant, agent): Who, mut arguments: Value) -> Vec<Value> {
        arguments["tenant"] = json!(tenant);
        arguments["account"] = json!(agent);
        let found = self.read.call_checked("posts_search", arguments).await;
        found.unwrap()["posts"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn an_approved_post_is_made_once_and_can_be_found() {
    let platform = platform(json!({}));
    let call = granted("g1", &intent("hello https://example.org/a"));
    let first = platform.write.call_checked("post_create", call.clone()).await.unwrap();
    let again = platform.write.call_checked("post_create", call.clone()).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(first["state"], "done");
    assert_eq!(first["outcome"]["cost"], json!({ "minor": 20, "currency": "USD" }));
    let found = platform.search("hello").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["post_id"], first["outcome"]["external_id"]);
    assert_eq!(found[0]["idempotency_key"], call["idempotency_key"]);
}

#[tokio::test]
async fn nothing_is_posted_without_a_grant_for_exactly_these_arguments() {
    let platform = platform(json!({}));
    let mut bare = granted("g1", &intent("hello"));
    bare.as_object_mut().unwrap().remove("grant");
    assert_eq!(platform.refusal(bare).await, "invalid_input");

    let mut hollow = granted("g1", &intent("hello"));
    hollow["grant"] = json!({});
    assert_eq!(platform.refusal(hollow).await, "invalid_input");

    let mut changed = granted("g1", &intent("hello"));
    changed["text"] = json!("something else");
    assert_eq!(platform.refusal(changed).await, "grant_arguments");

    let mut unlabelled = granted("g1", &intent("hello"));
    unlabelled["made_with_ai"] = json!(false);
    assert_eq!(platform.refusal(unlabelled).await, "grant_arguments");

    let other = json!({ "account": "rival", "text": "hello", "made_with_ai": true });
    assert_eq!(platform.refusal(granted("g1", &other)).await, "grant_account");
    assert!(platform.search("").await.is_empty());
}

#[tokio::test]
async fn a_post_whose_answer_got_lost_is_in_flight_and_can_be_read_back_and_closed() {
    let platform = platform(json!({ "applied_but_failed": "lost" }));
    let arguments = intent("lost in flight");
    assert_eq!(platform.post("g1", "lost in flight").await, json!({ "state": "in_flight" }));
    let grant = json!(grant("g1", &arguments));
    let asked = platform.write.call_checked("effect_outcome", json!({ "grant": grant })).await.unwrap();
    assert_eq!(asked, json!({ "state": "in_flight" }));
    let found = &platform.search("lost in flight").await[0];
    let happened = json!({
        "external_id": found["post_id"],
        "url": found["url"],
        "cost": { "minor": 2, "currency": "USD" },
    });
    let close = json!({ "grant": grant, "happened": happened });
    let closed = platform.write.call_checked("effect_close", close).await.unwrap();
    assert_eq!(closed, json!({ "state": "done", "outcome": happened }));
}

#[tokio::test]
async fn a_voided_grant_posts_nothing() {
    let platform = platform(json!({}));
    let grant = json!({ "grant": grant("g1", &intent("never")) });
    let voided = platform.write.call_checked("effect_void", grant).await.unwrap();
    assert_eq!(voided, json!({ "state": "void" }));
    assert_eq!(platform.post("g1", "never").await, json!({ "state": "void" }));
    assert!(platform.search("").await.is_empty());
}

#[tokio::test]
async fn a_reply_says_what_it_answers_and_can_be_found() {
    let platform = platform(json!({}));
    let mut arguments = intent("thank you");
    arguments["in_reply_to"] = json!("1800");
    arguments["paid_partnership"] = json!(true);
    let replied = platform.call(NOVA, "post_reply", "g1", &arguments).await;
    assert_eq!((&replied["state"], &replied["outcome"]["cost"]["minor"]), (&json!("done"), &json!(2)));
    let found = &platform.search("thank you").await[0];
    assert_eq!((&found["in_reply_to"], &found["paid_partnership"]), (&json!("1800"), &json!(true)));

    // The same words to somebody else are another reply; to the same they are said twice.
    arguments["in_reply_to"] = json!("1801");
    assert_eq!(platform.call(NOVA, "post_reply", "g2", &arguments).await["state"], "done");
    let again = platform.call(NOVA, "post_reply", "g3", &arguments).await;
    assert_eq!(again["refusal"]["code"], "duplicate");

    let mut bare = granted_to(NOVA, "post_reply", "g4", &intent("to nobody"));
    assert_eq!(platform.refusal_of("post_reply", bare.clone()).await, "invalid_input");
    bare["in_reply_to"] = json!("1800");
    assert_eq!(platform.refusal_of("post_reply", bare).await, "grant_arguments");
}
