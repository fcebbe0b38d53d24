//! A campaign's budget: raised or lowered by who answers for money.

use axum::Json as Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chimera_domain::ports::StateReaderExt as _;
use chimera_domain::{
    Brief, Bucket, Campaign, CampaignId, CampaignStatus, Money, Row, RowKey, StoreError, Subject, Transaction,
};
use serde::Deserialize;
use serde_json::json;

use crate::body::{self, Json};
use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::state::{Api, Clock, Ids, Store, WRITE_TRIES};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    budget: Money,
}

/// [M-13] `PUT /campaigns/{campaign}/budget`. The same budget again writes nothing. Nothing wakes by it: what failed for
/// want of money is retried by name. A cancelled campaign has one only as long as a post of it may be taken back.
pub(crate) async fn put<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    At(id): At<CampaignId>,
    Json(body): Json,
) -> Result<Response, Problem> {
    let Asked { budget } = body::read_as(body)?;
    let writer = api.writer_of("budget", &caller.operator);
    for _ in 0..WRITE_TRIES {
        let found = api.store().campaign(&caller.tenant, &id).await.map_err(errors::store)?;
        let old = found.ok_or_else(errors::not_found)?;
        let used = used(&api, &old.row).await?;
        check(&old.row, budget, used)?;
        if old.row.status == CampaignStatus::Cancelled && !may_take_back(&api, &old.row).await? {
            let more = json!({"current": old.row.status});
            return Err(errors::conflict("campaign_over", "the campaign is cancelled", more));
        }
        if old.row.brief.budget == budget {
            return Ok(answer(&id, budget, used));
        }
        let brief = Brief { budget, ..old.row.brief.clone() };
        let new = Campaign { brief, ..old.row.clone() };
        let write = Transaction::by(writer.clone()).replace(&old, new).map_err(errors::store)?;
        match api.store().write(&write).await {
            Ok(_) => {
                tracing::info!(campaign.id = %id, trace_id = %old.row.trace, budget = %budget,
                    before = %old.row.brief.budget, "a campaign's budget was changed");
                return Ok(answer(&id, budget, used));
            }
            Err(StoreError::Refused(_) | StoreError::Contention) => {}
            Err(error) => return Err(errors::store(error)),
        }
    }
    Err(errors::busy())
}

/// What the campaign has reserved and spent.
async fn used<S: Store, C: Clock, I: Ids>(api: &Api<S, C, I>, campaign: &Campaign) -> Result<Money, Problem> {
    let bucket = Bucket::Campaign { campaign: campaign.id.clone() };
    let row = api.store().bucket(&bucket.key(&campaign.tenant)).await.map_err(errors::store)?;
    let minor = row.map_or(0, |row| row.used.max(0));
    Money::new(minor, campaign.currency()).map_err(errors::defect)
}

/// Whether a post of the campaign may still be taken back, which costs money in a cancelled one as well.
async fn may_take_back<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    campaign: &Campaign,
) -> Result<bool, Problem> {
    let partition = RowKey::campaign_partition(&campaign.tenant, &campaign.id);
    let rows = api.store().query(&partition, "").await.map_err(errors::store)?;
    Ok(rows.iter().any(|stored| match &stored.row {
        Row::Review(review) => matches!(review.subject, Subject::Published { .. }) && review.is_waiting(),
        Row::Effect(effect) => effect.undoes.is_some() && !effect.status.is_final(),
        _ => false,
    }))
}

fn check(campaign: &Campaign, budget: Money, used: Money) -> Result<(), Problem> {
    if budget.currency() != campaign.currency() {
        let detail = format!("the campaign's budget is kept in {}", campaign.currency());
        return Err(errors::invalid("wrong_currency", detail));
    }
    if budget.minor() == 0 {
        let detail = "it must be more than zero";
        return Err(errors::invalid_at("invalid_brief", &["budget".to_owned()], detail));
    }
    if budget.minor() < used.minor() {
        let detail = format!("{used} of the budget is reserved or spent");
        return Err(errors::conflict("budget_below_used", detail, json!({"used": used})));
    }
    Ok(())
}

fn answer(id: &CampaignId, budget: Money, used: Money) -> Response {
    Body(json!({"campaign": id, "budget": budget, "used": used})).into_response()
}
