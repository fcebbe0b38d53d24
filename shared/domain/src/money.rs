//! Money as integers. There is no floating point anywhere near an amount.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The currencies a budget may be kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Currency {
    /// US dollar; the minor unit is the cent.
    #[serde(rename = "USD")]
    Usd,
    /// Euro; the minor unit is the cent.
    #[serde(rename = "EUR")]
    Eur,
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usd => "USD",
            Self::Eur => "EUR",
        })
    }
}

/// The amounts cannot be combined. A defect or a hostile input: the caller rejects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Two currencies met; Chimera never converts.
    #[error("amounts in {0} and {1} cannot be combined")]
    CurrencyMismatch(Currency, Currency),
    /// The sum does not fit 64 bits.
    #[error("the amount is too large")]
    Overflow,
    /// An amount below zero was given where a price, cap or cost is meant.
    #[error("the amount is negative")]
    Negative,
}

/// [M-1] A non-negative amount in integer minor units of one currency. A price below one minor unit is rounded up: a
/// reservation is an upper bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Money {
    minor: i64,
    currency: Currency,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    minor: i64,
    currency: Currency,
}

impl TryFrom<Wire> for Money {
    type Error = MoneyError;
    fn try_from(wire: Wire) -> Result<Self, MoneyError> {
        Self::new(wire.minor, wire.currency)
    }
}

impl From<Money> for Wire {
    fn from(money: Money) -> Self {
        Self { minor: money.minor, currency: money.currency }
    }
}

impl Money {
    /// An amount in minor units.
    ///
    /// # Errors
    /// [`MoneyError::Negative`] below zero.
    pub fn new(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        if minor < 0 {
            return Err(MoneyError::Negative);
        }
        Ok(Self { minor, currency })
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The amount in minor units.
    #[must_use]
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Adds two amounts.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] or [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02} {}", self.minor / 100, self.minor % 100, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [M-1]
    #[test]
    fn money_is_never_negative_and_never_converted() {
        assert_eq!(Money::new(-1, Currency::Usd), Err(MoneyError::Negative));
        let usd = Money::new(i64::MAX, Currency::Usd).unwrap();
        let eur = Money::zero(Currency::Eur);
        assert_eq!(usd.plus(Money::new(1, Currency::Usd).unwrap()), Err(MoneyError::Overflow));
        assert!(matches!(usd.plus(eur), Err(MoneyError::CurrencyMismatch(..))));
        assert!(serde_json::from_str::<Money>(r#"{"minor":-5,"currency":"USD"}"#).is_err());
        assert_eq!(Money::new(2005, Currency::Usd).unwrap().to_string(), "20.05 USD");
    }
}
