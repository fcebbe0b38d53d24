//! The server's one tool.

use chimera_mcp::ToolClass;
use chimera_mcp::server::{ToolFault, ToolSpec, Tools};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::prose::clip;
use crate::{FeedRefusal, FeedText, Fetcher, TEXT_CHARS, parse_feed};

/// Items answered where the caller names no limit, and at most.
const LIMITS: (usize, usize) = (20, 200);
/// Characters of all bodies in an answer: it stays below the 4 MiB a client accepts. More than fifty items share them.
const BODIES_CHARS: usize = 50 * TEXT_CHARS;

/// The news server's tools.
#[derive(Debug)]
pub struct NewsTools {
    fetcher: Fetcher,
}

impl NewsTools {
    /// Tools that fetch with `fetcher`.
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Headlines {
    url: String,
    limit: Option<usize>,
}

impl Tools for NewsTools {
    fn server(&self) -> &'static str {
        "news"
    }

    fn specs(&self) -> Vec<ToolSpec> {
        vec![ToolSpec {
            name: "news_headlines",
            description: "Reads an RSS, Atom or JSON feed: its title and its items as plain text.",
            input: json!({
                "type": "object",
                "required": ["url"],
                "properties": {
                    "url": { "type": "string", "minLength": 1, "maxLength": 2048 },
                    "limit": { "type": "integer", "minimum": 1, "maximum": LIMITS.1 },
                },
                "additionalProperties": false,
            }),
            output: json!({
                "type": "object",
                "required": ["title", "items"],
                "properties": { "title": { "type": "string" }, "items": { "type": "array", "items": item_schema() } },
                "additionalProperties": false,
            }),
            class: ToolClass::Read,
        }]
    }

    async fn call(&self, _tool: &str, arguments: Value) -> Result<Value, ToolFault> {
        let Headlines { url, limit } =
            serde_json::from_value(arguments).map_err(|error| ToolFault::Failed(error.into()))?;
        let feed = self.headlines(&url, limit.unwrap_or(LIMITS.0)).await;
        feed.map(|feed| json!(feed)).map_err(|refusal| ToolFault::Refused(refusal.into()))
    }
}

fn item_schema() -> Value {
    json!({
        "type": "object",
        "required": ["id", "title", "url", "text"],
        "properties": {
            "id": { "type": "string", "minLength": 1 },
            "title": { "type": "string", "minLength": 1 },
            "url": { "type": "string", "pattern": "^https?://" },
            "published_at": { "type": "string" },
            "text": { "type": "string", "maxLength": TEXT_CHARS },
        },
        "additionalProperties": false,
    })
}
