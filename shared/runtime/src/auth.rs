//! Who asks: tokens, and what their roles allow. Tenant, operator and roles come from the verified token and from
//! nowhere else.

mod keys;
mod roles;

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::{OperatorId, TenantId, Timestamp};
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;
use thiserror::Error;

pub use self::roles::{ALLOWED, Operation, Role, allowed};
use crate::auth::keys::{Key, Keys};
use crate::env::{Env, EnvError};

/// Longest token accepted: beyond what a gateway lets through in one header.
const TOKEN_BYTES: usize = 8 * 1024;
/// How far the issuer's clock and ours may be apart.
const LEEWAY: Duration = Duration::from_secs(5);

/// A token that is not accepted, or a caller who may not.
#[derive(Debug, Error)]
pub enum AuthError {
    /// Its signature, issuer or audience is wrong, or it is no token. The client signs in again.
    #[error("the token is refused")]
    Refused(#[source] jsonwebtoken::errors::Error),
    /// Something about its form. The client's issuer must be set up otherwise.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// It has expired or is not valid yet. The client signs in again.
    #[error("the token is outside its time")]
    Untimely,
    /// It is signed with a key the issuer does not publish. The client signs in again.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The caller's roles do not allow it. An admin may give them one that does.
    #[error("no role of the caller allows {}", .0.name())]
    Forbidden(Operation),
    /// The keys as configured or published cannot be used. Whoever deployed it must look.
    #[error("the issuer's keys cannot be used: {0}")]
    KeysUnusable(&'static str),
    /// The issuer's keys could not be fetched. Tried again with a later request.
    #[error("the issuer's keys cannot be fetched")]
    KeysUnavailable(#[source] reqwest::Error),
    /// The environment. Whoever deployed it must look.
    #[error(transparent)]
    Environment(#[from] EnvError),
}

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose rows they may reach; no others.
    pub tenant: TenantId,
    /// Who they are.
    pub operator: OperatorId,
    /// What they may be. Roles that Chimera does not know are left out.
    pub roles: BTreeSet<Role>,
}

impl Caller {
    /// Whether a role of theirs allows the operation.
    #[must_use]
    pub fn may(&self, operation: Operation) -> bool {
        self.roles.iter().any(|role| allowed(*role, operation))
    }

    /// Requires that a role of theirs allows the operation.
    ///
    /// # Errors
    /// [`AuthError::Forbidden`] when none does.
    pub fn require(&self, operation: Operation) -> Result<(), AuthError> {
        if self.may(operation) { Ok(()) } else { Err(AuthError::Forbidden(operation)) }
    }
}

/// Verifies tokens of one issuer for one audience. Only asymmetric signatures are accepted (RS256, ES256, EdDSA), each
/// only with a key that is meant for it.
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: Keys,
}

impl Verifier {
    /// With keys that are given: a JSON Web Key Set.
    ///
    /// # Errors
    /// [`AuthError::KeysUnusable`] when there is no usable key in it.
    pub fn from_parts(issuer: &str, audience: &str, jwks_json: &str) -> Result<Self, AuthError> {
        Ok(Self::over(issuer, audience, Keys::given(jwks_json)?))
    }

    /// With keys from `source`: a JSON Web Key Set itself, or the https address it is published at, which is fetched now
    /// and again, at most once a minute, when a token names a key that is not in it.
    ///
    /// # Errors
    /// [`AuthError::KeysUnusable`] or [`AuthError::KeysUnavailable`].
    pub async fn load(issuer: &str, audience: &str, source: &str) -> Result<Self, AuthError> {
        let inline = source.trim_start().starts_with('{');
        let keys = if inline { Keys::given(source)? } else { Keys::published(source).await? };
        Ok(Self::over(issuer, audience, keys))
    }

    /// From `OIDC_ISSUER`, `OIDC_AUDIENCE` and `OIDC_JWKS`.
    ///
    /// # Errors
    /// As [`Self::load`], or [`AuthError::Environment`].
    pub async fn from_env(env: &Env) -> Result<Self, AuthError> {
        let (issuer, audience) = (env.text("OIDC_ISSUER")?, env.text("OIDC_AUDIENCE")?);
        Self::load(&issuer, &audience, &env.text("OIDC_JWKS")?).await
    }

    fn over(issuer: &str, audience: &str, keys: Keys) -> Self {
        Self { issuer: issuer.to_owned(), audience: audience.to_owned(), keys }
    }

    /// Who the bearer of this token is at `now`.
    ///
    /// # Errors
    /// [`AuthError`]; nobody is signed in then.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, AuthError> {
        if token.len() > TOKEN_BYTES {
            return Err(AuthError::Malformed("it is too long"));
        }
        let header = decode_header(token).map_err(AuthError::Refused)?;
        if header.crit.is_some() {
            return Err(AuthError::Malformed("it demands extensions"));
        }
        let kid = header.kid.ok_or(AuthError::Malformed("it names no key"))?;
        let key = self.keys.find(&kid).await?;
        self.claims(token, &key)?.caller_at(now)
    }

    /// The claims of a token that this key signed, for this issuer and audience. Its times are checked by
    /// [`Claims::caller_at`], against the caller's clock.
    fn claims(&self, token: &str, key: &Key) -> Result<Claims, AuthError> {
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        decode(token, &key.key, &validation).map(|token| token.claims).map_err(AuthError::Refused)
    }
}

#[derive(Debug, Deserialize)]
struct Claims {
    tenant: TenantId,
    sub: String,
    #[serde(default)]
    roles: Vec<String>,
    /// Seconds since 1970; a fraction is allowed.
    exp: f64,
    nbf: Option<f64>,
}

impl Claims {
    fn caller_at(self, now: Timestamp) -> Result<Caller, AuthError> {
        let (now, leeway) = (now.as_duration().as_secs_f64(), LEEWAY.as_secs_f64());
        // Written so that a time that is no number is refused.
        let in_time = now < self.exp + leeway && self.nbf.is_none_or(|nbf| nbf <= now + leeway);
        if !in_time {
            return Err(AuthError::Untimely);
        }
        if self.sub.is_empty() {
            return Err(AuthError::Malformed("it names nobody"));
        }
        let roles = self.roles.iter().filter_map(|name| Role::named(name)).collect();
        Ok(Caller { tenant: self.tenant, operator: OperatorId::new(self.sub), roles })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use ed25519_dalek::{Signer as _, SigningKey};
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_770_000_000;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[9; 32])
    }

    fn jwks() -> String {
        let x = BASE64.encode(key().verifying_key().to_bytes());
        let ours = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x});
        let secret = json!({"kty": "oct", "kid": "k2", "k": BASE64.encode("secret"), "alg": "HS256"});
        json!({"keys": [ours, secret]}).to_string()
    }

    fn verifier() -> Verifier {
        Verifier::from_parts("https://issuer", "chimera", &jwks()).unwrap()
    }

    fn claims() -> Value {
        json!({
            "iss": "https://issuer", "aud": ["other", "chimera"], "exp": NOW + 60, "nbf": NOW - 60, "sub": "ada",
            "tenant": "t1", "roles": ["operator", "astronaut"],
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn token(header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        format!("{message}.{}", BASE64.encode(key().sign(message.as_bytes()).to_bytes()))
    }

    async fn verify(header: Value, claims: Value) -> Result<Caller, AuthError> {
        let now = Timestamp::from_second(NOW).unwrap();
        verifier().verify(&token(&header, &claims), now).await
    }

    async fn claimed(claims: Value) -> Result<Caller, AuthError> {
        verify(json!({"alg": "EdDSA", "kid": "k1"}), claims).await
    }

    #[tokio::test]
    async fn a_caller_is_who_the_token_says_with_the_roles_we_know() {
        let caller = claimed(claims()).await.unwrap();
        assert_eq!((caller.tenant.as_str(), caller.operator.as_str()), ("t1", "ada"));
        assert_eq!(caller.roles, BTreeSet::from([Role::Operator]));
        assert!(caller.require(Operation::StartCampaign).is_ok());
        assert!(matches!(caller.require(Operation::PutPolicy), Err(AuthError::Forbidden(_))));
    }

    #[tokio::test]
    async fn a_token_for_others_is_refused() {
        for (name, value) in [("iss", json!("https://other")), ("aud", json!("other")), ("aud", json!(null))]
        {
            assert!(matches!(claimed(with(name, value)).await, Err(AuthError::Refused(_))), "{name}");
        }
    }

    #[tokio::test]
    async fn a_token_counts_within_its_time_and_the_leeway() {
        for (name, seconds) in [("exp", -4), ("nbf", 5)] {
            assert!(claimed(with(name, json!(NOW + seconds))).await.is_ok(), "{name} {seconds}");
        }
        for (name, seconds) in [("exp", -5), ("nbf", 6)] {
            let error = claimed(with(name, json!(NOW + seconds))).await.unwrap_err();
            assert!(matches!(error, AuthError::Untimely), "{name} {seconds}: {error:?}");
        }
    }

    #[tokio::test]
    async fn a_token_without_a_claim_we_need_is_refused() {
        for name in ["tenant", "sub", "exp", "iss", "aud"] {
            let mut claims = claims();
            claims.as_object_mut().unwrap().remove(name);
            assert!(matches!(claimed(claims).await, Err(AuthError::Refused(_))), "{name}");
        }
        assert!(claimed(with("tenant", json!("a#b"))).await.is_err(), "a tenant that no key could carry");
        assert!(claimed(with("sub", json!(""))).await.is_err());
    }

    #[tokio::test]
    async fn an_algorithm_that_is_not_the_keys_is_refused() {
        for alg in ["HS256", "ES256", "RS256", "none", "HS512"] {
            let result = verify(json!({"alg": alg, "kid": "k1"}), claims()).await;
            assert!(matches!(result, Err(AuthError::Refused(_))), "{alg}");
        }
    }

    #[tokio::test]
    async fn a_key_must_be_named_known_and_asymmetric() {
        let refused = verify(json!({"alg": "EdDSA"}), claims()).await;
        assert!(matches!(refused, Err(AuthError::Malformed(_))));
        for kid in ["k2", "k3"] {
            let refused = verify(json!({"alg": "EdDSA", "kid": kid}), claims()).await;
            assert!(matches!(refused, Err(AuthError::UnknownKey)), "{kid}");
        }
    }

    #[tokio::test]
    async fn a_changed_token_is_refused() {
        let token = token(&json!({"alg": "EdDSA", "kid": "k1"}), &claims());
        let parts: Vec<&str> = token.split('.').collect();
        let other = BASE64.encode(with("tenant", json!("t2")).to_string());
        let forged = format!("{}.{other}.{}", parts[0], parts[2]);
        let now = Timestamp::from_second(NOW).unwrap();
        for text in [forged.as_str(), "", "a.b.c", &"x".repeat(TOKEN_BYTES + 1)] {
            assert!(verifier().verify(text, now).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_critical_extension_is_refused() {
        let refused = verify(json!({"alg": "EdDSA", "kid": "k1", "crit": ["exp"]}), claims()).await;
        assert!(refused.is_err());
    }

    #[tokio::test]
    async fn keys_come_inline_or_by_https_and_never_otherwise() {
        assert!(Verifier::load("i", "a", &format!("  {}", jwks())).await.is_ok());
        for source in ["http://issuer/keys", "file:///keys", "keys", "{}", r#"{"keys":[]}"#] {
            assert!(
                matches!(Verifier::load("i", "a", source).await, Err(AuthError::KeysUnusable(_))),
                "{source}"
            );
        }
    }
}
