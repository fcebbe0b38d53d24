//! The sandbox: CDP's behaviour without CDP, over double-entry books.

mod audit;
mod books;
mod deploy;
mod dynamo;
mod entry;
mod memory;
mod prices;
mod quotes;
mod read;
mod transfer;

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::ports::Clock;
use chimera_domain::{Digest, Money, Timestamp};
use chimera_mcp::server::{StoreFault, Upstream};
use serde_json::Value;
use uuid::Uuid;

pub use audit::{Audit, AuditFault, audit, audit_of};
pub use books::{BookStore, Dump, Held, Limit, LimitKind, Written};
pub use dynamo::DynamoBooks;
pub use entry::{Account, BadEntry, Deed, Draft, Entry, Posted, Posting, entry_id};
pub use memory::MemoryBooks;

use prices::{ETH_AT_OPENING, Prices};

use crate::Faults;
use crate::address::{Address, hash_text};
use crate::amounts::{AmountError, Asset, Network};
use crate::answers::CdpError;
use crate::token::Holding;
use crate::wallet::{Owner, Status, Transfer, WalletFault};

/// Deeds that a wallet may do in a minute: far more than an agent has reason to, and few enough for a test to reach.
const PER_MINUTE: u64 = 30;
/// What is told where others kept writing the same rows.
const BUSY: &str = "too many others were writing to the same wallets";
/// A minute in seconds.
const MINUTE_S: i64 = 60;

/// How the sandbox is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What addresses and prices follow from.
    pub seed: String,
    /// The network that is meant where none is named; there are books of each.
    pub network: Network,
    /// What a wallet begins with, in US cents: so much of USDC, and as much again in ether.
    pub opening: Money,
    /// How long a transfer is under way.
    pub completes_after: Duration,
    /// Who alone may be paid; anybody where there is no list.
    pub recipients: Option<BTreeSet<Address>>,
    /// What a wallet may send in a UTC day; anything where there is no limit.
    pub daily: Option<Money>,
}

impl Settings {
    /// Wallets that begin with this much, on the test network, without lists and limits; transfers arrive at once.
    #[must_use]
    pub fn new(opening: Money) -> Self {
        let (seed, network) = ("chimera".to_owned(), Network::BaseSepolia);
        Self { seed, network, opening, completes_after: Duration::ZERO, recipients: None, daily: None }
    }
}

/// A deterministic CDP over books.
#[derive(Debug)]
pub struct Sandbox<S, C> {
    books: S,
    clock: C,
    settings: Settings,
    prices: Prices,
    faults: Faults,
}

impl<S: BookStore, C: Clock> Sandbox<S, C> {
    /// CDP over books.
    pub fn new(books: S, clock: C, settings: Settings, faults: Faults) -> Self {
        let prices = Prices::new(settings.seed.clone());
        Self { books, clock, settings, prices, faults }
    }

    /// Where an agent is paid. The same on every network, and nobody's else.
    #[must_use]
    pub fn address(&self, owner: &Owner) -> Address {
        Address::derived(format!("{}\n{owner}", self.settings.seed).as_bytes())
    }

    /// The entry that gives a wallet its first money.
    fn opening(&self, owner: &Owner, network: Network) -> Result<Entry, WalletFault> {
        let address = self.address(owner);
        let cents = self.settings.opening.minor();
        let mut postings = Vec::new();
        for asset in [Asset::Usdc, Asset::Eth] {
            let units = signed(asset.units(cents, ETH_AT_OPENING)?)?;
            if units > 0 {
                let holding = Holding::Asset(asset);
                let posting = |account, change| Posting { account, holding: holding.clone(), change };
                postings.push(posting(Account::Faucet, -units));
                postings.push(posting(Account::Holder(address), units));
            }
        }
        let draft = Draft {
            owner: owner.clone(),
            network,
            key: opening_key(owner, network),
            request: Digest::of_bytes(b"opening"),
            deed: Deed::Opening { address },
            at: self.clock.now(),
        };
        entry(draft, postings)
    }

    /// Opens the wallet if it is not open yet. However many try it at once, it gets its first money once.
    async fn open(&self, owner: &Owner, network: Network) -> Result<(), WalletFault> {
        let id = entry_id(owner, opening_key(owner, network));
        if self.books.entry(owner, &id).await?.is_some() {
            return Ok(());
        }
        match self.books.write(&self.opening(owner, network)?, &[]).await? {
            Written::New | Written::Known(_) => Ok(()),
            other => Err(WalletFault::Unreached(format!("the wallet could not be opened: {other:?}"))),
        }
    }

    /// [WA-2] What the key was used for before, if it was.
    async fn known(&self, owner: &Owner, key: Uuid, request: &Digest) -> Result<Option<Entry>, Upstream> {
        let known = self.books.entry(owner, &entry_id(owner, key)).await;
        let known = known.map_err(|fault| WalletFault::Store(fault).before())?;
        known.map(|known| same(known, request)).transpose()
    }

    /// [WA-1] [WA-2] Writes an entry, or says why not.
    async fn write(&self, entry: Entry, limits: &[Limit]) -> Result<Entry, Upstream> {
        match self.books.write(&entry, limits).await {
            Ok(Written::New) => Ok(entry),
            Ok(Written::Known(known)) => same(*known, entry.request()),
            Ok(Written::Short(_, holding)) => {
                let message = format!("the wallet holds too little {}", holding.symbol());
                Err(CdpError::new(400, "insufficient_balance", message).upstream())
            }
            Ok(Written::Over(kind)) => Err(over(kind, entry.at()).upstream()),
            Ok(Written::Busy) => Err(WalletFault::Unreached(BUSY.to_owned()).before()),
            Err(fault) => Err(WalletFault::Store(fault).upstream()),
        }
    }

    /// What the caller hears of what was done.
    fn answer(&self, subject: &str, made: Result<Entry, Upstream>) -> Upstream {
        match made {
            Err(upstream) => upstream,
            Ok(_) if self.faults.loses_answer(subject) => {
                Upstream::Unknown("the answer got lost, as COINBASE_FAULTS asks".to_owned())
            }
            Ok(entry) => match self.seen(&entry) {
                Ok(Some(transfer)) => transfer.upstream(),
                Ok(None) => Upstream::Unknown("the key was used for something else".to_owned()),
                Err(fault) => fault.upstream(),
            },
        }
    }

    /// An entry as it is seen now; none where it is no transfer.
    fn seen(&self, entry: &Entry) -> Result<Option<Transfer>, WalletFault> {
        let seen = match entry.deed() {
            Deed::Opening { .. } => return Ok(None),
            Deed::Transfer { terms, units, cost, memo, completes_at, failure } => Transfer {
                terms: Some(terms.clone()),
                memo: memo.clone(),
                ..self.taken(entry, units, *cost, (*completes_at, failure.as_deref()))?
            },
            Deed::Deploy { token, supply, cost, completes_at, .. } => Transfer {
                token: Some(token.clone()),
                ..self.taken(entry, supply, *cost, (*completes_at, None))?
            },
        };
        Ok(Some(seen))
    }

    /// What all that was taken has in common. It completes by the clock alone.
    fn taken(
        &self,
        entry: &Entry,
        units: &str,
        cost: Money,
        (completes_at, failure): (Timestamp, Option<&str>),
    ) -> Result<Transfer, WalletFault> {
        let is_over = self.clock.now() >= completes_at;
        let status = match (is_over, failure) {
            (false, _) => Status::Processing,
            (true, None) => Status::Completed,
            (true, Some(_)) => Status::Failed,
        };
        let transaction = failure.is_none().then(|| hash_text(entry.id().as_bytes()));
        let unreadable = |_| StoreFault(format!("entry {} has no number of units", entry.id()).into());
        Ok(Transfer {
            id: entry.id().to_owned(),
            status,
            network: entry.network(),
            terms: None,
            token: None,
            cost: if status == Status::Failed { Money::zero(cost.currency()) } else { cost },
            units: units.parse().map_err(unreadable)?,
            memo: None,
            key: Some(entry.key()),
            url: transaction
                .as_ref()
                .map(|hash| format!("https://wallet.example/{}/tx/{hash}", entry.network())),
            transaction,
            failure: failure.filter(|_| is_over).map(str::to_owned),
            created_at: entry.at(),
            completed_at: is_over.then_some(completes_at),
        })
    }

    fn completes_at(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.settings.completes_after).unwrap_or(now)
    }
}

/// [WA-2] The same key brings the same entry, and only for the same request.
fn same(known: Entry, request: &Digest) -> Result<Entry, Upstream> {
    if known.request() == request {
        return Ok(known);
    }
    let message = "the idempotency key was used with other parameters";
    Err(CdpError::new(422, "idempotency_error", message).upstream())
}

fn over(kind: LimitKind, now: Timestamp) -> CdpError {
    match kind {
        LimitKind::Day => {
            CdpError::new(403, "daily_amount_limit_exceeded", "the wallet has sent its day's amount")
        }
        LimitKind::Symbol => CdpError::new(409, "already_exists", "the wallet has a token of this symbol"),
        LimitKind::Minute => {
            let left = MINUTE_S - now.as_second().rem_euclid(MINUTE_S);
            let left = u32::try_from(left).unwrap_or(1);
            CdpError::new(429, "rate_limit_exceeded", "too many transfers").after(left)
        }
    }
}

/// What every deed takes of the wallet's minute.
fn minute(now: Timestamp) -> Limit {
    let bucket = now.as_second().div_euclid(MINUTE_S).to_string();
    Limit { kind: LimitKind::Minute, bucket, take: 1, cap: PER_MINUTE }
}

/// The key of a wallet's opening, which nobody else has reason to use.
fn opening_key(owner: &Owner, network: Network) -> Uuid {
    uuid_of(&format!("opening\n{owner}\n{network}"))
}

/// A UUID of the form of a random one that follows from a text.
pub(crate) fn uuid_of(text: &str) -> Uuid {
    let digest = Digest::of_bytes(text.as_bytes());
    let hex: String = digest.as_str().chars().rev().take(32).collect();
    uuid::Builder::from_u128(u128::from_str_radix(&hex, 16).unwrap_or_default())
        .with_variant(uuid::Variant::RFC4122)
        .with_version(uuid::Version::Random)
        .into_uuid()
}

fn request(parts: &Value) -> Digest {
    Digest::of_json(parts)
}

fn signed(units: u128) -> Result<i128, AmountError> {
    i128::try_from(units).map_err(|_| AmountError::TooLarge)
}

/// Postings are computed, so that ones that do not balance are a defect: nothing is written then.
fn entry(draft: Draft, postings: Vec<Posting>) -> Result<Entry, WalletFault> {
    Entry::new(draft, postings).map_err(|error| WalletFault::Store(StoreFault(Box::new(error))))
}
