//! CDP's transfers, accounts and balances as it writes them. What we do not use is not read.

use std::collections::BTreeMap;

use chimera_domain::{Money, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::address::Address;
use crate::amounts::{Asset, Network, cents_up, dollars, units_of};
use crate::fees::usd;
use crate::wallet::{Status, Terms, Transfer, WalletFault};

/// Our key, in a transfer's metadata: by it the transfer is found again.
pub(super) const KEY: &str = "idempotency_key";
/// The amount in cents, in a transfer's metadata: what it was asked for, whatever it cost.
const CENTS: &str = "amount_minor";
/// What the sender said, in a transfer's metadata.
const MEMO: &str = "memo";

/// An EVM account.
#[derive(Debug, Deserialize)]
pub(super) struct EvmAccount {
    pub(super) address: Address,
}

/// A page of what an address holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenBalances {
    pub(super) balances: Vec<TokenBalance>,
    pub(super) next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TokenBalance {
    pub(super) amount: TokenAmount,
    pub(super) token: TokenName,
}

#[derive(Debug, Deserialize)]
pub(super) struct TokenAmount {
    pub(super) amount: String,
    /// Left out of a token whose contract does not say: its units are then whole.
    #[serde(default)]
    pub(super) decimals: u8,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenName {
    pub(super) symbol: Option<String>,
    pub(super) contract_address: Option<String>,
}

/// A page of what an account holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountBalances {
    pub(super) balances: Vec<AccountBalance>,
    pub(super) next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AccountBalance {
    pub(super) asset: AccountAsset,
    /// By symbol: the same balance in several currencies.
    pub(super) amount: BTreeMap<String, Available>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AccountAsset {
    pub(super) symbol: String,
    pub(super) decimals: u8,
}

#[derive(Debug, Deserialize)]
pub(super) struct Available {
    pub(super) available: String,
}

/// A page of transfers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transfers {
    pub(super) transfers: Vec<CdpTransfer>,
    pub(super) next_page_token: Option<String>,
}

/// A transfer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CdpTransfer {
    pub(super) transfer_id: String,
    pub(super) status: Status,
    pub(super) source: Value,
    pub(super) target: Value,
    pub(super) source_amount: Option<String>,
    pub(super) source_asset: Option<String>,
    pub(super) target_amount: Option<String>,
    pub(super) estimate: Option<Estimate>,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) failure_reason: Option<String>,
    pub(super) failure_details: Option<FailureDetails>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) details: Option<Details>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Estimate {
    target_amount: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    #[serde(default)]
    onchain_transactions: Vec<Onchain>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Onchain {
    transaction_hash: String,
    network: String,
}

/// Why a transfer failed, in a word and in a sentence.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FailureDetails {
    failure_code: String,
    failure_message: Option<String>,
}

/// A request for a transfer that is only quoted. A dollar coin arrives to the unit, its fee on top; ether is bought for
/// exactly the amount, its fee out of it.
pub(super) fn transfer_body(
    account: &str,
    terms: &Terms,
    network: &str,
    note: (Option<Uuid>, Option<&str>),
) -> Value {
    let mut metadata = json!({ CENTS: terms.amount.minor().to_string() });
    if let (Some(key), Some(fields)) = (note.0, metadata.as_object_mut()) {
        fields.insert(KEY.to_owned(), json!(key));
    }
    if let (Some(memo), Some(fields)) = (note.1, metadata.as_object_mut()) {
        fields.insert(MEMO.to_owned(), json!(memo));
    }
    json!({
        "source": { "accountId": account, "asset": "usdc" },
        "target": { "address": terms.recipient, "network": network, "asset": terms.asset.name() },
        "amount": dollars(terms.amount.minor()),
        "asset": "usdc",
        "amountType": if terms.asset == Asset::Usdc { "target" } else { "source" },
        "validateOnly": false,
        "execute": false,
        "metadata": metadata,
    })
}

impl CdpTransfer {
    /// Whether the account pays it.
    pub(super) fn is_from(&self, account: &str) -> bool {
        self.source.get("accountId").and_then(Value::as_str) == Some(account)
    }

    /// Whether it is of these terms, on a network that CDP calls so.
    pub(super) fn is_of(&self, terms: &Terms, network: &str) -> bool {
        self.recipient() == Some(terms.recipient)
            && self.target_text("network") == Some(network)
            && self.target_text("asset").is_some_and(|asset| asset.eq_ignore_ascii_case(terms.asset.name()))
            && self.metadata.get(CENTS).map(String::as_str) == Some(&terms.amount.minor().to_string())
    }

    pub(super) fn key(&self) -> Option<Uuid> {
        self.metadata.get(KEY).and_then(|key| key.parse().ok())
    }

    /// Whether what it takes from the account is dollars.
    pub(super) fn is_dollars(&self) -> bool {
        let asset = self.source_asset.as_deref();
        asset.is_none_or(|asset| ["usdc", "usd"].iter().any(|dollar| asset.eq_ignore_ascii_case(dollar)))
    }

    /// What it takes from the account, in cents.
    pub(super) fn cost(&self) -> Result<Money, WalletFault> {
        let senseless = |what: &str| WalletFault::Lost(format!("transfer {} {what}", self.transfer_id));
        let amount = self.source_amount.as_deref().filter(|_| self.is_dollars());
        let amount = amount.ok_or_else(|| senseless("does not say what it costs in dollars"))?;
        Ok(usd(cents_up(amount).map_err(|_| senseless("has an amount that is none"))?))
    }

    /// Why it failed: CDP's word for it, empty where it has none, and its sentence.
    pub(super) fn failure(&self) -> (&str, Option<&str>) {
        let details = self.failure_details.as_ref();
        let sentence = details.and_then(|details| details.failure_message.as_deref());
        let code = details.map(|details| details.failure_code.as_str()).unwrap_or_default();
        (code, self.failure_reason.as_deref().or(sentence))
    }

    /// What the recipient gets, in smallest units; nothing where that is not known yet.
    pub(super) fn units(&self, asset: Asset) -> u128 {
        let estimate = self.estimate.as_ref().and_then(|estimate| estimate.target_amount.as_ref());
        let amount = self.target_amount.as_ref().or(estimate);
        amount.and_then(|amount| units_of(amount, asset.decimals()).ok()).unwrap_or_default()
    }

    fn recipient(&self) -> Option<Address> {
        self.target_text("address").and_then(|address| Address::parse(address).ok())
    }

    fn target_text(&self, name: &str) -> Option<&str> {
        self.target.get(name).and_then(Value::as_str)
    }

    fn asset(&self) -> Option<Asset> {
        let name = self.target_text("asset")?;
        [Asset::Usdc, Asset::Eth].into_iter().find(|asset| name.eq_ignore_ascii_case(asset.name()))
    }

    /// What it was asked for; none where it is no transfer of ours.
    fn terms(&self, network: Network) -> Option<Terms> {
        let cents = self.metadata.get(CENTS)?.parse().ok()?;
        Some(Terms { recipient: self.recipient()?, amount: usd(cents), asset: self.asset()?, network })
    }

    /// The transfer as our tools show it, on a network that is ours to name.
    pub(super) fn seen(&self, network: Network) -> Result<Transfer, WalletFault> {
        let onchain = self.details.iter().flat_map(|details| &details.onchain_transactions).next();
        let created_at = self.created_at.ok_or_else(|| {
            WalletFault::Lost(format!("transfer {} does not say when it was made", self.transfer_id))
        })?;
        // What failed took nothing, whatever it was to take.
        let cost = if self.status == Status::Failed { usd(0) } else { self.cost()? };
        Ok(Transfer {
            id: self.transfer_id.clone(),
            status: self.status,
            network,
            terms: self.terms(network),
            token: None,
            cost,
            units: self.asset().map(|asset| self.units(asset)).unwrap_or_default(),
            memo: self.metadata.get(MEMO).cloned(),
            key: self.key(),
            transaction: onchain.map(|onchain| onchain.transaction_hash.clone()),
            url: onchain.and_then(|onchain| explorer(&onchain.network, &onchain.transaction_hash)),
            failure: self.failure().1.map(str::to_owned),
            created_at,
            completed_at: self.completed_at,
        })
    }
}

/// Where a transaction can be seen.
fn explorer(network: &str, hash: &str) -> Option<String> {
    let site = match network {
        "base" => "basescan.org",
        "base-sepolia" => "sepolia.basescan.org",
        _ => return None,
    };
    Some(format!("https://{site}/tx/{hash}"))
}
