#![doc = include_str!("../README.md")]

mod app;
mod article;
mod feed;
mod fetch;
mod prose;
mod refusal;
mod resources;
mod sandbox;
mod search;
mod sources;
mod tools;
mod trends;
mod wire;
mod words;

pub use app::{StartError, app, news_server};
pub use article::Article;
pub use feed::{FeedItem, FeedText, parse_feed};
pub use fetch::Fetcher;
pub use prose::TEXT_CHARS;
pub use refusal::FeedRefusal;
pub use sandbox::SandboxWire;
pub use sources::{FeedWire, NewsSource, SourcesError, parse_sources};
pub use tools::{NewsGet, NewsHeadlines, NewsSearch, NewsTrends};
pub use trends::{Trend, trends};
pub use wire::{Backend, Newsroom, Wire, Wired};
