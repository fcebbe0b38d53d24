//! What CDP shows. Nothing here moves money: a transfer that is created to be quoted is not executed.

use chimera_domain::ports::{Clock, Ids};

use super::http::Ask;
use super::wire::{AccountBalance, AccountBalances, CdpTransfer, TokenBalance, TokenBalances, transfer_body};
use super::{Cdp, PAGE, transfer_path};
use crate::address::Address;
use crate::amounts::{Network, dollars, units_of};
use crate::fees::{transfer_price, usd};
use crate::wallet::{
    Balance, Find, Line, Owner, Quote, ReadWallets, Status, Terms, Transfer, Wallet, WalletFault,
};

/// Pages looked through for a transfer: the newest come first, and it is looked for within minutes.
const PAGES: usize = 10;
/// What CDP gives as the contract of ether, which has none (EIP-7528).
const ETHER: &str = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";

impl<C, I> ReadWallets for Cdp<C, I>
where
    C: Clock + Send + 'static,
    I: Ids + Send + 'static,
{
    fn network(&self) -> Network {
        self.network
    }

    async fn wallet(&self, owner: &Owner) -> Result<Wallet, WalletFault> {
        let account = self.open(owner).await?;
        Ok(Wallet {
            address: account.address,
            networks: vec![self.network],
            account: self.http.key.account(owner).map(str::to_owned),
        })
    }

    async fn balances(&self, owner: &Owner, network: Network) -> Result<Vec<Balance>, WalletFault> {
        self.check_network(network)?;
        let address = self.open(owner).await?.address;
        let mut balances = self.token_balances(address).await?;
        if let Some(account) = self.http.key.account(owner) {
            balances.extend(self.account_balances(account).await?);
        }
        Ok(balances)
    }

    async fn quote(&self, owner: &Owner, terms: &Terms) -> Result<Quote, WalletFault> {
        self.check_network(terms.network)?;
        let bound = transfer_price(terms.amount)?;
        let account = self.account(owner)?;
        if let Some(own) = self.evm_account(owner).await? {
            terms.recipient.check_payable(own.address)?;
        }
        let ask = Ask::post("/v2/transfers", self.http.ids.fresh());
        let body = transfer_body(account, terms, self.network_name(), (None, None));
        let quoted: CdpTransfer = self.http.ask(ask.body(body)).await?;
        let cost = quoted.cost()?;
        let endless = || WalletFault::Lost("the quote does not say until when it holds".to_owned());
        Ok(Quote {
            fee: usd((cost.minor() - terms.amount.minor()).max(0)),
            // Said as it is: what is above the bound is refused when it is to be made.
            total: bound.max(cost),
            units: quoted.units(terms.asset),
            expires_at: quoted.expires_at.ok_or_else(endless)?,
            id: quoted.transfer_id,
        })
    }

    async fn find(&self, owner: &Owner, by: &Find) -> Result<Option<Transfer>, WalletFault> {
        let account = self.account(owner)?;
        let found = match by {
            Find::Id(id) => self.by_id(account, id).await?,
            Find::Key(key) => self.search(account, |transfer| transfer.key() == Some(*key)).await?,
        };
        found.map(|transfer| transfer.seen(self.network)).transpose()
    }

    async fn ledger(&self, owner: &Owner) -> Result<Vec<Line>, WalletFault> {
        let page = self.page(self.account(owner)?, None).await?;
        // What is only quoted, or failed, changed nothing; nor did what took no dollars change them.
        let moved = |transfer: &&CdpTransfer| {
            matches!(transfer.status, Status::Processing | Status::Completed) && transfer.is_dollars()
        };
        let lines = page.transfers.iter().filter(moved).map(|transfer| {
            let seen = transfer.seen(self.network)?;
            Ok(Line {
                at: seen.created_at,
                network: self.network,
                entry: seen.id,
                kind: "transfer".to_owned(),
                symbol: "USDC".to_owned(),
                change: format!("-{}", dollars(seen.cost.minor())),
            })
        });
        lines.collect()
    }
}

impl<C: Clock, I: Ids> Cdp<C, I> {
    async fn token_balances(&self, address: Address) -> Result<Vec<Balance>, WalletFault> {
        let mut balances = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let path = format!("/v2/evm/token-balances/{}/{address}", self.network);
            let mut ask = Ask::get(path).query("pageSize", PAGE);
            if let Some(token) = token {
                ask = ask.query("pageToken", token);
            }
            let page: TokenBalances = self.http.ask(ask).await?;
            balances.extend(page.balances.iter().filter_map(at_address));
            token = page.next_page_token.filter(|token: &String| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(balances)
    }

    async fn account_balances(&self, account: &str) -> Result<Vec<Balance>, WalletFault> {
        let mut balances = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let mut ask = Ask::get(format!("/v2/accounts/{account}/balances")).query("pageSize", PAGE);
            if let Some(token) = token {
                ask = ask.query("pageToken", token);
            }
            let page: AccountBalances = self.http.ask(ask).await?;
            for balance in &page.balances {
                balances.extend(in_account(balance)?);
            }
            token = page.next_page_token.filter(|token: &String| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(balances)
    }

    /// [E-8] A transfer that the account pays; another's is none.
    pub(super) async fn by_id(&self, account: &str, id: &str) -> Result<Option<CdpTransfer>, WalletFault> {
        match self.http.ask::<CdpTransfer>(Ask::get(transfer_path(id)?)).await {
            Ok(transfer) => Ok(Some(transfer).filter(|transfer| transfer.is_from(account))),
            Err(WalletFault::Cdp(error)) if error.status == 404 => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// [WA-2] The newest of the account's transfers that is looked for.
    async fn search(
        &self,
        account: &str,
        is_it: impl Fn(&CdpTransfer) -> bool + Send + Sync,
    ) -> Result<Option<CdpTransfer>, WalletFault> {
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let page = self.page(account, token.as_deref()).await?;
            let own = page.transfers.into_iter().filter(|transfer| transfer.is_from(account));
            if let Some(found) = own.into_iter().find(&is_it) {
                return Ok(Some(found));
            }
            token = page.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(None)
    }
}

/// None where there are more units than any amount of ours may have: anybody can send anybody such a token, and it must not
/// hide the others.
fn at_address(balance: &TokenBalance) -> Option<Balance> {
    let TokenBalance { amount, token } = balance;
    let contract = token.contract_address.as_deref().map(str::to_lowercase);
    let Ok(units) = units_of(&amount.amount, 0) else {
        tracing::warn!(token.contract = contract, "a token's balance is no amount and is left out");
        return None;
    };
    Some(Balance {
        symbol: token.symbol.clone().unwrap_or_default(),
        contract: contract.filter(|text| text != ETHER).and_then(|text| Address::parse(&text).ok()),
        units,
        decimals: amount.decimals,
        is_spendable: false,
    })
}

/// Transfers are paid in dollar coins.
fn in_account(balance: &AccountBalance) -> Result<Option<Balance>, WalletFault> {
    let AccountBalance { asset, amount } = balance;
    let own = amount.iter().find(|(symbol, _)| symbol.eq_ignore_ascii_case(&asset.symbol));
    let Some((_, own)) = own else {
        return Ok(None);
    };
    let units = units_of(&own.available, asset.decimals).map_err(|_| senseless(&own.available))?;
    Ok(Some(Balance {
        symbol: asset.symbol.to_uppercase(),
        contract: None,
        units,
        decimals: asset.decimals,
        is_spendable: asset.symbol.eq_ignore_ascii_case("usdc"),
    }))
}

fn senseless(amount: &str) -> WalletFault {
    WalletFault::Lost(format!("{:?} is no amount", amount.chars().take(40).collect::<String>()))
}
