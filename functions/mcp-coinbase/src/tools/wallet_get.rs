//! An agent's wallet.

use std::sync::Arc;

use chimera_domain::{AgentId, TenantId};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shown::address;
use crate::amounts::Network;
use crate::wallet::{Owner, ReadWallets, WalletFault};

/// Shows where an agent is paid.
#[derive(Debug)]
pub struct WalletGet<W> {
    wallets: Arc<W>,
}

impl<W> WalletGet<W> {
    /// Over wallets.
    pub fn new(wallets: Arc<W>) -> Self {
        Self { wallets }
    }
}

/// Whose wallet.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WalletAsked {
    /// Whose agent.
    #[schemars(schema_with = "schema::id")]
    tenant: TenantId,
    /// Which agent.
    #[schemars(schema_with = "schema::id")]
    agent: AgentId,
}

/// A wallet.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WalletShown {
    /// Where it is paid; the same on every network.
    #[schemars(schema_with = "address")]
    address: String,
    /// Where it can be used.
    networks: Vec<Network>,
    /// The account its transfers are paid from, where that is another than the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
}

impl<W: ReadWallets> Tool for WalletGet<W> {
    const NAME: &'static str = "wallet_get";
    const DESCRIPTION: &'static str = "An agent's wallet: where it is paid, and on which networks.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = WalletAsked;
    type Output = WalletShown;

    async fn call(&self, _: &CallContext, asked: WalletAsked) -> Result<WalletShown, ToolFault> {
        let WalletAsked { tenant, agent } = asked;
        let wallet = self.wallets.wallet(&Owner { tenant, agent }).await.map_err(WalletFault::told)?;
        Ok(WalletShown {
            address: wallet.address.to_string(),
            networks: wallet.networks,
            account: wallet.account,
        })
    }
}
