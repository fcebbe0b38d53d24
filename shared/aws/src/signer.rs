//! Signs grants with the key in Secrets Manager: the Judge's alone.

use std::fmt;

use aws_config::SdkConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chimera_domain::ports::GrantSigner;
use chimera_domain::{Grant, SignedGrant};
use chimera_signed_http::secrets::{SecretError, secret};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Deserialize;
use thiserror::Error;

/// The signing key could not be taken up. The function does not start; an operator must look at the secret or its grant.
#[derive(Debug, Error)]
pub enum SignerError {
    /// The secret could not be read.
    #[error("the signing key's secret cannot be read")]
    Unreadable(#[from] SecretError),
    /// The secret is not `{"key_id": …, "seed": base64 of 32 bytes}`. Without a source: it could quote the secret.
    #[error("the signing key's secret has not the form of a key")]
    Malformed,
}

/// Signs with one Ed25519 key, read once at start.
#[derive(Clone)]
pub struct SecretGrantSigner {
    key_id: String,
    stack: String,
    key: SigningKey,
}

/// The secret's JSON. Deliberately without `Debug`.
#[derive(Deserialize)]
struct SecretKey {
    key_id: String,
    seed: String,
}

impl SecretGrantSigner {
    /// Reads the secret `{"key_id", "seed"}`; `stack` is the second half of a grant's audience.
    ///
    /// # Errors
    /// [`SignerError`]; the function must not start without its key.
    pub async fn load(config: &SdkConfig, secret_id: &str, stack: &str) -> Result<Self, SignerError> {
        Self::from_json(&secret(config, secret_id).await?, stack)
    }

    fn from_json(secret: &str, stack: &str) -> Result<Self, SignerError> {
        // What went wrong is not kept: an error of the parser could quote the secret.
        let secret: SecretKey = serde_json::from_str(secret).map_err(|_| SignerError::Malformed)?;
        let seed = STANDARD.decode(&secret.seed).map_err(|_| SignerError::Malformed)?;
        let seed: [u8; 32] = seed.try_into().map_err(|_| SignerError::Malformed)?;
        Ok(Self { key_id: secret.key_id, stack: stack.to_owned(), key: SigningKey::from_bytes(&seed) })
    }
}

impl GrantSigner for SecretGrantSigner {
    fn key_id(&self) -> &str {
        &self.key_id
    }

    fn stack(&self) -> &str {
        &self.stack
    }

    fn sign(&self, grant: Grant) -> SignedGrant {
        let signature = self.key.sign(grant.message().as_bytes());
        SignedGrant { grant, signature: STANDARD.encode(signature.to_bytes()) }
    }
}

impl fmt::Debug for SecretGrantSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretGrantSigner")
            .field("key_id", &self.key_id)
            .field("stack", &self.stack)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, Verifier as _};
    use serde_json::json;

    use super::*;

    fn signer() -> SecretGrantSigner {
        let secret = json!({"key_id": "k1", "seed": STANDARD.encode([7_u8; 32])});
        SecretGrantSigner::from_json(&secret.to_string(), "stack").unwrap()
    }

    fn grant() -> Grant {
        serde_json::from_value(json!({
            "id": "g", "key": "k1", "tenant": "t", "agent": "a", "campaign": "c", "effect": "e", "audience": "twitter@stack",
            "tool": "post_create", "arguments": "sha256:00", "max_cost": {"minor": 20, "currency": "USD"},
            "policy_version": 1, "expires_at": "2026-01-01T00:00:00Z",
        }))
        .unwrap()
    }

    #[test]
    fn a_signature_holds_for_the_grants_message_and_no_other() {
        let signer = signer();
        let signed = signer.sign(grant());
        let bytes: [u8; 64] = STANDARD.decode(&signed.signature).unwrap().try_into().unwrap();
        let (public, signature) = (signer.key.verifying_key(), Signature::from_bytes(&bytes));
        assert!(public.verify(signed.grant.message().as_bytes(), &signature).is_ok());
        let other = Grant { tool: "post_delete".to_owned(), ..signed.grant };
        assert!(public.verify(other.message().as_bytes(), &signature).is_err());
    }

    #[test]
    fn the_seed_is_never_printed() {
        let (signer, seed) = (signer(), STANDARD.encode([7_u8; 32]));
        let text = format!("{signer:?}");
        assert!(text.contains("k1") && !text.contains(&seed) && !text.contains("7, 7"), "{text}");
    }

    #[test]
    fn a_secret_of_another_form_is_refused() {
        for secret in ["", "{}", r#"{"key_id":"k","seed":"AAAA"}"#, r#"{"key_id":"k","seed":"?"}"#] {
            assert!(matches!(SecretGrantSigner::from_json(secret, "s"), Err(SignerError::Malformed)));
        }
    }
}
