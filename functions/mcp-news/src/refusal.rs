//! Why a feed cannot be used.

use chimera_domain::Refusal;
use chimera_mcp::server::ToolFault;
use thiserror::Error;

/// Why a feed cannot be used. Whoever named the feed must look, except where it may come back.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FeedRefusal {
    /// No answer, or not a successful one. May come back.
    #[error("the feed cannot be reached: {0}")]
    Unreachable(String),
    /// What is there is no RSS, Atom or JSON feed.
    #[error("this is no RSS, Atom or JSON feed: {0}")]
    NotAFeed(String),
    /// The feed has no item that can be linked to.
    #[error("the feed has no items")]
    EmptyFeed,
    /// More than 5 MiB.
    #[error("the feed is larger than 5 MiB")]
    TooLarge,
    /// The URL, or a redirect from it, leads to an address that is not public, or is not `http(s)`.
    #[error("the feed's address may not be read: {0}")]
    ForbiddenAddress(String),
}

impl FeedRefusal {
    /// Short stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::NotAFeed(_) => "not_a_feed",
            Self::EmptyFeed => "empty_feed",
            Self::TooLarge => "too_large",
            Self::ForbiddenAddress(_) => "forbidden_address",
        }
    }
}

impl From<FeedRefusal> for Refusal {
    fn from(refusal: FeedRefusal) -> Self {
        let retryable = matches!(refusal, FeedRefusal::Unreachable(_));
        Self { code: refusal.code().to_owned(), message: refusal.to_string(), retryable }
    }
}

impl From<FeedRefusal> for ToolFault {
    fn from(refusal: FeedRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}
