//! The issuer's keys: given as they are, or fetched from where they are published.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::auth::AuthError;

/// Least time between two fetches: a token with a made-up key must not turn us against the issuer.
const REFETCH_AFTER: Duration = Duration::from_secs(60);
/// Longest wait for a connection to the issuer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest wait for the whole answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest key set accepted, in bytes: hundreds of keys.
const KEYS_BYTES: usize = 256 * 1024;

/// A key with the one algorithm it is meant for.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

type KeySet = HashMap<String, Arc<Key>>;

/// The issuer's keys.
pub(super) enum Keys {
    /// Never change.
    Given(KeySet),
    /// Change at their address.
    Published(Box<Published>),
}

pub(super) struct Published {
    client: reqwest::Client,
    address: Url,
    /// Held while fetching, so that requests at one time fetch once.
    fetched: Mutex<Fetched>,
}

struct Fetched {
    keys: KeySet,
    at: Instant,
}

impl Keys {
    pub(super) fn given(jwks: &str) -> Result<Self, AuthError> {
        Ok(Self::Given(usable(jwks.as_bytes())?))
    }

    pub(super) async fn published(address: &str) -> Result<Self, AuthError> {
        let address = Url::parse(address).ok().filter(|address| address.scheme() == "https");
        let address = address.ok_or(AuthError::KeysUnusable("neither a key set nor an https address"))?;
        let client = reqwest::Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(FETCH_TIMEOUT)
            .build()
            .map_err(AuthError::KeysUnavailable)?;
        let keys = fetch(&client, &address).await?;
        let fetched = Mutex::new(Fetched { keys, at: Instant::now() });
        Ok(Self::Published(Box::new(Published { client, address, fetched })))
    }

    pub(super) async fn find(&self, kid: &str) -> Result<Arc<Key>, AuthError> {
        let found = match self {
            Self::Given(keys) => keys.get(kid).cloned(),
            Self::Published(published) => published.find(kid).await?,
        };
        found.ok_or(AuthError::UnknownKey)
    }
}

impl Published {
    async fn find(&self, kid: &str) -> Result<Option<Arc<Key>>, AuthError> {
        let mut fetched = self.fetched.lock().await;
        if !fetched.keys.contains_key(kid) && fetched.at.elapsed() >= REFETCH_AFTER {
            // The time counts from the attempt: a failing issuer is not asked more often.
            fetched.at = Instant::now();
            fetched.keys = fetch(&self.client, &self.address).await?;
        }
        Ok(fetched.keys.get(kid).cloned())
    }
}

async fn fetch(client: &reqwest::Client, address: &Url) -> Result<KeySet, AuthError> {
    let answer = client.get(address.clone()).send().await.map_err(AuthError::KeysUnavailable)?;
    let mut answer = answer.error_for_status().map_err(AuthError::KeysUnavailable)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(AuthError::KeysUnavailable)? {
        body.extend_from_slice(&chunk);
        if body.len() > KEYS_BYTES {
            return Err(AuthError::KeysUnusable("the key set is too large"));
        }
    }
    usable(&body)
}

/// The keys we can use, by id. Others in the set (for encryption, of other kinds) are not ours to judge.
fn usable(jwks: &[u8]) -> Result<KeySet, AuthError> {
    let set: JwkSet =
        serde_json::from_slice(jwks).map_err(|_| AuthError::KeysUnusable("not a JSON Web Key Set"))?;
    let keys: KeySet = set.keys.iter().filter_map(key).collect();
    if keys.is_empty() { Err(AuthError::KeysUnusable("no key that could be used")) } else { Ok(keys) }
}

fn key(jwk: &Jwk) -> Option<(String, Arc<Key>)> {
    if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
        return None;
    }
    let algorithm = algorithm(jwk)?;
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some((jwk.common.key_id.clone()?, Arc::new(Key { algorithm, key })))
}

/// The algorithm by the key's own kind; a key that is declared for another is left out.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let (algorithm, declared) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    jwk.common.key_algorithm.is_none_or(|given| given == declared).then_some(algorithm)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_for_encryption_or_other_algorithms_are_left_out() {
        let rsa = |kid: &str, more: serde_json::Value| {
            let mut key = json!({"kty": "RSA", "kid": kid, "n": "AQAB", "e": "AQAB"});
            key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            key
        };
        let set = json!({"keys": [
            rsa("plain", json!({})), rsa("declared", json!({"alg": "RS256", "use": "sig"})),
            rsa("encrypts", json!({"use": "enc"})), rsa("other", json!({"alg": "RS512"})),
            json!({"kty": "EC", "kid": "curve", "crv": "P-384", "x": "AQAB", "y": "AQAB"}),
            json!({"kty": "new", "kid": "unheard-of"}),
        ]});
        let keys = usable(set.to_string().as_bytes()).unwrap();
        let mut ids: Vec<&str> = keys.keys().map(String::as_str).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["declared", "plain"]);
    }
}
