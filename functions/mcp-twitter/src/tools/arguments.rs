//! What several tools take.

use chimera_domain::Money;
use chimera_mcp::server::{Effect, ToolFault, Upstream};
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::media::{MediaArgument, check_together, pictures};
use crate::platform::{Account, NewPost};
use crate::price;

/// The platform's id of a post.
pub(crate) fn post_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[0-9]{1,20}$" })
}

/// The platform's ids of some posts.
pub(crate) fn post_ids(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": 100,
        "items": { "type": "string", "pattern": "^[0-9]{1,20}$" },
    })
}

/// What a post and a reply have in common.
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) made_with_ai: bool,
    pub(crate) paid_partnership: bool,
    pub(crate) media: Vec<MediaArgument>,
}

impl Said {
    /// The post, with its pictures' bytes.
    ///
    /// # Errors
    /// The refusal to answer with, where bytes are not what they are said to be.
    pub(crate) fn post(self, effect: Effect) -> Result<NewPost, Upstream> {
        let media = pictures(self.media, effect.media);
        let media = media.map_err(|refusal| Upstream::Refused { refusal, retry_after_s: None })?;
        Ok(NewPost {
            account: Account::of(effect.tenant, effect.agent),
            text: self.text,
            in_reply_to: self.in_reply_to,
            made_with_ai: self.made_with_ai,
            paid_partnership: self.paid_partnership,
            media,
            key: effect.key,
        })
    }
}

/// What a post costs; what cannot be posted has no price.
pub(crate) fn price_of(text: &str, media: &[MediaArgument]) -> Result<Money, ToolFault> {
    check_together(media).map_err(|why| ToolFault::refused("invalid_input", why, false))?;
    Ok(price(text))
}
