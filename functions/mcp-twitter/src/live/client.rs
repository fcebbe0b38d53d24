//! One request and what it brought.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use chimera_domain::ports::Clock;
use chimera_mcp::net::{Reach, guarded_client, was_forbidden};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use thiserror::Error;
use url::{Host, Url};

use super::wire;
use crate::answers::PlatformError;

/// Where the platform is.
const PUBLIC_URL: &str = "https://api.x.com";
/// Longest wait for one answer: half of what the write half has for a post with pictures.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of the longest answer that is read: a hundred posts with everything that is asked for are a tenth of it.
const ANSWER_BYTES: usize = 1024 * 1024;
/// Seconds of the longest wait that is believed: no window of the platform is longer.
const LONGEST_WAIT_S: i64 = 24 * 60 * 60;

/// The client cannot be made. Whoever deployed it must look.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Not an address that a credential may be sent to.
    #[error("TWITTER_URL is no https address, nor an http one of this machine")]
    Url,
    /// The TLS backend cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Tls(#[from] reqwest::Error),
}

/// A secret text. It is printed nowhere.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A request to the platform.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Ask {
    pub(crate) fn get<const N: usize>(path: [&str; N]) -> Self {
        Self::of(Method::GET, path)
    }

    pub(crate) fn delete<const N: usize>(path: [&str; N]) -> Self {
        Self::of(Method::DELETE, path)
    }

    pub(crate) fn post<const N: usize>(path: [&str; N]) -> Self {
        Self::of(Method::POST, path)
    }

    fn of<const N: usize>(method: Method, path: [&str; N]) -> Self {
        Self { method, path: path.map(str::to_owned).into(), query: Vec::new(), body: None }
    }

    /// With a query parameter.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With a query parameter, where there is something to say.
    pub(crate) fn with_some(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a JSON body.
    pub(crate) fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// A request that brought no success.
#[derive(Debug)]
pub(crate) enum CallFault {
    /// It never left: nothing was done.
    Unsent(String),
    /// It may have arrived; no answer came, or none that makes sense.
    Lost(String),
    /// The platform answered, and not with a success.
    Answered(PlatformError),
}

/// Speaks to the platform.
#[derive(Debug)]
pub struct XClient<C> {
    http: reqwest::Client,
    base: Url,
    clock: C,
}

impl<C: Clock> XClient<C> {
    /// A client of the platform, or of what is at `url`, which may then be a private address.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(url: Option<&str>, clock: C) -> Result<Self, ClientError> {
        let base = Url::parse(url.unwrap_or(PUBLIC_URL)).map_err(|_| ClientError::Url)?;
        let is_safe = base.scheme() == "https" || (base.scheme() == "http" && is_here(&base));
        if !is_safe || base.host().is_none() {
            return Err(ClientError::Url);
        }
        let reach = if url.is_some() { Reach::Anywhere } else { Reach::Public };
        Ok(Self { http: guarded_client(reach)?, base, clock })
    }

    /// Makes a request once.
    pub(crate) async fn send(&self, ask: &Ask, bearer: &Secret) -> Result<Value, CallFault> {
        let request = self.http.request(ask.method.clone(), self.url(&ask.path, &ask.query));
        let request = request.bearer_auth(&bearer.0);
        let request = match &ask.body {
            Some(body) => request.json(body),
            None => request,
        };
        self.exchange(request, &[bearer]).await
    }

    /// Sends a form, with a password or without. What is in it is secret.
    pub(crate) async fn send_form(
        &self,
        path: &[&str],
        fields: &[(&str, &str)],
        password: Option<(&str, &Secret)>,
        secrets: &[&Secret],
    ) -> Result<Value, CallFault> {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(self.url(&path, &[]));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        let request = match password {
            Some((user, password)) => request.basic_auth(user, Some(&password.0)),
            None => request,
        };
        self.exchange(request, secrets).await
    }

    fn url(&self, path: &[String], query: &[(&'static str, String)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn exchange(&self, request: RequestBuilder, secrets: &[&Secret]) -> Result<Value, CallFault> {
        let request = request.header(ACCEPT, "application/json").timeout(REQUEST_TIMEOUT);
        let response = request.send().await.map_err(unanswered)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response).await?;
        if status.is_success() {
            return read_json(&body);
        }
        let mut error = wire::error_of(status.as_u16(), &body);
        error.retry_after_s = (status.as_u16() == 429).then(|| self.wait_of(&headers)).flatten();
        error.detail = without(error.detail, secrets);
        Err(CallFault::Answered(error))
    }

    /// Seconds until the platform takes more. Of several windows the used-up ones count, the longest of them.
    fn wait_of(&self, headers: &HeaderMap) -> Option<u32> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        let now = self.clock.now().as_second();
        let asked = number("retry-after");
        let daily = ["x-app-limit-24hour", "x-user-limit-24hour"].into_iter().filter_map(|window| {
            let is_used_up = number(&format!("{window}-remaining"))? == 0;
            number(&format!("{window}-reset")).filter(|_| is_used_up)
        });
        let resets = daily.chain(number("x-rate-limit-reset")).map(|at| at - now);
        let wait = resets.chain(asked).max()?.clamp(1, LONGEST_WAIT_S);
        u32::try_from(wait).ok()
    }
}

/// Whether it is this machine: what is sent there passes nobody.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn unanswered(error: reqwest::Error) -> CallFault {
    let never_left = error.is_connect() || error.is_builder() || was_forbidden(&error);
    let told = told(&error.without_url());
    if never_left { CallFault::Unsent(told) } else { CallFault::Lost(told) }
}

/// The error with its sources, outermost first.
fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        told = format!("{told}: {error}");
        source = error.source();
    }
    told
}

async fn read(mut response: Response) -> Result<Vec<u8>, CallFault> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_BYTES => {
                return Err(CallFault::Lost(format!("the answer has more than {ANSWER_BYTES} bytes")));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(CallFault::Lost(told(&error.without_url()))),
        }
    }
}

fn read_json(body: &[u8]) -> Result<Value, CallFault> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|_| CallFault::Lost("the answer is no JSON".to_owned()))
}

/// The text without the secrets, should the platform repeat one.
fn without(text: String, secrets: &[&Secret]) -> String {
    let secrets = secrets.iter().filter(|secret| !secret.0.is_empty());
    secrets.fold(text, |text, secret| text.replace(&secret.0, "…"))
}

#[cfg(test)]
mod tests {
    use chimera_domain::Timestamp;

    use super::*;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(1_800_000_000).unwrap()
        }
    }

    fn wait(headers: &[(&'static str, &str)]) -> Option<u32> {
        let headers = headers
            .iter()
            .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap()));
        XClient::new(None, Noon).unwrap().wait_of(&headers.collect())
    }

    #[test]
    fn the_wait_is_until_the_window_begins_anew() {
        assert_eq!(wait(&[("x-rate-limit-reset", "1800000090")]), Some(90));
        assert_eq!(wait(&[("retry-after", "7")]), Some(7));
        // A clock that is ahead of the platform's still waits.
        assert_eq!(wait(&[("x-rate-limit-reset", "1799999990")]), Some(1));
        assert_eq!(wait(&[("x-rate-limit-reset", "9999999999")]), Some(86_400));
        assert_eq!(wait(&[("x-rate-limit-reset", "soon")]), None);
        let daily = [
            ("x-rate-limit-reset", "1800000090"),
            ("x-user-limit-24hour-remaining", "0"),
            ("x-user-limit-24hour-reset", "1800003600"),
            ("x-app-limit-24hour-remaining", "5"),
            ("x-app-limit-24hour-reset", "1800009999"),
        ];
        assert_eq!(wait(&daily), Some(3_600));
    }

    #[test]
    fn a_credential_goes_to_no_address_in_the_clear() {
        for wrong in ["", "api.x.com", "ftp://api.x.com", "mailto:x@example.org", "http://api.x.com"] {
            assert!(matches!(XClient::new(Some(wrong), Noon), Err(ClientError::Url)), "{wrong}");
        }
        for right in ["https://api.x.com", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            assert!(XClient::new(Some(right), Noon).is_ok(), "{right}");
        }
    }

    #[test]
    fn a_path_cannot_be_left_and_a_base_path_stays() {
        let client = XClient::new(Some("http://127.0.0.1:1/proxy/"), Noon).unwrap();
        let url = client.url(&["2".to_owned(), "a/../b?c".to_owned()], &[("q", "x y&z".to_owned())]);
        assert_eq!(url.as_str(), "http://127.0.0.1:1/proxy/2/a%2F..%2Fb%3Fc?q=x+y%26z");
    }

    #[test]
    fn secrets_are_not_repeated() {
        let secret = Secret("s3cret".to_owned());
        assert_eq!(
            without("token s3cret is bad".to_owned(), &[&secret, &Secret(String::new())]),
            "token … is bad"
        );
        assert!(!format!("{secret:?}").contains("s3cret"));
    }
}
