//! The feed, looked at before anything is made.

use std::path::Path;
use std::time::Duration;

use mcp_news::FeedRefusal;
use reqwest::Client;
use url::Url;

use crate::api::{innermost, is_local};
use crate::failure::Failure;

/// Largest feed read: the same bound the news server keeps.
const MAX_BYTES: usize = 5 * 1024 * 1024;
/// A feed that is slower is no feed to build a campaign on.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Redirects followed: enough for `http` to `https` and a moved path.
const MAX_REDIRECTS: usize = 3;

/// A feed that can be used.
#[derive(Debug)]
pub(crate) struct Feed {
    /// Where it came from.
    pub(crate) origin: Origin,
    /// Its title.
    pub(crate) title: String,
    /// How many articles it has.
    pub(crate) articles: usize,
}

/// Where a feed came from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// A file: must be served to be reached by the swarm.
    File(Vec<u8>),
    /// The world.
    Url(String),
}

/// Reads and checks the feed at a path or URL.
///
/// # Errors
/// [`Failure::Feed`] when it is unreachable, empty, too large or no feed.
pub(crate) async fn check(feed: &str) -> Result<Feed, Failure> {
    let is_url = feed.starts_with("http://") || feed.starts_with("https://");
    if feed.starts_with("mcp://") {
        let why =
            "only a worker can ask a tool; name it in the feeds of a brief for `chimera campaign start`";
        return Err(Failure::Feed(format!("{feed}: {why}")));
    }
    let bytes = if is_url { fetch(feed).await } else { read(Path::new(feed)) }
        .map_err(|reason| Failure::Feed(format!("{feed}: {reason}")))?;
    let base_url = if is_url { feed } else { "http://127.0.0.1/" };
    let (title, articles) =
        parse(&bytes, base_url).map_err(|reason| Failure::Feed(format!("{feed}: {reason}")))?;
    let origin = if is_url { Origin::Url(feed.to_owned()) } else { Origin::File(bytes) };
    Ok(Feed { origin, title, articles })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let limit = u64::try_from(MAX_BYTES + 1).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    // A directory or a device opens well and fails here, or is cut by the limit.
    file.take(limit).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    within_limit(bytes)
}

async fn fetch(feed: &str) -> Result<Vec<u8>, String> {
    let url = Url::parse(feed).map_err(|error| error.to_string())?;
    let mut builder = Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::limited(MAX_REDIRECTS))
        .user_agent(concat!("chimera/", env!("CARGO_PKG_VERSION")));
    if is_local(&url) {
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(|error| innermost(&error))?;
    let mut response = client.get(url).send().await.map_err(|error| innermost(&error))?;
    if !response.status().is_success() {
        return Err(format!("answered {}", response.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| innermost(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_BYTES {
            break;
        }
    }
    within_limit(bytes)
}

fn within_limit(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("larger than {} MiB", MAX_BYTES / (1024 * 1024)));
    }
    Ok(bytes)
}

/// Its title and how many of its articles have something to read.
fn parse(bytes: &[u8], base_url: &str) -> Result<(String, usize), String> {
    let feed = mcp_news::parse_feed(bytes, base_url).map_err(|refusal| match refusal {
        FeedRefusal::NotAFeed(_) if is_web_page(bytes) => {
            "this is a web page, not a feed; look for its RSS or Atom link".to_owned()
        }
        other => other.to_string(),
    })?;
    let articles = feed.items.iter().filter(|item| !item.text.is_empty()).count();
    if articles == 0 {
        return Err("none of its articles has a text".to_owned());
    }
    Ok((feed.title, articles))
}

fn is_web_page(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2_048)]).to_lowercase();
    head.contains("<!doctype html") || head.contains("<html")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::net::TcpListener;

    use super::*;

    const DEMO: &str = include_str!("../../demo/feed.xml");

    async fn refusal(feed: &str) -> String {
        match check(feed).await {
            Err(failure @ Failure::Feed(_)) => failure.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// A server of `body` on loopback; its URL.
    async fn served(body: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/feed", get(move || async move { body }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/feed")
    }

    #[test]
    fn the_demo_feed_has_as_many_articles_as_the_demo_brief_wants_posts() {
        let (title, articles) = parse(DEMO.as_bytes(), "http://127.0.0.1/feed.xml").unwrap();
        let brief: serde_json::Value = serde_json::from_str(include_str!("../../demo/brief.json")).unwrap();
        assert_eq!((title.as_str(), articles), ("The Small Ledger", 6));
        assert_eq!(brief["posts"], articles);
    }

    #[tokio::test]
    async fn a_feed_that_cannot_be_used_is_refused_with_its_reason() {
        assert!(refusal("/nonexistent/feed.xml").await.contains("No such file"));
        assert!(refusal("/").await.contains("directory"));
        let page = served("<!doctype html><html><body>Hello</body></html>").await;
        assert!(refusal(&page).await.contains("web page"));
        assert!(refusal(&served("").await).await.contains("no items"));
        assert!(
            refusal(&served("<rss version='2.0'><channel></channel></rss>").await).await.contains("no items")
        );
        assert!(refusal(&served("Just some words.").await).await.contains("no RSS"));
        assert!(refusal("http://127.0.0.1:1/feed").await.contains("refused"));
        assert!(refusal("mcp://fetch/fetch").await.contains("campaign start"));
        let missing = page.replace("/feed", "/other");
        assert!(refusal(&missing).await.contains("404"));
    }

    #[tokio::test]
    async fn a_served_feed_is_accepted() {
        let feed = check(&served(DEMO).await).await.unwrap();
        assert_eq!(feed.articles, 6);
        assert!(matches!(feed.origin, Origin::Url(_)));
    }

    #[test]
    fn what_is_too_large_is_refused() {
        assert!(within_limit(vec![0; MAX_BYTES]).is_ok());
        assert!(within_limit(vec![0; MAX_BYTES + 1]).unwrap_err().contains("5 MiB"));
    }
}
