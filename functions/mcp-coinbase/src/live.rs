//! CDP itself: thin calls of its public API.

mod http;
mod key;
mod read;
mod wire;
mod write;

use chimera_domain::Digest;
use chimera_domain::ports::{Clock, Ids};
use serde_json::json;
use url::Url;

pub use key::{CdpKey, KeyError, SignError};

use http::{Ask, Http};
use wire::{EvmAccount, Transfers};

use crate::amounts::Network;
use crate::sandbox::uuid_of;
use crate::wallet::{Owner, WalletFault};

/// CDP, where money is real.
pub const CDP_URL: &str = "https://api.cdp.coinbase.com/platform";
/// CDP's own sandbox, which settles nothing.
pub const CDP_SANDBOX_URL: &str = "https://sandbox.cdp.coinbase.com/platform";
/// The host of CDP's own sandbox.
const SANDBOX_HOST: &str = "sandbox.cdp.coinbase.com";
/// Hex digits of a wallet's name at CDP, which takes 36 characters.
const NAME_DIGITS: usize = 28;
/// Transfers asked for at once.
const PAGE: &str = "50";

/// CDP's API with a credential, on one network.
#[derive(Debug)]
pub struct Cdp<C, I> {
    http: Http<C, I>,
    network: Network,
}

impl<C: Clock, I: Ids> Cdp<C, I> {
    /// CDP at `base`. The client must be a guarded one (`chimera_mcp::net::guarded_client`).
    pub fn new(
        client: reqwest::Client,
        (base, network): (Url, Network),
        key: CdpKey,
        (clock, ids): (C, I),
    ) -> Self {
        Self { http: Http { client, base, key, clock, ids }, network }
    }

    /// [WA-5] The one network that is configured, and no other.
    fn check_network(&self, network: Network) -> Result<(), WalletFault> {
        if network == self.network {
            return Ok(());
        }
        Err(WalletFault::Unsupported(format!("this server is for {}, not for {network}", self.network)))
    }

    /// [WA-5] What CDP calls the network. Its sandbox settles nothing and knows networks by their real names; anywhere
    /// else a test network keeps its own name, whatever CDP then says.
    fn network_name(&self) -> &'static str {
        let is_sandbox = self.http.base.host_str() == Some(SANDBOX_HOST);
        if is_sandbox { Network::Base.name() } else { self.network.name() }
    }

    fn account(&self, owner: &Owner) -> Result<&str, WalletFault> {
        let none = || WalletFault::NotFound(format!("no CDP account is configured for {owner}"));
        self.http.key.account(owner).ok_or_else(none)
    }

    /// The agent's EVM account, if it has one.
    async fn evm_account(&self, owner: &Owner) -> Result<Option<EvmAccount>, WalletFault> {
        let found = self.http.ask(Ask::get(format!("/v2/evm/accounts/by-name/{}", wallet_name(owner)))).await;
        match found {
            Ok(account) => Ok(Some(account)),
            Err(WalletFault::Cdp(error)) if error.status == 404 => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The agent's EVM account, opened if there is none and the half has a wallet secret. However often it is asked for,
    /// there is one: CDP keeps names apart.
    async fn open(&self, owner: &Owner) -> Result<EvmAccount, WalletFault> {
        if let Some(account) = self.evm_account(owner).await? {
            return Ok(account);
        }
        if !self.http.key.has_wallet_secret() {
            let message =
                format!("{owner} has no wallet yet, and this half has no wallet_secret to open one");
            return Err(WalletFault::NotFound(message));
        }
        let ask = Ask::post("/v2/evm/accounts", uuid_of(&format!("wallet\n{owner}")));
        match self.http.ask(ask.body(json!({ "name": wallet_name(owner) })).by_wallet()).await {
            // Somebody else opened it meanwhile.
            Err(WalletFault::Cdp(error)) if error.status == 409 => {
                let gone = || WalletFault::Lost("the wallet exists, and is not there".to_owned());
                self.evm_account(owner).await?.ok_or_else(gone)
            }
            opened => opened,
        }
    }

    /// A page of the account's transfers.
    async fn page(&self, account: &str, token: Option<&str>) -> Result<Transfers, WalletFault> {
        let ask = Ask::get("/v2/transfers").query("sourceAccountId", account).query("pageSize", PAGE);
        let ask = match token {
            Some(token) => ask.query("pageToken", token),
            None => ask,
        };
        self.http.ask(ask).await
    }
}

/// What an agent's wallet is called at CDP, which takes letters, digits and hyphens, and fewer than our ids have.
fn wallet_name(owner: &Owner) -> String {
    let digest = Digest::of_bytes(owner.to_string().as_bytes());
    let digits: String = digest.as_str().chars().rev().take(NAME_DIGITS).collect();
    format!("chimera-{digits}")
}

/// The path of a transfer. An id that could reach into another path is nobody's.
fn transfer_path(id: &str) -> Result<String, WalletFault> {
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if id.is_empty() || !is_plain {
        return Err(WalletFault::NotFound(format!("there is no transfer {id:?}")));
    }
    Ok(format!("/v2/transfers/{id}"))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use chimera_mcp::net::{Reach, guarded_client};
    use chimera_runtime::{RandomIds, SystemClock};

    use super::*;

    fn at(url: &str, network: Network) -> Cdp<SystemClock, RandomIds> {
        let secret = json!({ "key_id": "k", "key_secret": BASE64_STANDARD.encode([7; 64]) });
        let key = CdpKey::from_json(&secret.to_string()).unwrap();
        let client = guarded_client(Reach::Public).unwrap();
        Cdp::new(client, (Url::parse(url).unwrap(), network), key, (SystemClock, RandomIds))
    }

    /// [WA-5]
    #[test]
    fn a_test_network_takes_a_real_ones_name_in_cdps_sandbox_alone() {
        use Network::{Base, BaseSepolia};
        for (url, network, name) in [
            (CDP_SANDBOX_URL, BaseSepolia, "base"),
            (CDP_URL, BaseSepolia, "base-sepolia"),
            (CDP_URL, Base, "base"),
            ("https://sandbox.cdp.coinbase.com.evil.example/platform", BaseSepolia, "base-sepolia"),
            ("https://evil.example/sandbox.cdp.coinbase.com", BaseSepolia, "base-sepolia"),
            ("https://sandbox.cdp.coinbase.com@evil.example/platform", BaseSepolia, "base-sepolia"),
        ] {
            assert_eq!(at(url, network).network_name(), name, "{url}");
        }
    }

    #[test]
    fn a_wallets_name_is_one_that_cdp_takes_and_no_other_agents() {
        let owner = |tenant: &str, agent: &str| -> Owner {
            serde_json::from_value(json!({ "tenant": tenant, "agent": agent })).unwrap()
        };
        let names =
            [owner("t1", "nova"), owner("t1", "rival"), owner("t2", "nova"), owner(&"t".repeat(64), "x_y")];
        let names = names.map(|owner| wallet_name(&owner));
        for (at, name) in names.iter().enumerate() {
            let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            assert!(is_plain && name.len() == 36, "{name}");
            assert!(!names[..at].contains(name));
        }
    }
}
