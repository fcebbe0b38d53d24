//! What things cost in the sandbox: fixed tables of a seed, read by the clock.

use chimera_domain::{Digest, Timestamp};

use crate::amounts::Network;
use crate::fees::{DEPLOY_FEE_MAX, NETWORK_FEE_MAX, transfer_fee};

/// The cheapest that ether ever is, in cents.
const ETH_LEAST: u64 = 200_000;
/// How far its price goes above that, in cents.
const ETH_RANGE: u64 = 200_000;
/// How long a price stands.
const HOUR_S: i64 = 60 * 60;
/// The price at which a wallet's first ether is counted, in cents: opening one must not depend on the hour.
pub(crate) const ETH_AT_OPENING: i64 = 300_000;

/// The tables of a seed.
#[derive(Debug, Clone)]
pub(crate) struct Prices {
    pub(super) seed: String,
}

impl Prices {
    pub(crate) fn new(seed: impl Into<String>) -> Self {
        Self { seed: seed.into() }
    }

    /// Cents for one ether.
    pub(crate) fn eth_cents(&self, at: Timestamp) -> i64 {
        i64::try_from(ETH_LEAST + self.drawn("eth", at) % ETH_RANGE).unwrap_or(ETH_AT_OPENING)
    }

    /// The fee of a transfer of these cents.
    pub(crate) fn transfer_fee(&self, network: Network, cents: i64, at: Timestamp) -> i64 {
        transfer_fee(cents, self.network_fee(network, at))
    }

    /// The fee of deploying a token: never above [`DEPLOY_FEE_MAX`].
    pub(crate) fn deploy_fee(&self, network: Network, at: Timestamp) -> i64 {
        DEPLOY_FEE_MAX - 2 * (NETWORK_FEE_MAX - self.network_fee(network, at))
    }

    /// From one cent to [`NETWORK_FEE_MAX`], as busy as the network is.
    fn network_fee(&self, network: Network, at: Timestamp) -> i64 {
        let busy = self.drawn(network.name(), at) % NETWORK_FEE_MAX.unsigned_abs();
        1 + i64::try_from(busy).unwrap_or_default()
    }

    /// A number that is the same throughout an hour.
    fn drawn(&self, what: &str, at: Timestamp) -> u64 {
        let hour = at.as_second().div_euclid(HOUR_S);
        let digest = Digest::of_bytes(format!("{}\n{what}\n{hour}", self.seed).as_bytes());
        let hex: String = digest.as_str().chars().rev().take(12).collect();
        u64::from_str_radix(&hex, 16).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fees::transfer_fee_bound;

    /// [WA-4]
    #[test]
    fn no_hour_is_dearer_than_what_is_reserved() {
        let prices = Prices::new("seed");
        let mut fees = std::collections::BTreeSet::new();
        for hour in 0..1_000 {
            let at = Timestamp::from_second(1_800_000_000 + hour * HOUR_S).unwrap();
            for cents in [1, 1_000, 70_000, 1_000_000] {
                let fee = prices.transfer_fee(Network::Base, cents, at);
                assert!(fee >= 1 && fee <= transfer_fee_bound(cents), "{cents}: {fee}");
                fees.insert(fee);
            }
            assert!((1..=DEPLOY_FEE_MAX).contains(&prices.deploy_fee(Network::Base, at)));
            let eth = prices.eth_cents(at);
            assert!((200_000..400_000).contains(&eth));
            let later = Timestamp::from_second(1_800_000_000 + hour * HOUR_S + HOUR_S - 1).unwrap();
            assert_eq!(prices.eth_cents(later), eth, "the price stands for an hour");
        }
        assert!(fees.len() > 5, "the fee is not always the same");
    }
}
