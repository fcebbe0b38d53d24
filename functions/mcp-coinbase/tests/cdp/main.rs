//! What goes to CDP, byte for byte, and what comes of each answer. A stub stands for CDP, on this machine alone.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod keys;
mod reading;
mod signed;
mod stub;
mod transfers;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::{AgentId, Currency, Money, TenantId, Timestamp};
use chimera_mcp::net::{Reach, guarded_client};
use chimera_runtime::RandomIds;
use chimera_testkit::VirtualClock;
use ed25519_dalek::SigningKey;
use mcp_coinbase::address::Address;
use mcp_coinbase::amounts::{Asset, Network};
use mcp_coinbase::live::{Cdp, CdpKey};
use mcp_coinbase::wallet::{Owner, Terms, TransferOrder};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use stub::Stub;

/// When every request is made.
const NOW: i64 = 1_800_000_000;
/// The API key's id.
const KEY_ID: &str = "8d0f5f7c-key";
/// The account that pays for Nova.
const ACCOUNT: &str = "account_nova";
/// Nova's own address.
const OWN: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
/// Who is paid.
const RECIPIENT: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The secret of a half that reads: an Ed25519 key as CDP gives it out.
fn secret() -> Value {
    let key = signing_key();
    let pair = [key.to_bytes(), key.verifying_key().to_bytes()].concat();
    json!({
        "key_id": KEY_ID,
        "key_secret": BASE64_STANDARD.encode(pair),
        "accounts": { "t1/nova": ACCOUNT },
    })
}

fn cdp(stub: &Stub, secret: &Value) -> Cdp<VirtualClock, RandomIds> {
    on(Network::Base, stub, secret)
}

fn on(network: Network, stub: &Stub, secret: &Value) -> Cdp<VirtualClock, RandomIds> {
    let clock = VirtualClock::default();
    clock.set(Timestamp::from_second(NOW).unwrap());
    let client = guarded_client(Reach::Anywhere).unwrap();
    let base = Url::parse(&format!("http://{}/platform", stub.host)).unwrap();
    let key = CdpKey::from_json(&secret.to_string()).unwrap();
    Cdp::new(client, (base, network), key, (clock, RandomIds))
}

fn owner(agent: &str) -> Owner {
    Owner { tenant: TenantId::new("t1").unwrap(), agent: AgentId::new(agent).unwrap() }
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::Usd).unwrap()
}

fn terms(asset: Asset) -> Terms {
    Terms { recipient: Address::parse(RECIPIENT).unwrap(), amount: usd(1_050), asset, network: Network::Base }
}

fn key() -> Uuid {
    "8e03978e-40d5-43e8-bc93-6894a57f9324".parse().unwrap()
}

fn order() -> TransferOrder {
    TransferOrder {
        owner: owner("nova"),
        terms: terms(Asset::Usdc),
        memo: Some("for the drawings".to_owned()),
        quote: None,
        key: key(),
    }
}

/// The path of Nova's EVM account.
const WALLET: &str = "GET /platform/v2/evm/accounts/by-name/";

/// A transfer as CDP shows it.
fn transfer(status: &str) -> Value {
    json!({
        "transferId": "transfer_1",
        "status": status,
        "source": { "accountId": ACCOUNT, "asset": "usdc" },
        "target": { "address": RECIPIENT, "network": "base", "asset": "usdc" },
        "sourceAmount": "10.530001",
        "sourceAsset": "usdc",
        "targetAmount": "10.50",
        "targetAsset": "usdc",
        "fees": [{ "type": "network", "amount": "0.030001", "asset": "usdc" }],
        "metadata": { "idempotency_key": key(), "amount_minor": "1050", "memo": "for the drawings" },
        "createdAt": "2027-01-15T07:59:58Z",
        "updatedAt": "2027-01-15T07:59:58Z",
        "expiresAt": "2027-01-15T08:10:00Z",
        "aFieldOfTomorrow": true,
    })
}

/// The same with other fields.
fn changed(mut transfer: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        transfer[name] = value.clone();
    }
    transfer
}

/// An error as CDP writes it.
fn error(word: &str) -> Value {
    json!({
        "errorType": word,
        "errorMessage": "no",
        "correlationId": "41deb8d59a9dc9a7-IAD",
        "errorLink": "https://docs.cdp.coinbase.com/errors",
    })
}
