//! Tokens that agents deploy, and the one text by which any asset is named in the sandbox's books.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::address::Address;
use crate::amounts::{Asset, ETH_DECIMALS, USDC_DECIMALS};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Token {
    /// Its contract.
    pub contract: Address,
    /// Its symbol: capitals and digits.
    pub symbol: String,
    /// Its decimals.
    pub decimals: u8,
}

/// Anything that a balance may be of. As text `usdc`, `eth`, or `token:<contract>:<symbol>:<decimals>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Holding {
    /// What transfers are made in.
    Asset(Asset),
    /// A token that an agent deployed.
    Token(Token),
}

/// The text names nothing that a balance may be of: a row is damaged, and an operator looks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} names no asset")]
pub struct UnknownHolding(String);

impl Holding {
    /// Its symbol.
    #[must_use]
    pub fn symbol(&self) -> String {
        match self {
            Self::Asset(asset) => asset.name().to_uppercase(),
            Self::Token(token) => token.symbol.clone(),
        }
    }

    /// Its decimals.
    #[must_use]
    pub fn decimals(&self) -> u8 {
        match self {
            Self::Asset(Asset::Usdc) => USDC_DECIMALS,
            Self::Asset(Asset::Eth) => ETH_DECIMALS,
            Self::Token(token) => token.decimals,
        }
    }

    /// Its contract, where it has one of its own.
    #[must_use]
    pub fn contract(&self) -> Option<Address> {
        match self {
            Self::Asset(_) => None,
            Self::Token(token) => Some(token.contract),
        }
    }
}

impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asset(asset) => f.write_str(asset.name()),
            Self::Token(Token { contract, symbol, decimals }) => {
                write!(f, "token:{contract}:{symbol}:{decimals}")
            }
        }
    }
}

impl FromStr for Holding {
    type Err = UnknownHolding;
    fn from_str(text: &str) -> Result<Self, UnknownHolding> {
        let unknown = || UnknownHolding(text.to_owned());
        match text {
            "usdc" => return Ok(Self::Asset(Asset::Usdc)),
            "eth" => return Ok(Self::Asset(Asset::Eth)),
            _ => {}
        }
        let parts: Vec<&str> = text.split(':').collect();
        let ["token", contract, symbol, decimals] = parts[..] else {
            return Err(unknown());
        };
        let contract = Address::parse(contract).map_err(|_| unknown())?;
        let decimals = decimals.parse().map_err(|_| unknown())?;
        Ok(Self::Token(Token { contract, symbol: symbol.to_owned(), decimals }))
    }
}

impl TryFrom<String> for Holding {
    type Error = UnknownHolding;
    fn try_from(text: String) -> Result<Self, UnknownHolding> {
        text.parse()
    }
}

impl From<Holding> for String {
    fn from(holding: Holding) -> Self {
        holding.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_balance_is_of_is_read_as_it_was_written() {
        let token = Token { contract: Address::derived(b"token"), symbol: "FAN".to_owned(), decimals: 9 };
        for holding in [Holding::Asset(Asset::Usdc), Holding::Asset(Asset::Eth), Holding::Token(token)] {
            assert_eq!(holding.to_string().parse(), Ok(holding));
        }
        for wrong in ["", "btc", "token:0x:FAN:9", "token:a:b", "token:a:b:c:d"] {
            assert!(wrong.parse::<Holding>().is_err(), "{wrong}");
        }
    }
}
