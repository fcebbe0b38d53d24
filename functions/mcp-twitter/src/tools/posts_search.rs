//! An account's own posts.

use std::sync::Arc;

use chimera_domain::{AgentId, TenantId, Timestamp};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arguments::post_id;
use crate::platform::{Account, Timeline, Wanted};
use crate::shown::ShownPost;

/// Posts answered where the caller names no limit.
const DEFAULT_LIMIT: usize = 20;

/// Looks for posts of an account.
#[derive(Debug)]
pub(crate) struct PostsSearch<T> {
    timeline: Arc<T>,
}

impl<T> PostsSearch<T> {
    /// Over a platform.
    pub(crate) fn new(timeline: Arc<T>) -> Self {
        Self { timeline }
    }
}

/// Which posts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    /// Whose.
    #[schemars(schema_with = "schema::id")]
    tenant: TenantId,
    /// The account: the agent's id.
    #[schemars(schema_with = "schema::id")]
    account: AgentId,
    /// Only those that contain this text.
    #[serde(default)]
    #[schemars(length(max = 4000))]
    text: Option<String>,
    /// Only the one with this id.
    #[serde(default)]
    #[schemars(schema_with = "post_id")]
    post_id: Option<String>,
    /// Only those that are not older.
    #[serde(default)]
    #[schemars(schema_with = "schema::timestamp")]
    since: Option<Timestamp>,
    /// At most so many, newest first; 20 where it is not named.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
}

/// The posts that were found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FoundPosts {
    /// Newest first.
    posts: Vec<ShownPost>,
}

impl<T: Timeline> Tool for PostsSearch<T> {
    const NAME: &'static str = "posts_search";
    const DESCRIPTION: &'static str = "A tenant's account's posts and replies that were not deleted, newest first; \
                                       optionally those that contain a text, or the one of an id.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Search;
    type Output = FoundPosts;

    async fn call(&self, _: &CallContext, search: Search) -> Result<FoundPosts, ToolFault> {
        let Search { tenant, account, text, post_id, since, limit } = search;
        let wanted = Wanted { text, post_id, since, limit: limit.unwrap_or(DEFAULT_LIMIT) };
        let posts = self.timeline.posts(&Account::of(tenant, account), &wanted).await?;
        Ok(FoundPosts { posts })
    }
}
