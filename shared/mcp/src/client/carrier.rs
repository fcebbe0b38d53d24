//! Carries one HTTP-shaped request to a server and its answer back, over the Lambda API or over HTTP. The one place
//! that decides whether a failure is provably unsent.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use axum::http::{HeaderMap, StatusCode};
use futures::StreamExt as _;
use thiserror::Error;
use url::Url;

use super::registry::Target;
use super::{SetupError, lambda};
use crate::net::{CONNECT_TIMEOUT, Reach, guarded_client};
use crate::{INTERNAL_HOST, RESPONSE_BYTES};

/// A connection that slept through a freeze fails its first request; one this young did not.
const IDLE_CONNECTION: Duration = Duration::from_secs(2);

/// Why a request brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    /// It provably never reached the server.
    #[error("unsent: {0}")]
    Unsent(String),
    /// Nobody knows.
    #[error("unknown: {0}")]
    Unknown(String),
    /// It must not be sent, or the server says that it must not be sent.
    #[error("forbidden: {0}")]
    Forbidden(String),
}

/// A server's answer, not yet read as MCP.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// The clients that calls share; built once per process.
#[derive(Debug, Clone)]
pub struct Connections {
    patient: aws_sdk_lambda::Client,
    once: aws_sdk_lambda::Client,
    public: reqwest::Client,
    anywhere: reqwest::Client,
}

impl Connections {
    /// Builds the clients. Those for reading retry what the Lambda API itself refuses; those for writing never do.
    ///
    /// # Errors
    /// [`SetupError`] when the TLS backend cannot be set up.
    pub fn new(aws: &aws_config::SdkConfig) -> Result<Self, SetupError> {
        let tls = Provider::Rustls(CryptoMode::AwsLc);
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(tls).pool_idle_timeout(IDLE_CONNECTION);
        // The caller's deadline is the only limit on an answer; the configuration's own would cut a slow tool short.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .disable_read_timeout()
            .disable_operation_timeout()
            .disable_operation_attempt_timeout()
            .build();
        let base = aws_sdk_lambda::config::Builder::from(aws)
            .http_client(http.build_https())
            .timeout_config(timeouts);
        let once = base.clone().retry_config(RetryConfig::disabled());
        Ok(Self {
            patient: aws_sdk_lambda::Client::from_conf(base.build()),
            once: aws_sdk_lambda::Client::from_conf(once.build()),
            public: guarded_client(Reach::Public)?,
            anywhere: guarded_client(Reach::Anywhere)?,
        })
    }

    pub(crate) fn to(&self, target: &Target, retries: Retries) -> Carrier {
        match target {
            Target::Lambda { function } => {
                let client = if retries == Retries::Allowed { &self.patient } else { &self.once };
                Carrier::Lambda { client: client.clone(), function: function.as_str().into() }
            }
            Target::Http { url, reach } => {
                let client = if *reach == Reach::Public { &self.public } else { &self.anywhere };
                Carrier::Http { client: client.clone(), url: url.clone(), reach: *reach }
            }
        }
    }
}

/// Whether the client underneath may send again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retries {
    Allowed,
    Never,
}

/// The way to one server.
#[derive(Debug, Clone)]
pub(crate) enum Carrier {
    Lambda { client: aws_sdk_lambda::Client, function: Arc<str> },
    Http { client: reqwest::Client, url: Url, reach: Reach },
}

impl Carrier {
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Lambda { .. } => format!("https://{INTERNAL_HOST}/mcp"),
            Self::Http { url, .. } => url.to_string(),
        }
    }

    pub(crate) async fn carry(&self, headers: HeaderMap, body: String) -> Result<Reply, Fault> {
        match self {
            Self::Lambda { client, function } => lambda::invoke(client, function, &headers, &body).await,
            Self::Http { client, url, reach } => {
                reach.check_literal(url).map_err(|error| Fault::Forbidden(error.to_string()))?;
                post(client, url, headers, body).await
            }
        }
    }
}

async fn post(client: &reqwest::Client, url: &Url, headers: HeaderMap, body: String) -> Result<Reply, Fault> {
    let response = client.post(url.clone()).headers(headers).body(body).send().await.map_err(http_fault)?;
    let status = response.status();
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(http_fault)?);
        if body.len() > RESPONSE_BYTES {
            return Err(Fault::Unknown("the answer is too large".to_owned()));
        }
    }
    Ok(Reply { status, content_type, body })
}

fn http_fault(error: reqwest::Error) -> Fault {
    if crate::net::was_forbidden(&error) {
        return Fault::Forbidden("the server's address is not public".to_owned());
    }
    let unsent = error.is_connect() || error.is_builder();
    let text = error.without_url().to_string();
    if unsent { Fault::Unsent(text) } else { Fault::Unknown(text) }
}
