//! Where articles come from: the sandbox, or the feeds that the operator named.

use std::future::Future;

use chimera_domain::Timestamp;

use crate::article::Article;
use crate::sources::FeedWire;
use crate::{FeedRefusal, SandboxWire};
use chimera_domain::ports::Clock;

/// What is known at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wired {
    /// The articles, the newest first, one per URL, none from the future.
    pub articles: Vec<Article>,
    /// Sources that could not be read this time.
    pub silent: Vec<String>,
}

/// Brings articles.
pub trait Wire: Send + Sync + 'static {
    /// What the sources have published until `now`.
    ///
    /// # Errors
    /// [`FeedRefusal`] where not one source could be read.
    fn articles(&self, now: Timestamp) -> impl Future<Output = Result<Wired, FeedRefusal>> + Send;
}

/// The wire that the environment names, and the clock its readers go by.
#[derive(Debug)]
pub struct Newsroom<C> {
    backend: Backend,
    clock: C,
}

/// Which wire.
#[derive(Debug)]
pub enum Backend {
    /// Invented news that break by the clock.
    Sandbox(SandboxWire),
    /// Feeds of the operator's choice.
    Live(FeedWire),
}

impl<C: Clock> Newsroom<C> {
    /// A newsroom over a backend.
    pub fn new(backend: Backend, clock: C) -> Self {
        Self { backend, clock }
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What is known now, the newest first.
    ///
    /// # Errors
    /// [`FeedRefusal`] where not one source could be read.
    pub(crate) async fn articles(&self) -> Result<Wired, FeedRefusal> {
        let now = self.now();
        let mut wired = match &self.backend {
            Backend::Sandbox(wire) => wire.articles(now).await?,
            Backend::Live(wire) => wire.articles(now).await?,
        };
        wired.articles.sort_by(|a, b| (b.published_at, &a.id).cmp(&(a.published_at, &b.id)));
        Ok(wired)
    }
}
