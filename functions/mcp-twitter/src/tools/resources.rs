//! What may be looked at by address: mentions, trends, usage.

use std::sync::Arc;
use std::time::Duration;

use chimera_domain::{AgentId, TenantId};
use chimera_mcp::server::{CallContext, ResourceSpec, Resources, ToolFault};
use serde::Serialize;
use serde_json::{Value, json};

use super::{mentions_list, trends_list};
use crate::platform::{Account, Timeline};

/// Mentions shown at once to whoever reads on: as many as the platform gives at once.
const MENTIONS_AT_ONCE: usize = 100;
/// The longest id of a post, in digits.
const POST_ID_DIGITS: usize = 20;

const MENTIONS: ResourceSpec = ResourceSpec::new(
    "twitter://{tenant}/{account}/mentions",
    "mentions",
    "What was said to an account lately, newest first.",
);
const MENTIONS_AFTER: ResourceSpec = ResourceSpec::new(
    "twitter://{tenant}/{account}/mentions/{since}",
    "mentions-after",
    "What was said to an account after a mention, by its id, oldest first; 0 is before all of them.",
)
.fresh_for(Duration::ZERO);
const TRENDS: ResourceSpec = ResourceSpec::new(
    "twitter://{tenant}/trends/{woeid}",
    "trends",
    "What many speak of in a place, by its where-on-earth id; 1 is everywhere.",
);
const USAGE: ResourceSpec = ResourceSpec::new(
    "twitter://{tenant}/{account}/usage",
    "usage",
    "What an account used of the platform, what it cost, and what may still be done.",
);

/// The read half's resources.
#[derive(Debug)]
pub(crate) struct TwitterResources<T> {
    timeline: Arc<T>,
}

impl<T> TwitterResources<T> {
    /// Over a platform.
    pub(crate) fn new(timeline: Arc<T>) -> Self {
        Self { timeline }
    }
}

impl<T: Timeline> Resources for TwitterResources<T> {
    fn templates(&self) -> Vec<ResourceSpec> {
        vec![MENTIONS, MENTIONS_AFTER, TRENDS, USAGE]
    }

    async fn read(&self, _: &CallContext, uri: &str) -> Result<Value, ToolFault> {
        if let Some(parts) = MENTIONS.parts(uri) {
            let account = account(parts["tenant"], parts["account"])?;
            return value(self.timeline.mentions(&account, None, mentions_list::DEFAULT_LIMIT).await?);
        }
        if let Some(parts) = MENTIONS_AFTER.parts(uri) {
            let account = account(parts["tenant"], parts["account"])?;
            let since = parts["since"];
            if since.len() > POST_ID_DIGITS || !since.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err(nowhere());
            }
            return value(self.timeline.mentions_after(&account, since, MENTIONS_AT_ONCE).await?);
        }
        if let Some(parts) = USAGE.parts(uri) {
            let account = account(parts["tenant"], parts["account"])?;
            return value(self.timeline.usage(&account).await?);
        }
        let parts = TRENDS.parts(uri).ok_or_else(nowhere)?;
        let tenant = TenantId::new(parts["tenant"]).map_err(|_| nowhere())?;
        let woeid = parts["woeid"].parse().map_err(|_| nowhere())?;
        let trends = self.timeline.trends(&tenant, woeid, trends_list::DEFAULT_LIMIT).await?;
        Ok(json!({ "trends": trends }))
    }
}

fn account(tenant: &str, agent: &str) -> Result<Account, ToolFault> {
    let tenant = TenantId::new(tenant).map_err(|_| nowhere())?;
    Ok(Account::of(tenant, AgentId::new(agent).map_err(|_| nowhere())?))
}

fn value(of: impl Serialize) -> Result<Value, ToolFault> {
    serde_json::to_value(of).map_err(|error| ToolFault::Failed(error.into()))
}

fn nowhere() -> ToolFault {
    ToolFault::refused("not_found", "no such resource", false)
}
