//! Payments.

use std::sync::Arc;

use chimera_domain::Money;
use chimera_mcp::server::{Effect, EffectTool, ToolFault, Upstream, schema};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shown::{address, cents, given_id};
use crate::address::{Address, AddressError};
use crate::amounts::{Asset, Network};
use crate::fees::transfer_price;
use crate::wallet::{Owner, Terms, TransferOrder, WalletFault, WriteWallets};

/// Pays.
#[derive(Debug)]
pub struct TransferMake<W> {
    wallets: Arc<W>,
}

impl<W> TransferMake<W> {
    /// Over wallets.
    pub fn new(wallets: Arc<W>) -> Self {
        Self { wallets }
    }
}

/// What is paid.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferOrdered {
    /// The agent whose wallet pays.
    #[schemars(schema_with = "schema::id")]
    account: String,
    /// Who is paid: an address, all lower case or with the capitals of its checksum.
    #[schemars(schema_with = "address")]
    recipient: Address,
    /// How much the recipient gets.
    #[schemars(schema_with = "cents")]
    amount: Money,
    /// In what.
    asset: Asset,
    /// On which network.
    network: Network,
    /// What is said about it.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    memo: Option<String>,
    /// A quote whose terms it keeps; it must still hold.
    #[serde(default)]
    #[schemars(schema_with = "given_id")]
    quote_id: Option<String>,
}

impl<W: WriteWallets> EffectTool for TransferMake<W> {
    const NAME: &'static str = "transfer";
    const DESCRIPTION: &'static str =
        "Pays, once, exactly what the grant approves; a used grant answers what became of it.";
    type Arguments = TransferOrdered;

    fn account<'a>(&self, ordered: &'a TransferOrdered) -> &'a str {
        &ordered.account
    }

    /// [WA-3] [WA-4] Nothing is burnt for what nobody can be paid, or what has no price.
    fn price(&self, ordered: &TransferOrdered) -> Result<Money, ToolFault> {
        if ordered.recipient.is_zero() {
            return Err(WalletFault::Recipient(AddressError::Zero).told());
        }
        transfer_price(ordered.amount).map_err(|error| WalletFault::Amount(error).told())
    }

    async fn act(&self, effect: Effect, ordered: TransferOrdered) -> Upstream {
        let TransferOrdered { recipient, amount, asset, network, memo, quote_id, .. } = ordered;
        let order = TransferOrder {
            owner: Owner { tenant: effect.tenant, agent: effect.agent },
            terms: Terms { recipient, amount, asset, network },
            memo,
            quote: quote_id,
            key: effect.key,
        };
        self.wallets.transfer(order).await
    }
}
