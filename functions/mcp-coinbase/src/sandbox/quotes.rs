//! Quotes that nobody has to keep: a quote's id says until when it holds and is the digest of everything it is about, so
//! that it can be checked by making it again. The read half writes nothing.

use chimera_domain::{Digest, Timestamp};

use super::prices::Prices;
use crate::amounts::{AmountError, Asset};
use crate::answers::CdpError;
use crate::fees::{transfer_price, usd};
use crate::wallet::{Owner, Quote, Terms, WalletFault};

/// How long a quote holds, in seconds: as CDP's, ten minutes at least.
pub(crate) const VALID_S: i64 = 600;
/// Hex digits of a quote's digest.
const DIGITS: usize = 24;

/// What a transfer moves and what it takes, in smallest units of its asset and in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Priced {
    /// What the recipient gets.
    pub(crate) units: u128,
    /// What the fee is.
    pub(crate) fee_units: u128,
    /// The same in cents.
    pub(crate) fee_cents: i64,
}

impl Prices {
    /// What a transfer moves and takes at a moment.
    pub(crate) fn price(&self, terms: &Terms, at: Timestamp) -> Result<Priced, AmountError> {
        let cents = terms.amount.minor();
        let fee_cents = self.transfer_fee(terms.network, cents, at);
        let eth_cents = self.eth_cents(at);
        let units = |cents| terms.asset.units(cents, eth_cents);
        // A fraction of a fee is a whole unit more.
        let fee_units = units(fee_cents)? + u128::from(terms.asset == Asset::Eth);
        Ok(Priced { units: units(cents)?, fee_units, fee_cents })
    }

    /// A quote that is made now.
    pub(crate) fn quote(&self, owner: &Owner, terms: &Terms, now: Timestamp) -> Result<Quote, WalletFault> {
        let total = transfer_price(terms.amount)?;
        let made_at = now.as_second();
        let Priced { units, fee_cents, .. } = self.price(terms, at(made_at)?)?;
        Ok(Quote {
            id: self.quote_id(owner, terms, made_at)?,
            fee: usd(fee_cents),
            total,
            units,
            expires_at: at(made_at + VALID_S)?,
        })
    }

    /// What was quoted, if the quote is of these terms and still holds.
    pub(crate) fn quoted(
        &self,
        owner: &Owner,
        terms: &Terms,
        id: &str,
        now: Timestamp,
    ) -> Result<Priced, WalletFault> {
        let unknown = || WalletFault::Cdp(CdpError::new(404, "not_found", "no such quote of these terms"));
        let second = id.strip_prefix("quote_").and_then(|rest| rest.split_once('_'));
        let made_at =
            second.and_then(|(second, _)| i64::from_str_radix(second, 16).ok()).ok_or_else(unknown)?;
        if made_at > now.as_second() || self.quote_id(owner, terms, made_at)? != id {
            return Err(unknown());
        }
        if now.as_second() >= made_at + VALID_S {
            let expired = CdpError::new(400, "transfer_quote_expired", "the quote has expired");
            return Err(WalletFault::Cdp(expired));
        }
        Ok(self.price(terms, at(made_at)?)?)
    }

    fn quote_id(&self, owner: &Owner, terms: &Terms, made_at: i64) -> Result<String, WalletFault> {
        let Priced { units, fee_cents, .. } = self.price(terms, at(made_at)?)?;
        let Terms { recipient, amount, asset, network } = terms;
        let about = format!(
            "{}\n{owner}\n{recipient}\n{amount}\n{}\n{network}\n{units}\n{fee_cents}\n{made_at}",
            self.seed,
            asset.name()
        );
        let digest = Digest::of_bytes(about.as_bytes());
        let digits: String = digest.as_str().chars().rev().take(DIGITS).collect();
        Ok(format!("quote_{made_at:x}_{digits}"))
    }
}

fn at(second: i64) -> Result<Timestamp, WalletFault> {
    Timestamp::from_second(second).map_err(|_| AmountError::TooLarge.into())
}

#[cfg(test)]
mod tests {
    use chimera_domain::{AgentId, TenantId};

    use super::*;
    use crate::address::Address;
    use crate::amounts::Network;
    use crate::fees::usd;

    const NOW: i64 = 1_800_000_000;

    fn owner(agent: &str) -> Owner {
        Owner { tenant: TenantId::new("t1").unwrap(), agent: AgentId::new(agent).unwrap() }
    }

    fn terms() -> Terms {
        let recipient = Address::derived(b"somebody");
        Terms { recipient, amount: usd(1_000), asset: Asset::Eth, network: Network::BaseSepolia }
    }

    fn code(fault: WalletFault) -> String {
        match fault {
            WalletFault::Cdp(error) => error.error_type,
            other => other.to_string(),
        }
    }

    /// [WA-4]
    #[test]
    fn a_quote_holds_for_ten_minutes_at_its_own_price() {
        let prices = Prices::new("seed");
        let now = |second: i64| at(NOW + second).unwrap();
        let quote = prices.quote(&owner("nova"), &terms(), now(0)).unwrap();
        assert_eq!((quote.total, quote.expires_at), (usd(1_006), now(600)));
        let then = prices.price(&terms(), now(0)).unwrap();
        let held = |second| prices.quoted(&owner("nova"), &terms(), &quote.id, now(second));
        for second in [0, 1, 599] {
            let held = held(second).unwrap();
            assert_eq!((held, held.units), (then, quote.units));
        }
        assert_eq!(code(held(600).unwrap_err()), "transfer_quote_expired");
        assert_eq!(code(held(-1).unwrap_err()), "not_found", "a quote of the future is none");
    }

    #[test]
    fn a_quote_is_of_one_wallet_and_of_all_its_terms() {
        let prices = Prices::new("seed");
        let now = at(NOW).unwrap();
        let id = prices.quote(&owner("nova"), &terms(), now).unwrap().id;
        let other = Terms { amount: usd(1_001), ..terms() };
        let elsewhere = Terms { network: Network::Base, ..terms() };
        let in_dollars = Terms { asset: Asset::Usdc, ..terms() };
        let to_another = Terms { recipient: Address::derived(b"another"), ..terms() };
        for terms in [other, elsewhere, in_dollars, to_another] {
            assert_eq!(code(prices.quoted(&owner("nova"), &terms, &id, now).unwrap_err()), "not_found");
        }
        assert_eq!(code(prices.quoted(&owner("rival"), &terms(), &id, now).unwrap_err()), "not_found");
        let seeded = Prices::new("another seed");
        assert_eq!(code(seeded.quoted(&owner("nova"), &terms(), &id, now).unwrap_err()), "not_found");
        for odd in ["", "quote_", "quote_x_y", "quote_-5_0", "quote_7fffffffffffffff_0", &id[1..]] {
            assert_eq!(
                code(prices.quoted(&owner("nova"), &terms(), odd, now).unwrap_err()),
                "not_found",
                "{odd}"
            );
        }
    }
}
