//! The API as a client sees it: JSON in, JSON or a problem out.

use std::time::Duration;

use reqwest::header::{self, HeaderMap};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use thiserror::Error;
use url::{Host, Url};

/// Longer than the API's own limit, so that its answer is seen rather than ours.
const TIMEOUT: Duration = Duration::from_secs(35);
/// A local cloud that is not there should be noticed at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Rows asked for at once: the most that the API gives.
const PAGE_ROWS: usize = 100;
/// Pages read of one listing: nobody reads more than some thousand rows of a table.
const PAGES_MOST: usize = 50;

/// An answer that is no success.
#[derive(Debug, Error)]
pub(crate) enum ApiError {
    /// Refused, with the reason. The operator corrects the request.
    #[error("the API refused ({status} {code}): {detail}")]
    Refused { status: u16, code: String, detail: String },
    /// No answer. The operator starts or finds the API.
    #[error("the API at {base} cannot be reached: {reason}")]
    Unreachable { base: Url, reason: String },
    /// An answer of something that is not Chimera.
    #[error("{url} answered {status} with something that is not JSON")]
    Foreign { url: Url, status: u16 },
    /// No client can be made on this machine, such as for want of root certificates. The operator mends the machine.
    #[error("no HTTP client can be made: {0}")]
    Client(String),
    /// The base URL cannot be used.
    #[error("{0:?} is not a base URL")]
    Base(String),
}

/// A signed-in client.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    base: Url,
    token: String,
    http: Client,
}

impl Api {
    pub(crate) fn new(base: &str, token: String) -> Result<Self, ApiError> {
        let unusable = || ApiError::Base(base.to_owned());
        let mut url = Url::parse(base).map_err(|_| unusable())?;
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let mut builder = Client::builder().timeout(TIMEOUT).connect_timeout(CONNECT_TIMEOUT);
        if is_local(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| ApiError::Client(innermost(&error)))?;
        Ok(Self { base: url, token, http })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.send(self.request(Method::GET, path)?).await
    }

    /// Reads a listing to its end, page by page. A page may hold fewer rows than were asked for, even none: only the
    /// absence of `next` ends it. What is beyond the most pages is named by the last page's `next`.
    pub(crate) async fn list(&self, name: &str) -> Result<Value, ApiError> {
        let mut rows = Vec::new();
        let mut next = Value::Null;
        for _ in 0..PAGES_MOST {
            let cursor = next.as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let mut page = self.get(&format!("{name}?limit={PAGE_ROWS}{cursor}")).await?;
            if let Some(Value::Array(more)) = page.get_mut(name).map(Value::take) {
                rows.extend(more);
            }
            next = page.get_mut("next").map(Value::take).unwrap_or_default();
            if next.is_null() {
                break;
            }
        }
        Ok(json!({name: rows, "next": next}))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.send(self.request(Method::POST, path)?.json(body)).await
    }

    /// Posts with an `Idempotency-Key`: a repeated one answers with what the first made.
    pub(crate) async fn post_once(&self, path: &str, body: &Value, key: &str) -> Result<Value, ApiError> {
        self.send(self.request(Method::POST, path)?.header("idempotency-key", key).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.send(self.request(Method::PUT, path)?.json(body)).await
    }

    /// Puts over the version that was seen, and over no other.
    pub(crate) async fn put_over(&self, path: &str, body: &Value, version: u64) -> Result<Value, ApiError> {
        let request = self.request(Method::PUT, path)?;
        self.send(request.header(header::IF_MATCH, format!("\"{version}\"")).json(body)).await
    }

    /// Reads with the tag that says what was seen.
    pub(crate) async fn get_tagged(&self, path: &str) -> Result<(Value, String), ApiError> {
        let (answer, headers) = self.exchange(self.request(Method::GET, path)?).await?;
        let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
        Ok((answer, tag.to_owned()))
    }

    /// Puts over exactly what was seen; the answer's own tag comes beside it.
    pub(crate) async fn put_seen(
        &self,
        path: &str,
        body: &Value,
        tag: &str,
    ) -> Result<(Value, String), ApiError> {
        let request = self.request(Method::PUT, path)?.header(header::IF_MATCH, tag).json(body);
        let (answer, headers) = self.exchange(request).await?;
        let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
        Ok((answer, tag.to_owned()))
    }

    /// Posts about exactly what was seen.
    pub(crate) async fn post_seen(&self, path: &str, body: &Value, tag: &str) -> Result<Value, ApiError> {
        self.send(self.request(Method::POST, path)?.header(header::IF_MATCH, tag).json(body)).await
    }

    pub(crate) async fn put_markdown(&self, path: &str, text: String) -> Result<Value, ApiError> {
        let request = self.request(Method::PUT, path)?;
        self.send(request.header(header::CONTENT_TYPE, "text/markdown").body(text)).await
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, ApiError> {
        let url = self.base.join(path).map_err(|_| ApiError::Base(self.base.to_string()))?;
        Ok(self.http.request(method, url).bearer_auth(&self.token))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, ApiError> {
        self.exchange(request).await.map(|(answer, _)| answer)
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<(Value, HeaderMap), ApiError> {
        let unreachable = |error: &reqwest::Error| ApiError::Unreachable {
            base: self.base.clone(),
            reason: innermost(error),
        };
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let (status, url) = (response.status(), response.url().clone());
        let headers = response.headers().clone();
        let bytes = response.bytes().await.map_err(|error| unreachable(&error))?;
        if status.is_success() && bytes.is_empty() {
            return Ok((Value::Null, headers));
        }
        let Ok(body) = serde_json::from_slice::<Value>(&bytes) else {
            return Err(ApiError::Foreign { url, status: status.as_u16() });
        };
        if status.is_success() { Ok((body, headers)) } else { Err(refusal(status.as_u16(), &body)) }
    }
}

fn refusal(status: u16, problem: &Value) -> ApiError {
    let text = |name: &str| problem.get(name).and_then(Value::as_str);
    // Where several things are wrong each is a line of its own.
    let errors = problem.get("errors").and_then(Value::as_array).into_iter().flatten();
    let lines: String = errors
        .filter_map(|error| error.get("detail").and_then(Value::as_str))
        .map(|detail| format!("\n  {detail}"))
        .collect();
    ApiError::Refused {
        status,
        code: text("code").unwrap_or("no_code").to_owned(),
        detail: text("detail")
            .or_else(|| text("title"))
            .or_else(|| text("message"))
            .unwrap_or("-")
            .to_owned()
            + &lines,
    }
}

/// Whether the URL is on this machine: a proxy has no business there.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The cause at the bottom says what a person can act on: "connection refused", not "error sending request".
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if error.is_timeout() { "no answer in time".to_owned() } else { cause.to_string() }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum::extract::Query;
    use axum::routing::get;
    use axum::{Json, Router};

    use super::*;

    /// Three pages, of which the second is empty.
    async fn page(Query(asked): Query<HashMap<String, String>>) -> Json<Value> {
        Json(match asked.get("cursor").map(String::as_str) {
            None => json!({"reviews": [{"id": "r-1"}, {"id": "r-2"}], "next": "two"}),
            Some("two") => json!({"reviews": [], "next": "three"}),
            Some(_) => json!({"reviews": [{"id": "r-3"}], "next": null}),
        })
    }

    #[tokio::test]
    async fn a_listing_is_read_to_its_end() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/reviews", get(page));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let all = Api::new(&base, String::new()).unwrap().list("reviews").await.unwrap();
        assert_eq!(all, json!({"reviews": [{"id": "r-1"}, {"id": "r-2"}, {"id": "r-3"}], "next": null}));
    }

    #[test]
    fn a_path_is_joined_below_the_stage() {
        let api = Api::new("http://127.0.0.1:4566/restapis/x/demo/_user_request_", String::new()).unwrap();
        let request = api.request(Method::GET, "campaigns/c-1").unwrap().build().unwrap();
        assert_eq!(request.url().path(), "/restapis/x/demo/_user_request_/campaigns/c-1");
    }

    #[test]
    fn a_refusal_shows_the_code_and_the_detail() {
        let problem =
            serde_json::json!({"code": "already_decided", "detail": "ada approved it", "title": "x"});
        let text = refusal(409, &problem).to_string();
        assert_eq!(text, "the API refused (409 already_decided): ada approved it");
        let problem = serde_json::json!({
            "code": "invalid_plan", "detail": "task a; and 1 more", "errors": [{"detail": "task a"}, {"detail": "task b"}],
        });
        let text = refusal(422, &problem).to_string();
        assert_eq!(text, "the API refused (422 invalid_plan): task a; and 1 more\n  task a\n  task b");
    }
}
