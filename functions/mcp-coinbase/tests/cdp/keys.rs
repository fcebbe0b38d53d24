//! Keys of both kinds, and the wallet's own.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use mcp_coinbase::wallet::ReadWallets;
use serde_json::json;

use super::signed::{bearer, check_bearer, check_wallet_token, ed25519};
use super::stub::Stub;
use super::{ACCOUNT, KEY_ID, OWN, WALLET, cdp, error, owner, secret};

/// The P-256 key whose private number is one, in SEC 1: nobody's secret, for its public point is the curve's generator.
fn number_one() -> Vec<u8> {
    let mut der = vec![0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
    der.extend([0; 31]);
    der.push(1);
    der.extend([0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
    der
}

/// The same in PKCS #8.
fn number_one_wrapped() -> Vec<u8> {
    let inner = number_one();
    let mut der = vec![
        0x30, 0x4d, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
        0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x33,
    ];
    der.extend(inner);
    der
}

/// The generator of P-256.
fn generator() -> DecodingKey {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let [x, y] = [
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ]
    .map(|text| BASE64_URL_SAFE_NO_PAD.encode(hex(text)));
    DecodingKey::from_ec_components(&x, &y).unwrap()
}

/// [WA-7]
#[tokio::test]
async fn every_request_carries_a_token_of_its_own_for_itself_alone() {
    let stub = Stub::start().await;
    for _ in 0..2 {
        stub.on(WALLET, 200, &json!({ "address": OWN }));
        cdp(&stub, &secret()).wallet(&owner("nova")).await.unwrap();
    }
    let asked = stub.asked();
    for asked in &asked {
        check_bearer(asked, Algorithm::EdDSA, &ed25519());
    }
    assert_ne!(bearer(&asked[0]), bearer(&asked[1]), "a nonce makes each its own");
}

/// [WA-7]
#[tokio::test]
async fn an_elliptic_key_signs_as_well_as_an_edwards_one() {
    let stub = Stub::start().await;
    stub.on(WALLET, 200, &json!({ "address": OWN }));
    let base64 = BASE64_STANDARD.encode(number_one());
    let pem = format!("-----BEGIN EC PRIVATE KEY-----\n{base64}\n-----END EC PRIVATE KEY-----\n");
    let secret = json!({ "key_id": KEY_ID, "key_secret": pem, "accounts": { "t1/nova": ACCOUNT } });
    cdp(&stub, &secret).wallet(&owner("nova")).await.unwrap();
    check_bearer(&stub.asked()[0], Algorithm::ES256, &generator());
}

/// [WA-7]
#[tokio::test]
async fn a_wallet_is_opened_once_by_its_own_token_where_the_half_has_one() {
    let stub = Stub::start().await;
    let mut secret = secret();
    stub.on(WALLET, 404, &error("not_found"));
    let refused = cdp(&stub, &secret).wallet(&owner("nova")).await.unwrap_err();
    assert!(refused.to_string().contains("wallet_secret"), "{refused}");
    assert_eq!(stub.asked().len(), 1);

    secret["wallet_secret"] = json!(BASE64_STANDARD.encode(number_one_wrapped()));
    for _ in 0..2 {
        stub.on(WALLET, 404, &error("not_found"));
        stub.on(
            "POST /platform/v2/evm/accounts",
            201,
            &json!({ "address": OWN, "name": "x", "policies": [] }),
        );
        let wallet = cdp(&stub, &secret).wallet(&owner("nova")).await.unwrap();
        assert_eq!((wallet.address.to_string().as_str(), wallet.account.as_deref()), (OWN, Some(ACCOUNT)));
    }
    let asked = stub.asked();
    let name = asked[0].line.rsplit('/').next().unwrap();
    assert!((2..=36).contains(&name.len()), "{name}");
    for opened in [&asked[1], &asked[3]] {
        assert_eq!(opened.line, "POST /platform/v2/evm/accounts");
        assert_eq!(opened.body, json!({ "name": name }));
        check_bearer(opened, Algorithm::EdDSA, &ed25519());
        check_wallet_token(opened, &generator());
        let key: uuid::Uuid = opened.headers["x-idempotency-key"].parse().unwrap();
        assert_eq!(key.get_version_num(), 4, "CDP takes no other");
    }
    assert_eq!(asked[1].headers["x-idempotency-key"], asked[3].headers["x-idempotency-key"]);

    // Two at once: the other was faster.
    stub.on(WALLET, 404, &error("not_found")).on(WALLET, 200, &json!({ "address": OWN }));
    stub.on("POST /platform/v2/evm/accounts", 409, &error("already_exists"));
    assert_eq!(cdp(&stub, &secret).wallet(&owner("nova")).await.unwrap().address.to_string(), OWN);
}
