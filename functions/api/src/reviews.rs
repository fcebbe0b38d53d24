//! Reviews that wait for a human, the most urgent first.

use axum::Json as Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chimera_domain::{CampaignId, Review, ReviewId, ReviewStatus, Row, RowKey, Stored, TenantId};
use serde_json::json;

use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::etag;
use crate::paging::Paging;
use crate::state::{Api, Clock, Ids, Store};
use crate::views::{ReviewLine, ReviewView};

/// `GET /reviews` and `GET /api/review_queue`: open reviews by deadline, the earliest first.
pub(crate) async fn list<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    paging: Paging,
) -> Result<Response, Problem> {
    let listing = format!("T#{}#reviews", caller.tenant);
    let page = paging.read(&api, &listing).await?;
    let rows = page.rows.into_iter().filter_map(Row::into_review);
    let open = rows.filter(|review| review.status == ReviewStatus::Open);
    let reviews: Vec<ReviewLine> = open.map(ReviewLine::from).collect();
    Ok(Body(json!({"reviews": reviews, "next": page.next})).into_response())
}

/// `GET /reviews/{campaign}/{review}`.
pub(crate) async fn show<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At((campaign, id)): At<(CampaignId, ReviewId)>,
) -> Result<Response, Problem> {
    let review = find(&api, &caller.tenant, &campaign, &id).await?;
    let decided = api.store().decision(&caller.tenant, &campaign, &id).await.map_err(errors::store)?;
    let tag = etag::of_version(review.version);
    let view = ReviewView::new(review.row, decided.map(|row| row.decision));
    Ok(etag::answer(&headers, &tag, view))
}

/// A review of the tenant, or 404.
pub(crate) async fn find<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    tenant: &TenantId,
    campaign: &CampaignId,
    id: &ReviewId,
) -> Result<Stored<Review>, Problem> {
    let row = api.store().get(&RowKey::review(tenant, campaign, id)).await.map_err(errors::store)?;
    row.and_then(|row| row.narrow(Row::into_review)).ok_or_else(errors::not_found)
}
