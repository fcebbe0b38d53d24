//! The tenant's policy: one row, one write, in force at the next dispatch and the next claim.

use axum::Json as Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chimera_domain::{Currency, Policy, PolicyRow, Row, RowKey, StoreError, Stored, TenantId, Transaction};

use crate::body::{self, Json};
use crate::caller::Caller;
use crate::errors::{self, Problem};
use crate::etag;
use crate::state::{Api, Clock, Ids, Store, WRITE_TRIES};
use crate::views::PolicyView;

/// [A-10] `PUT /policy`, with `If-Match` where the operator wants to replace only what was seen. Whole or not at all.
pub(crate) async fn put<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json,
) -> Result<Response, Problem> {
    let policy: Policy = body::read_as(body)?;
    policy
        .check()
        .map_err(|error| errors::invalid_at("invalid_policy", &error.place(), body::short(&error)))?;
    let row = PolicyRow { tenant: caller.tenant.clone(), policy };
    let writer = api.writer_of("policy", &caller.operator);
    for _ in 0..WRITE_TRIES {
        let old = read(&api, &caller.tenant).await?;
        let seen = old.as_ref().map_or(0, |old| old.version);
        let is_conditional = headers.contains_key(header::IF_MATCH);
        if is_conditional && !etag::lists(&headers, &header::IF_MATCH, &etag::of_version(seen)) {
            return Err(errors::precondition(format!("the policy is at version {seen}")));
        }
        let write = Transaction::by(writer.clone());
        let write = match &old {
            None => write.insert(row.clone()),
            Some(old) => write.replace(old, row.clone()),
        };
        match api.store().write(&write.map_err(errors::store)?).await {
            Ok(_) => {
                tracing::info!(policy.version = seen + 1, "policy put");
                let answer = PolicyView::of(row.policy, seen + 1);
                return Ok(([(header::ETAG, etag::of_version(seen + 1))], Body(answer)).into_response());
            }
            Err(StoreError::Refused(_) | StoreError::Contention) => {}
            Err(error) => return Err(errors::store(error)),
        }
    }
    Err(errors::busy())
}

/// `GET /policy`: the standard one, version 0, where none was put.
pub(crate) async fn show<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (policy, version) = read(&api, &caller.tenant)
        .await?
        .map_or_else(|| (Policy::standard(Currency::Usd), 0), |stored| (stored.row.policy, stored.version));
    Ok(etag::answer(&headers, &etag::of_version(version), PolicyView::of(policy, version)))
}

async fn read<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    tenant: &TenantId,
) -> Result<Option<Stored<PolicyRow>>, Problem> {
    let row = api.store().get(&RowKey::policy(tenant)).await.map_err(errors::store)?;
    Ok(row.and_then(|row| row.narrow(Row::into_policy)))
}
