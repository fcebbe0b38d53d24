//! A wallet's ledger, by address.

use std::sync::Arc;
use std::time::Duration;

use chimera_domain::{AgentId, TenantId};
use chimera_mcp::server::{CallContext, ResourceSpec, Resources, ToolFault};
use serde_json::{Value, json};

use crate::wallet::{Line, Owner, ReadWallets, WalletFault};

/// How long a ledger is fresh: a transfer takes about as long.
const FRESH: Duration = Duration::from_secs(10);
/// What changed a wallet's balances.
const LEDGER: ResourceSpec = ResourceSpec::new(
    "wallet://{tenant}/{agent}/ledger",
    "wallet_ledger",
    "What changed the balances of an agent's wallet, newest first.",
)
.fresh_for(FRESH);

/// What may be looked at of wallets.
#[derive(Debug)]
pub struct WalletResources<W> {
    wallets: Arc<W>,
}

impl<W> WalletResources<W> {
    /// Over wallets.
    pub fn new(wallets: Arc<W>) -> Self {
        Self { wallets }
    }
}

impl<W: ReadWallets> Resources for WalletResources<W> {
    fn templates(&self) -> Vec<ResourceSpec> {
        vec![LEDGER]
    }

    async fn read(&self, _: &CallContext, uri: &str) -> Result<Value, ToolFault> {
        let owner =
            owner(uri).ok_or_else(|| ToolFault::refused("not_found", "there is no such wallet", false))?;
        let lines = self.wallets.ledger(&owner).await.map_err(WalletFault::told)?;
        let lines: Vec<Value> = lines.iter().map(shown).collect();
        Ok(json!({ "lines": lines }))
    }
}

/// [E-8] Whose ledger it is: ids and nothing that could reach into another key.
fn owner(uri: &str) -> Option<Owner> {
    let parts = LEDGER.parts(uri)?;
    let part = |name| parts.get(name).copied().unwrap_or_default();
    Some(Owner { tenant: TenantId::new(part("tenant")).ok()?, agent: AgentId::new(part("agent")).ok()? })
}

fn shown(line: &Line) -> Value {
    let Line { at, network, entry, kind, symbol, change } = line;
    json!({ "at": at, "network": network, "transfer_id": entry, "kind": kind, "symbol": symbol, "change": change })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [E-8]
    #[test]
    fn a_ledger_is_one_agents_and_its_address_reaches_nowhere_else() {
        let found = owner("wallet://t1/nova/ledger").unwrap();
        assert_eq!((found.tenant.as_str(), found.agent.as_str()), ("t1", "nova"));
        for odd in [
            "wallet://t1%23t2/nova/ledger",
            "wallet://t1/no:va/ledger",
            "wallet://t1/nova",
            "wallet:///x/ledger",
        ] {
            assert_eq!(owner(odd), None, "{odd}");
        }
    }
}
