//! The server's tools, each with its own arguments and answer.

mod get;
mod headlines;
mod search;
mod trends;

pub use get::NewsGet;
pub use headlines::NewsHeadlines;
pub use search::NewsSearch;
pub use trends::NewsTrends;
pub(crate) use trends::WINDOW_HOURS;
