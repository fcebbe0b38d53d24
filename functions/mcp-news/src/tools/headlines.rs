//! `news_headlines`: one feed, by its address.

use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::prose::clip;
use crate::{FeedRefusal, FeedText, Fetcher, TEXT_CHARS, parse_feed};

/// Items answered where the caller names no limit.
const LIMIT: usize = 20;
/// Characters of all bodies in an answer: it stays below the 4 MiB a client accepts. More than fifty items share them.
const BODIES_CHARS: usize = 50 * TEXT_CHARS;

/// Reads feeds.
#[derive(Debug)]
pub struct NewsHeadlines {
    fetcher: Fetcher,
}

impl NewsHeadlines {
    /// A tool that fetches with `fetcher`.
    #[must_use]
    pub fn new(fetcher: Fetcher) -> Self {
        Self { fetcher }
    }

    /// Reads the feed at `url`.
    ///
    /// # Errors
    /// [`FeedRefusal`].
    pub async fn headlines(&self, url: &str, limit: usize) -> Result<FeedText, FeedRefusal> {
        let (bytes, found_at) = self.fetcher.fetch(url).await?;
        let mut feed = parse_feed(&bytes, found_at.as_str())?;
        feed.items.truncate(limit);
        let share = BODIES_CHARS / feed.items.len().max(1);
        if share < TEXT_CHARS {
            for item in &mut feed.items {
                item.text = clip(&item.text, share);
            }
        }
        Ok(feed)
    }
}

/// Which feed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Headlines {
    /// Where the feed is.
    #[schemars(length(min = 1, max = 2048))]
    url: String,
    /// How many items at most; 20 unless named.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
}

impl Tool for NewsHeadlines {
    const NAME: &'static str = "news_headlines";
    const DESCRIPTION: &'static str =
        "Reads an RSS, Atom or JSON feed: its title and its items as plain text.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Headlines;
    type Output = FeedText;

    async fn call(&self, _context: &CallContext, input: Headlines) -> Result<FeedText, ToolFault> {
        Ok(self.headlines(&input.url, input.limit.unwrap_or(LIMIT)).await?)
    }
}
