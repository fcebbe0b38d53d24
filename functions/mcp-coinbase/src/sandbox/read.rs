//! What the sandbox shows. It writes nothing: a wallet that is not open yet is shown with what opening gives it.

use std::cmp::Reverse;

use chimera_domain::ports::Clock;

use super::books::BookStore;
use super::entry::{Account, Posted, entry_id};
use super::{Sandbox, opening_key};
use crate::amounts::{Network, decimal};
use crate::token::Holding;
use crate::wallet::{Balance, Find, Line, Owner, Quote, ReadWallets, Terms, Transfer, Wallet, WalletFault};

/// Lines that a ledger shows: what a person or a model can still read.
const LINES: usize = 100;

impl<S, C> ReadWallets for Sandbox<S, C>
where
    S: BookStore,
    C: Clock + Send + 'static,
{
    fn network(&self) -> Network {
        self.settings.network
    }

    async fn wallet(&self, owner: &Owner) -> Result<Wallet, WalletFault> {
        Ok(Wallet { address: self.address(owner), networks: Network::ALL.to_vec(), account: None })
    }

    async fn balances(&self, owner: &Owner, network: Network) -> Result<Vec<Balance>, WalletFault> {
        let address = self.address(owner);
        let mut held = self.books.balances(network, address).await?;
        let opening = entry_id(owner, opening_key(owner, network));
        if self.books.entry(owner, &opening).await?.is_none() {
            let first = self.opening(owner, network)?;
            for posting in
                first.postings().iter().filter(|posting| posting.account == Account::Holder(address))
            {
                let units = held.entry(posting.holding.clone()).or_default();
                *units = units.saturating_add(posting.change.unsigned_abs());
            }
        }
        Ok(held.into_iter().map(|(holding, units)| balance(&holding, units)).collect())
    }

    async fn quote(&self, owner: &Owner, terms: &Terms) -> Result<Quote, WalletFault> {
        terms.recipient.check_payable(self.address(owner))?;
        self.prices.quote(owner, terms, self.clock.now())
    }

    async fn find(&self, owner: &Owner, by: &Find) -> Result<Option<Transfer>, WalletFault> {
        let id = match by {
            Find::Id(id) => id.clone(),
            Find::Key(key) => entry_id(owner, *key),
        };
        let entry = self.books.entry(owner, &id).await?;
        Ok(entry.map(|entry| self.seen(&entry)).transpose()?.flatten())
    }

    async fn ledger(&self, owner: &Owner) -> Result<Vec<Line>, WalletFault> {
        let address = self.address(owner);
        let mut posted = Vec::new();
        for network in Network::ALL {
            posted.extend(self.books.postings(network, address, LINES).await?);
        }
        posted.sort_by_key(|line| Reverse(line.at));
        Ok(posted.iter().take(LINES).map(line).collect())
    }
}

fn balance(holding: &Holding, units: u128) -> Balance {
    Balance {
        symbol: holding.symbol(),
        contract: holding.contract(),
        units,
        decimals: holding.decimals(),
        is_spendable: matches!(holding, Holding::Asset(_)),
    }
}

fn line(posted: &Posted) -> Line {
    let Posted { at, entry, kind, network, posting } = posted;
    let sign = if posting.change < 0 { "-" } else { "" };
    let amount = decimal(posting.change.unsigned_abs(), posting.holding.decimals());
    Line {
        at: *at,
        network: *network,
        entry: entry.clone(),
        kind: kind.clone(),
        symbol: posting.holding.symbol(),
        change: format!("{sign}{amount}"),
    }
}
