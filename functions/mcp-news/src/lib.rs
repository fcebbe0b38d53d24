#![doc = include_str!("../README.md")]

mod feed;
mod fetch;
mod prose;
mod refusal;
mod tools;

pub use feed::{FeedItem, FeedText, parse_feed};
pub use fetch::Fetcher;
pub use prose::TEXT_CHARS;
pub use refusal::FeedRefusal;
pub use tools::NewsTools;
