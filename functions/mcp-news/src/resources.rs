//! What a client may look at by address: the latest news, and the trends of a region and topic.

use std::sync::Arc;
use std::time::Duration;

use chimera_domain::ports::Clock;
use chimera_mcp::server::{CallContext, ResourceSpec, Resources, ToolFault};
use serde_json::{Value, json};

use crate::article::Article;
use crate::search::within;
use crate::trends::trends;
use crate::wire::Newsroom;

/// Articles of `news://latest`.
const LATEST: usize = 20;
/// Headlines beside the trends of a region and topic: what somebody who goes on from the last look has not seen.
const HEADLINES: usize = 100;
/// Hours of trends, as FR2.2 asks.
const WINDOW_HOURS: u32 = crate::tools::WINDOW_HOURS;
/// News are news for a minute.
const FRESH: Duration = Duration::from_secs(60);
/// In an address: wherever, whatever.
const ANY: &str = "any";

const LATEST_NEWS: ResourceSpec =
    ResourceSpec::new("news://latest", "latest", "The newest articles of all sources.")
        .fresh_for(FRESH)
        .public();
const TRENDS: ResourceSpec = ResourceSpec::new(
    "news://{region}/{topic}/trends",
    "trends",
    "What several sources write about, and the headlines of the last hours: a region and a topic, `any` for all of them.",
)
.fresh_for(FRESH)
.public();

/// The newsroom's resources.
#[derive(Debug)]
pub(crate) struct NewsResources<C>(pub(crate) Arc<Newsroom<C>>);

impl<C: Clock + Send + 'static> Resources for NewsResources<C> {
    fn templates(&self) -> Vec<ResourceSpec> {
        vec![LATEST_NEWS, TRENDS]
    }

    async fn read(&self, _context: &CallContext, uri: &str) -> Result<Value, ToolFault> {
        let mut wired = self.0.articles().await?;
        let Some(parts) = TRENDS.parts(uri) else {
            wired.articles.truncate(LATEST);
            return Ok(json!({ "articles": wired.articles, "silent": wired.silent }));
        };
        let fits =
            |name: &str, value: &str| parts.get(name).is_none_or(|wanted| *wanted == ANY || *wanted == value);
        wired.articles.retain(|article| fits("region", &article.region) && fits("topic", &article.topic));
        let lately = within(wired.articles, self.0.now(), WINDOW_HOURS);
        let headlines: Vec<Value> = lately.iter().take(HEADLINES).map(headline).collect();
        Ok(json!({ "trends": trends(&lately), "headlines": headlines, "silent": wired.silent }))
    }
}

/// What is enough of an article to see what it is about.
fn headline(article: &Article) -> Value {
    let Article { id, title, source, published_at, .. } = article;
    json!({ "id": id, "title": title, "source": source, "published_at": published_at })
}
