//! The sandbox's books: what keeps entries, and what it refuses.

use std::collections::BTreeMap;
use std::future::Future;

use chimera_mcp::server::StoreFault;

use super::entry::{Account, Entry, Posted};
use crate::address::Address;
use crate::amounts::Network;
use crate::token::Holding;
use crate::wallet::Owner;

/// Something that may be used up: what an entry takes from it is taken in the entry's own transaction, so that a refused
/// or repeated one takes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What is limited.
    pub kind: LimitKind,
    /// Which of them: a day, a minute, a symbol.
    pub bucket: String,
    /// How much the entry takes.
    pub take: u64,
    /// How much there is.
    pub cap: u64,
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKind {
    /// Cents that a wallet may send in a UTC day.
    Day,
    /// Entries that a wallet may make in a minute.
    Minute,
    /// Tokens that a wallet may deploy under one symbol: one.
    Symbol,
}

impl LimitKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Minute => "minute",
            Self::Symbol => "symbol",
        }
    }
}

/// What became of an entry that was to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is there now, with everything it changes.
    New,
    /// Its owner used the key before: this is what for. Nothing changed.
    Known(Box<Entry>),
    /// Nothing changed: a balance would have gone below zero.
    Short(Account, Holding),
    /// Nothing changed: too little is left.
    Over(LimitKind),
    /// Nothing changed: others were writing the same rows.
    Busy,
}

/// A balance of whoever holds an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Where.
    pub network: Network,
    /// Whose.
    pub address: Address,
    /// Of what.
    pub holding: Holding,
    /// How many smallest units.
    pub units: u128,
}

/// Everything the books hold, for an audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dump {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The postings, as they are kept beside each account.
    pub postings: Vec<Posted>,
    /// The balances.
    pub balances: Vec<Held>,
}

/// Keeps the books. Writing is atomic, and reads are consistent.
pub trait BookStore: Send + Sync + 'static {
    /// [WA-1] [WA-2] Writes an entry with its postings, balances and limits, or nothing at all.
    fn write(
        &self,
        entry: &Entry,
        limits: &[Limit],
    ) -> impl Future<Output = Result<Written, StoreFault>> + Send;

    /// An entry of an owner.
    fn entry(
        &self,
        owner: &Owner,
        id: &str,
    ) -> impl Future<Output = Result<Option<Entry>, StoreFault>> + Send;

    /// What an address holds; nothing of what it has none.
    fn balances(
        &self,
        network: Network,
        address: Address,
    ) -> impl Future<Output = Result<BTreeMap<Holding, u128>, StoreFault>> + Send;

    /// The newest postings to an address, newest first, at most `limit`.
    fn postings(
        &self,
        network: Network,
        address: Address,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Posted>, StoreFault>> + Send;

    /// Everything. Reads the whole table: for audits only.
    fn dump(&self) -> impl Future<Output = Result<Dump, StoreFault>> + Send;
}
