//! Is this grant the Judge's, and does it cover this call?

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::{Digest, Grant, Money, Refusal, SignedGrant, Timestamp};
use ed25519_dalek::{Signature, VerifyingKey};
use thiserror::Error;

/// The public keys cannot be read. The server must not start.
#[derive(Debug, Error)]
pub enum InvalidKeys {
    /// Not a JSON object of texts.
    #[error("GRANT_PUBLIC_KEYS is no JSON object of key ids and keys")]
    Json(#[from] serde_json::Error),
    /// A key is not base64 of 32 bytes on the curve.
    #[error("GRANT_PUBLIC_KEYS: key {0} is no Ed25519 public key in base64")]
    Key(String),
    /// There is no key at all.
    #[error("GRANT_PUBLIC_KEYS has no key")]
    None,
}

/// Checks grants against the Judge's public keys and this server's own audience.
#[derive(Debug, Clone)]
pub struct GrantVerifier {
    keys: BTreeMap<String, VerifyingKey>,
    audience: String,
}

impl GrantVerifier {
    /// Reads the keys, a JSON object of key id and base64 of 32 bytes. `audience` is `<server>@<stack>`.
    ///
    /// # Errors
    /// [`InvalidKeys`].
    pub fn from_json(keys: &str, audience: impl Into<String>) -> Result<Self, InvalidKeys> {
        let texts: BTreeMap<String, String> = serde_json::from_str(keys)?;
        if texts.is_empty() {
            return Err(InvalidKeys::None);
        }
        let keys = texts
            .into_iter()
            .map(|(id, text)| match public_key(&text) {
                Some(key) => Ok((id, key)),
                None => Err(InvalidKeys::Key(id)),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { keys, audience: audience.into() })
    }

    /// [E-1] Whether the Judge signed it, for this server. Holds for expired grants too: what became of one may be asked
    /// and settled long after.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub fn check_genuine(&self, signed: &SignedGrant) -> Result<(), Refusal> {
        let grant = &signed.grant;
        let key = self.keys.get(&grant.key).ok_or_else(|| refusal("grant_invalid", "the key is unknown"))?;
        let signature = BASE64_STANDARD
            .decode(&signed.signature)
            .ok()
            .and_then(|bytes| Signature::from_slice(&bytes).ok())
            .ok_or_else(|| refusal("grant_invalid", "the signature cannot be read"))?;
        key.verify_strict(grant.message().as_bytes(), &signature)
            .map_err(|_| refusal("grant_invalid", "the signature does not fit"))?;
        if grant.audience != self.audience {
            return Err(refusal("grant_audience", "the grant is for another server or stack"));
        }
        Ok(())
    }

    /// [E-1] Whether a genuine grant covers this tool, these arguments and this price.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub fn check_covers(grant: &Grant, tool: &str, arguments: &Digest, price: Money) -> Result<(), Refusal> {
        if grant.tool != tool {
            return Err(refusal("grant_tool", "the grant is for another tool"));
        }
        if grant.arguments != *arguments {
            return Err(refusal("grant_arguments", "the arguments are not those that were approved"));
        }
        let dearer = price.currency() != grant.max_cost.currency() || price.minor() > grant.max_cost.minor();
        if dearer {
            return Err(refusal("grant_cost", "the price is above what the grant allows"));
        }
        Ok(())
    }

    /// Whether it may still be burnt.
    ///
    /// # Errors
    /// The refusal to answer with; a new grant does better.
    pub fn check_fresh(grant: &Grant, now: Timestamp) -> Result<(), Refusal> {
        if now < grant.expires_at {
            return Ok(());
        }
        let message = "the grant has expired".to_owned();
        Err(Refusal { code: "grant_expired".to_owned(), message, retryable: true })
    }
}

fn public_key(text: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = BASE64_STANDARD.decode(text).ok()?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}

fn refusal(code: &str, message: &str) -> Refusal {
    Refusal { code: code.to_owned(), message: message.to_owned(), retryable: false }
}
