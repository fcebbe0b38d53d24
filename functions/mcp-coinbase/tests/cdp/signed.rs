//! Tokens as CDP checks them: with the public key, for exactly this request, now.

use chimera_domain::Digest;
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::stub::Asked;
use super::{KEY_ID, NOW, signing_key};

/// The claims of a token that the key signed.
pub(crate) fn claims(token: &str, algorithm: Algorithm, key: &DecodingKey) -> Value {
    let mut validation = Validation::new(algorithm);
    // The clock is the test's.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let checked: TokenData<Value> = decode(token, key, &validation).unwrap();
    checked.claims
}

/// The Ed25519 key's public half.
pub(crate) fn ed25519() -> DecodingKey {
    DecodingKey::from_ed_der(signing_key().verifying_key().as_bytes())
}

pub(crate) fn bearer(asked: &Asked) -> &str {
    asked.headers["authorization"].strip_prefix("Bearer ").unwrap()
}

/// The request's own method, host and path, as a token names them.
pub(crate) fn uri(asked: &Asked) -> String {
    let (method, path) = asked.line.split_once(' ').unwrap();
    let path = path.split('?').next().unwrap();
    format!("{method} {}{path}", asked.headers["host"])
}

/// [WA-7] The token is the key's, for this request alone, for two minutes.
pub(crate) fn check_bearer(asked: &Asked, algorithm: Algorithm, key: &DecodingKey) {
    let token = bearer(asked);
    let header = decode_header(token).unwrap();
    assert_eq!((header.alg, header.kid.as_deref()), (algorithm, Some(KEY_ID)));
    assert_eq!(header.nonce.unwrap().len(), 32);
    let expected = json!({
        "sub": KEY_ID, "iss": "cdp", "nbf": NOW, "iat": NOW, "exp": NOW + 120, "uris": [uri(asked)],
    });
    assert_eq!(claims(token, algorithm, key), expected);
}

/// [WA-7] The wallet's token is for this request and this body.
pub(crate) fn check_wallet_token(asked: &Asked, key: &DecodingKey) {
    let token = &asked.headers["x-wallet-auth"];
    let claims = claims(token, Algorithm::ES256, key);
    assert_eq!(claims["uris"], json!([uri(asked)]));
    assert_eq!((&claims["nbf"], &claims["iat"]), (&json!(NOW), &json!(NOW)));
    assert!(!claims["jti"].as_str().unwrap().is_empty());
    let hash = Digest::of_bytes(&asked.bytes).as_str().replace("sha256:", "");
    assert_eq!(claims["reqHash"], json!(hash));
}
