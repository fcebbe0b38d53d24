//! A campaign's audit: one entry per version of each of its rows.

use axum::Json as Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chimera_domain::ports::{AuditEntry, StateReaderExt as _};
use chimera_domain::{CampaignId, RowKey};
use serde_json::json;

use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::state::{Api, Clock, Ids, Store};

/// `GET /audit/{campaign}`.
pub(crate) async fn show<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    At(id): At<CampaignId>,
) -> Result<Response, Problem> {
    let campaign = api.store().campaign(&caller.tenant, &id).await.map_err(errors::store)?;
    campaign.ok_or_else(errors::not_found)?;
    let prefix = format!("state|{}", RowKey::campaign_partition(&caller.tenant, &id));
    let entries = api.store().entries_of(&prefix).await.map_err(errors::store)?;
    // Another campaign's id may begin with this one's.
    let partition = format!("{prefix}|");
    let entries: Vec<AuditEntry> =
        entries.into_iter().filter(|entry| entry.row.starts_with(&partition)).collect();
    Ok(Body(json!({"campaign": id, "entries": entries})).into_response())
}
