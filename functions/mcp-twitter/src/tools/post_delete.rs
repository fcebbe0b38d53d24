//! Takes a post back.

use std::sync::Arc;

use chimera_domain::Money;
use chimera_mcp::server::{Effect, EffectTool, ToolFault, Upstream, schema};
use schemars::JsonSchema;
use serde::Deserialize;

use super::arguments::post_id;
use crate::deletion_price;
use crate::platform::{Account, Outlet};

/// Deletes a post.
#[derive(Debug)]
pub(crate) struct PostDelete<O> {
    outlet: Arc<O>,
}

impl<O> PostDelete<O> {
    /// Over a platform.
    pub(crate) fn new(outlet: Arc<O>) -> Self {
        Self { outlet }
    }
}

/// What is deleted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deletion {
    /// The account: the agent's id.
    #[schemars(schema_with = "schema::id")]
    account: String,
    /// The platform's id of the post.
    #[schemars(schema_with = "post_id")]
    post_id: String,
}

impl<O: Outlet> EffectTool for PostDelete<O> {
    const NAME: &'static str = "post_delete";
    const DESCRIPTION: &'static str =
        "Deletes a post of the account; one that is gone already counts as deleted.";
    type Arguments = Deletion;

    fn account<'a>(&self, deletion: &'a Deletion) -> &'a str {
        &deletion.account
    }

    fn price(&self, _: &Deletion) -> Result<Money, ToolFault> {
        Ok(deletion_price())
    }

    async fn act(&self, effect: Effect, deletion: Deletion) -> Upstream {
        let account = Account::of(effect.tenant, effect.agent);
        self.outlet.delete(&account, &deletion.post_id, effect.key).await
    }
}
