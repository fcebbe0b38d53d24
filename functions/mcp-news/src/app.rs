//! Which wire, with which tools.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use chimera_domain::ports::Clock;
use chimera_mcp::net::Reach;
use chimera_mcp::server::{SpecError, ToolServer, router};
use chimera_runtime::{Env, EnvError, SystemClock};
use thiserror::Error;

use crate::resources::NewsResources;
use crate::sources::{FeedWire, SourcesError, parse_sources};
use crate::tools::{NewsGet, NewsHeadlines, NewsSearch, NewsTrends};
use crate::wire::{Backend, Newsroom};
use crate::{Fetcher, SandboxWire};

/// The seed of the sandbox's news: any number does.
const SEED: u64 = 1;

/// The server must not start; whoever deployed it must look.
#[derive(Debug, Error)]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The live backend's feeds cannot be used.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// The TLS backend cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
    /// A tool's schema is a defect.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

/// The server that the environment asks for.
///
/// # Errors
/// [`StartError`].
pub fn app(env: &Env) -> Result<Router, StartError> {
    let reach = if env.flag("NEWS_ALLOW_PRIVATE")? { Reach::Anywhere } else { Reach::Public };
    let fetcher = Fetcher::new(reach)?;
    let is_live = env.choice("NEWS_BACKEND", &[("sandbox", false), ("live", true)])?;
    let backend = if is_live {
        let sources = parse_sources(&env.text("NEWS_SOURCES")?)?;
        Backend::Live(FeedWire::new(fetcher.clone(), sources))
    } else {
        let speed = match env.optional("SANDBOX_SPEED") {
            Some(_) => env.parse("SANDBOX_SPEED")?,
            None => NonZeroU32::MIN,
        };
        Backend::Sandbox(SandboxWire::new(SEED).faster(speed))
    };
    Ok(router(news_server(fetcher, Newsroom::new(backend, SystemClock))?, &[]))
}

/// The server over a newsroom.
///
/// # Errors
/// [`SpecError`] where a tool's schema is a defect.
pub fn news_server<C: Clock + Send + 'static>(
    fetcher: Fetcher,
    newsroom: Newsroom<C>,
) -> Result<ToolServer, SpecError> {
    let newsroom = Arc::new(newsroom);
    ToolServer::builder("news")
        .tool(NewsHeadlines::new(fetcher))
        .tool(NewsSearch(Arc::clone(&newsroom)))
        .tool(NewsGet(Arc::clone(&newsroom)))
        .tool(NewsTrends(Arc::clone(&newsroom)))
        .resources(NewsResources(newsroom))
        .build()
}
