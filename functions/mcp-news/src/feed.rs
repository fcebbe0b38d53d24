//! From a feed's bytes to its items as plain text.

use std::collections::BTreeSet;

use feed_rs::model::{Entry, Feed, Link, Text};
use feed_rs::parser;
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use crate::article::id_of;
use crate::prose::{self, clip};
use crate::{FeedRefusal, TEXT_CHARS};

/// Items read from one feed: more is an archive, not news.
const ITEMS: usize = 200;
/// A title is clipped to this many characters.
const TITLE_CHARS: usize = 300;

/// A feed as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FeedText {
    /// Its title; the host where it has none.
    pub title: String,
    /// Its items, in the feed's order, one per URL.
    pub items: Vec<FeedItem>,
}

/// An item as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FeedItem {
    /// Derived from the URL: the same item has the same id in every reading.
    #[schemars(length(min = 1))]
    pub id: String,
    /// Its title.
    #[schemars(length(min = 1))]
    pub title: String,
    /// Where it can be read; `http(s)`.
    #[schemars(regex(pattern = "^https?://"))]
    pub url: String,
    /// When it was published, or last changed where the feed says only that; RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
    /// Its body: at most 4000 characters, empty where there is nothing to read.
    #[schemars(length(max = TEXT_CHARS))]
    pub text: String,
}

/// Reads a feed. Relative links are resolved against `base_url`.
///
/// # Errors
/// [`FeedRefusal::NotAFeed`] and [`FeedRefusal::EmptyFeed`].
pub fn parse_feed(bytes: &[u8], base_url: &str) -> Result<FeedText, FeedRefusal> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(FeedRefusal::EmptyFeed);
    }
    let parser = parser::Builder::new().base_uri(Some(base_url)).build();
    let feed = parser.parse(bytes).map_err(|error| FeedRefusal::NotAFeed(error.to_string()))?;
    let mut seen = BTreeSet::new();
    let items = feed.entries.iter().filter_map(item).filter(|item| seen.insert(item.id.clone()));
    let items: Vec<FeedItem> = items.take(ITEMS).collect();
    if items.is_empty() {
        return Err(FeedRefusal::EmptyFeed);
    }
    Ok(FeedText { title: feed_title(&feed, base_url), items })
}

fn feed_title(feed: &Feed, base_url: &str) -> String {
    let host = || Url::parse(base_url).ok()?.host_str().map(str::to_owned);
    title_of(feed.title.as_ref()).or_else(host).unwrap_or_default()
}

fn title_of(title: Option<&Text>) -> Option<String> {
    let title = prose::title(&title?.content);
    (!title.is_empty()).then(|| clip(&title, TITLE_CHARS))
}

/// The item, if there is a page to link to.
fn item(entry: &Entry) -> Option<FeedItem> {
    let url = entry.links.iter().find_map(page)?;
    let title = title_of(entry.title.as_ref());
    let text = body(entry, title.as_deref().unwrap_or_default());
    let first_line = || text.lines().next().map(|line| clip(line, TITLE_CHARS));
    let published = entry.published.or(entry.updated);
    Some(FeedItem {
        id: id_of(&url),
        title: title.or_else(first_line).unwrap_or_else(|| url.clone()),
        url,
        published_at: published.map(|at| at.to_rfc3339()),
        text,
    })
}

fn page(link: &Link) -> Option<String> {
    let names_the_page = link.rel.as_deref().is_none_or(|rel| rel == "alternate");
    let url = Url::parse(link.href.trim()).ok()?;
    (names_the_page && matches!(url.scheme(), "http" | "https")).then(|| url.to_string())
}

/// The first of content, summary and media description that has something to read.
fn body(entry: &Entry, title: &str) -> String {
    let content = entry.content.as_ref().and_then(|content| content.body.as_deref());
    let summary = entry.summary.as_ref().map(|summary| summary.content.as_str());
    let media = entry.media.iter().filter_map(|media| media.description.as_ref());
    let media = media.map(|description| description.content.as_str());
    let candidates = content.into_iter().chain(summary).chain(media);
    candidates.map(|html| prose::read(html, title)).find(|text| !text.is_empty()).unwrap_or_default()
}
