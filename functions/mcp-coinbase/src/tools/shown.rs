//! What callers are shown, and the schemas of what they name.

use chimera_domain::{Money, Timestamp};
use chimera_mcp::server::schema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use uuid::Uuid;

use crate::amounts::{Asset, Network, decimal};
use crate::token::Token;
use crate::wallet::{Balance, Status, Transfer};

/// An address of an EVM network. Whether its capitals fit is checked when it is read.
pub(super) fn address(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^0x[0-9a-fA-F]{40}$" })
}

/// Whole US cents, at least one.
pub(super) fn cents(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["minor", "currency"],
        "properties": { "minor": { "type": "integer", "minimum": 1 }, "currency": { "const": "USD" } },
        "additionalProperties": false,
    })
}

/// An id that this server or CDP gave out.
pub(super) fn given_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" })
}

/// What a wallet holds of one asset.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BalanceShown {
    /// Its symbol.
    symbol: String,
    /// How much, as a decimal number.
    #[schemars(schema_with = "schema::decimal")]
    amount: String,
    /// The same in smallest units.
    atomic: String,
    /// The asset's decimals.
    decimals: u8,
    /// Its contract, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "address")]
    contract: Option<String>,
    /// Whether transfers are paid from it.
    spendable: bool,
}

impl From<Balance> for BalanceShown {
    fn from(balance: Balance) -> Self {
        let Balance { symbol, contract, units, decimals, is_spendable } = balance;
        Self {
            symbol,
            amount: decimal(units, decimals),
            atomic: units.to_string(),
            decimals,
            contract: contract.map(|contract| contract.to_string()),
            spendable: is_spendable,
        }
    }
}

/// A token.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenShown {
    /// Its contract.
    #[schemars(schema_with = "address")]
    contract: String,
    /// Its symbol.
    symbol: String,
    /// Its decimals.
    decimals: u8,
}

impl From<Token> for TokenShown {
    fn from(token: Token) -> Self {
        let Token { contract, symbol, decimals } = token;
        Self { contract: contract.to_string(), symbol, decimals }
    }
}

/// A transfer, or a token's deployment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TransferShown {
    /// Its id.
    transfer_id: String,
    /// Where it stands. What was only quoted moved nothing, and neither did what failed.
    status: Status,
    /// Where it is.
    network: Network,
    /// Who is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "address")]
    recipient: Option<String>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::money")]
    amount: Option<Money>,
    /// In what.
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<Asset>,
    /// The token that was deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<TokenShown>,
    /// What it costs in all, fee included.
    #[schemars(schema_with = "schema::money")]
    cost: Money,
    /// What the recipient gets, or a token's supply, in smallest units.
    atomic: String,
    /// What its sender said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<String>,
    /// The key it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    idempotency_key: Option<Uuid>,
    /// Its transaction on the network, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_hash: Option<String>,
    /// Where it can be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    /// When it was taken.
    #[schemars(schema_with = "schema::timestamp")]
    created_at: Timestamp,
    /// When it arrived or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::timestamp")]
    completed_at: Option<Timestamp>,
}

impl From<Transfer> for TransferShown {
    fn from(transfer: Transfer) -> Self {
        let terms = transfer.terms;
        Self {
            transfer_id: transfer.id,
            status: transfer.status,
            network: transfer.network,
            recipient: terms.as_ref().map(|terms| terms.recipient.to_string()),
            amount: terms.as_ref().map(|terms| terms.amount),
            asset: terms.map(|terms| terms.asset),
            token: transfer.token.map(TokenShown::from),
            cost: transfer.cost,
            atomic: transfer.units.to_string(),
            memo: transfer.memo,
            idempotency_key: transfer.key,
            transaction_hash: transfer.transaction,
            url: transfer.url,
            failure: transfer.failure,
            created_at: transfer.created_at,
            completed_at: transfer.completed_at,
        }
    }
}
