//! What may be looked at by address: mentions, trends, usage.

use std::sync::Arc;

use chimera_domain::{AgentId, TenantId};
use chimera_mcp::server::{CallContext, ResourceSpec, Resources, ToolFault};
use serde::Serialize;
use serde_json::{Value, json};

use super::{mentions_list, trends_list};
use crate::platform::{Account, Timeline};

const MENTIONS: ResourceSpec = ResourceSpec::new(
    "twitter://{tenant}/{account}/mentions",
    "mentions",
    "What was said to an account lately, newest first.",
);
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
        vec![MENTIONS, TRENDS, USAGE]
    }

    async fn read(&self, _: &CallContext, uri: &str) -> Result<Value, ToolFault> {
        if let Some(parts) = MENTIONS.parts(uri) {
            let account = account(parts["tenant"], parts["account"])?;
            return value(self.timeline.mentions(&account, None, mentions_list::DEFAULT_LIMIT).await?);
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
