//! Dead letters: what could not be handled, and how an operator sends it again.

use axum::Json as Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chimera_domain::{CampaignId, DeadLetter, Row, RowKey, StoreError, Stored, TaskId, Transaction};
use chimera_runtime::auth::Operation;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::body::{self, MaybeJson};
use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::paging::{self, Paging};
use crate::retries::{Opening, Retried};
use crate::state::{Api, Clock, Ids, Store, WRITE_TRIES};
use crate::views::LetterView;

/// Longest dead letter id: a queue's message id or a digest.
const ID_BYTES: usize = 128;

/// The listing of letters that are nobody's.
const UNOWNED: &str = "SYSTEM#dead";

/// What the listing was asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    limit: Option<String>,
    cursor: Option<String>,
    owner: Option<Whose>,
}

#[derive(Deserialize)]
enum Whose {
    #[serde(rename = "none")]
    Nobodys,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        paging::query(parts, "limit, cursor and owner=none")
    }
}

/// `GET /dead-letters`: newest first. With `owner=none` those that are nobody's.
pub(crate) async fn list<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    let listing = match asked.owner {
        None => format!("T#{}#dead", caller.tenant),
        Some(Whose::Nobodys) if sees_unowned(&api, &caller) => UNOWNED.to_owned(),
        Some(Whose::Nobodys) => return Err(errors::not_operating()),
    };
    let page = Paging::of(asked.limit.as_deref(), asked.cursor)?.read(&api, &listing).await?;
    let rows = page.rows.into_iter().filter_map(Row::into_dead);
    let letters: Vec<LetterView> = rows.map(LetterView::from).collect();
    Ok(Body(json!({"dead_letters": letters, "next": page.next})).into_response())
}

/// [P-7] `POST /dead-letters/{campaign}/{letter}/redrive`: the failed task gets its next attempt, once per letter.
pub(crate) async fn redrive<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    At((campaign, id)): At<(CampaignId, String)>,
    MaybeJson(body): MaybeJson,
) -> Result<Response, Problem> {
    body::expect_nothing(body)?;
    if id.len() > ID_BYTES {
        return Err(errors::not_found());
    }
    let writer = api.writer_of("redrive", &caller.operator);
    for _ in 0..WRITE_TRIES {
        let letter = find(&api, &caller, &campaign, &id).await?;
        let task = redrivable(&letter.row)?;
        let opening = Opening::prepare(&api, &caller.tenant, &campaign, task).await?;
        let redriven = DeadLetter { redriven_at: Some(api.now()), ..letter.row.clone() };
        let write = Transaction::by(writer.clone())
            .replace(&letter, redriven.clone())
            .and_then(|write| opening.add_to(write))
            .map_err(errors::store)?;
        match api.store().write(&write).await {
            Ok(_) => {
                let (dead_letter, retried) = (redriven.into(), opening.tell(&api).await?);
                return Ok(Body(Redriven { dead_letter, retried }).into_response());
            }
            Err(StoreError::Refused(_) | StoreError::Contention) => {}
            Err(error) => return Err(errors::store(error)),
        }
    }
    Err(errors::busy())
}

#[derive(Serialize)]
struct Redriven {
    dead_letter: LetterView,
    #[serde(flatten)]
    retried: Retried,
}

/// Who runs the stack, and nobody else.
fn sees_unowned<S: Store, C: Clock, I: Ids>(api: &Api<S, C, I>, caller: &Caller) -> bool {
    api.is_operating(&caller.tenant) && caller.may(Operation::ReadUnowned)
}

async fn find<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    caller: &Caller,
    campaign: &CampaignId,
    id: &str,
) -> Result<Stored<DeadLetter>, Problem> {
    let key = RowKey::dead(Some((&caller.tenant, campaign)), id);
    let row = api.store().get(&key).await.map_err(errors::store)?;
    if let Some(letter) = row.and_then(|row| row.narrow(Row::into_dead)) {
        return Ok(letter);
    }
    // Who sees a letter in a listing is told why it cannot be redriven, whatever campaign the path says.
    if sees_unowned(api, caller) {
        let unowned = api.store().get(&RowKey::dead(None, id)).await.map_err(errors::store)?;
        if unowned.is_some() {
            let detail = "this dead letter is nobody's: no task is known that could be opened again";
            return Err(errors::conflict("not_redrivable", detail, json!({})));
        }
    }
    Err(errors::not_found())
}

fn redrivable(letter: &DeadLetter) -> Result<&TaskId, Problem> {
    if let Some(at) = letter.redriven_at {
        let detail = "this dead letter was redriven before";
        return Err(errors::conflict("already_redriven", detail, json!({"redriven_at": at})));
    }
    let detail = "this dead letter belongs to no task; the clock sends its work again by itself";
    letter.task.as_ref().ok_or_else(|| errors::conflict("not_redrivable", detail, json!({})))
}
