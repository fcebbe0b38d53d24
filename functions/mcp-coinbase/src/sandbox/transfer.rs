//! Transfers in the sandbox.

use chimera_domain::Timestamp;
use chimera_domain::ports::Clock;
use chimera_mcp::server::Upstream;
use serde_json::json;

use super::books::{BookStore, Limit, LimitKind};
use super::entry::{Account, Deed, Draft, Entry, Posting};
use super::quotes::Priced;
use super::{Sandbox, entry, minute, request, signed};
use crate::answers::CdpError;
use crate::fees::{transfer_price, usd};
use crate::token::Holding;
use crate::wallet::{DeployOrder, TransferOrder, WalletFault, WriteWallets};

/// Why a transfer fails later, where COINBASE_FAULTS asks for it.
const FAILS_LATER: &str = "the network did not take it, as COINBASE_FAULTS asks";

impl<S, C> WriteWallets for Sandbox<S, C>
where
    S: BookStore,
    C: Clock + Send + 'static,
{
    async fn transfer(&self, order: TransferOrder) -> Upstream {
        let memo = order.memo.as_deref().unwrap_or_default();
        let subject = format!("transfer: {memo} {}", order.terms.recipient);
        self.faults.before(&subject).await;
        if let Some(error) = self.faults.error(&subject) {
            return error.upstream();
        }
        let mut made = self.make_transfer(&order, &subject).await;
        if self.faults.repeats(&subject) {
            made = self.make_transfer(&order, &subject).await;
        }
        self.answer(&subject, made)
    }

    async fn deploy(&self, order: DeployOrder) -> Upstream {
        let subject = format!("token_deploy: {} {}", order.name, order.symbol);
        self.faults.before(&subject).await;
        if let Some(error) = self.faults.error(&subject) {
            return error.upstream();
        }
        let mut made = self.make_token(&order).await;
        if self.faults.repeats(&subject) {
            made = self.make_token(&order).await;
        }
        self.answer(&subject, made)
    }
}

impl<S: BookStore, C: Clock> Sandbox<S, C> {
    async fn make_transfer(&self, order: &TransferOrder, subject: &str) -> Result<Entry, Upstream> {
        let TransferOrder { owner, terms, memo, quote, key } = order;
        let request = request(&json!({ "terms": terms, "memo": memo, "quote": quote }));
        if let Some(known) = self.known(owner, *key, &request).await? {
            return Ok(known);
        }
        let now = self.clock.now();
        let priced = self.permit(order, now).map_err(WalletFault::before)?;
        self.open(owner, terms.network).await.map_err(WalletFault::before)?;
        let failure = self.faults.fails_later(subject).then(|| FAILS_LATER.to_owned());
        let postings = if failure.is_some() { Ok(Vec::new()) } else { self.postings(order, priced) };
        let deed = Deed::Transfer {
            terms: terms.clone(),
            units: priced.units.to_string(),
            cost: usd(terms.amount.minor().saturating_add(priced.fee_cents)),
            memo: memo.clone(),
            completes_at: self.completes_at(now),
            failure,
        };
        let draft = Draft { owner: owner.clone(), network: terms.network, key: *key, request, deed, at: now };
        let entry = postings.and_then(|postings| entry(draft, postings)).map_err(WalletFault::before)?;
        self.write(entry, &self.limits(order, now)).await
    }

    /// [WA-3] [WA-4] Whether it may be made, and on which terms.
    fn permit(&self, order: &TransferOrder, now: Timestamp) -> Result<Priced, WalletFault> {
        let TransferOrder { owner, terms, quote, .. } = order;
        transfer_price(terms.amount)?;
        terms.recipient.check_payable(self.address(owner))?;
        if self.settings.recipients.as_ref().is_some_and(|list| !list.contains(&terms.recipient)) {
            let message = format!("{} is not on the list of recipients", terms.recipient);
            return Err(WalletFault::Cdp(CdpError::new(403, "recipient_allowlist_violation", message)));
        }
        match quote {
            Some(quote) => self.prices.quoted(owner, terms, quote, now),
            None => Ok(self.prices.price(terms, now)?),
        }
    }

    /// [WA-1] Out of the wallet goes what the recipient and the fees get.
    fn postings(&self, order: &TransferOrder, priced: Priced) -> Result<Vec<Posting>, WalletFault> {
        let holding = Holding::Asset(order.terms.asset);
        let posting = |account, change| Posting { account, holding: holding.clone(), change };
        let (units, fee) = (signed(priced.units)?, signed(priced.fee_units)?);
        Ok(vec![
            posting(Account::Holder(self.address(&order.owner)), -(units + fee)),
            posting(Account::Holder(order.terms.recipient), units),
            posting(Account::Fees, fee),
        ])
    }

    fn limits(&self, order: &TransferOrder, now: Timestamp) -> Vec<Limit> {
        let cents = |minor: i64| u64::try_from(minor).unwrap_or(u64::MAX);
        let day = self.settings.daily.map(|daily| Limit {
            kind: LimitKind::Day,
            bucket: now.to_string().chars().take(10).collect(),
            take: cents(order.terms.amount.minor()),
            cap: cents(daily.minor()),
        });
        [minute(now)].into_iter().chain(day).collect()
    }
}
