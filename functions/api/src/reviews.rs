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
use crate::paging::{self, Paging};
use crate::state::{Api, Clock, Ids, Store};
use crate::views::{ReviewLine, ReviewView};

/// Keys asked of the index at once.
const KEYS_PER_CALL: usize = 500;
/// Open reviews one tenant's queue is read to: people work off hundreds, not ten thousand; those beyond appear as
/// others are decided.
const KEYS_MOST: usize = 10_000;
/// Rows read at once.
const ROWS_PER_CALL: usize = 100;

/// `GET /reviews` and `GET /api/review_queue`: open reviews by deadline, the earliest first.
pub(crate) async fn list<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    paging: Paging,
) -> Result<Response, Problem> {
    let listing = format!("T#{}#reviews", caller.tenant);
    let after = paging.position(&listing)?;
    let keys = keys_by_deadline(&api, &listing).await?;
    let (page, more) = open_reviews(&api, &keys, after.as_deref(), paging.limit).await?;
    let next = page.last().filter(|_| more).map(|last| paging::seal(&listing, &place(last)));
    let reviews: Vec<ReviewLine> = page.into_iter().map(ReviewLine::from).collect();
    Ok(Body(json!({"reviews": reviews, "next": next})).into_response())
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

/// The index lists the latest deadline first; the most urgent reviews are at its end.
async fn keys_by_deadline<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    listing: &str,
) -> Result<Vec<RowKey>, Problem> {
    let mut keys = Vec::new();
    let mut after: Option<String> = None;
    while keys.len() < KEYS_MOST {
        let page =
            api.store().listing(listing, after.as_deref(), KEYS_PER_CALL).await.map_err(errors::store)?;
        keys.extend(page.keys);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    keys.reverse();
    Ok(keys)
}

/// Up to `limit` reviews after the place `after`, and whether there are more. The index lags, so each row is read again
/// and only those that are open are kept.
async fn open_reviews<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    keys: &[RowKey],
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<Review>, bool), Problem> {
    let mut found: Vec<Review> = Vec::new();
    for chunk in keys.chunks(ROWS_PER_CALL) {
        let rows = api.store().get_many(chunk).await.map_err(errors::store)?;
        let reviews = rows.into_iter().filter_map(|row| row?.row.into_review());
        found.extend(reviews.filter(|review| {
            review.status == ReviewStatus::Open && after.is_none_or(|after| place(review).as_str() > after)
        }));
        if found.len() > limit {
            break;
        }
    }
    found.sort_by_key(place);
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}

/// Where a review stands in the queue: by deadline, then campaign and id. Text order is queue order.
fn place(review: &Review) -> String {
    let due_at = review.due_at.unwrap_or(review.opened_at);
    format!("{:015}#{}#{}", due_at.as_millisecond(), review.id, review.campaign)
}
