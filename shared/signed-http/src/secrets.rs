//! Secrets Manager, by two signed requests: the one way in which our programs read a secret, and replace one.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;
use url::Url;
use uuid::Uuid;

use crate::post::{Post, SignedHttp, SignedHttpError, is_of_the_web};
use crate::retry::waits;
use crate::sdk::{ATTEMPT_TIMEOUT, SetupError, endpoint, http_client};

/// The name under which Secrets Manager checks signatures.
const SERVICE: &str = "secretsmanager";
/// The id by which the environment names it.
const SERVICE_ID: &str = "Secrets Manager";
/// Tries after the first.
const RETRIES: u32 = 2;
/// Upper bound of the first wait; the next one is twice as long. A throttle passes within a second or not soon.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// A secret has at most 64 KiB, and six characters of JSON for each in the worst case.
const ANSWER_BYTES: usize = 512 * 1024;

/// A secret that could not be read or replaced. None of it is in here.
#[derive(Debug, Error)]
pub enum SecretError {
    /// It is not there, may not be touched, or is no text. An operator looks at the secret and at the function's role.
    #[error("the secret {name} cannot be used: {why}")]
    Unusable {
        /// Which.
        name: String,
        /// The exception's name, or what is wrong.
        why: String,
    },
    /// Secrets Manager cannot be asked as configured. The program must not start.
    #[error("secrets cannot be asked for: {0}")]
    Unconfigured(&'static str),
    /// The HTTP client cannot be set up. The program must not start.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// Secrets Manager was not reached, or did not do it. It may be tried again.
    #[error("secrets cannot be reached at present")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl SecretError {
    /// The secret of this name cannot be used for what it is for. `why` must not quote it.
    pub fn unusable(name: &str, why: impl Into<String>) -> Self {
        Self::Unusable { name: name.to_owned(), why: why.into() }
    }
}

/// Where secrets are read.
pub trait Secrets: Send + Sync {
    /// A secret's text as it is now; none where there is no secret of this name.
    fn read(&self, name: &str) -> impl Future<Output = Result<Option<String>, SecretError>> + Send;

    /// The text of a secret that has to be there; where it is not, that is [`SecretError::Unusable`].
    fn required(&self, name: &str) -> impl Future<Output = Result<String, SecretError>> + Send {
        async move { self.read(name).await?.ok_or_else(|| SecretError::unusable(name, "it is not there")) }
    }
}

/// Where secrets are replaced as well.
pub trait SecretVault: Secrets + 'static {
    /// Replaces the text of a secret that is there. Where this fails as [`SecretError::Unavailable`], the old text or the
    /// new one may be stored.
    fn write(&self, name: &str, text: &str) -> impl Future<Output = Result<(), SecretError>> + Send;
}

/// No secrets: for those who need none.
#[derive(Debug, Clone, Copy)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    async fn read(&self, _name: &str) -> Result<Option<String>, SecretError> {
        Ok(None)
    }
}

/// AWS Secrets Manager: the account's and region's own, as far as the function's role may touch them.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    http: SignedHttp,
    url: Url,
}

/// What may be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Read,
    Write,
}

/// An answer. Deliberately without `Debug`.
#[derive(Deserialize)]
struct SecretValue {
    #[serde(rename = "SecretString")]
    text: Option<String>,
}

/// The text of one secret that has to be there: for those who need one when they start, and never again.
///
/// # Errors
/// [`SecretError`].
pub async fn secret(aws: &SdkConfig, name: &str) -> Result<String, SecretError> {
    SecretsManager::new(aws)?.required(name).await
}

impl SecretsManager {
    /// Asks where the configuration has its endpoint, else the region's own service, as the configuration's credentials.
    ///
    /// # Errors
    /// [`SecretError::Unconfigured`] and [`SecretError::Setup`].
    pub fn new(aws: &SdkConfig) -> Result<Self, SecretError> {
        let region = aws.region().ok_or(SecretError::Unconfigured("there is no region"))?.to_string();
        let credentials =
            aws.credentials_provider().ok_or(SecretError::Unconfigured("there are no credentials"))?;
        let url = endpoint(aws, SERVICE_ID).unwrap_or_else(|| own_endpoint(aws, &region));
        let url = Url::parse(&url).ok().filter(is_of_the_web);
        let url = url.ok_or(SecretError::Unconfigured("the endpoint is no URL of http or https"))?;
        Ok(Self { http: SignedHttp::new(http_client()?, credentials, region, SERVICE), url })
    }

    /// Asks until there is an answer, or none is worth waiting for.
    async fn ask(
        &self,
        operation: Operation,
        target: &str,
        body: &Value,
    ) -> Result<Vec<u8>, SignedHttpError> {
        let mut waits = waits(RETRIES, FIRST_WAIT);
        loop {
            let (at, body) = (SystemTime::now(), body.to_string().into_bytes());
            let (url, target, timeout, most_bytes) = (&self.url, Some(target), ATTEMPT_TIMEOUT, ANSWER_BYTES);
            let post = Post { url, target, body, timeout, most_bytes, at };
            let error = match self.http.post(post).await {
                Ok(answer) => return Ok(answer),
                Err(error) => wordless(error),
            };
            match waits.next().filter(|_| may_pass(operation, &error)) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }
}

impl Secrets for SecretsManager {
    async fn read(&self, name: &str) -> Result<Option<String>, SecretError> {
        let body = json!({ "SecretId": name });
        let answer = match self.ask(Operation::Read, "secretsmanager.GetSecretValue", &body).await {
            Ok(answer) => answer,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(meaning(name, error)),
        };
        // What went wrong is not kept: an error of the parser could quote the secret.
        let value: SecretValue = serde_json::from_slice(&answer)
            .map_err(|_| SecretError::unusable(name, "the answer has not the form of a secret"))?;
        value.text.map(Some).ok_or_else(|| SecretError::unusable(name, "it is no text"))
    }
}

impl SecretVault for SecretsManager {
    async fn write(&self, name: &str, text: &str) -> Result<(), SecretError> {
        // The same for every try: what was stored by one is not stored once more by the next.
        let token = Uuid::new_v4();
        let body = json!({ "SecretId": name, "SecretString": text, "ClientRequestToken": token });
        let done = self.ask(Operation::Write, "secretsmanager.PutSecretValue", &body).await;
        done.map(drop).map_err(|error| meaning(name, error))
    }
}

/// Where the region has the service.
fn own_endpoint(aws: &SdkConfig, region: &str) -> String {
    let service = if aws.use_fips() == Some(true) { "secretsmanager-fips" } else { SERVICE };
    let domain = match (region.starts_with("cn-"), aws.use_dual_stack() == Some(true)) {
        (false, false) => "amazonaws.com",
        (false, true) => "api.aws",
        (true, false) => "amazonaws.com.cn",
        (true, true) => "api.amazonwebservices.com.cn",
    };
    format!("https://{service}.{region}.{domain}")
}

/// Whether the same request may do better. A write is sent again only where the first one provably did nothing.
fn may_pass(operation: Operation, error: &SignedHttpError) -> bool {
    match error {
        SignedHttpError::Unsent(_) => true,
        SignedHttpError::Refused(fault) if fault.is_throttle() => true,
        SignedHttpError::Refused(fault) => operation == Operation::Read && fault.status >= 500,
        SignedHttpError::Lost(_) => operation == Operation::Read,
        SignedHttpError::Credentials(_) | SignedHttpError::Unsigned(_) | SignedHttpError::TooLarge(_) => {
            false
        }
    }
}

fn is_missing(error: &SignedHttpError) -> bool {
    matches!(error, SignedHttpError::Refused(fault) if fault.kind == "ResourceNotFoundException")
}

/// [B-10] What the service says about it may repeat what was sent.
fn wordless(mut error: SignedHttpError) -> SignedHttpError {
    if let SignedHttpError::Refused(fault) = &mut error {
        fault.detail.clear();
    }
    error
}

fn meaning(name: &str, error: SignedHttpError) -> SecretError {
    match error {
        SignedHttpError::Refused(fault) if fault.status < 500 && !fault.is_throttle() => {
            SecretError::unusable(name, fault.to_string())
        }
        SignedHttpError::TooLarge(_) => SecretError::unusable(name, error.to_string()),
        _ => SecretError::Unavailable(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;

    use super::*;

    fn nobody() -> aws_types::sdk_config::Builder {
        SdkConfig::builder().behavior_version(BehaviorVersion::latest())
    }

    fn somebody(region: &'static str) -> aws_types::sdk_config::Builder {
        let credentials = Credentials::new("key-1", "secret-1", Some("session-1".to_owned()), None, "test");
        nobody()
            .region(Region::from_static(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
    }

    #[test]
    fn without_a_configured_endpoint_the_regions_own_is_asked() {
        let host = |aws: aws_types::sdk_config::Builder| {
            SecretsManager::new(&aws.build()).unwrap().url.host_str().unwrap().to_owned()
        };
        assert_eq!(host(somebody("eu-west-1")), "secretsmanager.eu-west-1.amazonaws.com");
        assert_eq!(host(somebody("cn-north-1")), "secretsmanager.cn-north-1.amazonaws.com.cn");
        let hardened = somebody("us-east-1").use_fips(true).use_dual_stack(true);
        assert_eq!(host(hardened), "secretsmanager-fips.us-east-1.api.aws");
        assert_eq!(host(somebody("us-east-1").endpoint_url("http://127.0.0.1:1")), "127.0.0.1");
    }

    #[test]
    fn what_cannot_be_asked_is_refused_at_the_start() {
        let nowhere = somebody("eu-west-1").endpoint_url("file:///etc/passwd");
        let stranger = nobody().region(Region::from_static("eu-west-1"));
        for (aws, why) in [(nobody(), "no region"), (stranger, "no credentials"), (nowhere, "no URL")] {
            let error = SecretsManager::new(&aws.build()).unwrap_err();
            assert!(matches!(error, SecretError::Unconfigured(_)), "{error:?}");
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    /// [B-10]
    #[test]
    fn whom_it_asks_as_is_never_printed() {
        let printed = format!("{:?}", SecretsManager::new(&somebody("eu-west-1").build()).unwrap());
        for secret in ["key-1", "secret-1", "session-1"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
