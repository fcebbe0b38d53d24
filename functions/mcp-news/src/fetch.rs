//! Fetching a feed on somebody else's word.

use std::time::Duration;

use chimera_mcp::net::{Reach, guarded_client, was_forbidden};
use futures::StreamExt as _;
use reqwest::header::{ACCEPT, LOCATION, USER_AGENT};
use reqwest::{Client, Response};
use url::Url;

use crate::FeedRefusal;

/// All of a fetch, redirects included: the tool's caller waits for it.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);
/// Feeds of the largest publications have about one; five bound a function's memory.
const FEED_BYTES: usize = 5 * 1024 * 1024;
/// `http` to `https`, to the new host, to the file.
const REDIRECTS: usize = 3;
const ACCEPTED: &str = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, \
                        application/json;q=0.8, text/xml;q=0.8, */*;q=0.1";
const AGENT: &str = concat!("chimera-news/", env!("CARGO_PKG_VERSION"));

/// Fetches feeds from addresses it may reach.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    reach: Reach,
}

impl Fetcher {
    /// A fetcher that may reach these addresses.
    ///
    /// # Errors
    /// The TLS backend cannot be set up.
    pub fn new(reach: Reach) -> Result<Self, reqwest::Error> {
        Ok(Self { client: guarded_client(reach)?, reach })
    }

    /// The bytes at `url` and the URL they were found at in the end.
    ///
    /// # Errors
    /// [`FeedRefusal`].
    pub async fn fetch(&self, url: &str) -> Result<(Vec<u8>, Url), FeedRefusal> {
        let url = Url::parse(url).map_err(|error| FeedRefusal::ForbiddenAddress(error.to_string()))?;
        tokio::time::timeout(TOTAL_TIMEOUT, self.follow(url))
            .await
            .map_err(|_| FeedRefusal::Unreachable(format!("no answer within {TOTAL_TIMEOUT:?}")))?
    }

    async fn follow(&self, mut url: Url) -> Result<(Vec<u8>, Url), FeedRefusal> {
        for _ in 0..=REDIRECTS {
            let response = self.get(&url).await?;
            match next_hop(&response, &url)? {
                Some(next) => url = next,
                None => return Ok((body(response).await?, url)),
            }
        }
        Err(FeedRefusal::Unreachable("too many redirects".to_owned()))
    }

    async fn get(&self, url: &Url) -> Result<Response, FeedRefusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FeedRefusal::ForbiddenAddress(format!("{}: is not http or https", url.scheme())));
        }
        self.reach.check_literal(url).map_err(|error| FeedRefusal::ForbiddenAddress(error.to_string()))?;
        let request = self.client.get(url.clone()).header(ACCEPT, ACCEPTED).header(USER_AGENT, AGENT);
        request.send().await.map_err(refusal)
    }
}

fn next_hop(response: &Response, url: &Url) -> Result<Option<Url>, FeedRefusal> {
    let status = response.status();
    if status.is_success() {
        return Ok(None);
    }
    let unreachable = || FeedRefusal::Unreachable(format!("the server answered {status}"));
    if !status.is_redirection() {
        return Err(unreachable());
    }
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| url.join(location).ok());
    next.map(Some).ok_or_else(unreachable)
}

async fn body(response: Response) -> Result<Vec<u8>, FeedRefusal> {
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(refusal)?);
        if body.len() > FEED_BYTES {
            return Err(FeedRefusal::TooLarge);
        }
    }
    Ok(body)
}

fn refusal(error: reqwest::Error) -> FeedRefusal {
    if was_forbidden(&error) {
        return FeedRefusal::ForbiddenAddress("it is not public".to_owned());
    }
    FeedRefusal::Unreachable(error.without_url().to_string())
}
