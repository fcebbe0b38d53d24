//! What a transfer or a token may cost, known before anything is done.
//!
//! | call | costs at most |
//! |---|---|
//! | `transfer` | the amount, [`NETWORK_FEE_MAX`] cents for the network and a thousandth of the amount for the service, rounded up; the fee is [`TRANSFER_FEE_MAX`] cents at most |
//! | `token_deploy` | [`DEPLOY_FEE_MAX`] cents |
//!
//! The Judge adds [`TRANSFER_FEE_MAX`] to a transfer and takes any other tool for one of 20 cents, so that a grant always
//! covers these. On a test network the fee is counted in cents as well: a cap that nothing counts in tests nothing.

use chimera_domain::{Currency, Money};

use crate::amounts::AmountError;

/// The most a network takes for one transfer, in cents.
pub const NETWORK_FEE_MAX: i64 = 5;
/// The most that may be added to a transfer's amount, in cents: what the Judge reserves for it.
pub const TRANSFER_FEE_MAX: i64 = 50;
/// The most that deploying a token costs, in cents: what the Judge reserves for a tool that moves no money.
pub const DEPLOY_FEE_MAX: i64 = 20;
/// The service's part of an amount: one in so many.
const SERVICE_SHARE: i64 = 1_000;

/// [WA-4] The most that is added to a transfer of these cents.
#[must_use]
pub fn transfer_fee_bound(cents: i64) -> i64 {
    transfer_fee(cents, NETWORK_FEE_MAX)
}

/// The fee of a transfer of these cents where the network takes `network` cents.
#[must_use]
pub(crate) fn transfer_fee(cents: i64, network: i64) -> i64 {
    let service = cents / SERVICE_SHARE + i64::from(cents % SERVICE_SHARE > 0);
    network.saturating_add(service).min(TRANSFER_FEE_MAX)
}

/// [WA-4] The most that a transfer of this amount may cost. Amounts are whole US cents, at least one.
///
/// # Errors
/// [`AmountError`] where there is no such amount.
pub fn transfer_price(amount: Money) -> Result<Money, AmountError> {
    if amount.currency() != Currency::Usd || amount.minor() == 0 {
        return Err(AmountError::NotAnAmount);
    }
    let fee = usd(transfer_fee_bound(amount.minor()));
    amount.plus(fee).map_err(|_| AmountError::TooLarge)
}

/// [WA-4] The most that deploying a token may cost.
#[must_use]
pub fn deploy_price() -> Money {
    usd(DEPLOY_FEE_MAX)
}

/// Cents as money; nothing where they are below zero, which no fee is.
pub(crate) fn usd(cents: i64) -> Money {
    Money::new(cents, Currency::Usd).unwrap_or(Money::zero(Currency::Usd))
}

#[cfg(test)]
mod tests {
    use chimera_domain::Intent;
    use chimera_policy::money::quote;
    use serde_json::json;

    use super::*;

    /// [WA-4]
    #[test]
    fn the_price_is_the_amount_and_a_bounded_fee() {
        for (cents, price) in
            [(1, 7), (1_000, 1_006), (1_001, 1_008), (45_000, 45_050), (10_000_000, 10_000_050)]
        {
            assert_eq!(transfer_price(usd(cents)), Ok(usd(price)), "{cents}");
        }
        assert_eq!(transfer_price(usd(0)), Err(AmountError::NotAnAmount));
        let euros = Money::new(100, Currency::Eur).unwrap();
        assert_eq!(transfer_price(euros), Err(AmountError::NotAnAmount));
        assert_eq!(transfer_price(usd(i64::MAX)), Err(AmountError::TooLarge));
    }

    /// [WA-4] [M-7]
    #[test]
    fn what_the_judge_reserves_always_covers_the_price() {
        let intent = |tool: &str, arguments| Intent {
            server: "coinbase".to_owned(),
            tool: tool.to_owned(),
            arguments,
            cites: None,
        };
        for cents in [1, 999, 1_000, 1_001, 44_999, 45_001, 1_000_000_000] {
            let arguments = json!({"recipient": "0x", "amount": usd(cents)});
            let reserved = quote(&intent("transfer", arguments)).unwrap();
            assert!(transfer_price(usd(cents)).unwrap() <= reserved, "{cents}");
        }
        assert!(deploy_price() <= quote(&intent("token_deploy", json!({}))).unwrap());
    }
}
