//! HTTP to the database.

use std::fmt;
use std::time::Duration;

use chimera_mcp::RESPONSE_BYTES;
use chimera_mcp::net::{Reach, guarded_client};
use futures::StreamExt as _;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Response};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use url::Url;

use super::answers;
use crate::database::DatabaseFault;

/// All of an exchange: the tool's caller waits for it.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);

/// The database cannot be reached like this. Whoever deployed the server must look.
#[derive(Debug, Error)]
pub enum LiveError {
    /// It is no URL of HTTP.
    #[error("WEAVIATE_URL is no http or https URL")]
    Url,
    /// The key would be sent in the clear.
    #[error("WEAVIATE_URL must be https unless WEAVIATE_ALLOW_PRIVATE=true")]
    Clear,
    /// The key has a sign that a header cannot carry.
    #[error("the database's key is none")]
    Key,
    /// The TLS backend cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// The database's key. Deliberately without its text in `Debug`.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// A key.
    ///
    /// # Errors
    /// [`LiveError::Key`].
    pub fn new(key: &str) -> Result<Self, LiveError> {
        let mut header = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| LiveError::Key)?;
        header.set_sensitive(true);
        if key.is_empty() { Err(LiveError::Key) } else { Ok(Self(header)) }
    }

    /// The key in a secret: `{"api_key": …}`, or the key and nothing else.
    ///
    /// # Errors
    /// [`LiveError::Key`], which never quotes the secret.
    pub fn read(secret: &str) -> Result<Self, LiveError> {
        #[derive(Deserialize)]
        struct Secret {
            api_key: String,
        }
        let secret = secret.trim();
        let read = serde_json::from_str::<Secret>(secret).map(|secret| secret.api_key);
        match read {
            Ok(key) => Self::new(&key),
            Err(_) if secret.starts_with('{') => Err(LiveError::Key),
            Err(_) => Self::new(secret),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}

/// A connection to a database.
#[derive(Debug)]
pub(crate) struct Http {
    client: Client,
    base: Url,
    reach: Reach,
    key: Option<ApiKey>,
}

/// What the database answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    retry_after_s: Option<u32>,
}

impl Answer {
    /// The body, where it is a success.
    pub(crate) fn ok(self) -> Result<Value, DatabaseFault> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        Err(answers::refusal(self.status, &self.body, self.retry_after_s).into())
    }
}

impl Http {
    pub(crate) fn new(url: &str, reach: Reach, key: Option<ApiKey>) -> Result<Self, LiveError> {
        let base = Url::parse(url).map_err(|_| LiveError::Url)?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(LiveError::Url);
        }
        if base.scheme() == "http" && reach == Reach::Public {
            return Err(LiveError::Clear);
        }
        Ok(Self { client: guarded_client(reach)?, base, reach, key })
    }

    /// The URL of a path below `/v1`, whatever the parts are made of.
    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// One exchange.
    ///
    /// # Errors
    /// [`DatabaseFault::Unreachable`] where there is no answer, or none that can be read.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, DatabaseFault> {
        let url = self.url(path, query);
        self.reach.check_literal(&url).map_err(unreachable)?;
        let mut headers = HeaderMap::new();
        if let Some(ApiKey(key)) = &self.key {
            headers.insert(AUTHORIZATION, key.clone());
        }
        let request = self.client.request(method, url).headers(headers);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let exchange = async {
            let response = request.send().await.map_err(|error| unreachable(error.without_url()))?;
            read(response).await
        };
        tokio::time::timeout(TOTAL_TIMEOUT, exchange).await.map_err(unreachable)?
    }
}

async fn read(response: Response) -> Result<Answer, DatabaseFault> {
    let status = response.status().as_u16();
    let waits = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok());
    let retry_after_s = waits.and_then(|wait| wait.trim().parse().ok());
    let mut bytes = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| unreachable(error.without_url()))?);
        if bytes.len() > RESPONSE_BYTES {
            return Err(unreachable(TooLong));
        }
    }
    let body = match serde_json::from_slice(&bytes) {
        Ok(body) => body,
        // An error may come from a proxy in front of the database, which writes as it likes.
        Err(_) if !(200..300).contains(&status) || bytes.is_empty() => {
            Value::from(String::from_utf8_lossy(&bytes).into_owned())
        }
        Err(error) => return Err(unreachable(error)),
    };
    Ok(Answer { status, body, retry_after_s })
}

#[derive(Debug, Error)]
#[error("the answer is longer than {RESPONSE_BYTES} bytes")]
struct TooLong;

pub(crate) fn unreachable(error: impl std::error::Error + Send + Sync + 'static) -> DatabaseFault {
    DatabaseFault::Unreachable(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, path: &[&str], query: &[(&str, &str)]) -> String {
        Http::new(base, Reach::Anywhere, None).unwrap().url(path, query).to_string()
    }

    #[test]
    fn nothing_in_a_path_or_query_leaves_its_place() {
        assert_eq!(url("http://w", &["schema", "A/../B?x"], &[]), "http://w/v1/schema/A%2F..%2FB%3Fx");
        let tenant = [("tenant", "a&tenant=b")];
        assert_eq!(
            url("http://w/db/", &["objects"], &tenant),
            "http://w/db/v1/objects?tenant=a%26tenant%3Db"
        );
    }

    #[test]
    fn a_key_never_goes_in_the_clear_and_is_never_printed() {
        assert!(matches!(Http::new("http://weaviate.example", Reach::Public, None), Err(LiveError::Clear)));
        assert!(matches!(Http::new("ftp://weaviate.example", Reach::Public, None), Err(LiveError::Url)));
        assert!(matches!(ApiKey::new(""), Err(LiveError::Key)));
        assert!(matches!(ApiKey::new("a\nb"), Err(LiveError::Key)));
        assert!(ApiKey::read("{\"api_key\": \"k\"}").is_ok() && ApiKey::read(" k\n").is_ok());
        assert!(matches!(ApiKey::read("{\"key\": \"k\"}"), Err(LiveError::Key)));
        let key = ApiKey::new("secret-key").unwrap();
        let http = Http::new("https://weaviate.example", Reach::Public, Some(key)).unwrap();
        assert!(!format!("{http:?}").contains("secret"));
    }
}
