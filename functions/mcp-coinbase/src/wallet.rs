//! What a wallet can do, whatever stands behind it: the ports of the two halves and what goes through them.

use std::fmt;
use std::future::Future;

use chimera_domain::{AgentId, Money, Outcome, TenantId, Timestamp};
use chimera_mcp::server::{StoreFault, ToolFault, Upstream};
use chimera_policy::refusals::PlatformRefusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::address::{Address, AddressError};
use crate::amounts::{AmountError, Asset, Network};
use crate::answers::CdpError;
use crate::token::Token;

/// [E-8] Whose wallet: two tenants may each have an agent of one name, and neither sees the other's wallet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// Whose agent.
    pub tenant: TenantId,
    /// Which agent.
    pub agent: AgentId,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.agent)
    }
}

/// A wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// Where it is paid; the same on every network.
    pub address: Address,
    /// Where it can be used.
    pub networks: Vec<Network>,
    /// The account its transfers are paid from, where that is another than the address.
    pub account: Option<String>,
}

/// What a wallet holds of one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// Its symbol.
    pub symbol: String,
    /// Its contract, where it has one of its own.
    pub contract: Option<Address>,
    /// How much, in smallest units.
    pub units: u128,
    /// The asset's decimals.
    pub decimals: u8,
    /// Whether transfers are paid from it.
    pub is_spendable: bool,
}

/// What a transfer is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Who is paid.
    pub recipient: Address,
    /// How much, in US cents.
    pub amount: Money,
    /// In what.
    pub asset: Asset,
    /// Where.
    pub network: Network,
}

/// What a transfer would cost now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// What a transfer names to be made on these terms.
    pub id: String,
    /// What the fee is now.
    pub fee: Money,
    /// [WA-4] The most that the transfer may cost in all.
    pub total: Money,
    /// What the recipient gets, in smallest units.
    pub units: u128,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// Where a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was only asked what it would cost: nothing moved.
    Quoted,
    /// It was taken and is under way.
    Processing,
    /// It arrived.
    Completed,
    /// It did not happen and will not.
    Failed,
}

/// A transfer, or a token's deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// Where it is.
    pub network: Network,
    /// What it is about; none for a deployment.
    pub terms: Option<Terms>,
    /// The token that was deployed; none for a transfer.
    pub token: Option<Token>,
    /// What it costs in all, fee included.
    pub cost: Money,
    /// What the recipient gets, in smallest units.
    pub units: u128,
    /// What its sender said about it.
    pub memo: Option<String>,
    /// The key it was made with.
    pub key: Option<Uuid>,
    /// Its transaction on the network, once there is one.
    pub transaction: Option<String>,
    /// Where it can be seen.
    pub url: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
    /// When it was taken.
    pub created_at: Timestamp,
    /// When it arrived or failed.
    pub completed_at: Option<Timestamp>,
}

impl Transfer {
    /// What became of an effect that made it.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome { external_id: self.id.clone(), url: self.url.clone(), cost: self.cost }
    }

    /// [WA-8] What the write half answers of it: done when it has arrived, and no sooner. What is under way may still fail.
    #[must_use]
    pub fn upstream(&self) -> Upstream {
        match self.status {
            Status::Completed => Upstream::Done(self.outcome()),
            Status::Failed => {
                let why = self.failure.as_deref().unwrap_or("the transfer failed");
                Upstream::Refused {
                    refusal: PlatformRefusal::TransferFailed.refusal(why),
                    retry_after_s: None,
                }
            }
            Status::Processing | Status::Quoted => {
                Upstream::Unknown(format!("transfer {} is under way", self.id))
            }
        }
    }
}

/// How a transfer is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Find {
    /// By its id.
    Id(String),
    /// By the key it was made with.
    Key(Uuid),
}

/// A line of a wallet's ledger: what one deed did to one of its balances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub network: Network,
    /// Which deed: its transfer's id.
    pub entry: String,
    /// What kind of deed.
    pub kind: String,
    /// The asset's symbol.
    pub symbol: String,
    /// By how much, as a signed decimal number.
    pub change: String,
}

/// A transfer as it is ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferOrder {
    /// Whose wallet pays.
    pub owner: Owner,
    /// What it is about.
    pub terms: Terms,
    /// What its sender says about it.
    pub memo: Option<String>,
    /// The quote whose terms it keeps.
    pub quote: Option<String>,
    /// What it is de-duplicated on.
    pub key: Uuid,
}

/// A token's deployment as it is ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployOrder {
    /// Whose wallet gets the supply and pays the fee.
    pub owner: Owner,
    /// Its name for people.
    pub name: String,
    /// Its symbol.
    pub symbol: String,
    /// How many units there will ever be.
    pub supply_units: u128,
    /// Its decimals.
    pub decimals: u8,
    /// Where.
    pub network: Network,
    /// What it is de-duplicated on.
    pub key: Uuid,
}

/// A wallet did not answer as asked. Each variant says who must act.
#[derive(Debug, Error)]
pub enum WalletFault {
    /// CDP said something else than yes: its meaning is in the table of answers.
    #[error("{0}")]
    Cdp(CdpError),
    /// Nobody can be paid there: the caller corrects the recipient.
    #[error(transparent)]
    Recipient(#[from] AddressError),
    /// It is no amount: the caller corrects it.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// There is no such thing for this agent: an operator sets it up.
    #[error("{0}")]
    NotFound(String),
    /// This backend cannot do it: the caller asks for something else.
    #[error("{0}")]
    Unsupported(String),
    /// CDP was not reached: it may be asked again.
    #[error("CDP was not reached: {0}")]
    Unreached(String),
    /// CDP's answer got lost or makes no sense: what was asked may have happened.
    #[error("CDP's answer got lost: {0}")]
    Lost(String),
    /// The store failed: what was asked may have happened.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl WalletFault {
    /// What a reader hears.
    #[must_use]
    pub fn told(self) -> ToolFault {
        let row = match &self {
            Self::Cdp(error) => return error.fault(),
            Self::Recipient(_) | Self::Amount(_) => {
                return ToolFault::refused("invalid_input", self.to_string(), false);
            }
            Self::Store(_) => return ToolFault::Failed(Box::new(self)),
            Self::NotFound(_) => PlatformRefusal::NotFound,
            Self::Unsupported(_) => PlatformRefusal::Unsupported,
            Self::Unreached(_) | Self::Lost(_) => PlatformRefusal::UpstreamUnavailable,
        };
        ToolFault::Refused(row.refusal(self.to_string()))
    }

    /// [WA-6] What the write half answers where the call that failed could have moved money.
    #[must_use]
    pub fn upstream(self) -> Upstream {
        match self {
            Self::Cdp(error) => error.upstream(),
            Self::Lost(_) | Self::Store(_) => Upstream::Unknown(self.to_string()),
            other => other.before(),
        }
    }

    /// What the write half answers where the call that failed could not have moved money: a definite no.
    #[must_use]
    pub fn before(self) -> Upstream {
        let row = match &self {
            Self::Cdp(error) => error.refusal().unwrap_or(PlatformRefusal::UpstreamUnavailable),
            Self::Recipient(_) | Self::Amount(_) => PlatformRefusal::PolicyViolation,
            Self::NotFound(_) => PlatformRefusal::NotFound,
            Self::Unsupported(_) => PlatformRefusal::Unsupported,
            Self::Unreached(_) | Self::Lost(_) | Self::Store(_) => PlatformRefusal::UpstreamUnavailable,
        };
        let wait = if let Self::Cdp(error) = &self { error.retry_after_s } else { None };
        Upstream::Refused {
            refusal: row.refusal(self.to_string()),
            retry_after_s: wait.filter(|_| row.is_retryable()),
        }
    }
}

/// What the read half needs. None of it moves anything.
pub trait ReadWallets: Send + Sync + 'static {
    /// The network that is meant where none is named.
    fn network(&self) -> Network;

    /// The agent's wallet.
    fn wallet(&self, owner: &Owner) -> impl Future<Output = Result<Wallet, WalletFault>> + Send;

    /// What it holds on a network.
    fn balances(
        &self,
        owner: &Owner,
        network: Network,
    ) -> impl Future<Output = Result<Vec<Balance>, WalletFault>> + Send;

    /// What a transfer would cost.
    fn quote(&self, owner: &Owner, terms: &Terms) -> impl Future<Output = Result<Quote, WalletFault>> + Send;

    /// [WA-2] One of the agent's transfers or deployments; nobody else's.
    fn find(
        &self,
        owner: &Owner,
        by: &Find,
    ) -> impl Future<Output = Result<Option<Transfer>, WalletFault>> + Send;

    /// What changed its balances, newest first.
    fn ledger(&self, owner: &Owner) -> impl Future<Output = Result<Vec<Line>, WalletFault>> + Send;
}

/// What the write half needs.
pub trait WriteWallets: Send + Sync + 'static {
    /// [WA-2] Makes a transfer, once per key.
    fn transfer(&self, order: TransferOrder) -> impl Future<Output = Upstream> + Send;

    /// Deploys a token, once per key.
    fn deploy(&self, order: DeployOrder) -> impl Future<Output = Upstream> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [WA-6]
    #[test]
    fn only_what_could_have_moved_money_is_unknown() {
        let faults: [fn() -> WalletFault; 4] = [
            || WalletFault::Lost("gone".to_owned()),
            || WalletFault::Store(StoreFault("gone".into())),
            || WalletFault::Cdp(CdpError::new(503, "service_unavailable", "")),
            || WalletFault::Cdp(CdpError::new(408, "timed_out", "")),
        ];
        for fault in faults {
            assert!(matches!(fault().upstream(), Upstream::Unknown(_)), "{:?}", fault());
            let before = fault().before();
            assert!(
                matches!(&before, Upstream::Refused { refusal, .. } if refusal.code == "upstream_unavailable"),
                "{before:?}"
            );
        }
        let unreached = WalletFault::Unreached("refused".to_owned()).upstream();
        assert!(
            matches!(&unreached, Upstream::Refused { refusal, .. } if refusal.retryable),
            "{unreached:?}"
        );
    }
}
