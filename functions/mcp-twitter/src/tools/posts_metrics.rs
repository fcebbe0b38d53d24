//! How posts do.

use std::sync::Arc;

use chimera_domain::{AgentId, TenantId};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arguments::post_ids;
use crate::platform::{Account, Timeline};
use crate::shown::PostMetrics;

/// Looks how posts of an account do.
#[derive(Debug)]
pub(crate) struct PostsMetrics<T> {
    timeline: Arc<T>,
}

impl<T> PostsMetrics<T> {
    /// Over a platform.
    pub(crate) fn new(timeline: Arc<T>) -> Self {
        Self { timeline }
    }
}

/// Which posts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Posts {
    /// Whose.
    #[schemars(schema_with = "schema::id")]
    tenant: TenantId,
    /// The account: the agent's id.
    #[schemars(schema_with = "schema::id")]
    account: AgentId,
    /// The platform's ids of the posts.
    #[schemars(schema_with = "post_ids")]
    post_ids: Vec<String>,
}

/// How they do.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Metrics {
    /// Of each post that the account shows, in the order in which they were asked for.
    metrics: Vec<PostMetrics>,
    /// The others: deleted, or never the account's.
    missing: Vec<String>,
}

impl<T: Timeline> Tool for PostsMetrics<T> {
    const NAME: &'static str = "posts_metrics";
    const DESCRIPTION: &'static str = "How a tenant's account's own posts did so far: impressions, likes, replies, reposts, \
                                       quotes, bookmarks.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Posts;
    type Output = Metrics;

    async fn call(&self, _: &CallContext, asked: Posts) -> Result<Metrics, ToolFault> {
        let Posts { tenant, account, post_ids } = asked;
        let mut found = self.timeline.metrics(&Account::of(tenant, account), &post_ids).await?;
        let place = |id: &String| post_ids.iter().position(|asked| asked == id);
        found.sort_by_key(|metrics| place(&metrics.post_id));
        let missing = post_ids.iter().filter(|id| !found.iter().any(|metrics| metrics.post_id == **id));
        let missing = missing.cloned().collect();
        Ok(Metrics { metrics: found, missing })
    }
}
