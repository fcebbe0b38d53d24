//! The sandbox's books and what the sandbox does with them.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audits;
mod sandbox;
mod storms;

use chimera_domain::{AgentId, Currency, Money, TenantId, Timestamp};
use chimera_mcp::server::Upstream;
use chimera_testkit::VirtualClock;
use mcp_coinbase::Faults;
use mcp_coinbase::address::Address;
use mcp_coinbase::amounts::{Asset, Network};
use mcp_coinbase::sandbox::{BookStore, MemoryBooks, Sandbox, Settings};
use mcp_coinbase::wallet::{DeployOrder, Owner, Terms, TransferOrder};
use serde_json::Value;
use uuid::Uuid;

/// When everything begins: the beginning of an hour, and of a minute.
const NOON: i64 = 1_800_000_000;

fn clock() -> VirtualClock {
    let clock = VirtualClock::default();
    clock.set(Timestamp::from_second(NOON).unwrap());
    clock
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::Usd).unwrap()
}

fn owner(agent: &str) -> Owner {
    Owner { tenant: TenantId::new("t1").unwrap(), agent: AgentId::new(agent).unwrap() }
}

fn somebody() -> Address {
    Address::derived(b"somebody")
}

fn key(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A sandbox whose wallets begin with 100 dollars.
fn sandbox_of<S: BookStore>(books: S, clock: &VirtualClock, faults: Value) -> Sandbox<S, VirtualClock> {
    set_up(books, clock, faults, |_| {})
}

fn set_up<S: BookStore>(
    books: S,
    clock: &VirtualClock,
    faults: Value,
    change: impl FnOnce(&mut Settings),
) -> Sandbox<S, VirtualClock> {
    let mut settings = Settings::new(usd(10_000));
    change(&mut settings);
    let faults: Faults = serde_json::from_value(faults).unwrap();
    Sandbox::new(books, clock.clone(), settings, faults)
}

/// Ten dollars in dollar coins to somebody.
fn order(number: u128) -> TransferOrder {
    TransferOrder {
        owner: owner("nova"),
        terms: Terms {
            recipient: somebody(),
            amount: usd(1_000),
            asset: Asset::Usdc,
            network: Network::BaseSepolia,
        },
        memo: Some("for the drawings".to_owned()),
        quote: None,
        key: key(number),
    }
}

fn token(number: u128, symbol: &str) -> DeployOrder {
    DeployOrder {
        owner: owner("nova"),
        name: "Fans".to_owned(),
        symbol: symbol.to_owned(),
        supply_units: 1_000_000,
        decimals: 3,
        network: Network::BaseSepolia,
        key: key(number),
    }
}

/// The code of a definite no.
fn code(upstream: &Upstream) -> &str {
    match upstream {
        Upstream::Refused { refusal, .. } => &refusal.code,
        other => panic!("no refusal: {other:?}"),
    }
}

/// [WA-1] [WA-2]
#[tokio::test]
async fn the_books_in_memory_keep_the_contract() {
    mcp_coinbase::contract::keeps(&MemoryBooks::default(), "run").await;
}
