//! Both halves over one set of books, as an MCP client would call them.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod paying;
mod reading;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::GrantSigner as _;
use chimera_domain::{AgentId, CampaignId, Currency, Digest, EffectId, Grant, Money, TenantId, Timestamp};
use chimera_mcp::server::{GrantDesk, GrantVerifier, MemoryBurns, ToolFault, ToolServer};
use chimera_runtime::RandomIds;
use chimera_testkit::{MemorySigner, STACK, VirtualClock};
use mcp_coinbase::address::Address;
use mcp_coinbase::sandbox::{Audit, MemoryBooks, Sandbox, Settings, audit};
use mcp_coinbase::{Faults, read_half, write_half};
use serde_json::{Value, json};
use uuid::Uuid;

/// Who acts: a tenant and one of its agents.
type Who = (&'static str, &'static str);

const NOVA: Who = ("t1", "nova");
const RIVAL: Who = ("t2", "nova");

/// When everything begins.
const BEGINNING: i64 = 1_800_000_000;

struct Bank {
    write: ToolServer,
    read: ToolServer,
    books: MemoryBooks,
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::Usd).unwrap()
}

fn bank(faults: Value) -> Bank {
    bank_of(faults, false)
}

fn bank_of(faults: Value, is_dry: bool) -> Bank {
    let clock = VirtualClock::default();
    clock.set(Timestamp::from_second(BEGINNING).unwrap());
    bank_over(&clock, faults, is_dry, Duration::ZERO)
}

/// Wallets that begin with 100 dollars, whose transfers are under way for this long.
fn bank_over(clock: &VirtualClock, faults: Value, is_dry: bool, under_way: Duration) -> Bank {
    let faults: Faults = serde_json::from_value(faults).unwrap();
    let books = MemoryBooks::default();
    let settings = Settings { completes_after: under_way, ..Settings::new(usd(10_000)) };
    let sandbox = || Sandbox::new(books.clone(), clock.clone(), settings.clone(), faults.clone());
    let keys: BTreeMap<String, String> = MemorySigner::default()
        .public_keys()
        .into_iter()
        .map(|(id, key)| (id, BASE64_STANDARD.encode(key.as_bytes())))
        .collect();
    let verifier = GrantVerifier::from_json(&json!(keys).to_string(), format!("coinbase@{STACK}")).unwrap();
    let desk = GrantDesk::new(verifier, MemoryBurns::default(), clock.clone(), RandomIds);
    let write = write_half(sandbox(), desk).clock(clock.clone()).dry_run(is_dry).build().unwrap();
    let read = read_half(sandbox()).clock(clock.clone()).build().unwrap();
    Bank { write, read, books }
}

fn somebody() -> String {
    Address::derived(b"somebody").to_string()
}

/// Ten dollars in dollar coins.
fn transfer() -> Value {
    json!({
        "account": "nova",
        "recipient": somebody(),
        "amount": { "minor": 1_000, "currency": "USD" },
        "asset": "usdc",
        "network": "base-sepolia",
        "memo": "for the drawings",
    })
}

/// The arguments with a grant for exactly them, worth what the Judge reserves.
fn granted(who: Who, tool: &str, id: &str, arguments: &Value) -> Value {
    granted_up_to(who, tool, (id, 50), arguments)
}

fn granted_up_to((tenant, agent): Who, tool: &str, (id, fee): (&str, i64), arguments: &Value) -> Value {
    let signer = MemorySigner::default();
    let amount = arguments["amount"]["minor"].as_i64().unwrap_or_default();
    let grant = Grant {
        id: id.to_owned(),
        key: signer.key_id().to_owned(),
        tenant: TenantId::new(tenant).unwrap(),
        agent: AgentId::new(agent).unwrap(),
        campaign: CampaignId::new("c1").unwrap(),
        effect: EffectId::new("e1").unwrap(),
        audience: format!("coinbase@{STACK}"),
        tool: tool.to_owned(),
        arguments: Digest::of_json(arguments),
        max_cost: usd(amount + fee),
        policy_version: 1,
        expires_at: Timestamp::from_second(BEGINNING + 600).unwrap(),
    };
    let mut call = arguments.clone();
    call["grant"] = json!(signer.sign(grant));
    call["idempotency_key"] = json!(Uuid::new_v4());
    call
}

fn refusal(answer: Result<Value, ToolFault>) -> String {
    match answer {
        Err(fault) => fault.refusal().unwrap_or_else(|| panic!("{fault:?}")).code.clone(),
        Ok(answer) => panic!("no refusal: {answer}"),
    }
}

impl Bank {
    /// Pays with a grant for exactly this.
    async fn pay(&self, who: Who, id: &str, arguments: &Value) -> Value {
        self.write.call_checked("transfer", granted(who, "transfer", id, arguments)).await.unwrap()
    }

    async fn ask(&self, (tenant, agent): Who, tool: &str, mut arguments: Value) -> Result<Value, ToolFault> {
        arguments["tenant"] = json!(tenant);
        arguments["agent"] = json!(agent);
        self.read.call_checked(tool, arguments).await
    }

    /// Units of USDC.
    async fn holds(&self, who: Who) -> u128 {
        let listed = self.ask(who, "balances_list", json!({})).await.unwrap();
        let balances = listed["balances"].as_array().unwrap();
        let usdc = balances.iter().find(|balance| balance["symbol"] == "USDC").unwrap();
        usdc["atomic"].as_str().unwrap().parse().unwrap()
    }

    async fn audit(&self) -> Audit {
        audit(&self.books).await.unwrap()
    }
}
