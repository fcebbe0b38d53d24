//! Tokens of an agent's own.

use std::sync::Arc;

use chimera_domain::Money;
use chimera_mcp::server::{Effect, EffectTool, ToolFault, Upstream, schema};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::amounts::{AmountError, Network, units_of};
use crate::fees::deploy_price;
use crate::wallet::{DeployOrder, Owner, WalletFault, WriteWallets};

/// Deploys a token.
#[derive(Debug)]
pub struct TokenDeploy<W> {
    wallets: Arc<W>,
}

impl<W> TokenDeploy<W> {
    /// Over wallets.
    pub fn new(wallets: Arc<W>) -> Self {
        Self { wallets }
    }
}

/// Which token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenOrdered {
    /// The agent whose wallet gets the supply and pays the fee.
    #[schemars(schema_with = "schema::id")]
    account: String,
    /// Its name for people.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// Its symbol.
    #[schemars(regex(pattern = r"^[A-Z][A-Z0-9]{0,10}$"))]
    symbol: String,
    /// How many there will ever be, as a decimal number.
    #[schemars(schema_with = "schema::decimal")]
    supply: String,
    /// Its decimals.
    #[schemars(range(max = 18))]
    decimals: u8,
    /// On which network.
    network: Network,
}

impl TokenOrdered {
    fn supply_units(&self) -> Result<u128, AmountError> {
        match units_of(&self.supply, self.decimals)? {
            0 => Err(AmountError::NotAnAmount),
            units => Ok(units),
        }
    }
}

impl<W: WriteWallets> EffectTool for TokenDeploy<W> {
    const NAME: &'static str = "token_deploy";
    const DESCRIPTION: &'static str =
        "Deploys a token whose whole supply goes to the agent's wallet, once, exactly as the grant approves.";
    type Arguments = TokenOrdered;

    fn account<'a>(&self, ordered: &'a TokenOrdered) -> &'a str {
        &ordered.account
    }

    /// [WA-4]
    fn price(&self, ordered: &TokenOrdered) -> Result<Money, ToolFault> {
        ordered.supply_units().map_err(|error| WalletFault::Amount(error).told())?;
        Ok(deploy_price())
    }

    async fn act(&self, effect: Effect, ordered: TokenOrdered) -> Upstream {
        let supply_units = match ordered.supply_units() {
            Ok(units) => units,
            Err(error) => return WalletFault::Amount(error).before(),
        };
        let TokenOrdered { name, symbol, decimals, network, .. } = ordered;
        let owner = Owner { tenant: effect.tenant, agent: effect.agent };
        let key = effect.key;
        self.wallets.deploy(DeployOrder { owner, name, symbol, supply_units, decimals, network, key }).await
    }
}
