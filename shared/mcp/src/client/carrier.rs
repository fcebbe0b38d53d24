//! Carries one HTTP-shaped request to a server and its answer back, over the Lambda API or over HTTP. With `lambda`, the
//! one place that decides whether a failure is provably unsent.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use url::Url;

use super::fault::{Fault, described};
use super::lambda;
use crate::INTERNAL_HOST;
use crate::net::{Reach, was_forbidden};

/// The header that names a session of the older revisions.
pub(crate) const SESSION: &str = "mcp-session-id";

/// The way to one server.
#[derive(Debug, Clone)]
pub(crate) enum Carrier {
    Lambda { client: aws_sdk_lambda::Client, function: Arc<str> },
    Http { client: reqwest::Client, url: Url, reach: Reach },
}

/// A server's answer, not yet read as MCP. Its body is at most as long as was asked for.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) session: Option<HeaderValue>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: BoxStream<'static, Result<Bytes, Fault>>,
}

impl Carrier {
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Lambda { .. } => format!("https://{INTERNAL_HOST}/mcp"),
            Self::Http { url, .. } => url.to_string(),
        }
    }

    /// Sends the request; gives the head of the answer and a body of at most `limit` bytes.
    pub(crate) async fn carry(&self, headers: HeaderMap, body: String, limit: usize) -> Result<Reply, Fault> {
        match self {
            Self::Lambda { client, function } => {
                Box::pin(lambda::invoke(client, function, &headers, &body, limit)).await
            }
            Self::Http { client, url, reach } => {
                reach.check_literal(url).map_err(|error| Fault::forbidden(error.to_string()))?;
                let sent = client.post(url.clone()).headers(headers).body(body).send().await;
                reply(sent.map_err(http_fault)?, limit)
            }
        }
    }

    /// Tells the server that the session these headers name is over. What it answers is of no consequence.
    pub(crate) async fn leave(&self, headers: HeaderMap) {
        if let Self::Http { client, url, .. } = self
            && let Err(error) = client.delete(url.clone()).headers(headers).send().await
        {
            tracing::debug!(error = %error.without_url(), "a session could not be ended");
        }
    }
}

fn reply(response: reqwest::Response, limit: usize) -> Result<Reply, Fault> {
    let headers = response.headers();
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Fault::violation("the answer is compressed, which nobody asked for"));
    }
    let announced = response.content_length().and_then(|bytes| usize::try_from(bytes).ok());
    if announced.is_some_and(|bytes| bytes > limit) {
        return Err(too_large(limit));
    }
    Ok(Reply {
        status: response.status(),
        content_type: text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default().to_owned(),
        session: headers.get(SESSION).cloned(),
        retry_after: text(headers, header::RETRY_AFTER.as_str()).map(seconds),
        body: limited(response, limit),
    })
}

fn limited(response: reqwest::Response, limit: usize) -> BoxStream<'static, Result<Bytes, Fault>> {
    let mut read = 0_usize;
    let within = move |chunk: Result<Bytes, reqwest::Error>| {
        let chunk = chunk.map_err(http_fault)?;
        read = read.saturating_add(chunk.len());
        if read > limit { Err(too_large(limit)) } else { Ok(chunk) }
    };
    response.bytes_stream().map(within).boxed()
}

/// The refusal of an answer that is longer than allowed.
pub(crate) fn too_large(limit: usize) -> Fault {
    Fault::violation(format!("the answer is longer than {limit} bytes"))
}

/// A wait in whole seconds, as `Retry-After` has it. What is none, such as a date or a number beyond all numbers, asks for a
/// wait whose end nobody here can tell: for ever.
pub(crate) fn seconds(text: &str) -> Duration {
    text.trim().parse().map_or(Duration::MAX, Duration::from_secs)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn http_fault(error: reqwest::Error) -> Fault {
    if was_forbidden(&error) {
        return Fault::forbidden("the server's address is not public");
    }
    let unsent = error.is_connect() || error.is_builder();
    let why = described(&error.without_url());
    if unsent { Fault::unsent(why) } else { Fault::broken(why) }
}
