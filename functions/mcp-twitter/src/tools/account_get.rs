//! An account as anybody sees it.

use std::sync::Arc;

use chimera_domain::{AgentId, TenantId};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault, schema};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::platform::{Account, Timeline};
use crate::shown::Profile;

/// Looks at an account.
#[derive(Debug)]
pub(crate) struct AccountGet<T> {
    timeline: Arc<T>,
}

impl<T> AccountGet<T> {
    /// Over a platform.
    pub(crate) fn new(timeline: Arc<T>) -> Self {
        Self { timeline }
    }
}

/// Which account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// Whose.
    #[schemars(schema_with = "schema::id")]
    tenant: TenantId,
    /// The account: the agent's id.
    #[schemars(schema_with = "schema::id")]
    account: AgentId,
}

impl<T: Timeline> Tool for AccountGet<T> {
    const NAME: &'static str = "account_get";
    const DESCRIPTION: &'static str =
        "An account as anybody sees it: where it is, its posts and its followers.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Named;
    type Output = Profile;

    async fn call(&self, _: &CallContext, named: Named) -> Result<Profile, ToolFault> {
        Ok(self.timeline.profile(&Account::of(named.tenant, named.account)).await?)
    }
}
