//! The signing key of tests.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chimera_domain::ports::GrantSigner;
use chimera_domain::{Grant, SignedGrant};
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};

/// The stack every test runs in; the second half of a grant's audience.
pub const STACK: &str = "chimera-test";

const KEY_ID: &str = "test-1";

/// Signs grants with a fixed Ed25519 key.
#[derive(Debug, Clone)]
pub struct MemorySigner {
    key: SigningKey,
}

impl Default for MemorySigner {
    fn default() -> Self {
        Self::with_seed([7; 32])
    }
}

impl MemorySigner {
    /// Signs with the key of `seed` under the same key id: what a forger without the real key would do.
    #[must_use]
    pub fn with_seed(seed: [u8; 32]) -> Self {
        Self { key: SigningKey::from_bytes(&seed) }
    }

    /// The public keys by id, as a write server's configuration holds them.
    #[must_use]
    pub fn public_keys(&self) -> BTreeMap<String, VerifyingKey> {
        BTreeMap::from([(KEY_ID.to_owned(), self.key.verifying_key())])
    }
}

impl GrantSigner for MemorySigner {
    fn key_id(&self) -> &str {
        KEY_ID
    }

    fn stack(&self) -> &str {
        STACK
    }

    fn sign(&self, grant: Grant) -> SignedGrant {
        let signature = self.key.sign(grant.message().as_bytes());
        SignedGrant { grant, signature: STANDARD.encode(signature.to_bytes()) }
    }
}

/// Whether the signature over the grant was made with one of the keys.
pub(crate) fn is_signed(signed: &SignedGrant, keys: &BTreeMap<String, VerifyingKey>) -> bool {
    let Some(key) = keys.get(&signed.grant.key) else { return false };
    let Ok(bytes) = STANDARD.decode(&signed.signature) else { return false };
    let Ok(signature) = Signature::from_slice(&bytes) else { return false };
    key.verify(signed.grant.message().as_bytes(), &signature).is_ok()
}
