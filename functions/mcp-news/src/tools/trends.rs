//! `news_trends`: what several sources write about at once.

use std::sync::Arc;

use chimera_domain::ports::Clock;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::search::within;
use crate::trends::{Trend, trends};
use crate::wire::Newsroom;

/// The window where the caller names none.
pub(crate) const WINDOW_HOURS: u32 = 4;

/// Finds trends.
#[derive(Debug)]
pub struct NewsTrends<C>(pub Arc<Newsroom<C>>);

/// Which trends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// About these topics; about any where none is named.
    #[serde(default)]
    #[schemars(length(max = 20))]
    topics: Vec<String>,
    /// Of the last so many hours; 4 unless named.
    #[schemars(range(min = 1, max = 720))]
    window_hours: Option<u32>,
    /// At least so strong, in basis points.
    #[schemars(range(max = 10_000))]
    min_score: Option<u32>,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Trends {
    /// The strongest first.
    trends: Vec<Trend>,
    /// Sources that could not be read this time.
    silent: Vec<String>,
}

impl<C: Clock + Send + 'static> Tool for NewsTrends<C> {
    const NAME: &'static str = "news_trends";
    const DESCRIPTION: &'static str =
        "What several articles of the last hours are about, the strongest first.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Wanted;
    type Output = Trends;

    async fn call(&self, _context: &CallContext, input: Wanted) -> Result<Trends, ToolFault> {
        let wired = self.0.articles().await?;
        let hours = input.window_hours.unwrap_or(WINDOW_HOURS);
        let mut found = trends(&within(wired.articles, self.0.now(), hours));
        let least = input.min_score.unwrap_or(0);
        found.retain(|trend| {
            trend.score >= least && (input.topics.is_empty() || input.topics.contains(&trend.topic))
        });
        Ok(Trends { trends: found, silent: wired.silent })
    }
}
