//! The clients that calls share.

use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use chimera_signed_http::sdk_http;

use super::SetupError;
use super::carrier::Carrier;
use super::registry::Target;
use crate::net::{CONNECT_TIMEOUT, Reach, guarded_client};

/// [T-30] How long a connection to the Lambda API may lie idle and still be used. A function is frozen between invocations: its
/// side of a connection then notices nothing, while the other side closes it or a router on the way forgets it, and the
/// next request on it fails or hangs. A connection that was used within this time was not frozen for long, and every
/// server keeps one longer. The clock that measures it goes on during a freeze.
const IDLE_CONNECTION: Duration = Duration::from_secs(2);

/// The clients that calls share; built once per process. None of them sends a request a second time: repeating is the
/// toolbox's, which knows what may be repeated.
#[derive(Debug, Clone)]
pub struct Connections {
    lambda: aws_sdk_lambda::Client,
    public: reqwest::Client,
    anywhere: reqwest::Client,
}

impl Connections {
    /// Builds the clients.
    ///
    /// # Errors
    /// [`SetupError`] when the TLS backend cannot be set up.
    pub fn new(aws: &aws_config::SdkConfig) -> Result<Self, SetupError> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_CONNECTION)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy();
        // The caller's deadline is the only limit on an answer; the configuration's own would cut a slow tool short.
        let timeouts = TimeoutConfig::builder()
            .disable_read_timeout()
            .disable_operation_timeout()
            .disable_operation_attempt_timeout()
            .build();
        let lambda = aws_sdk_lambda::config::Builder::from(aws)
            .http_client(sdk_http(http.build()?))
            .timeout_config(timeouts)
            .retry_config(RetryConfig::disabled())
            .build();
        Ok(Self {
            lambda: aws_sdk_lambda::Client::from_conf(lambda),
            public: guarded_client(Reach::Public)?,
            anywhere: guarded_client(Reach::Anywhere)?,
        })
    }

    pub(crate) fn to(&self, target: &Target) -> Carrier {
        match target {
            Target::Lambda { function } => {
                Carrier::Lambda { client: self.lambda.clone(), function: function.as_str().into() }
            }
            Target::Http { url, reach } => {
                let client = if *reach == Reach::Public { &self.public } else { &self.anywhere };
                Carrier::Http { client: client.clone(), url: url.clone(), reach: *reach }
            }
        }
    }
}
