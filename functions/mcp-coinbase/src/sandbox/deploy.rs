//! Tokens in the sandbox.

use chimera_domain::ports::Clock;
use chimera_mcp::server::Upstream;
use serde_json::json;

use super::books::{BookStore, Limit, LimitKind};
use super::entry::{Account, Deed, Draft, Entry, Posting, entry_id};
use super::{Sandbox, entry, minute, request, signed};
use crate::address::Address;
use crate::amounts::Asset;
use crate::fees::usd;
use crate::token::{Holding, Token};
use crate::wallet::{DeployOrder, WalletFault};

impl<S: BookStore, C: Clock> Sandbox<S, C> {
    pub(super) async fn make_token(&self, order: &DeployOrder) -> Result<Entry, Upstream> {
        let DeployOrder { owner, name, symbol, supply_units, decimals, network, key } = order;
        let supply = supply_units.to_string();
        let request = request(&json!({
            "name": name, "symbol": symbol, "supply": supply, "decimals": decimals, "network": network,
        }));
        if let Some(known) = self.known(owner, *key, &request).await? {
            return Ok(known);
        }
        self.open(owner, *network).await.map_err(WalletFault::before)?;
        let now = self.clock.now();
        let token = Token {
            contract: Address::derived(format!("token\n{}", entry_id(owner, *key)).as_bytes()),
            symbol: symbol.clone(),
            decimals: *decimals,
        };
        let fee = self.prices.deploy_fee(*network, now);
        let postings = self.token_postings(order, &token, fee);
        let (cost, completes_at) = (usd(fee), self.completes_at(now));
        let deed = Deed::Deploy { token, name: name.clone(), supply, cost, completes_at };
        let draft = Draft { owner: owner.clone(), network: *network, key: *key, request, deed, at: now };
        let entry = postings.and_then(|postings| entry(draft, postings)).map_err(WalletFault::before)?;
        let bucket = format!("{network}#{symbol}");
        let symbol = Limit { kind: LimitKind::Symbol, bucket, take: 1, cap: 1 };
        self.write(entry, &[minute(now), symbol]).await
    }

    /// [WA-1] The supply comes out of the mint, the fee out of the wallet.
    fn token_postings(
        &self,
        order: &DeployOrder,
        token: &Token,
        fee_cents: i64,
    ) -> Result<Vec<Posting>, WalletFault> {
        let wallet = Account::Holder(self.address(&order.owner));
        let posting =
            |account, holding: &Holding, change| Posting { account, holding: holding.clone(), change };
        let (token, usdc) = (Holding::Token(token.clone()), Holding::Asset(Asset::Usdc));
        let (supply, fee) = (signed(order.supply_units)?, signed(Asset::Usdc.units(fee_cents, 0)?)?);
        Ok(vec![
            posting(Account::Mint, &token, -supply),
            posting(wallet, &token, supply),
            posting(wallet, &usdc, -fee),
            posting(Account::Fees, &usdc, fee),
        ])
    }
}
