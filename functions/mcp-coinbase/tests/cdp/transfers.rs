//! Payments at CDP: created, looked at, executed.

use chimera_mcp::server::Upstream;
use jsonwebtoken::Algorithm;
use mcp_coinbase::address::Address;
use mcp_coinbase::amounts::{Asset, Network};
use mcp_coinbase::wallet::{DeployOrder, Terms, TransferOrder, WriteWallets};
use serde_json::{Value, json};

use super::signed::{check_bearer, ed25519};
use super::stub::Stub;
use super::{
    ACCOUNT, OWN, RECIPIENT, WALLET, cdp, changed, error, key, on, order, owner, secret, terms, transfer, usd,
};

const CREATE: &str = "POST /platform/v2/transfers";
const EXECUTE: &str = "POST /platform/v2/transfers/transfer_1/execute";
const QUOTE: &str = "GET /platform/v2/transfers/transfer_9";

fn code(upstream: &Upstream) -> &str {
    match upstream {
        Upstream::Refused { refusal, .. } => &refusal.code,
        other => panic!("no refusal: {other:?}"),
    }
}

/// [WA-2] [WA-7]
#[tokio::test]
async fn a_transfer_is_created_unexecuted_and_then_executed_each_with_a_key_of_its_own() {
    let stub = Stub::start().await;
    stub.on(WALLET, 200, &json!({ "address": OWN }));
    stub.on(CREATE, 201, &transfer("quoted")).on(EXECUTE, 200, &transfer("completed"));
    let told = cdp(&stub, &secret()).transfer(order()).await;
    let Upstream::Done(outcome) = told else { panic!("{told:?}") };
    assert_eq!((outcome.external_id.as_str(), outcome.cost, outcome.url), ("transfer_1", usd(1_054), None));
    let asked = stub.asked();
    let [_, created, executed] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(created.line, CREATE);
    assert_eq!(
        created.body,
        json!({
            "source": { "accountId": ACCOUNT, "asset": "usdc" },
            "target": { "address": RECIPIENT, "network": "base", "asset": "usdc" },
            "amount": "10.50", "asset": "usdc", "amountType": "target",
            "execute": false, "validateOnly": false,
            "metadata": { "amount_minor": "1050", "idempotency_key": key(), "memo": "for the drawings" },
        })
    );
    assert_eq!(created.headers["x-idempotency-key"], key().to_string());
    assert_eq!((executed.line.as_str(), &executed.body), (EXECUTE, &Value::Null));
    let second: uuid::Uuid = executed.headers["x-idempotency-key"].parse().unwrap();
    assert!(second != key() && second.get_version_num() == 4, "CDP takes a key for one request only");
    for asked in &asked {
        check_bearer(asked, Algorithm::EdDSA, &ed25519());
    }
}

/// [WA-2]
#[tokio::test]
async fn what_was_executed_before_is_not_executed_again() {
    for status in ["processing", "completed"] {
        let stub = Stub::start().await;
        stub.on(WALLET, 404, &error("not_found"));
        // CDP answers a repeated key with what it made the first time, as far as it is now.
        stub.on(CREATE, 201, &transfer(status));
        let told = cdp(&stub, &secret()).transfer(order()).await;
        // [WA-8]
        let arrived = status == "completed";
        assert_eq!(matches!(told, Upstream::Done(_)), arrived, "{status}: {told:?}");
        assert_eq!(matches!(told, Upstream::Unknown(_)), !arrived, "{status}: {told:?}");
        assert_eq!(stub.asked().len(), 2);
    }
}

/// [WA-4]
#[tokio::test]
async fn what_would_cost_more_than_was_approved_is_never_executed() {
    for (fields, told) in [
        // The most is 10.50 and a fee of 7 cents.
        (json!({ "sourceAmount": "10.570001" }), "fee_too_high"),
        (json!({ "sourceAmount": "0.01", "sourceAsset": "btc" }), "upstream_unavailable"),
        (json!({ "sourceAmount": null }), "upstream_unavailable"),
        (json!({ "sourceAmount": "a lot" }), "upstream_unavailable"),
    ] {
        let stub = Stub::start().await;
        stub.on(WALLET, 404, &error("not_found"));
        stub.on(CREATE, 201, &changed(transfer("quoted"), fields.clone()));
        let refused = cdp(&stub, &secret()).transfer(order()).await;
        assert_eq!(code(&refused), told, "{fields}");
        assert!(matches!(refused, Upstream::Refused { refusal, .. } if refusal.retryable));
        assert_eq!(stub.lines().last().map(String::as_str), Some(CREATE), "{fields}");
    }
    let stub = Stub::start().await;
    stub.on(WALLET, 404, &error("not_found"));
    let just = changed(transfer("quoted"), json!({ "sourceAmount": "10.57" }));
    stub.on(CREATE, 201, &just).on(EXECUTE, 200, &changed(just, json!({ "status": "completed" })));
    let told = cdp(&stub, &secret()).transfer(order()).await;
    assert!(matches!(&told, Upstream::Done(outcome) if outcome.cost == usd(1_057)), "{told:?}");
}

/// [WA-3] [WA-5]
#[tokio::test]
async fn what_may_not_be_paid_is_not_even_created() {
    let stub = Stub::start().await;
    stub.on(WALLET, 200, &json!({ "address": OWN }));
    let recipient = Address::parse(OWN).unwrap();
    let to_itself = TransferOrder { terms: Terms { recipient, ..terms(Asset::Usdc) }, ..order() };
    assert_eq!(code(&cdp(&stub, &secret()).transfer(to_itself).await), "policy_violation");

    let on_another = on(Network::BaseSepolia, &stub, &secret()).transfer(order()).await;
    assert_eq!(code(&on_another), "unsupported");
    let for_another = TransferOrder { owner: owner("rival"), ..order() };
    assert_eq!(code(&cdp(&stub, &secret()).transfer(for_another).await), "not_found");
    let lines = stub.lines();
    assert!(lines.iter().all(|line| line.starts_with(WALLET)), "{lines:?}");
}

/// [WA-5]
#[tokio::test]
async fn what_is_for_the_test_network_is_asked_for_there() {
    let stub = Stub::start().await;
    stub.on(WALLET, 404, &error("not_found"));
    stub.on(CREATE, 400, &error("invalid_request"));
    let terms = Terms { network: Network::BaseSepolia, ..terms(Asset::Usdc) };
    let told = on(Network::BaseSepolia, &stub, &secret()).transfer(TransferOrder { terms, ..order() }).await;
    assert_eq!(code(&told), "platform_refused");
    assert_eq!(stub.asked()[1].body["target"]["network"], "base-sepolia");
}

/// [WA-4]
#[tokio::test]
async fn a_quote_must_be_of_these_terms_and_still_hold() {
    let quoted =
        |fields: Value| changed(changed(transfer("quoted"), json!({ "transferId": "transfer_9" })), fields);
    let other = json!({ "address": OWN, "network": "base", "asset": "usdc" });
    for (fields, told) in [
        (json!({ "status": "failed" }), "quote_expired"),
        (json!({ "status": "completed" }), "quote_expired"),
        (json!({ "expiresAt": "2027-01-15T08:00:00Z" }), "quote_expired"),
        (json!({ "target": other }), "not_found"),
        (json!({ "metadata": { "amount_minor": "9" } }), "not_found"),
        (json!({ "source": { "accountId": "account_other", "asset": "usdc" } }), "not_found"),
    ] {
        let stub = Stub::start().await;
        stub.on(WALLET, 404, &error("not_found")).on(QUOTE, 200, &quoted(fields.clone()));
        let order = TransferOrder { quote: Some("transfer_9".to_owned()), ..order() };
        assert_eq!(code(&cdp(&stub, &secret()).transfer(order).await), told, "{fields}");
        assert_eq!(stub.asked().len(), 2, "{fields}");
    }
    let stub = Stub::start().await;
    stub.on(WALLET, 404, &error("not_found")).on(QUOTE, 200, &quoted(json!({})));
    stub.on(CREATE, 201, &transfer("quoted")).on(EXECUTE, 200, &transfer("completed"));
    let order = TransferOrder { quote: Some("transfer_9".to_owned()), ..order() };
    let told = cdp(&stub, &secret()).transfer(order).await;
    assert!(matches!(told, Upstream::Done(_)), "{told:?}");
}

#[tokio::test]
async fn a_token_cannot_be_deployed_at_cdp() {
    let stub = Stub::start().await;
    let token = DeployOrder {
        owner: owner("nova"),
        name: "Fans".to_owned(),
        symbol: "FAN".to_owned(),
        supply_units: 1,
        decimals: 0,
        network: Network::Base,
        key: key(),
    };
    assert_eq!(code(&cdp(&stub, &secret()).deploy(token).await), "unsupported");
    assert_eq!(stub.asked().len(), 0);
}
