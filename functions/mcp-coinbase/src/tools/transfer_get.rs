//! What became of a transfer.

use std::sync::Arc;

use chimera_domain::{AgentId, TenantId};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::shown::{TransferShown, given_id};
use crate::wallet::{Find, Owner, ReadWallets, WalletFault};

/// Finds a transfer again.
#[derive(Debug)]
pub struct TransferGet<W> {
    wallets: Arc<W>,
}

impl<W> TransferGet<W> {
    /// Over wallets.
    pub fn new(wallets: Arc<W>) -> Self {
        Self { wallets }
    }
}

/// Which transfer: by its id, or by the key it was made with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferAsked {
    /// Whose agent.
    #[schemars(schema_with = "schema::id")]
    tenant: TenantId,
    /// Which agent.
    #[schemars(schema_with = "schema::id")]
    agent: AgentId,
    /// The one of this id.
    #[serde(default)]
    #[schemars(schema_with = "given_id")]
    transfer_id: Option<String>,
    /// The one that was made with this key, whether or not anybody heard of it.
    #[serde(default)]
    #[schemars(schema_with = "schema::uuid")]
    idempotency_key: Option<Uuid>,
}

/// The transfer, if there is one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TransferFound {
    /// The transfer; not there where the agent made none such.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TransferShown")]
    transfer: Option<TransferShown>,
}

impl<W: ReadWallets> Tool for TransferGet<W> {
    const NAME: &'static str = "transfer_get";
    const DESCRIPTION: &'static str = "A transfer or a token's deployment of an agent, by its id or by the key it was made with; \
                                       nothing where the agent made none such.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = TransferAsked;
    type Output = TransferFound;

    /// [WA-2]
    async fn call(&self, _: &CallContext, asked: TransferAsked) -> Result<TransferFound, ToolFault> {
        let TransferAsked { tenant, agent, transfer_id, idempotency_key } = asked;
        let by = match (transfer_id, idempotency_key) {
            (Some(id), None) => Find::Id(id),
            (None, Some(key)) => Find::Key(key),
            _ => {
                let message = "name either transfer_id or idempotency_key";
                return Err(ToolFault::refused("invalid_input", message, false));
            }
        };
        let found = self.wallets.find(&Owner { tenant, agent }, &by).await.map_err(WalletFault::told)?;
        Ok(TransferFound { transfer: found.map(TransferShown::from) })
    }
}
