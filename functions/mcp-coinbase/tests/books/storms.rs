//! Any sequence of payments, tokens, repetitions and failures keeps the books balanced, and no key is applied twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use chimera_domain::Outcome;
use chimera_mcp::server::{StoreFault, Upstream};
use mcp_coinbase::Holding;
use mcp_coinbase::address::Address;
use mcp_coinbase::amounts::{Asset, Network};
use mcp_coinbase::sandbox::{BookStore, Dump, Entry, Limit, MemoryBooks, Posted, Written, audit};
use mcp_coinbase::wallet::{
    DeployOrder, Find, Owner, ReadWallets, Status, Terms, TransferOrder, WriteWallets,
};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{clock, key, owner, sandbox_of, token, usd};

const AGENTS: [&str; 3] = ["ada", "bo", "cy"];
/// What a memo may ask for.
const MEMOS: [&str; 6] = ["plain", "lost", "twice", "busy", "down", "doomed"];

/// How the store fails at the next write.
const CALM: u8 = 0;
const BEFORE: u8 = 1;
const AFTER: u8 = 2;
const BUSY: u8 = 3;

#[derive(Debug, Clone)]
enum Op {
    Pay { agent: usize, to: usize, cents: i64, eth: bool, key: u128, memo: usize, trouble: u8 },
    Deploy { agent: usize, symbol: bool, key: u128, trouble: u8 },
    Wait(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let trouble = prop_oneof![4 => Just(CALM), 1 => Just(BEFORE), 1 => Just(AFTER), 1 => Just(BUSY)];
    let cents = prop_oneof![1..200_i64, 2_000..6_000_i64];
    let pay = (0..3_usize, 0..5_usize, cents, any::<bool>(), 0..6_u128, 0..MEMOS.len(), trouble.clone());
    let deploy = (0..3_usize, any::<bool>(), 0..6_u128, trouble);
    prop_oneof![
        6 => pay.prop_map(|(agent, to, cents, eth, key, memo, trouble)| {
            Op::Pay { agent, to, cents, eth, key, memo, trouble }
        }),
        1 => deploy.prop_map(|(agent, symbol, key, trouble)| Op::Deploy { agent, symbol, key, trouble }),
        1 => (1..4_000_u64).prop_map(Op::Wait),
    ]
}

/// Books that fail as they are told: before they write, or after.
struct Flaky {
    books: MemoryBooks,
    trouble: AtomicU8,
}

impl BookStore for Flaky {
    async fn write(&self, entry: &Entry, limits: &[Limit]) -> Result<Written, StoreFault> {
        let gone = || StoreFault("gone".into());
        match self.trouble.load(Ordering::SeqCst) {
            BEFORE => Err(gone()),
            BUSY => Ok(Written::Busy),
            AFTER => self.books.write(entry, limits).await.and_then(|_| Err(gone())),
            _ => self.books.write(entry, limits).await,
        }
    }

    async fn entry(&self, owner: &Owner, id: &str) -> Result<Option<Entry>, StoreFault> {
        self.books.entry(owner, id).await
    }

    async fn balances(
        &self,
        network: Network,
        address: Address,
    ) -> Result<BTreeMap<Holding, u128>, StoreFault> {
        self.books.balances(network, address).await
    }

    async fn postings(
        &self,
        network: Network,
        address: Address,
        limit: usize,
    ) -> Result<Vec<Posted>, StoreFault> {
        self.books.postings(network, address, limit).await
    }

    async fn dump(&self) -> Result<Dump, StoreFault> {
        self.books.dump().await
    }
}

/// What an agent's key was seen to have done.
type Seen = BTreeMap<(usize, Uuid), Outcome>;

fn check_answer(seen: &mut Seen, place: (usize, Uuid), answer: &Upstream, found: Option<Outcome>) {
    match answer {
        Upstream::Done(outcome) => {
            let found = found.unwrap_or_else(|| panic!("{place:?} was done and is not found"));
            assert_eq!(found.external_id, outcome.external_id);
            let first = seen.entry(place).or_insert_with(|| outcome.clone());
            assert_eq!(first.external_id, outcome.external_id, "a key did two things");
        }
        // What was refused did not happen, unless the key had done something else before.
        Upstream::Refused { .. } => assert_eq!(found.is_some(), seen.contains_key(&place), "{answer:?}"),
        // Nobody was told; what is found is what happened.
        Upstream::Unknown(_) => {
            if let Some(found) = found {
                seen.entry(place).or_insert(found);
            }
        }
    }
}

async fn run(ops: Vec<Op>) {
    let clock = clock();
    let error = |status: u16, word: &str| json!({ "status": status, "errorType": word });
    let faults = json!({
        "applied_but_failed": "lost",
        "duplicate": "twice",
        "fails_later": "doomed",
        "errors": { "busy": error(429, "rate_limit_exceeded"), "down": error(500, "internal_server_error") },
    });
    let books = MemoryBooks::default();
    let flaky = Flaky { books: books.clone(), trouble: AtomicU8::new(CALM) };
    let shared = std::sync::Arc::new(flaky);
    let sandbox = sandbox_of(Shared(shared.clone()), &clock, faults);
    let mut seen = Seen::new();
    for op in ops {
        let (agent, key, answer) = match op {
            Op::Wait(seconds) => {
                clock.advance(Duration::from_secs(seconds));
                continue;
            }
            Op::Pay { agent, to, cents, eth, key: number, memo, trouble } => {
                let recipient = match AGENTS.get(to) {
                    Some(name) => sandbox.address(&owner(name)),
                    None => Address::derived(&[u8::try_from(to).unwrap()]),
                };
                let asset = if eth { Asset::Eth } else { Asset::Usdc };
                let terms = Terms { recipient, amount: usd(cents), asset, network: Network::BaseSepolia };
                let memo = Some(MEMOS[memo].to_owned());
                let order =
                    TransferOrder { owner: owner(AGENTS[agent]), terms, memo, quote: None, key: key(number) };
                shared.trouble.store(trouble, Ordering::SeqCst);
                (agent, key(number), sandbox.transfer(order).await)
            }
            Op::Deploy { agent, symbol, key: number, trouble } => {
                let symbol = if symbol { "FAN" } else { "ICON" };
                shared.trouble.store(trouble, Ordering::SeqCst);
                let order = DeployOrder { owner: owner(AGENTS[agent]), ..token(number, symbol) };
                (agent, key(number), sandbox.deploy(order).await)
            }
        };
        shared.trouble.store(CALM, Ordering::SeqCst);
        let found = sandbox.find(&owner(AGENTS[agent]), &Find::Key(key)).await.unwrap();
        // What failed later never happened.
        let found = found.filter(|found| found.status != Status::Failed);
        check_answer(&mut seen, (agent, key), &answer, found.map(|found| found.outcome()));
        audit(&books).await.unwrap_or_else(|fault| panic!("{fault} after {answer:?}"));
    }
}

/// A store that the test keeps a hand on.
struct Shared(std::sync::Arc<Flaky>);

impl BookStore for Shared {
    async fn write(&self, entry: &Entry, limits: &[Limit]) -> Result<Written, StoreFault> {
        self.0.write(entry, limits).await
    }

    async fn entry(&self, owner: &Owner, id: &str) -> Result<Option<Entry>, StoreFault> {
        self.0.entry(owner, id).await
    }

    async fn balances(
        &self,
        network: Network,
        address: Address,
    ) -> Result<BTreeMap<Holding, u128>, StoreFault> {
        self.0.balances(network, address).await
    }

    async fn postings(
        &self,
        network: Network,
        address: Address,
        limit: usize,
    ) -> Result<Vec<Posted>, StoreFault> {
        self.0.postings(network, address, limit).await
    }

    async fn dump(&self) -> Result<Dump, StoreFault> {
        self.0.dump().await
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// [WA-1] [WA-2]
    #[test]
    fn no_storm_unbalances_the_books_or_pays_twice(ops in prop::collection::vec(op(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(run(ops));
    }
}
