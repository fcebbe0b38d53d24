//! One request to CDP: signed, sent once, its answer read whole or not at all.

use std::time::Duration;

use chimera_domain::canonical_json;
use chimera_domain::ports::{Clock, Ids};
use chimera_mcp::net::was_forbidden;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::key::CdpKey;
use crate::answers::CdpError;
use crate::wallet::WalletFault;

/// Longest wait for an answer: the four of a transfer fit a write function's half minute.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest answer read, in bytes: a page of transfers is a few kilobytes.
const ANSWER_BYTES: usize = 1024 * 1024;

/// CDP over HTTP, with a credential.
#[derive(Debug)]
pub(crate) struct Http<C, I> {
    pub(crate) client: reqwest::Client,
    pub(crate) base: Url,
    pub(crate) key: CdpKey,
    pub(crate) clock: C,
    pub(crate) ids: I,
}

/// A request.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    method: Method,
    path: String,
    query: Vec<(&'a str, String)>,
    body: Option<Value>,
    idempotency_key: Option<Uuid>,
    wallet: bool,
}

impl<'a> Ask<'a> {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>, key: Uuid) -> Self {
        Self { idempotency_key: Some(key), ..Self::new(Method::POST, path) }
    }

    fn new(method: Method, path: impl Into<String>) -> Self {
        let (query, body, idempotency_key) = (Vec::new(), None, None);
        Self { method, path: path.into(), query, body, idempotency_key, wallet: false }
    }

    pub(crate) fn query(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// With the wallet's own token.
    pub(crate) fn by_wallet(self) -> Self {
        Self { wallet: true, ..self }
    }
}

/// An error's body.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ErrorBody {
    error_type: String,
    error_message: String,
    correlation_id: String,
    error_link: String,
}

impl<C: Clock, I: Ids> Http<C, I> {
    /// Sends it once.
    ///
    /// # Errors
    /// [`WalletFault::Cdp`] for an answer that is no success, [`WalletFault::Unreached`] where it provably never left,
    /// [`WalletFault::Lost`] where nobody knows.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T, WalletFault> {
        let request = self.request(ask)?;
        let response = self.client.execute(request).await.map_err(unsent_or_lost)?;
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after_s = retry_after.and_then(|seconds| seconds.trim().parse().ok());
        let body = read(response).await;
        if !status.is_success() {
            // Without a body the status has to do.
            let said = body.ok().and_then(|body| serde_json::from_slice::<ErrorBody>(&body).ok());
            return Err(WalletFault::Cdp(error(status.as_u16(), said.unwrap_or_default(), retry_after_s)));
        }
        let why =
            |error: &dyn std::error::Error| WalletFault::Lost(format!("the answer makes no sense: {error}"));
        serde_json::from_slice(&body?).map_err(|error| why(&error))
    }

    /// [WA-7] The request with its tokens, which hold for its method, host and path alone.
    fn request(&self, ask: Ask<'_>) -> Result<reqwest::Request, WalletFault> {
        let url = self.url(&ask)?;
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let uri = format!("{} {host}{}", ask.method, url.path());
        let (now, unsigned) = (self.clock.now(), |error| WalletFault::Unreached(chain(&error)));
        let bearer = self.key.bearer(&uri, now, self.ids.fresh()).map_err(unsigned)?;
        let mut request = self
            .client
            .request(ask.method, url)
            .timeout(TIMEOUT)
            .header(AUTHORIZATION, format!("Bearer {bearer}"));
        if ask.wallet {
            let token = self.key.wallet_token(&uri, ask.body.as_ref(), now, self.ids.fresh());
            let token = token.map_err(unsigned)?.ok_or_else(|| no_wallet_secret(&uri))?;
            request = request.header("X-Wallet-Auth", token);
        }
        if let Some(key) = ask.idempotency_key {
            request = request.header("X-Idempotency-Key", key.to_string());
        }
        if let Some(body) = &ask.body {
            request = request.header(CONTENT_TYPE, "application/json").body(canonical_json(body));
        }
        request.build().map_err(|error| WalletFault::Unreached(chain(&error)))
    }

    /// The path below the base's own.
    fn url(&self, ask: &Ask<'_>) -> Result<Url, WalletFault> {
        let whole = format!("{}{}", self.base.as_str().trim_end_matches('/'), ask.path);
        let mut url = Url::parse(&whole).map_err(|error| WalletFault::Unreached(error.to_string()))?;
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        Ok(url)
    }
}

fn no_wallet_secret(uri: &str) -> WalletFault {
    WalletFault::NotFound(format!("{uri} needs a wallet_secret, and this half has none"))
}

fn error(status: u16, body: ErrorBody, retry_after_s: Option<u32>) -> CdpError {
    let ErrorBody { error_type, error_message, correlation_id, error_link } = body;
    CdpError { status, error_type, error_message, correlation_id, error_link, retry_after_s }
}

/// Only what failed before a connection stood has provably not arrived.
fn unsent_or_lost(error: reqwest::Error) -> WalletFault {
    if error.is_connect() || error.is_builder() || was_forbidden(&error) {
        WalletFault::Unreached(chain(&error))
    } else {
        WalletFault::Lost(chain(&error))
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, WalletFault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| WalletFault::Lost(chain(&error)))? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err(WalletFault::Lost("the answer is too long".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// An error with its causes; without the URL, which the log has anyway.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
