//! What agents watch: extended with each campaign that reacts, and shown to whoever may look.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chimera_domain::ports::StateReaderExt as _;
use chimera_domain::{
    AgentId, Campaign, CampaignId, Headline, Row, RowKey, StoreError, Stored, TenantId, Timestamp,
    Transaction, Watch, limits,
};
use serde::Serialize;

use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::etag;
use crate::state::{Api, Clock, Ids, Store};

/// [PE-1] The agent's watch with one more campaign: written with the campaign or not at all.
pub(crate) struct Watching {
    old: Option<Stored<Watch>>,
    new: Watch,
}

impl Watching {
    /// What the campaign calls for; nothing where it reacts to nothing, or its time to watch is over.
    ///
    /// # Errors
    /// 422 where as many campaigns of the agent react as may.
    pub(crate) async fn prepare<S: Store, C: Clock, I: Ids>(
        api: &Api<S, C, I>,
        campaign: &Campaign,
    ) -> Result<Option<Self>, Problem> {
        let now = api.now();
        if campaign.watches_until().is_none_or(|until| until <= now) {
            return Ok(None);
        }
        let (tenant, agent) = (&campaign.tenant, &campaign.agent);
        let old = find(api, tenant, agent).await?;
        let mut before =
            old.as_ref().map_or_else(|| Watch::new(tenant.clone(), agent.clone()), |old| old.row.clone());
        before.campaigns.retain(|other| *other != campaign.id);
        if before.campaigns.len() >= limits::CAMPAIGNS_PER_WATCH {
            before.campaigns = going_on(api, tenant, &before.campaigns).await?;
        }
        if before.campaigns.len() >= limits::CAMPAIGNS_PER_WATCH {
            let most = limits::CAMPAIGNS_PER_WATCH;
            let detail =
                format!("{most} campaigns of {agent} react already, as many as may at the same time");
            return Err(errors::invalid("too_many_reacting", detail));
        }
        Ok(Some(Self { old, new: before.for_campaign(campaign.id.clone(), now) }))
    }

    /// Adds the write.
    pub(crate) fn add_to(&self, write: Transaction) -> Result<Transaction, StoreError> {
        match &self.old {
            Some(old) => write.replace(old, self.new.clone()),
            None => write.insert(self.new.clone()),
        }
    }
}

/// Those that are not over: perception takes the others out when it looks next.
async fn going_on<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    tenant: &TenantId,
    campaigns: &[CampaignId],
) -> Result<Vec<CampaignId>, Problem> {
    let keys: Vec<RowKey> = campaigns.iter().map(|id| RowKey::campaign(tenant, id)).collect();
    let rows = api.store().get_many(&keys).await.map_err(errors::store)?;
    let rows = rows.into_iter().flatten().filter_map(|row| row.row.into_campaign());
    Ok(rows.filter(|campaign| !campaign.status.is_over()).map(|campaign| campaign.id).collect())
}

async fn find<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    tenant: &TenantId,
    agent: &AgentId,
) -> Result<Option<Stored<Watch>>, Problem> {
    let row = api.store().get(&RowKey::watch(tenant, agent)).await.map_err(errors::store)?;
    Ok(row.and_then(|row| row.narrow(Row::into_watch)))
}

/// A watch as callers see it.
#[derive(Serialize)]
struct WatchView {
    agent: AgentId,
    /// The campaigns that react, the oldest first.
    campaigns: Vec<CampaignId>,
    newest_mention: Option<String>,
    /// What was read in the last hours, newest first.
    headlines: Vec<Headline>,
    /// Regions and topics whose news were not heard at the last look.
    silent: Vec<String>,
    looked_at: Option<Timestamp>,
    /// Looks in a row that found no source answering.
    failures: u32,
    due_at: Option<Timestamp>,
}

/// `GET /agents/{agent}/watch`: what it watches for whom, what it has seen, and when.
pub(crate) async fn show<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At(agent): At<AgentId>,
) -> Result<Response, Problem> {
    let there = api.store().agent(&caller.tenant, &agent).await.map_err(errors::store)?;
    there.ok_or_else(errors::not_found)?;
    let found = find(&api, &caller.tenant, &agent).await?;
    let version = found.as_ref().map_or(0, |found| found.version);
    let watch = found.map_or_else(|| Watch::new(caller.tenant, agent), |found| found.row);
    let Watch { agent, campaigns, newest_mention, headlines, silent, looked_at, failures, due_at, .. } =
        watch;
    let view = WatchView { agent, campaigns, newest_mention, headlines, silent, looked_at, failures, due_at };
    Ok(etag::answer(&headers, &etag::of_version(version), view))
}
