//! The tools, a file each.

pub(crate) mod account_get;
pub(crate) mod arguments;
pub(crate) mod mentions_list;
pub(crate) mod post_create;
pub(crate) mod post_delete;
pub(crate) mod post_reply;
pub(crate) mod posts_metrics;
pub(crate) mod posts_search;
pub(crate) mod resources;
pub(crate) mod search_recent;
pub(crate) mod trends_list;

use std::sync::Arc;

use chimera_domain::ports::{Clock, Ids};
use chimera_mcp::server::{
    AllowanceStore, BurnStore, GrantDesk, NoDesk, ServerBuilder, ToolServer, WithDesk,
};

use crate::platform::{Outlet, Timeline};
use account_get::AccountGet;
use mentions_list::MentionsList;
use post_create::PostCreate;
use post_delete::PostDelete;
use post_reply::PostReply;
use posts_metrics::PostsMetrics;
use posts_search::PostsSearch;
use resources::TwitterResources;
use search_recent::SearchRecent;
use trends_list::TrendsList;

/// What both halves are called.
const SERVER: &str = "twitter";

/// The read half: what the platform shows. Nothing in it could post.
pub fn read_half<T: Timeline>(timeline: T, allowances: impl AllowanceStore) -> ServerBuilder<NoDesk> {
    let timeline = Arc::new(timeline);
    ToolServer::builder(SERVER)
        .tool(PostsSearch::new(Arc::clone(&timeline)))
        .tool(AccountGet::new(Arc::clone(&timeline)))
        .tool(MentionsList::new(Arc::clone(&timeline)))
        .tool(SearchRecent::new(Arc::clone(&timeline)))
        .tool(TrendsList::new(Arc::clone(&timeline)))
        .tool(PostsMetrics::new(Arc::clone(&timeline)))
        .resources(TwitterResources::new(timeline))
        .allowances(allowances)
}

/// The write half: posts, replies and deletions, with a grant and never without.
pub fn write_half<O, S, C, I>(outlet: O, desk: GrantDesk<S, C, I>) -> ServerBuilder<WithDesk>
where
    O: Outlet,
    S: BurnStore,
    C: Clock + Send + 'static,
    I: Ids + Send + 'static,
{
    let outlet = Arc::new(outlet);
    ToolServer::builder(SERVER)
        .with_desk(desk)
        .effect(PostCreate::new(Arc::clone(&outlet)))
        .effect(PostReply::new(Arc::clone(&outlet)))
        .effect(PostDelete::new(outlet))
}
