//! The books in memory, for tests and simulations.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_mcp::server::StoreFault;

use super::books::{BookStore, Dump, Held, Limit, LimitKind, Written};
use super::entry::{Account, Entry, Posted, Posting};
use crate::address::Address;
use crate::amounts::Network;
use crate::token::Holding;
use crate::wallet::Owner;

/// Books in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryBooks {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Debug, Clone, Default)]
struct Tables {
    entries: BTreeMap<(Owner, String), Entry>,
    postings: Vec<Posted>,
    balances: BTreeMap<(Network, Address, Holding), u128>,
    taken: BTreeMap<(Owner, LimitKind, String), u64>,
}

impl MemoryBooks {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    /// Changes the tables, half of it perhaps: the caller throws them away where it is refused.
    fn write(&mut self, entry: &Entry, limits: &[Limit]) -> Written {
        let place = (entry.owner().clone(), entry.id().to_owned());
        if let Some(known) = self.entries.get(&place) {
            return Written::Known(Box::new(known.clone()));
        }
        for limit in limits {
            let bucket = (entry.owner().clone(), limit.kind, limit.bucket.clone());
            let taken = self.taken.entry(bucket).or_default();
            *taken = taken.saturating_add(limit.take);
            if *taken > limit.cap {
                return Written::Over(limit.kind);
            }
        }
        for posting in entry.postings() {
            if !self.change(entry.network(), posting) {
                return Written::Short(posting.account, posting.holding.clone());
            }
        }
        self.postings.extend(Posted::of(entry));
        self.entries.insert(place, entry.clone());
        Written::New
    }

    /// Whether the balance allows it.
    fn change(&mut self, network: Network, posting: &Posting) -> bool {
        let Account::Holder(address) = posting.account else {
            return true;
        };
        let balance = self.balances.entry((network, address, posting.holding.clone())).or_default();
        let changed = balance.checked_add_signed(posting.change);
        changed.map(|changed| *balance = changed).is_some()
    }
}

impl BookStore for MemoryBooks {
    async fn write(&self, entry: &Entry, limits: &[Limit]) -> Result<Written, StoreFault> {
        let mut tables = self.lock();
        let mut changed = tables.clone();
        let written = changed.write(entry, limits);
        if written == Written::New {
            *tables = changed;
        }
        Ok(written)
    }

    async fn entry(&self, owner: &Owner, id: &str) -> Result<Option<Entry>, StoreFault> {
        Ok(self.lock().entries.get(&(owner.clone(), id.to_owned())).cloned())
    }

    async fn balances(
        &self,
        network: Network,
        address: Address,
    ) -> Result<BTreeMap<Holding, u128>, StoreFault> {
        let tables = self.lock();
        let held = tables.balances.iter().filter(|((on, by, _), _)| (*on, *by) == (network, address));
        let held = held.filter(|(_, units)| **units > 0);
        Ok(held.map(|((_, _, holding), units)| (holding.clone(), *units)).collect())
    }

    async fn postings(
        &self,
        network: Network,
        address: Address,
        limit: usize,
    ) -> Result<Vec<Posted>, StoreFault> {
        let account = Account::Holder(address);
        let tables = self.lock();
        let own = tables.postings.iter().filter(|line| line.network == network);
        let mut own: Vec<Posted> = own.filter(|line| line.posting.account == account).cloned().collect();
        own.sort();
        Ok(own.into_iter().rev().take(limit).collect())
    }

    async fn dump(&self) -> Result<Dump, StoreFault> {
        let tables = self.lock();
        let balances = tables.balances.iter().map(|((network, address, holding), units)| Held {
            network: *network,
            address: *address,
            holding: holding.clone(),
            units: *units,
        });
        Ok(Dump {
            entries: tables.entries.values().cloned().collect(),
            postings: tables.postings.clone(),
            balances: balances.collect(),
        })
    }
}
