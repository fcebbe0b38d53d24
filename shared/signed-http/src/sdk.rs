//! What the SDK's clients are built from: the environment of a function, and limits that fit inside its deadline.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use reqwest::Client;
use reqwest::redirect::Policy;
use thiserror::Error;

use crate::transport::sdk_http;

/// Attempts the SDK makes for one call, the first included: enough for a dropped connection, few enough that a caller's
/// deadline still decides.
const ATTEMPTS: u32 = 3;
/// Longest wait for a connection: endpoints are in the same region.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for one attempt's answer.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// Where the services are, if not where their region has them.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// The HTTP client cannot be set up: the TLS backend has no certificates to trust. The program must not start.
#[derive(Debug, Error)]
#[error("the HTTP client cannot be set up")]
pub struct SetupError(#[from] reqwest::Error);

/// The SDK's configuration of a function: region, credentials and endpoints from the environment, three attempts, one
/// second to connect, five seconds per attempt. Clients of calls that must not be repeated override the retries.
///
/// Lambda gives credentials in the environment, and nothing else is asked for them: no profile, no metadata service.
///
/// # Errors
/// [`SetupError`].
pub fn sdk_config() -> Result<SdkConfig, SetupError> {
    let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    from_environment(std::env::vars_os().filter_map(readable))
}

/// How often the SDK makes a call.
#[must_use]
pub fn retry_config() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

/// How long one attempt may take. How long a connection may take is the HTTP client's.
#[must_use]
pub fn timeout_config() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build()
}

/// The client that speaks to the region's own services: one second to connect, no redirects, nothing sent twice. Proxies are
/// those of the environment.
///
/// # Errors
/// [`SetupError`].
pub fn http_client() -> Result<Client, SetupError> {
    let client = Client::builder().connect_timeout(CONNECT_TIMEOUT).redirect(Policy::none());
    Ok(client.retry(reqwest::retry::never()).build()?)
}

fn from_environment(variables: impl Iterator<Item = (String, String)>) -> Result<SdkConfig, SetupError> {
    let set: BTreeMap<String, String> = variables.filter(|(_, value)| !value.trim().is_empty()).collect();
    let text = |name: &str| set.get(name).cloned();
    let is_on = |name: &str| set.get(name).map(|value| value.trim().eq_ignore_ascii_case("true"));
    let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(text("AWS_REGION").or_else(|| text("AWS_DEFAULT_REGION")).map(Region::new))
        .credentials_provider(credentials)
        .retry_config(retry_config())
        .timeout_config(timeout_config())
        .http_client(sdk_http(http_client()?));
    config.set_use_fips(is_on("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(is_on("AWS_USE_DUALSTACK_ENDPOINT"));
    if is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") != Some(true) {
        config.set_endpoint_url(text(ENDPOINT));
        config = config.service_config(Endpoints::of(set));
    }
    Ok(config.build())
}

/// Addresses of single services, by variable (`AWS_ENDPOINT_URL_SECRETS_MANAGER`).
#[derive(Debug)]
struct Endpoints(BTreeMap<String, String>);

impl Endpoints {
    /// [B-10] Of the environment nothing else is kept: this is printed with the configuration.
    fn of(mut set: BTreeMap<String, String>) -> Self {
        set.retain(|name, _| name.starts_with(ENDPOINT));
        Self(set)
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().replace(' ', "_").to_ascii_uppercase();
        self.0.get(&format!("{}_{service}", key.env())).cloned()
    }
}

/// Where the service of this id is to be reached, if not where the region has it: its own variable comes before the common
/// one.
pub(crate) fn endpoint(aws: &SdkConfig, service_id: &str) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service_id).env(ENDPOINT).profile("endpoint_url");
    let own = aws.service_config().zip(key.build().ok()).and_then(|(config, key)| config.load_config(key));
    own.or_else(|| aws.endpoint_url().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config<const N: usize>(variables: [(&str, &str); N]) -> SdkConfig {
        from_environment(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter())
            .unwrap()
    }

    #[test]
    fn region_and_endpoints_are_those_of_the_environment() {
        let aws = config([
            ("AWS_REGION", "eu-west-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:2"),
            ("AWS_USE_FIPS_ENDPOINT", "TRUE"),
        ]);
        assert_eq!(aws.region().unwrap().as_ref(), "eu-west-1");
        assert_eq!(endpoint(&aws, "Secrets Manager").unwrap(), "http://127.0.0.1:2");
        assert_eq!(endpoint(&aws, "DynamoDB").unwrap(), "http://127.0.0.1:1");
        assert_eq!((aws.use_fips(), aws.use_dual_stack()), (Some(true), None));
    }

    #[test]
    fn what_is_empty_is_not_set_and_what_is_to_be_ignored_is() {
        let aws = config([
            ("AWS_REGION", " "),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
        ]);
        assert_eq!(aws.region().unwrap().as_ref(), "us-east-1");
        assert_eq!(endpoint(&aws, "DynamoDB"), None);
        assert!(config([]).region().is_none());
    }

    #[test]
    fn calls_are_repeated_twice_and_an_attempt_ends() {
        let aws = config([]);
        assert_eq!(aws.retry_config().unwrap().max_attempts(), 3);
        let limit = aws.timeout_config().unwrap().operation_attempt_timeout();
        assert_eq!(limit, Some(Duration::from_secs(5)));
    }

    /// [B-10]
    #[test]
    fn a_configuration_that_is_printed_holds_no_credential() {
        let secrets = [("AWS_SECRET_ACCESS_KEY", "secret-1"), ("AWS_SESSION_TOKEN", "session-1")];
        let printed = format!("{:?}", config(secrets));
        assert!(!printed.contains("secret-1") && !printed.contains("session-1"), "{printed}");
    }
}
