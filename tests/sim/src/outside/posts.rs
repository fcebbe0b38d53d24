//! Our own server of posts, for worlds that need none of the stand-in's stories: the code that is deployed, over memory.

use chimera_domain::{AgentId, TenantId};
use chimera_testkit::{MemorySigner, Mode, VirtualClock};
use futures::FutureExt as _;
use mcp_twitter::{Account, MemoryPosts, PostStore as _};
use uuid::Uuid;

use super::halves;
use super::served::Served;

/// The server's name in intents.
pub(super) const NAME: &str = "twitter";

/// The server of posts. Clones share everything.
#[derive(Clone)]
pub(crate) struct Posts {
    pub(crate) served: Served,
    posts: MemoryPosts,
}

/// Something that happened on the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Happened {
    /// The key it was done with.
    pub(crate) key: Uuid,
    /// What it cost, in cents.
    pub(crate) cost: i64,
    /// What was said, where it is a post, and to what.
    pub(crate) said: Option<(String, Option<String>)>,
}

impl Posts {
    pub(super) fn new(signer: &MemorySigner, clock: &VirtualClock) -> Self {
        let posts = MemoryPosts::default();
        Self { served: halves::of_posts(&posts, signer, clock), posts }
    }

    /// The next call goes so; calls queue up.
    pub(crate) fn next(&self, mode: Mode) {
        self.served.stage().next(mode);
    }

    /// Every post that an account ever made, and every deletion.
    pub(crate) fn happened(&self, tenant: &TenantId, agent: &AgentId) -> Vec<Happened> {
        let account = Account::of(tenant.clone(), agent.clone());
        let visible = self.posts.list(&account, usize::MAX).now_or_never();
        let gone = self.posts.deleted();
        let gone = || {
            gone.iter().filter(|(post, _)| (&post.tenant, post.account.as_str()) == (tenant, agent.as_str()))
        };
        let posts = visible.and_then(Result::ok).unwrap_or_default();
        let posts = posts.into_iter().chain(gone().map(|(post, _)| post.clone()));
        let made = posts.filter_map(|post| {
            let cost = mcp_twitter::price(&post.text).minor();
            Some(Happened { key: post.idempotency_key?, cost, said: Some((post.text, post.in_reply_to)) })
        });
        let unmade = gone().map(|(_, gone)| Happened { key: gone.key, cost: gone.cost.minor(), said: None });
        made.chain(unmade).collect()
    }
}
