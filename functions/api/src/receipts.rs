//! A receipt per effect: what was done, on whose word, under which policy, for how much.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chimera_domain::{
    CampaignId, DecisionKind, Digest, Effect, EffectId, EffectStatus, Money, OperatorId, Outcome, Refusal,
    Review, ReviewId, Row, RowKey, Task, Timestamp,
};
use serde::Serialize;
use serde_json::Value;

use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::etag;
use crate::ledger::Totals;
use crate::state::{Api, Clock, Ids, Store};

/// The receipt.
#[derive(Serialize)]
struct Receipt {
    effect: EffectId,
    status: EffectStatus,
    server: String,
    tool: String,
    text: Option<String>,
    arguments: Value,
    digest: Digest,
    grant: String,
    policy_version: u64,
    approved_at: Timestamp,
    ended_at: Option<Timestamp>,
    review: Option<Waited>,
    reserved: Money,
    spent: Money,
    /// What models and tools cost for the task, all attempts.
    work_cost: Option<Money>,
    /// Model tokens, where the review kept them.
    tokens: Option<u64>,
    outcome: Option<Outcome>,
    refusal: Option<Refusal>,
}

/// The human in it.
#[derive(Serialize)]
struct Waited {
    id: ReviewId,
    reviewer: Option<OperatorId>,
    decision: Option<DecisionKind>,
    minutes_waited: Option<i64>,
}

/// `GET /effects/{campaign}/{effect}/receipt`.
pub(crate) async fn show<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At((campaign, id)): At<(CampaignId, EffectId)>,
) -> Result<Response, Problem> {
    let row =
        api.store().get(&RowKey::effect(&caller.tenant, &campaign, &id)).await.map_err(errors::store)?;
    let effect = row.and_then(|row| row.row.into_effect()).ok_or_else(errors::not_found)?;
    let mut keys = vec![RowKey::task(&caller.tenant, &campaign, &effect.task)];
    keys.extend(effect.review.as_ref().map(|review| RowKey::review(&caller.tenant, &campaign, review)));
    let rows = api.store().get_many(&keys).await.map_err(errors::store)?;
    let (mut task, mut review) = (None, None);
    for stored in rows.into_iter().flatten() {
        match stored.row {
            Row::Task(row) => task = Some(*row),
            Row::Review(row) => review = Some(*row),
            _ => {}
        }
    }
    let entries = api.store().entries(&caller.tenant, &campaign).await.map_err(errors::store)?;
    let own = Totals::of_effect(effect.max_cost.currency(), &entries, &id);
    let receipt = write_out(effect, task, review, own);
    let value = serde_json::to_value(receipt).map_err(errors::defect)?;
    Ok(etag::answer(&headers, &etag::of_value(&value), value))
}

fn write_out(effect: Effect, task: Option<Task>, review: Option<Review>, totals: Totals) -> Receipt {
    let tokens = review.as_ref().and_then(|review| review.content.usage.as_ref()).map(|usage| usage.tokens);
    Receipt {
        text: effect.intent.text().map(str::to_owned),
        effect: effect.id,
        status: effect.status,
        server: effect.intent.server,
        tool: effect.intent.tool,
        arguments: effect.intent.arguments,
        digest: effect.digest,
        grant: effect.grant.grant.id,
        policy_version: effect.grant.grant.policy_version,
        approved_at: effect.approved_at,
        ended_at: effect.ended_at,
        review: review.map(waited),
        reserved: totals.reserved,
        spent: totals.spent,
        work_cost: task.map(|task| task.cost),
        tokens,
        outcome: effect.outcome,
        refusal: effect.refusal,
    }
}

fn waited(review: Review) -> Waited {
    let minutes_waited = review
        .ended_at
        .map(|ended_at| (ended_at.as_millisecond() - review.opened_at.as_millisecond()) / 60_000);
    Waited { id: review.id, reviewer: review.decided_by, decision: review.decided, minutes_waited }
}
