//! The live wire: feeds that the operator names.

use chimera_domain::Timestamp;
use futures::{StreamExt as _, stream};
use serde::Deserialize;
use thiserror::Error;
use url::Url;

use crate::article::Article;
use crate::wire::{Wire, Wired};
use crate::{FeedRefusal, Fetcher, parse_feed};

/// Feeds that are read side by side: enough to be done in time, too few to be a nuisance.
const AT_ONCE: usize = 8;
/// Most feeds that one server reads for one answer.
const FEEDS: usize = 50;

/// A feed and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewsSource {
    /// Its name, as answers and filters spell it.
    pub name: String,
    /// Its RSS, Atom or JSON feed.
    pub url: Url,
    /// Where its news happen.
    #[serde(default = "anywhere")]
    pub region: String,
    /// What its news are about.
    #[serde(default = "anything")]
    pub topic: String,
}

fn anywhere() -> String {
    "world".to_owned()
}

fn anything() -> String {
    "general".to_owned()
}

/// The list of feeds cannot be used. The server must not start.
#[derive(Debug, Error)]
pub enum SourcesError {
    /// Not a JSON list of sources.
    #[error("NEWS_SOURCES is no JSON list of {{name, url, region, topic}}")]
    Json(#[from] serde_json::Error),
    /// None, or too many.
    #[error("NEWS_SOURCES names {0} feeds; the live backend reads 1 to {FEEDS}")]
    Count(usize),
    /// Two feeds of one name.
    #[error("NEWS_SOURCES names {0:?} twice")]
    Twice(String),
}

/// Reads sources from JSON.
///
/// # Errors
/// [`SourcesError`].
pub fn parse_sources(json: &str) -> Result<Vec<NewsSource>, SourcesError> {
    let sources: Vec<NewsSource> = serde_json::from_str(json)?;
    if sources.is_empty() || sources.len() > FEEDS {
        return Err(SourcesError::Count(sources.len()));
    }
    let repeats = |at: &usize| sources[..*at].iter().any(|other| other.name == sources[*at].name);
    if let Some(at) = (0..sources.len()).find(repeats) {
        return Err(SourcesError::Twice(sources[at].name.clone()));
    }
    Ok(sources)
}

/// Reads feeds anew for every question: a function keeps nothing.
#[derive(Debug)]
pub struct FeedWire {
    fetcher: Fetcher,
    sources: Vec<NewsSource>,
}

impl FeedWire {
    /// A wire over these feeds.
    #[must_use]
    pub fn new(fetcher: Fetcher, sources: Vec<NewsSource>) -> Self {
        Self { fetcher, sources }
    }

    async fn read(&self, source: &NewsSource, now: Timestamp) -> Result<Vec<Article>, FeedRefusal> {
        let (bytes, found_at) = self.fetcher.fetch(source.url.as_str()).await?;
        let feed = parse_feed(&bytes, found_at.as_str())?;
        Ok(feed
            .items
            .into_iter()
            .filter_map(|item| {
                // What names no time cannot be news, and a feed that is ahead of the clock is not believed.
                let published_at: Timestamp = item.published_at.as_deref()?.parse().ok()?;
                (published_at <= now).then(|| Article {
                    id: item.id,
                    title: item.title,
                    summary: item.text,
                    url: item.url,
                    source: source.name.clone(),
                    region: source.region.clone(),
                    topic: source.topic.clone(),
                    published_at,
                })
            })
            .collect())
    }
}

impl Wire for FeedWire {
    async fn articles(&self, now: Timestamp) -> Result<Wired, FeedRefusal> {
        let read = |at: usize| async move { (at, self.read(&self.sources[at], now).await) };
        let read: Vec<_> = stream::iter(0..self.sources.len()).map(read).buffered(AT_ONCE).collect().await;
        let (mut wired, mut seen, mut last) = (Wired::default(), std::collections::BTreeSet::new(), None);
        for (at, articles) in read {
            let source = &self.sources[at];
            match articles {
                Ok(articles) => {
                    wired.articles.extend(articles.into_iter().filter(|one| seen.insert(one.id.clone())));
                }
                Err(refusal) => {
                    tracing::warn!(source = source.name, error = %refusal, "a source could not be read");
                    wired.silent.push(source.name.clone());
                    last = Some(refusal);
                }
            }
        }
        match last {
            Some(refusal) if wired.silent.len() == self.sources.len() => Err(refusal),
            _ => Ok(wired),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_cannot_be_used_are_refused() {
        let one = r#"{"name": "A", "url": "https://a.example/feed"}"#;
        let sources = parse_sources(&format!("[{one}]")).unwrap();
        assert_eq!((sources[0].region.as_str(), sources[0].topic.as_str()), ("world", "general"));
        assert!(matches!(parse_sources("[]"), Err(SourcesError::Count(0))));
        assert!(
            matches!(parse_sources(&format!("[{one}, {one}]")), Err(SourcesError::Twice(name)) if name == "A")
        );
        for bad in [
            "{}",
            r#"[{"name": "A"}]"#,
            r#"[{"name": "A", "url": "x"}]"#,
            r#"[{"name":"A","url":"http://a.b","x":1}]"#,
        ] {
            assert!(matches!(parse_sources(bad), Err(SourcesError::Json(_))), "{bad}");
        }
    }
}
