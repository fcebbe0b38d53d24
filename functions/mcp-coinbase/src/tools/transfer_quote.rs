//! What a transfer would cost.

use std::sync::Arc;

use chimera_domain::{AgentId, Money, TenantId, Timestamp};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shown::{address, cents};
use crate::address::Address;
use crate::amounts::{Asset, Network};
use crate::wallet::{Owner, ReadWallets, Terms, WalletFault};

/// Says what a transfer would cost. It moves nothing.
#[derive(Debug)]
pub struct TransferQuote<W> {
    wallets: Arc<W>,
}

impl<W> TransferQuote<W> {
    /// Over wallets.
    pub fn new(wallets: Arc<W>) -> Self {
        Self { wallets }
    }
}

/// Which transfer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteAsked {
    /// Whose agent.
    #[schemars(schema_with = "schema::id")]
    tenant: TenantId,
    /// Which agent pays.
    #[schemars(schema_with = "schema::id")]
    agent: AgentId,
    /// Who is paid: an address, all lower case or with the capitals of its checksum.
    #[schemars(schema_with = "address")]
    recipient: Address,
    /// How much the recipient gets.
    #[schemars(schema_with = "cents")]
    amount: Money,
    /// In what.
    asset: Asset,
    /// On which network; the server's own where none is named.
    #[serde(default)]
    #[schemars(with = "Network")]
    network: Option<Network>,
}

/// What the transfer would cost now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct QuoteShown {
    /// What a transfer may name to be made on these terms.
    quote_id: String,
    /// On which network.
    network: Network,
    /// In what.
    asset: Asset,
    /// How much the recipient gets.
    #[schemars(schema_with = "schema::money")]
    amount: Money,
    /// What the fee is now.
    #[schemars(schema_with = "schema::money")]
    fee: Money,
    /// The most that the transfer may cost in all, with this quote or without.
    #[schemars(schema_with = "schema::money")]
    total: Money,
    /// What the recipient gets, in smallest units.
    atomic: String,
    /// Until when the quote holds.
    #[schemars(schema_with = "schema::timestamp")]
    expires_at: Timestamp,
}

impl<W: ReadWallets> Tool for TransferQuote<W> {
    const NAME: &'static str = "transfer_quote";
    const DESCRIPTION: &'static str = "What a transfer would cost now, and at most; nothing moves. A transfer may be made with the quote or without.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = QuoteAsked;
    type Output = QuoteShown;

    async fn call(&self, _: &CallContext, asked: QuoteAsked) -> Result<QuoteShown, ToolFault> {
        let QuoteAsked { tenant, agent, recipient, amount, asset, network } = asked;
        let network = network.unwrap_or_else(|| self.wallets.network());
        let terms = Terms { recipient, amount, asset, network };
        let quote = self.wallets.quote(&Owner { tenant, agent }, &terms).await.map_err(WalletFault::told)?;
        Ok(QuoteShown {
            quote_id: quote.id,
            network,
            asset,
            amount,
            fee: quote.fee,
            total: quote.total,
            atomic: quote.units.to_string(),
            expires_at: quote.expires_at,
        })
    }
}
