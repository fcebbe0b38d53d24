//! Both halves over one sandbox, as an MCP client would call them.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod collections;
mod grants;
mod memories;
mod tenants;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::{Clock, GrantSigner as _};
use chimera_domain::{AgentId, CampaignId, Currency, Digest, EffectId, Grant, Money, TenantId, Timestamp};
use chimera_mcp::server::{GrantDesk, GrantVerifier, MemoryAnswers, MemoryBurns, ToolFault, ToolServer};
use chimera_runtime::RandomIds;
use chimera_testkit::{MemorySigner, STACK, VirtualClock};
use mcp_weaviate::{Capacity, Catalogue, Memories, MemoryObjects, Sandbox, memory_id, read_half, write_half};
use serde_json::{Value, json};
use uuid::Uuid;

/// Both halves with their time.
struct Mind {
    read: ToolServer,
    write: ToolServer,
    clock: VirtualClock,
}

/// An agent of a tenant.
type Who = (&'static str, &'static str);

const NOVA: Who = ("t1", "nova");

fn mind(faults: Value) -> Mind {
    mind_of(faults, Capacity::STANDARD, false)
}

fn mind_of(faults: Value, capacity: Capacity, is_dry: bool) -> Mind {
    let clock = VirtualClock::default();
    let faults = serde_json::from_value(faults).unwrap();
    let sandbox =
        Sandbox::new(MemoryObjects::default(), clock.clone(), Catalogue::standard().unwrap(), faults);
    let database = Arc::new(sandbox.holding(capacity));
    let keys: BTreeMap<String, String> = MemorySigner::default()
        .public_keys()
        .into_iter()
        .map(|(id, key)| (id, BASE64_STANDARD.encode(key.as_bytes())))
        .collect();
    let verifier = GrantVerifier::from_json(&json!(keys).to_string(), format!("weaviate@{STACK}")).unwrap();
    let desk = GrantDesk::new(verifier, MemoryBurns::default(), clock.clone(), RandomIds);
    let keeper = Memories::new(Arc::clone(&database), clock.clone());
    let write = write_half(keeper, (Arc::clone(&database), clock.clone()), desk, MemoryAnswers::default());
    let write = write.clock(clock.clone()).dry_run(is_dry).build().unwrap();
    let read = read_half(database, clock.clone()).clock(clock.clone()).build().unwrap();
    Mind { read, write, clock }
}

impl Mind {
    /// The half that offers the tool.
    fn half(&self, tool: &str) -> &ToolServer {
        let is_there = |server: &ToolServer| server.tools().iter().any(|offered| offered.name == tool);
        if is_there(&self.read) { &self.read } else { &self.write }
    }

    async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.half(tool).call_checked(tool, arguments).await.unwrap()
    }

    async fn fault(&self, tool: &str, arguments: Value) -> ToolFault {
        self.half(tool).call_checked(tool, arguments).await.unwrap_err()
    }

    async fn code(&self, tool: &str, arguments: Value) -> String {
        let fault = self.fault(tool, arguments).await;
        fault.refusal().unwrap_or_else(|| panic!("{fault:?}")).code.clone()
    }

    /// What becomes of keeping these, with a fresh grant for exactly them.
    async fn keep(&self, who: Who, memories: Value) -> Value {
        let arguments = json!({ "account": who.1, "memories": memories });
        self.call("memories_keep", self.granted(who, &arguments)).await
    }

    /// The arguments with a fresh grant for exactly them.
    fn granted(&self, (tenant, agent): Who, arguments: &Value) -> Value {
        let signer = MemorySigner::default();
        let grant = Grant {
            id: Uuid::new_v4().to_string(),
            key: signer.key_id().to_owned(),
            tenant: TenantId::new(tenant).unwrap(),
            agent: AgentId::new(agent).unwrap(),
            campaign: CampaignId::new("c1").unwrap(),
            effect: EffectId::new("e1").unwrap(),
            audience: format!("weaviate@{STACK}"),
            tool: "memories_keep".to_owned(),
            arguments: Digest::of_json(arguments),
            max_cost: Money::zero(Currency::Usd),
            policy_version: 1,
            expires_at: self.now() + std::time::Duration::from_secs(600),
        };
        let mut call = arguments.clone();
        call["grant"] = json!(signer.sign(grant));
        call["idempotency_key"] = json!(Uuid::new_v4());
        call
    }

    /// Remembers something that happened, of some weight; gives its id.
    async fn remember(&self, who: Who, key: &str, text: &str) -> String {
        self.remember_as(who, episode(key, text)).await
    }

    /// Remembers this; gives its id.
    async fn remember_as(&self, who: Who, memory: Value) -> String {
        let kept = self.keep(who, json!([memory])).await;
        assert_eq!(kept["state"], "done", "{kept}");
        kept["outcome"]["external_id"].as_str().unwrap().to_owned()
    }

    /// The code of what refuses to remember this, before or after its grant was burnt.
    async fn refused(&self, memory: Value) -> String {
        let arguments = json!({ "account": "nova", "memories": [memory] });
        match self.write.call_checked("memories_keep", self.granted(NOVA, &arguments)).await {
            Err(fault) => fault.refusal().unwrap_or_else(|| panic!("{fault:?}")).code.clone(),
            Ok(burn) if burn["state"] == "refused" => burn["refusal"]["code"].as_str().unwrap().to_owned(),
            Ok(burn) => panic!("no refusal: {burn}"),
        }
    }

    /// What is remembered under a key.
    async fn get(&self, who: Who, keys: &[&str]) -> Vec<Value> {
        let found = self.call("memories_get", of(who, json!({ "keys": keys }))).await;
        found["memories"].as_array().unwrap().clone()
    }

    async fn recall(&self, who: Who, query: &str) -> Vec<String> {
        self.recall_with(who, json!({ "query": query, "k": 10 })).await
    }

    async fn recall_with(&self, who: Who, arguments: Value) -> Vec<String> {
        texts(&self.call("memory_recall", of(who, arguments)).await)
    }

    async fn recent(&self, who: Who) -> Vec<String> {
        texts(&self.call("memory_recent", of(who, json!({ "limit": 100 }))).await)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The arguments with tenant and agent.
fn of((tenant, agent): Who, mut arguments: Value) -> Value {
    arguments["tenant"] = json!(tenant);
    arguments["agent"] = json!(agent);
    arguments
}

fn episode(key: &str, text: &str) -> Value {
    json!({ "key": key, "kind": "episodic", "text": text, "salience": 50 })
}

/// The id of what an agent remembers under a key.
fn id_of((tenant, agent): Who, key: &str) -> String {
    memory_id(&TenantId::new(tenant).unwrap(), &AgentId::new(agent).unwrap(), key).to_string()
}

fn texts(answer: &Value) -> Vec<String> {
    let memories = answer["memories"].as_array().unwrap();
    memories.iter().map(|memory| memory["text"].as_str().unwrap().to_owned()).collect()
}
