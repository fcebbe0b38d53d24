//! Answers a post.

use std::sync::Arc;

use chimera_domain::Money;
use chimera_mcp::server::{Effect, EffectTool, ToolFault, Upstream, schema};
use schemars::JsonSchema;
use serde::Deserialize;

use super::arguments::{Said, price_of};
use crate::media::MediaArgument;
use crate::platform::Outlet;

/// Makes a reply.
#[derive(Debug)]
pub(crate) struct PostReply<O> {
    outlet: Arc<O>,
}

impl<O> PostReply<O> {
    /// Over a platform.
    pub(crate) fn new(outlet: Arc<O>) -> Self {
        Self { outlet }
    }
}

/// What is answered, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
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
    /// The platform's id of what is answered.
    #[schemars(length(min = 1, max = 64))]
    in_reply_to: String,
}

impl<O: Outlet> EffectTool for PostReply<O> {
    const NAME: &'static str = "post_reply";
    const DESCRIPTION: &'static str =
        "Answers a post, once, exactly as the grant approves; a used grant answers what became of it.";
    type Arguments = Reply;

    fn account<'a>(&self, reply: &'a Reply) -> &'a str {
        &reply.account
    }

    fn price(&self, reply: &Reply) -> Result<Money, ToolFault> {
        price_of(&reply.text, &reply.media)
    }

    async fn act(&self, effect: Effect, reply: Reply) -> Upstream {
        let Reply { text, made_with_ai, paid_partnership, media, in_reply_to, .. } = reply;
        let said = Said { text, in_reply_to: Some(in_reply_to), made_with_ai, paid_partnership, media };
        match said.post(effect) {
            Ok(post) => self.outlet.post(post).await,
            Err(refused) => refused,
        }
    }
}
