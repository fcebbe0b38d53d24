//! Posts.

use std::sync::Arc;

use chimera_domain::Money;
use chimera_mcp::server::{Effect, EffectTool, ToolFault, Upstream, schema};
use schemars::JsonSchema;
use serde::Deserialize;

use super::arguments::{Said, price_of};
use crate::media::MediaArgument;
use crate::platform::Outlet;

/// Makes a post.
#[derive(Debug)]
pub(crate) struct PostCreate<O> {
    outlet: Arc<O>,
}

impl<O> PostCreate<O> {
    /// Over a platform.
    pub(crate) fn new(outlet: Arc<O>) -> Self {
        Self { outlet }
    }
}

/// What is posted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Post {
    /// The account: the agent's id.
    #[schemars(schema_with = "schema::id")]
    account: String,
    /// What it says.
    #[schemars(length(min = 1, max = 4000))]
    text: String,
    /// Whether it is labelled as made with AI.
    made_with_ai: bool,
    /// Whether it is labelled as paid for.
    #[serde(default)]
    paid_partnership: bool,
    /// Its pictures, or one GIF or clip.
    #[serde(default)]
    #[schemars(length(max = 4))]
    media: Vec<MediaArgument>,
}

impl<O: Outlet> EffectTool for PostCreate<O> {
    const NAME: &'static str = "post_create";
    const DESCRIPTION: &'static str =
        "Posts, once, exactly what the grant approves; a used grant answers what became of it.";
    type Arguments = Post;

    fn account<'a>(&self, post: &'a Post) -> &'a str {
        &post.account
    }

    fn price(&self, post: &Post) -> Result<Money, ToolFault> {
        price_of(&post.text, &post.media)
    }

    async fn act(&self, effect: Effect, post: Post) -> Upstream {
        let Post { text, made_with_ai, paid_partnership, media, .. } = post;
        let said = Said { text, in_reply_to: None, made_with_ai, paid_partnership, media };
        match said.post(effect) {
            Ok(post) => self.outlet.post(post).await,
            Err(refused) => refused,
        }
    }
}
