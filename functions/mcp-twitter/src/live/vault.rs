//! Where the accounts' credentials are kept.

use std::future::Future;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use thiserror::Error;

/// The vault did not do it. Asking again may help; an operator looks if it does not.
#[derive(Debug, Error)]
#[error("the vault failed")]
pub struct VaultFault(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Keeps secrets by name.
pub trait SecretVault: Send + Sync + 'static {
    /// A secret as it is now; none where there is none.
    fn read(&self, name: &str) -> impl Future<Output = Result<Option<String>, VaultFault>> + Send;

    /// Replaces a secret.
    fn write(&self, name: &str, secret: &str) -> impl Future<Output = Result<(), VaultFault>> + Send;
}

/// Secrets Manager.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    /// The account's and region's own.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl SecretVault for SecretsManager {
    async fn read(&self, name: &str) -> Result<Option<String>, VaultFault> {
        match self.client.get_secret_value().secret_id(name).send().await {
            Ok(answer) => Ok(answer.secret_string),
            Err(error) if is_missing(error.as_service_error()) => Ok(None),
            Err(error) => Err(VaultFault(Box::new(error))),
        }
    }

    async fn write(&self, name: &str, secret: &str) -> Result<(), VaultFault> {
        let put = self.client.put_secret_value().secret_id(name).secret_string(secret);
        put.send().await.map(|_| ()).map_err(|error| VaultFault(Box::new(error)))
    }
}

fn is_missing(error: Option<&GetSecretValueError>) -> bool {
    error.is_some_and(GetSecretValueError::is_resource_not_found_exception)
}
