//! Campaigns: accepted once per `Idempotency-Key`, listed, shown whole.

use std::collections::BTreeMap;

use axum::Json as Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chimera_domain::ports::StateReaderExt as _;
use chimera_domain::{
    AgentId, Brief, Campaign, CampaignId, CampaignStatus, Digest, LedgerEntry, Plan, Replay, Row, RowKey,
    StoreError, Stored, TenantId, Transaction, limits,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::body::{self, Json};
use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::etag;
use crate::ledger::Totals;
use crate::paging::Paging;
use crate::state::{Api, Clock, Ids, Store, WRITE_TRIES};
use crate::trace;
use crate::views::{CampaignLine, CampaignView, EffectView, PlanView, ReviewLine, SignalView, TaskView};
use crate::watches::Watching;

/// Longest `Idempotency-Key`: room for any id a client makes, and for little else.
const KEY_BYTES: usize = 255;

/// `POST /campaigns`: one campaign per key, whatever the network repeats.
pub(crate) async fn create<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let request = Digest::of_json(&body);
    let (agent, brief) = read_request(body)?;
    if let Some(answer) = replay(&api, &caller.tenant, &key, &request).await? {
        return Ok(answer);
    }
    check_against_tenant(&api, &caller.tenant, &agent, &brief).await?;
    let mut campaign = new_campaign(&api, &caller.tenant, agent, brief, request.clone())?;
    if let Some(trace) = trace::id(&headers) {
        campaign.trace = trace;
    }
    let remembered = Replay {
        tenant: caller.tenant.clone(),
        key: key.clone(),
        campaign: campaign.id.clone(),
        request: request.clone(),
    };
    let writer = api.writer_of("campaign", &caller.operator);
    for _ in 0..WRITE_TRIES {
        let watching = Watching::prepare(&api, &campaign).await?;
        // [PE-13] It begins after the looks before it: what they heard was said before its beginning.
        campaign.created_at = api.now();
        let write = Transaction::by(writer.clone())
            .insert(campaign.clone())
            .and_then(|write| write.insert(remembered.clone()));
        let write = match watching {
            Some(watching) => write.and_then(|write| watching.add_to(write)),
            None => write,
        };
        match api.store().write(&write.map_err(errors::store)?).await {
            Ok(_) => {
                tracing::info!(campaign.id = %campaign.id, trace_id = %campaign.trace, "campaign accepted");
                return Ok(accepted(StatusCode::CREATED, campaign));
            }
            // Another request with this key was faster, or somebody else wrote what the agent watches.
            Err(StoreError::Refused(_) | StoreError::Contention) => {
                if let Some(answer) = replay(&api, &caller.tenant, &key, &request).await? {
                    return Ok(answer);
                }
            }
            Err(error) => return Err(errors::store(error)),
        }
    }
    Err(errors::busy())
}

/// `GET /campaigns`: newest first.
pub(crate) async fn list<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    paging: Paging,
) -> Result<Response, Problem> {
    let listing = format!("T#{}#campaigns", caller.tenant);
    let page = paging.read(&api, &listing).await?;
    let rows = page.rows.into_iter().filter_map(Row::into_campaign);
    let campaigns: Vec<CampaignLine> = rows.map(CampaignLine::from).collect();
    Ok(Body(json!({"campaigns": campaigns, "next": page.next})).into_response())
}

/// A campaign with all that belongs to it.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    campaign: CampaignView,
    plans: Vec<PlanView>,
    signals: Vec<SignalView>,
    tasks: Vec<TaskView>,
    effects: Vec<EffectView>,
    reviews: Vec<ReviewLine>,
    spend: Totals,
}

/// `GET /campaigns/{campaign}`.
pub(crate) async fn show<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At(id): At<CampaignId>,
) -> Result<Response, Problem> {
    let partition = RowKey::campaign_partition(&caller.tenant, &id);
    let rows = api.store().query(&partition, "").await.map_err(errors::store)?;
    let entries = api.store().entries(&caller.tenant, &id).await.map_err(errors::store)?;
    let whole = gather(rows, &entries).ok_or_else(errors::not_found)?;
    let value = serde_json::to_value(whole).map_err(errors::defect)?;
    Ok(etag::answer(&headers, &etag::of_value(&value), value))
}

fn gather(rows: Vec<Stored>, entries: &[LedgerEntry]) -> Option<Whole> {
    let (mut campaign, mut plans, mut tasks, mut effects, mut reviews) =
        (None, vec![], vec![], vec![], vec![]);
    let (mut attempts, mut signals) = (BTreeMap::new(), Vec::new());
    for stored in rows {
        match stored.row {
            Row::Campaign(row) => campaign = Some(*row),
            Row::Plan(row) => plans.push(*row),
            Row::Task(row) => {
                attempts.insert(row.id.clone(), row.attempt_cost());
                tasks.push(TaskView::from(*row));
            }
            Row::Effect(row) => effects.push(EffectView::from(*row)),
            Row::Review(row) => reviews.push(ReviewLine::from(*row)),
            Row::Signal(row) => signals.push(SignalView::from(*row)),
            _ => {}
        }
    }
    let campaign = campaign?;
    tasks.sort_by(|a, b| (a.ordinal, &a.id).cmp(&(b.ordinal, &b.id)));
    signals.sort_by_key(|signal| signal.seen_at);
    let plans: Vec<PlanView> =
        plans.iter().map(|plan: &Plan| PlanView::of(plan.clone(), &plans, &attempts)).collect();
    let spend = Totals::of(campaign.currency(), entries);
    Some(Whole { campaign: campaign.into(), plans, signals, tasks, effects, reviews, spend })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Digest, Problem> {
    let mut given = headers.get_all("idempotency-key").iter();
    let (Some(key), None) = (given.next(), given.next()) else {
        return Err(errors::bad_key("one Idempotency-Key is required"));
    };
    let is_visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    if !(1..=KEY_BYTES).contains(&key.len()) || !is_visible {
        return Err(errors::bad_key(format!(
            "the Idempotency-Key must be 1 to {KEY_BYTES} visible ASCII characters"
        )));
    }
    Ok(Digest::of_bytes(key.as_bytes()))
}

/// The body is a brief with the agent's id beside its fields.
fn read_request(mut body: Value) -> Result<(AgentId, Brief), Problem> {
    let agent = body
        .as_object_mut()
        .and_then(|fields| fields.remove("agent"))
        .ok_or_else(|| errors::invalid("invalid_body", "the body must be an object that names its agent"))?;
    let agent: AgentId = body::read_as(agent)?;
    let brief: Brief = body::read_as(body)?;
    brief.check().map_err(|error| errors::invalid("invalid_brief", body::short(&error)))?;
    Ok((agent, brief))
}

async fn check_against_tenant<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    tenant: &TenantId,
    agent: &AgentId,
    brief: &Brief,
) -> Result<(), Problem> {
    if api.store().agent(tenant, agent).await.map_err(errors::store)?.is_none() {
        return Err(errors::invalid("unknown_agent", format!("there is no agent {agent}")));
    }
    let (policy, _) = api.store().policy(tenant).await.map_err(errors::store)?;
    if policy.currency != brief.budget.currency() {
        let detail = format!("budgets are kept in {}", policy.currency);
        return Err(errors::invalid("wrong_currency", detail));
    }
    // Better now than once every reply has been refused.
    if !brief.replies.is_empty() && !policy.ai_replies_approved {
        let detail = "the brief asks for replies, and the policy does not declare ai_replies_approved: \
                      the platform must have approved automated replies first";
        return Err(errors::invalid("replies_not_approved", detail));
    }
    Ok(())
}

fn new_campaign<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    tenant: &TenantId,
    agent: AgentId,
    brief: Brief,
    request: Digest,
) -> Result<Campaign, Problem> {
    let now = api.now();
    let id = CampaignId::new(api.fresh().to_string()).map_err(errors::defect)?;
    Ok(Campaign {
        tenant: tenant.clone(),
        id,
        agent,
        brief,
        request,
        status: CampaignStatus::Planning,
        revision: 1,
        plan: 0,
        trace: api.fresh().simple().to_string(),
        created_at: now,
        finished_at: None,
        // The stream wakes the planner at once; the clock is the safety net.
        due_at: Some(now + limits::FOLLOW_UP_AFTER),
        swept_at: now,
        reason: None,
    })
}

/// The answer that was given for this key before, if there was one.
async fn replay<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    tenant: &TenantId,
    key: &Digest,
    request: &Digest,
) -> Result<Option<Response>, Problem> {
    let row = api.store().get(&RowKey::replay(tenant, key)).await.map_err(errors::store)?;
    let Some(remembered) = row.and_then(|row| row.row.into_replay()) else { return Ok(None) };
    if remembered.request != *request {
        let detail = "this Idempotency-Key was used with another body";
        return Err(errors::invalid("idempotency_key_reused", detail));
    }
    let campaign = api.store().campaign(tenant, &remembered.campaign).await.map_err(errors::store)?;
    let campaign = campaign.ok_or_else(errors::busy)?;
    Ok(Some(accepted(StatusCode::OK, campaign.row)))
}

fn accepted(status: StatusCode, campaign: Campaign) -> Response {
    // Relative to the request, so that it is right with and without a stage in front.
    let location = format!("./campaigns/{}", campaign.id);
    (status, [(header::LOCATION, location)], Body(CampaignView::from(campaign))).into_response()
}
