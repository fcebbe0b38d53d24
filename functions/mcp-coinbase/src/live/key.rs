//! The credential of the live half, and the tokens that it signs.

use std::collections::BTreeMap;
use std::fmt;

use aws_config::SdkConfig;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::{Digest, Timestamp, canonical_json};
use chimera_signed_http::secrets::{SecretError, secret};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::wallet::Owner;

/// How long a token is good for, in seconds: one request.
const TOKEN_S: i64 = 120;
/// Bytes of an Ed25519 key as CDP gives it out: the seed, then the public key.
const ED25519: usize = 64;
/// What stands before the seed of an Ed25519 key in PKCS #8 (RFC 8410).
const ED25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// Version, and the name of P-256 (RFC 5915, RFC 5480): what stands before the key itself in PKCS #8.
const P256_PKCS8: [u8; 24] = [
    0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
];

/// The credential could not be taken up. The server does not start; an operator must look at the secret. What went wrong
/// with its text is not kept: an error could quote it.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The secret could not be read.
    #[error("the secret of COINBASE_KEY_SECRET cannot be read")]
    Unreadable(#[from] SecretError),
    /// It is no JSON of the form that the README shows.
    #[error("the secret of COINBASE_KEY_SECRET has not the form of a CDP key")]
    Malformed,
    /// `key_secret` is neither a PEM of a P-256 key nor base64 of an Ed25519 key.
    #[error("key_secret is neither a P-256 key in PEM nor an Ed25519 key in base64")]
    KeySecret,
    /// `wallet_secret` is no base64 of a P-256 key.
    #[error("wallet_secret is no P-256 key in base64")]
    WalletSecret,
}

/// A token could not be signed: the key is not what it seemed. Nothing was sent; an operator must look.
#[derive(Debug, Error)]
#[error("a request could not be signed")]
pub struct SignError(#[from] jsonwebtoken::errors::Error);

/// A CDP API key, the wallet secret where the half has one, and which account pays for which agent.
#[derive(Clone)]
pub struct CdpKey {
    id: String,
    algorithm: Algorithm,
    key: EncodingKey,
    wallet: Option<EncodingKey>,
    accounts: BTreeMap<String, String>,
}

/// The secret's JSON. Deliberately without `Debug`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    key_id: String,
    key_secret: String,
    wallet_secret: Option<String>,
    #[serde(default)]
    accounts: BTreeMap<String, String>,
}

/// What a token says.
#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iss: &'static str,
    nbf: i64,
    iat: i64,
    exp: i64,
    uris: [String; 1],
}

/// What a wallet's token says.
#[derive(Serialize)]
struct WalletClaims {
    iat: i64,
    nbf: i64,
    jti: String,
    uris: [String; 1],
    #[serde(rename = "reqHash", skip_serializing_if = "Option::is_none")]
    req_hash: Option<String>,
}

impl CdpKey {
    /// Reads the secret.
    ///
    /// # Errors
    /// [`KeyError`]; the server must not start without its key.
    pub async fn load(config: &SdkConfig, secret_id: &str) -> Result<Self, KeyError> {
        Self::from_json(&secret(config, secret_id).await?)
    }

    /// The key of a secret's text.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_json(secret: &str) -> Result<Self, KeyError> {
        let secret: Secret = serde_json::from_str(secret).map_err(|_| KeyError::Malformed)?;
        let (algorithm, key) = api_key(&secret.key_secret).ok_or(KeyError::KeySecret)?;
        let wallet = match &secret.wallet_secret {
            None => None,
            Some(text) => Some(wallet_key(text).ok_or(KeyError::WalletSecret)?),
        };
        let key = Self { id: secret.key_id, algorithm, key, wallet, accounts: secret.accounts };
        // A key that cannot sign must be found out now.
        key.bearer("GET host/", Timestamp::UNIX_EPOCH, Uuid::nil()).map_err(|_| KeyError::KeySecret)?;
        key.wallet_token("POST host/", None, Timestamp::UNIX_EPOCH, Uuid::nil())
            .map_err(|_| KeyError::WalletSecret)?;
        Ok(key)
    }

    /// The account that an agent's transfers are paid from.
    #[must_use]
    pub fn account(&self, owner: &Owner) -> Option<&str> {
        self.accounts.get(&owner.to_string()).map(String::as_str)
    }

    /// Whether it can open wallets.
    #[must_use]
    pub fn has_wallet_secret(&self) -> bool {
        self.wallet.is_some()
    }

    /// [WA-7] The token of one request: `uri` is its method, host and path, as in `GET host/path`.
    pub(crate) fn bearer(&self, uri: &str, now: Timestamp, nonce: Uuid) -> Result<String, SignError> {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.clone());
        header.nonce = Some(nonce.simple().to_string());
        let second = now.as_second();
        let claims = Claims {
            sub: &self.id,
            iss: "cdp",
            nbf: second,
            iat: second,
            exp: second + TOKEN_S,
            uris: [uri.to_owned()],
        };
        Ok(encode(&header, &claims, &self.key)?)
    }

    /// [WA-7] The wallet's own token of one request with this body; none without a wallet secret.
    pub(crate) fn wallet_token(
        &self,
        uri: &str,
        body: Option<&Value>,
        now: Timestamp,
        nonce: Uuid,
    ) -> Result<Option<String>, SignError> {
        let Some(key) = &self.wallet else {
            return Ok(None);
        };
        let second = now.as_second();
        let hash = |body| Digest::of_bytes(canonical_json(body).as_bytes());
        let req_hash = body.map(|body| hash(body).as_str().trim_start_matches("sha256:").to_owned());
        let claims = WalletClaims {
            iat: second,
            nbf: second,
            jti: nonce.simple().to_string(),
            uris: [uri.to_owned()],
            req_hash,
        };
        Ok(Some(encode(&Header::new(Algorithm::ES256), &claims, key)?))
    }
}

impl fmt::Debug for CdpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CdpKey")
            .field("id", &self.id)
            .field("accounts", &self.accounts)
            .finish_non_exhaustive()
    }
}

/// CDP gives out Ed25519 keys as base64 and P-256 keys as PEM, in either of the two forms that there are.
fn api_key(secret: &str) -> Option<(Algorithm, EncodingKey)> {
    let secret = secret.trim();
    if !secret.starts_with("-----BEGIN") {
        let bytes = BASE64_STANDARD.decode(secret).ok().filter(|bytes| bytes.len() == ED25519)?;
        let der = [&ED25519_PKCS8, &bytes[..ED25519 / 2]].concat();
        return Some((Algorithm::EdDSA, EncodingKey::from_ed_der(&der)));
    }
    let is_sec1 = secret.starts_with("-----BEGIN EC PRIVATE KEY-----");
    // A JSON file may have the line ends as two characters.
    let lines = secret.replace("\\n", "\n");
    let base64: String = lines.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = BASE64_STANDARD.decode(base64).ok()?;
    let der = if is_sec1 { pkcs8_of_sec1(&der)? } else { der };
    Some((Algorithm::ES256, EncodingKey::from_ec_der(&der)))
}

fn wallet_key(secret: &str) -> Option<EncodingKey> {
    BASE64_STANDARD.decode(secret.trim()).ok().map(|der| EncodingKey::from_ec_der(&der))
}

/// Wraps a P-256 key of the older form (SEC 1) in the newer one (PKCS #8).
fn pkcs8_of_sec1(sec1: &[u8]) -> Option<Vec<u8>> {
    let octets = tagged(0x04, sec1)?;
    tagged(0x30, &[&P256_PKCS8, octets.as_slice()].concat())
}

/// DER: the tag, the length, the contents.
fn tagged(tag: u8, contents: &[u8]) -> Option<Vec<u8>> {
    let length = contents.len();
    let mut der = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => der.push(short),
        Ok(long) => der.extend([0x81, long]),
        Err(_) => {
            der.push(0x82);
            der.extend(u16::try_from(length).ok()?.to_be_bytes());
        }
    }
    der.extend(contents);
    Some(der)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The P-256 key whose private number is one: its public point is the curve's generator, and it is nobody's secret.
    fn sec1() -> Vec<u8> {
        let mut number = [0; 32];
        number[31] = 1;
        let body = [&[0x02, 0x01, 0x01][..], &tagged(0x04, &number).unwrap()].concat();
        let curve = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        tagged(0x30, &[&body[..], &curve].concat()).unwrap()
    }

    fn pem(tag: &str, der: &[u8]) -> String {
        format!("-----BEGIN {tag}-----\n{}\n-----END {tag}-----\n", BASE64_STANDARD.encode(der))
    }

    #[test]
    fn keys_are_taken_in_every_form_that_cdp_gives_out() {
        let plain = pem("EC PRIVATE KEY", &sec1());
        let wrapped = pem("PRIVATE KEY", &pkcs8_of_sec1(&sec1()).unwrap());
        let edwards = BASE64_STANDARD.encode([7; 64]);
        for secret in [plain.clone(), plain.replace('\n', "\\n"), wrapped, edwards] {
            let secret = json!({ "key_id": "k", "key_secret": secret });
            let key = CdpKey::from_json(&secret.to_string()).unwrap();
            assert!(!key.has_wallet_secret());
        }
        let wallet = BASE64_STANDARD.encode(pkcs8_of_sec1(&sec1()).unwrap());
        let secret = json!({
            "key_id": "k", "key_secret": plain, "wallet_secret": wallet, "accounts": { "t1/nova": "account_1" },
        });
        let key = CdpKey::from_json(&secret.to_string()).unwrap();
        let owner: Owner = serde_json::from_value(json!({ "tenant": "t1", "agent": "nova" })).unwrap();
        assert_eq!((key.account(&owner), key.has_wallet_secret()), (Some("account_1"), true));
    }

    #[test]
    fn a_secret_of_another_form_is_refused_and_never_quoted() {
        let edwards = BASE64_STANDARD.encode([7; 64]);
        for (secret, error) in [
            (json!("hush"), KeyError::Malformed.to_string()),
            (json!({ "key_id": "k" }), KeyError::Malformed.to_string()),
            (json!({ "key_id": "k", "key_secret": "hush" }), KeyError::KeySecret.to_string()),
            (json!({ "key_id": "k", "key_secret": "aHVzaA==" }), KeyError::KeySecret.to_string()),
            (
                json!({ "key_id": "k", "key_secret": pem("EC PRIVATE KEY", b"hush") }),
                KeyError::KeySecret.to_string(),
            ),
            (
                json!({ "key_id": "k", "key_secret": edwards, "wallet_secret": "aHVzaA==" }),
                KeyError::WalletSecret.to_string(),
            ),
        ] {
            let told = CdpKey::from_json(&secret.to_string()).unwrap_err().to_string();
            assert_eq!(told, error, "{secret}");
        }
    }

    #[test]
    fn a_key_is_never_printed() {
        let secret = json!({ "key_id": "k1", "key_secret": BASE64_STANDARD.encode([7; 64]) });
        let text = format!("{:?}", CdpKey::from_json(&secret.to_string()).unwrap());
        assert!(text.contains("k1") && !text.contains("7, 7") && !text.contains("BwcH"), "{text}");
    }
}
