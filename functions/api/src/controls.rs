//! Pause, resume, cancel: one conditional write each. What is already under way acts on it at its next door.

use axum::Json as Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chimera_domain::ports::StateReaderExt as _;
use chimera_domain::{
    Campaign, CampaignEvent, CampaignId, CampaignStatus, EffectStatus, RowKey, StoreError, TenantId,
    Timestamp, Transaction,
};
use serde::{Deserialize, Serialize};

use crate::body::{self, MaybeJson};
use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::state::{Api, Clock, Ids, Store, WRITE_TRIES};
use crate::views::{CampaignView, EffectView};

/// Longest reason, in characters: a sentence or two on a card.
const REASON_CHARS: usize = 500;

/// `POST /campaigns/{campaign}/pause`.
pub(crate) async fn pause<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    At(id): At<CampaignId>,
    MaybeJson(body): MaybeJson,
) -> Result<Response, Problem> {
    body::expect_nothing(body)?;
    let paused = turn(&api, &caller, &id, CampaignEvent::Pause, None).await?;
    answer(&api, &caller.tenant, paused).await
}

/// `POST /campaigns/{campaign}/resume`.
pub(crate) async fn resume<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    At(id): At<CampaignId>,
    MaybeJson(body): MaybeJson,
) -> Result<Response, Problem> {
    body::expect_nothing(body)?;
    let resumed = turn(&api, &caller, &id, CampaignEvent::Resume, None).await?;
    Ok(Body(CampaignView::from(resumed)).into_response())
}

/// `POST /campaigns/{campaign}/cancel`, with a reason where the operator gives one.
pub(crate) async fn cancel<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    At(id): At<CampaignId>,
    MaybeJson(body): MaybeJson,
) -> Result<Response, Problem> {
    let given = if body.is_null() { Reason::default() } else { body::read_as(body)? };
    if let Some(reason) = &given.reason {
        body::check_text("reason", reason, REASON_CHARS)?;
    }
    let reason = given.reason.unwrap_or_else(|| "cancelled by an operator".to_owned());
    let cancelled = turn(&api, &caller, &id, CampaignEvent::Cancel, Some(reason)).await?;
    answer(&api, &caller.tenant, cancelled).await
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: Option<String>,
}

/// A campaign that was stopped, with the effects whose calls may be under way: those may still happen.
#[derive(Serialize)]
struct Stopped {
    #[serde(flatten)]
    campaign: CampaignView,
    dispatching: Vec<EffectView>,
}

async fn answer<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    tenant: &TenantId,
    campaign: Campaign,
) -> Result<Response, Problem> {
    let partition = RowKey::campaign_partition(tenant, &campaign.id);
    let rows = api.store().query(&partition, "EFFECT#").await.map_err(errors::store)?;
    let dispatching = rows
        .into_iter()
        .filter_map(|row| row.row.into_effect())
        .filter(|effect| effect.status == EffectStatus::Dispatching)
        .map(EffectView::from)
        .collect();
    Ok(Body(Stopped { campaign: campaign.into(), dispatching }).into_response())
}

/// Turns a campaign, looking again where somebody else wrote it in between. One that is already there stays as it is.
async fn turn<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    caller: &Caller,
    id: &CampaignId,
    event: CampaignEvent,
    reason: Option<String>,
) -> Result<Campaign, Problem> {
    let writer = api.writer_of("turn", &caller.operator);
    for _ in 0..WRITE_TRIES {
        let found = api.store().campaign(&caller.tenant, id).await.map_err(errors::store)?;
        let old = found.ok_or_else(errors::not_found)?;
        if Some(old.row.status) == goal_of(event) {
            return Ok(old.row);
        }
        let status = old.row.status.next(event).map_err(|illegal| errors::illegal(&illegal))?;
        let new = turned(old.row.clone(), status, api.now(), reason.clone());
        let write = Transaction::by(writer.clone()).replace(&old, new.clone()).map_err(errors::store)?;
        match api.store().write(&write).await {
            Ok(_) => {
                tracing::info!(campaign.id = %id, trace_id = %new.trace, status = status.name(),
                    "campaign turned by an operator");
                return Ok(new);
            }
            Err(StoreError::Refused(_) | StoreError::Contention) => {}
            Err(error) => return Err(errors::store(error)),
        }
    }
    Err(errors::busy())
}

/// Where the event leads; asking for it again is no error.
fn goal_of(event: CampaignEvent) -> Option<CampaignStatus> {
    match event {
        CampaignEvent::Pause => Some(CampaignStatus::Paused),
        CampaignEvent::Resume => Some(CampaignStatus::Active),
        CampaignEvent::Cancel => Some(CampaignStatus::Cancelled),
        _ => None,
    }
}

fn turned(mut row: Campaign, status: CampaignStatus, now: Timestamp, reason: Option<String>) -> Campaign {
    row.status = status;
    // A paused one waits for its operator alone; every other one is looked at now.
    row.due_at = (status != CampaignStatus::Paused).then_some(now);
    if status.is_over() {
        row.finished_at = Some(now);
        row.reason = reason;
    }
    row
}
