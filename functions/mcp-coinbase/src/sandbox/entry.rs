//! A deed and its postings: the only thing that ever changes a balance.

use std::collections::BTreeMap;
use std::fmt;

use chimera_domain::{Digest, Money, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::address::Address;
use crate::amounts::{MOST_UNITS, Network};
use crate::token::{Holding, Token};
use crate::wallet::{Owner, Terms};

/// Who is posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// Whoever holds an address: one of our wallets or anybody else. Never below zero.
    Holder(Address),
    /// Where a wallet's first money comes from.
    Faucet,
    /// Where fees go.
    Fees,
    /// Where a token's supply comes from.
    Mint,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holder(address) => fmt::Display::fmt(address, f),
            Self::Faucet => f.write_str("faucet"),
            Self::Fees => f.write_str("fees"),
            Self::Mint => f.write_str("mint"),
        }
    }
}

/// By how much an entry changes one balance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Posting {
    /// Whose.
    pub account: Account,
    /// Of what.
    pub holding: Holding,
    /// By how many smallest units. As text: JSON's numbers are too small for it.
    #[serde(with = "as_text")]
    pub change: i128,
}

mod as_text {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(number: &i128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i128, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// What an entry records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deed {
    /// A wallet's first money.
    Opening {
        /// Where the wallet is paid.
        address: Address,
    },
    /// A transfer.
    Transfer {
        /// What it is about.
        terms: Terms,
        /// What the recipient gets, in smallest units.
        units: String,
        /// What it costs in all.
        cost: Money,
        /// What its sender said about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memo: Option<String>,
        /// When it is over.
        completes_at: Timestamp,
        /// Why it will have failed then; nothing moved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<String>,
    },
    /// A token's deployment.
    Deploy {
        /// Which.
        token: Token,
        /// Its name for people.
        name: String,
        /// How many units there are.
        supply: String,
        /// What it costs.
        cost: Money,
        /// When it is over.
        completes_at: Timestamp,
    },
}

impl Deed {
    /// Its kind in a word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Opening { .. } => "opening",
            Self::Transfer { .. } => "transfer",
            Self::Deploy { .. } => "token_deploy",
        }
    }
}

/// The postings are none that could be made: a defect, for they are computed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadEntry {
    /// What leaves is not what arrives.
    #[error("the postings of {0} do not sum to zero")]
    Unbalanced(Holding),
    /// One balance twice.
    #[error("{0} is posted to twice")]
    Twice(Account),
    /// Nothing, or more than any amount may be.
    #[error("a posting of {0} units")]
    Amount(i128),
}

/// What an entry is before its postings are checked.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Whose deed.
    pub owner: Owner,
    /// Where.
    pub network: Network,
    /// What it is de-duplicated on, among its owner's.
    pub key: Uuid,
    /// What was asked for: the same key with another request is refused.
    pub request: Digest,
    /// What it records.
    pub deed: Deed,
    /// When.
    pub at: Timestamp,
}

/// [WA-1] A deed whose postings sum to zero for each asset, each changing one balance once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    id: String,
    owner: Owner,
    network: Network,
    key: Uuid,
    request: Digest,
    deed: Deed,
    postings: Vec<Posting>,
    at: Timestamp,
}

impl Entry {
    /// Checks the postings.
    ///
    /// # Errors
    /// [`BadEntry`].
    pub fn new(draft: Draft, postings: Vec<Posting>) -> Result<Self, BadEntry> {
        check_balanced(&postings)?;
        let Draft { owner, network, key, request, deed, at } = draft;
        Ok(Self { id: entry_id(&owner, key), owner, network, key, request, deed, postings, at })
    }

    /// Its id, which follows from owner and key: nothing else has to be looked up to find it by them.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whose deed.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Where.
    #[must_use]
    pub fn network(&self) -> Network {
        self.network
    }

    /// What it is de-duplicated on.
    #[must_use]
    pub fn key(&self) -> Uuid {
        self.key
    }

    /// What was asked for.
    #[must_use]
    pub fn request(&self) -> &Digest {
        &self.request
    }

    /// What it records.
    #[must_use]
    pub fn deed(&self) -> &Deed {
        &self.deed
    }

    /// Its postings.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// [WA-1] Whether what leaves is what arrives.
pub(crate) fn check_balanced(postings: &[Posting]) -> Result<(), BadEntry> {
    let mut sums: BTreeMap<&Holding, i128> = BTreeMap::new();
    let most = i128::try_from(MOST_UNITS).unwrap_or(i128::MAX);
    for (at, posting) in postings.iter().enumerate() {
        let Posting { account, holding, change } = posting;
        if *change == 0 || change.abs() > most.saturating_mul(2) {
            return Err(BadEntry::Amount(*change));
        }
        if postings[..at].iter().any(|other| (other.account, &other.holding) == (*account, holding)) {
            return Err(BadEntry::Twice(*account));
        }
        *sums.entry(holding).or_default() += change;
    }
    match sums.into_iter().find(|(_, sum)| *sum != 0) {
        Some((holding, _)) => Err(BadEntry::Unbalanced(holding.clone())),
        None => Ok(()),
    }
}

/// The id of what `owner` does under `key`.
#[must_use]
pub fn entry_id(owner: &Owner, key: Uuid) -> String {
    let digest = Digest::of_bytes(format!("{owner}\n{key}").as_bytes());
    let hex: String = digest.as_str().chars().rev().take(32).collect();
    format!("transfer_{hex}")
}

/// A posting with the entry it is of, as the books keep it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Posted {
    /// When.
    pub at: Timestamp,
    /// Which entry.
    pub entry: String,
    /// What kind of deed.
    pub kind: String,
    /// Where.
    pub network: Network,
    /// The posting.
    #[serde(flatten)]
    pub posting: Posting,
}

impl Posted {
    /// The postings of an entry.
    pub fn of(entry: &Entry) -> impl Iterator<Item = Self> + '_ {
        entry.postings.iter().map(|posting| Self {
            at: entry.at,
            entry: entry.id.clone(),
            kind: entry.deed.kind().to_owned(),
            network: entry.network,
            posting: posting.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amounts::Asset;

    fn posting(account: Account, asset: Asset, change: i128) -> Posting {
        Posting { account, holding: Holding::Asset(asset), change }
    }

    /// [WA-1]
    #[test]
    fn only_balanced_postings_make_an_entry() {
        use Account::{Faucet, Fees, Holder};
        use Asset::{Eth, Usdc};
        let nova = Holder(Address::derived(b"nova"));
        let good = [posting(nova, Usdc, 5), posting(Faucet, Usdc, -6), posting(Fees, Usdc, 1)];
        assert_eq!(check_balanced(&good), Ok(()));
        assert_eq!(check_balanced(&[]), Ok(()));
        let across = [posting(nova, Usdc, 5), posting(Faucet, Eth, -5)];
        assert!(matches!(check_balanced(&across), Err(BadEntry::Unbalanced(_))));
        let twice = [posting(nova, Usdc, 5), posting(nova, Usdc, -5)];
        assert_eq!(check_balanced(&twice), Err(BadEntry::Twice(nova)));
        assert_eq!(check_balanced(&[posting(nova, Usdc, 0)]), Err(BadEntry::Amount(0)));
        let huge = [posting(nova, Usdc, i128::MAX), posting(Faucet, Usdc, -i128::MAX)];
        assert!(matches!(check_balanced(&huge), Err(BadEntry::Amount(_))));
    }

    fn entry(deed: Deed, postings: Vec<Posting>) -> Entry {
        let owner = serde_json::from_str(r#"{"tenant":"t1","agent":"nova"}"#).unwrap();
        let (key, request) = (Uuid::from_u128(7), Digest::of_bytes(b"request"));
        let draft =
            Draft { owner, network: Network::BaseSepolia, key, request, deed, at: Timestamp::UNIX_EPOCH };
        Entry::new(draft, postings).unwrap()
    }

    #[test]
    fn an_entry_and_its_postings_are_read_as_they_were_written() {
        let address = Address::derived(b"nova");
        let usd = |minor| Money::new(minor, chimera_domain::Currency::Usd).unwrap();
        let token = Token { contract: address, symbol: "FAN".to_owned(), decimals: 18 };
        let terms =
            Terms { recipient: address, amount: usd(5), asset: Asset::Eth, network: Network::BaseSepolia };
        let (units, completes_at) = ("1".to_owned(), Timestamp::UNIX_EPOCH);
        let (memo, failure) = (Some("\u{e9}\"".to_owned()), None);
        let deeds = [
            Deed::Opening { address },
            Deed::Transfer { terms, units: units.clone(), cost: usd(6), memo, completes_at, failure },
            Deed::Deploy {
                token: token.clone(),
                name: String::new(),
                supply: units,
                cost: usd(1),
                completes_at,
            },
        ];
        // More than any number of JSON holds exactly.
        let most = i128::try_from(MOST_UNITS).unwrap();
        for deed in deeds {
            for from in [Account::Faucet, Account::Fees, Account::Mint] {
                let change =
                    |account, change| Posting { account, holding: Holding::Token(token.clone()), change };
                let entry =
                    entry(deed.clone(), vec![change(from, -most), change(Account::Holder(address), most)]);
                let text = serde_json::to_string(&entry).unwrap();
                assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
                for posted in Posted::of(&entry) {
                    let text = serde_json::to_string(&posted).unwrap();
                    assert_eq!(serde_json::from_str::<Posted>(&text).unwrap(), posted);
                }
            }
        }
    }
}
