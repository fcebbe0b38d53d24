//! Agents: who speaks, put as a `SOUL.md`.

use axum::Json as Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chimera_domain::ports::StateReaderExt as _;
use chimera_domain::{Agent, AgentId, StoreError, Transaction};

use crate::body::{self, Markdown};
use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::etag;
use crate::soul;
use crate::state::{Api, Clock, Ids, Store, WRITE_TRIES};
use crate::views::AgentView;

/// `PUT /agents/{agent}`: 201 the first time, 200 after.
pub(crate) async fn put<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    At(id): At<AgentId>,
    Markdown(text): Markdown,
) -> Result<Response, Problem> {
    let persona =
        soul::read_soul(&text, &id).map_err(|error| errors::invalid("invalid_soul", body::short(&error)))?;
    let agent = Agent { tenant: caller.tenant.clone(), id, persona, put_at: api.now() };
    let writer = api.writer_of("agent", &caller.operator);
    for _ in 0..WRITE_TRIES {
        let old = api.store().agent(&caller.tenant, &agent.id).await.map_err(errors::store)?;
        let (status, version) = match &old {
            None => (StatusCode::CREATED, 1),
            // The same SOUL.md again changes nothing.
            Some(old) if old.row.persona == agent.persona => {
                return Ok(answer(StatusCode::OK, old.version, old.row.clone()));
            }
            Some(old) => (StatusCode::OK, old.version + 1),
        };
        let write = Transaction::by(writer.clone());
        let write = match &old {
            None => write.insert(agent.clone()),
            Some(old) => write.replace(old, agent.clone()),
        };
        match api.store().write(&write.map_err(errors::store)?).await {
            Ok(_) => {
                tracing::info!(agent.id = %agent.id, "agent put");
                return Ok(answer(status, version, agent));
            }
            Err(StoreError::Refused(_) | StoreError::Contention) => {}
            Err(error) => return Err(errors::store(error)),
        }
    }
    Err(errors::busy())
}

/// `GET /agents/{agent}`.
pub(crate) async fn show<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At(id): At<AgentId>,
) -> Result<Response, Problem> {
    let agent = api.store().agent(&caller.tenant, &id).await.map_err(errors::store)?;
    let agent = agent.ok_or_else(errors::not_found)?;
    Ok(etag::answer(&headers, &etag::of_version(agent.version), AgentView::from(agent.row)))
}

fn answer(status: StatusCode, version: u64, agent: Agent) -> Response {
    (status, [(header::ETAG, etag::of_version(version))], Body(AgentView::from(agent))).into_response()
}
