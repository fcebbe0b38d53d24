//! What is paid with, where, and how amounts turn into the smallest units of an asset. No floating point anywhere.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Decimals of USDC; a US cent is therefore ten thousand of its units.
pub const USDC_DECIMALS: u8 = 6;
/// Decimals of ether.
pub const ETH_DECIMALS: u8 = 18;
/// Units of USDC in a US cent.
const USDC_PER_CENT: u128 = 10_000;
/// Units of ether in one ether.
const WEI: u128 = 1_000_000_000_000_000_000;
/// The most units that any amount may have: sums of it fit a signed 128-bit number and a number of DynamoDB, and a token
/// of 18 decimals still may have 10^18 pieces.
pub const MOST_UNITS: u128 = 10_u128.pow(36);

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Base, where money is real.
    Base,
    /// Base's test network.
    BaseSepolia,
}

impl Network {
    /// Every network.
    pub const ALL: [Self; 2] = [Self::Base, Self::BaseSepolia];

    /// Its name, as CDP spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::BaseSepolia => "base-sepolia",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a transfer may be made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Asset {
    /// The dollar coin: a cent is a cent.
    Usdc,
    /// Ether, at its price in cents.
    Eth,
}

impl Asset {
    /// Its symbol in CDP's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usdc => "usdc",
            Self::Eth => "eth",
        }
    }

    /// Its decimals.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        match self {
            Self::Usdc => USDC_DECIMALS,
            Self::Eth => ETH_DECIMALS,
        }
    }

    /// What these cents are in its smallest units, rounded down; `eth_cents` is the price of one ether.
    ///
    /// # Errors
    /// [`AmountError::TooLarge`].
    pub fn units(self, cents: i64, eth_cents: i64) -> Result<u128, AmountError> {
        let cents = u128::try_from(cents).map_err(|_| AmountError::NotAnAmount)?;
        let units = match self {
            Self::Usdc => cents.checked_mul(USDC_PER_CENT),
            Self::Eth => {
                let price = u128::try_from(eth_cents).map_err(|_| AmountError::NotAnAmount)?;
                cents.checked_mul(WEI).and_then(|wei| wei.checked_div(price))
            }
        };
        units.filter(|units| *units <= MOST_UNITS).ok_or(AmountError::TooLarge)
    }
}

/// The text or number is no amount. The caller refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AmountError {
    /// No decimal number without sign and exponent.
    #[error("an amount is a decimal number without sign or exponent")]
    NotAnAmount,
    /// More decimals than the asset has.
    #[error("the amount has more decimals than its asset")]
    TooFine,
    /// More than [`MOST_UNITS`].
    #[error("the amount is too large")]
    TooLarge,
}

/// Reads a decimal number as smallest units.
///
/// # Errors
/// [`AmountError`]; nothing is ever rounded.
pub fn units_of(text: &str, decimals: u8) -> Result<u128, AmountError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(AmountError::NotAnAmount);
    }
    let places = usize::from(decimals);
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > places {
        return Err(AmountError::TooFine);
    }
    let digits = format!("{whole}{fraction:0<places$}");
    let digits = digits.trim_start_matches('0');
    let units = if digits.is_empty() { Ok(0) } else { digits.parse::<u128>() };
    units.ok().filter(|units| *units <= MOST_UNITS).ok_or(AmountError::TooLarge)
}

/// Smallest units as a decimal number, without needless zeros.
#[must_use]
pub fn decimal(units: u128, decimals: u8) -> String {
    let places = usize::from(decimals);
    let digits = format!("{units:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// A decimal number of dollars as cents, rounded up: what something costs is never told too low.
///
/// # Errors
/// [`AmountError`].
pub fn cents_up(text: &str) -> Result<i64, AmountError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let (kept, rest) = fraction.split_at_checked(2).unwrap_or((fraction, ""));
    if !rest.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(AmountError::NotAnAmount);
    }
    let more = i64::from(rest.bytes().any(|digit| digit != b'0'));
    let cents = units_of(&format!("{whole}.{kept}"), 2)?;
    let cents = i64::try_from(cents).map_err(|_| AmountError::TooLarge)?;
    cents.checked_add(more).ok_or(AmountError::TooLarge)
}

/// Cents as a decimal number of dollars, such as `10.05`.
#[must_use]
pub fn dollars(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [WA-4]
    #[test]
    fn a_cent_is_exactly_ten_thousand_units_of_usdc() {
        for (cents, units) in [(1, 10_000), (1_050, 10_500_000), (i64::from(i32::MAX), 21_474_836_470_000)] {
            assert_eq!(Asset::Usdc.units(cents, 0), Ok(units));
        }
        assert_eq!(Asset::Usdc.units(-1, 0), Err(AmountError::NotAnAmount));
    }

    #[test]
    fn cents_become_ether_at_its_price_rounded_down() {
        assert_eq!(Asset::Eth.units(300_000, 300_000), Ok(WEI));
        assert_eq!(Asset::Eth.units(1, 300_000), Ok(3_333_333_333_333));
        assert_eq!(Asset::Eth.units(1, 0), Err(AmountError::TooLarge), "no price, no amount");
        assert_eq!(Asset::Eth.units(i64::MAX, 1), Err(AmountError::TooLarge));
    }

    #[test]
    fn decimal_numbers_are_read_and_written_exactly_or_refused() {
        for (text, decimals, units) in [
            ("0", 6, 0),
            ("1.5", 6, 1_500_000),
            ("0.000001", 6, 1),
            ("12.50", 2, 1_250),
            ("7", 0, 7),
            ("01", 1, 10),
        ] {
            assert_eq!(units_of(text, decimals), Ok(units), "{text}");
        }
        for (text, error) in [
            ("", AmountError::NotAnAmount),
            (".5", AmountError::NotAnAmount),
            ("5.", AmountError::NotAnAmount),
            ("-1", AmountError::NotAnAmount),
            ("1e6", AmountError::NotAnAmount),
            ("1.0000001", AmountError::TooFine),
            (&"9".repeat(60), AmountError::TooLarge),
        ] {
            assert_eq!(units_of(text, 6), Err(error), "{text}");
        }
        for (units, decimals, text) in [(0, 6, "0"), (1_500_000, 6, "1.5"), (1, 6, "0.000001"), (70, 0, "70")]
        {
            assert_eq!(decimal(units, decimals), text);
        }
    }

    #[test]
    fn what_something_costs_is_rounded_up_to_the_cent() {
        for (text, cents) in
            [("10.5", 1_050), ("10.50", 1_050), ("10.500001", 1_051), ("0.001", 1), ("3", 300)]
        {
            assert_eq!(cents_up(text), Ok(cents), "{text}");
        }
        for wrong in ["", "x", "1.2x", "1.22x", "-1"] {
            assert!(cents_up(wrong).is_err(), "{wrong}");
        }
        assert_eq!(dollars(1_005), "10.05");
    }
}
