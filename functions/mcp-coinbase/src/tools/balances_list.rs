//! What a wallet holds.

use std::sync::Arc;

use chimera_domain::{AgentId, TenantId};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shown::BalanceShown;
use crate::amounts::Network;
use crate::wallet::{Owner, ReadWallets, WalletFault};

/// Lists what a wallet holds.
#[derive(Debug)]
pub struct BalancesList<W> {
    wallets: Arc<W>,
}

impl<W> BalancesList<W> {
    /// Over wallets.
    pub fn new(wallets: Arc<W>) -> Self {
        Self { wallets }
    }
}

/// Whose balances, and where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BalancesAsked {
    /// Whose agent.
    #[schemars(schema_with = "schema::id")]
    tenant: TenantId,
    /// Which agent.
    #[schemars(schema_with = "schema::id")]
    agent: AgentId,
    /// On which network; the server's own where none is named.
    #[serde(default)]
    #[schemars(with = "Network")]
    network: Option<Network>,
}

/// What a wallet holds on a network.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BalancesShown {
    /// Where.
    network: Network,
    /// What; nothing of what it has none.
    balances: Vec<BalanceShown>,
}

impl<W: ReadWallets> Tool for BalancesList<W> {
    const NAME: &'static str = "balances_list";
    const DESCRIPTION: &'static str = "What an agent's wallet holds on a network.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = BalancesAsked;
    type Output = BalancesShown;

    async fn call(&self, _: &CallContext, asked: BalancesAsked) -> Result<BalancesShown, ToolFault> {
        let BalancesAsked { tenant, agent, network } = asked;
        let network = network.unwrap_or_else(|| self.wallets.network());
        let held = self.wallets.balances(&Owner { tenant, agent }, network).await;
        let balances = held.map_err(WalletFault::told)?.into_iter().map(BalanceShown::from).collect();
        Ok(BalancesShown { network, balances })
    }
}
