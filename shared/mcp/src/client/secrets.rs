//! Bearer tokens of other people's servers: named in the configuration, kept in Secrets Manager, shown to one origin.

use std::fmt;

use axum::http::HeaderValue;
use thiserror::Error;

/// A secret that could not be taken up.
#[derive(Debug, Error)]
pub enum SecretError {
    /// It is not there, may not be read, or is no token. An operator looks at the secret and the function's role.
    #[error("the secret {0} cannot be used")]
    Unusable(String),
    /// Secrets Manager did not answer. The call may be tried again.
    #[error("secrets cannot be read at present")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where bearer tokens come from.
pub trait Secrets: Send + Sync {
    /// The text of the secret of this name.
    fn secret(&self, name: &str) -> impl Future<Output = Result<String, SecretError>> + Send;
}

/// No secrets: for toolboxes all of whose servers do without.
#[derive(Debug, Clone, Copy)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    async fn secret(&self, name: &str) -> Result<String, SecretError> {
        Err(SecretError::Unusable(name.to_owned()))
    }
}

/// AWS Secrets Manager.
#[derive(Clone)]
pub struct SecretsManager {
    client: aws_sdk_secretsmanager::Client,
}

impl SecretsManager {
    /// The account's secrets, as far as the function's role may read them.
    #[must_use]
    pub fn new(aws: &aws_config::SdkConfig) -> Self {
        Self { client: aws_sdk_secretsmanager::Client::new(aws) }
    }
}

impl fmt::Debug for SecretsManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretsManager")
    }
}

impl Secrets for SecretsManager {
    async fn secret(&self, name: &str) -> Result<String, SecretError> {
        let unusable = || SecretError::Unusable(name.to_owned());
        let answer = self.client.get_secret_value().secret_id(name).send().await;
        let answer = answer.map_err(|error| match error.as_service_error() {
            Some(refused) if refused.is_resource_not_found_exception() => unusable(),
            _ if error.raw_response().is_some_and(|raw| raw.status().as_u16() == 400) => unusable(),
            _ => SecretError::Unavailable(Box::new(error)),
        })?;
        answer.secret_string().map(str::to_owned).ok_or_else(unusable)
    }
}

/// The header that shows a token. It is marked as sensitive, so that nothing prints it.
pub(crate) fn bearer(name: &str, token: &str) -> Result<HeaderValue, SecretError> {
    let token = token.trim();
    let header = HeaderValue::from_str(&format!("Bearer {token}"));
    let header = header.ok().filter(|_| !token.is_empty());
    let mut header = header.ok_or_else(|| SecretError::Unusable(name.to_owned()))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [T-24]
    #[test]
    fn a_token_is_never_printed() {
        let header = bearer("chimera/fetch", " s3cret\n").unwrap();
        assert_eq!(header.to_str().unwrap(), "Bearer s3cret");
        assert!(!format!("{header:?}").contains("s3cret"));
        for wrong in ["", " ", "a\nb", "a\u{0}"] {
            assert!(bearer("chimera/fetch", wrong).is_err(), "{wrong:?}");
        }
    }
}
