//! Proof that the books balance, to the last unit.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use uuid::Uuid;

use chimera_mcp::server::StoreFault;

use super::books::{BookStore, Dump};
use super::entry::{Account, Posted, check_balanced, entry_id};
use crate::address::Address;
use crate::amounts::Network;
use crate::token::Holding;
use crate::wallet::Owner;

/// What an audit found to be in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audit {
    /// Entries looked at.
    pub entries: usize,
    /// Postings looked at.
    pub postings: usize,
    /// Balances looked at.
    pub balances: usize,
}

/// The books are wrong: money was made, lost or moved twice. Somebody must look at once.
#[derive(Debug, Error)]
pub enum AuditFault {
    /// The books could not be read.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// An entry's own postings do not balance.
    #[error("entry {0} does not balance")]
    Entry(String),
    /// An entry's postings are not those beside the accounts.
    #[error("entry {0} and the postings beside the accounts differ")]
    Postings(String),
    /// A key was applied twice, or an entry has another's id.
    #[error("key {0} of {1} was applied more than once")]
    Key(Uuid, Box<Owner>),
    /// All the postings of an asset do not sum to zero.
    #[error("the postings of {1} on {0} sum to {2}")]
    Sum(Network, Box<Holding>, i128),
    /// A balance is not the sum of its postings, or below zero.
    #[error("{1} holds {3} of {2} on {0}, and its postings sum to {4}")]
    Balance(Network, Address, Box<Holding>, u128, i128),
}

/// [WA-1] [WA-2] Looks at everything the books hold.
///
/// # Errors
/// [`AuditFault`], the first that is found.
pub async fn audit<S: BookStore>(books: &S) -> Result<Audit, AuditFault> {
    audit_of(&books.dump().await?)
}

/// [WA-1] [WA-2] The same of a copy of the books.
///
/// # Errors
/// [`AuditFault`], the first that is found.
pub fn audit_of(dump: &Dump) -> Result<Audit, AuditFault> {
    check_entries(dump)?;
    check_sums(&dump.postings)?;
    check_balances(dump)?;
    let Dump { entries, postings, balances } = dump;
    Ok(Audit { entries: entries.len(), postings: postings.len(), balances: balances.len() })
}

/// Each entry balances, stands under its own key alone, and its postings are beside the accounts once each.
fn check_entries(dump: &Dump) -> Result<(), AuditFault> {
    let mut kept: BTreeMap<&str, Vec<&Posted>> = BTreeMap::new();
    for posted in &dump.postings {
        kept.entry(&posted.entry).or_default().push(posted);
    }
    let mut keys = BTreeSet::new();
    for entry in &dump.entries {
        let owner = entry.owner();
        if !keys.insert((owner, entry.key())) || entry.id() != entry_id(owner, entry.key()) {
            return Err(AuditFault::Key(entry.key(), Box::new(owner.clone())));
        }
        check_balanced(entry.postings()).map_err(|_| AuditFault::Entry(entry.id().to_owned()))?;
        let mut own: Vec<Posted> = Posted::of(entry).collect();
        let mut beside: Vec<&Posted> = kept.remove(entry.id()).unwrap_or_default();
        own.sort();
        beside.sort();
        if !own.iter().eq(beside) {
            return Err(AuditFault::Postings(entry.id().to_owned()));
        }
    }
    match kept.into_keys().next() {
        Some(orphan) => Err(AuditFault::Postings(orphan.to_owned())),
        None => Ok(()),
    }
}

fn check_sums(postings: &[Posted]) -> Result<(), AuditFault> {
    let mut sums: BTreeMap<(Network, &Holding), i128> = BTreeMap::new();
    for Posted { network, posting, .. } in postings {
        *sums.entry((*network, &posting.holding)).or_default() += posting.change;
    }
    match sums.into_iter().find(|(_, sum)| *sum != 0) {
        Some(((network, holding), sum)) => Err(AuditFault::Sum(network, Box::new(holding.clone()), sum)),
        None => Ok(()),
    }
}

fn check_balances(dump: &Dump) -> Result<(), AuditFault> {
    let mut sums: BTreeMap<(Network, Address, &Holding), i128> = BTreeMap::new();
    for Posted { network, posting, .. } in &dump.postings {
        if let Account::Holder(address) = posting.account {
            *sums.entry((*network, address, &posting.holding)).or_default() += posting.change;
        }
    }
    for held in &dump.balances {
        let sum = sums.remove(&(held.network, held.address, &held.holding)).unwrap_or_default();
        if u128::try_from(sum) != Ok(held.units) {
            let holding = Box::new(held.holding.clone());
            return Err(AuditFault::Balance(held.network, held.address, holding, held.units, sum));
        }
    }
    // What is left has postings and no balance, which is none.
    match sums.into_iter().find(|(_, sum)| *sum != 0) {
        Some(((network, address, holding), sum)) => {
            Err(AuditFault::Balance(network, address, Box::new(holding.clone()), 0, sum))
        }
        None => Ok(()),
    }
}
