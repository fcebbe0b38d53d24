//! A campaign's plan: shown, and while it waits for approval edited, approved or rejected by who has seen exactly it.

mod shown;

use axum::Json as Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chimera_domain::ports::StateReaderExt as _;
use chimera_domain::{
    AnswerError, Answered, Campaign, CampaignId, Proposal, ProposalError, Rejection, StoreError, WaitingPlan,
    WriterId, limits,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::body::{self, Json, MaybeJson};
use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::etag;
use crate::state::{Api, Clock, Ids, Store, WRITE_TRIES};
use crate::views::{CampaignView, PlanView};
use shown::Shown;

/// Longest comment on a plan, in characters: every further draft is drawn with it.
const COMMENT_CHARS: usize = 2_000;

/// `GET /campaigns/{campaign}/plan`: every task with all that may be edited.
pub(crate) async fn show<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At(id): At<CampaignId>,
) -> Result<Response, Problem> {
    let value = Shown::read(&api, &caller.tenant, &id).await?.value()?;
    Ok(etag::answer(&headers, &etag::of_value(&value), value))
}

/// [PL-4] `PUT /campaigns/{campaign}/plan`: the whole list of its tasks, in order. The same list again writes nothing.
pub(crate) async fn put<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At(id): At<CampaignId>,
    Json(body): Json,
) -> Result<Response, Problem> {
    require_condition(&headers)?;
    let proposal: Proposal = body::read_as(body)?;
    let store = api.store();
    let (policy, _) = store.policy(&caller.tenant).await.map_err(errors::store)?;
    let campaign = store.campaign(&caller.tenant, &id).await.map_err(errors::store)?;
    let agent = campaign.ok_or_else(errors::not_found)?.row.agent;
    let agent = store.agent(&caller.tenant, &agent).await.map_err(errors::store)?;
    let agent = agent.ok_or_else(|| errors::invalid("unknown_agent", "the agent is gone"))?;
    let edit = |seen: &WaitingPlan, writer: WriterId| {
        seen.edited(&proposal, &agent.row, &policy, &caller.operator, writer, api.now())
    };
    answer(&api, &caller, &headers, &id, "plan-edit", edit)
        .await
        .map_err(|refused| told(&proposal, refused))?;
    let value = Shown::read(&api, &caller.tenant, &id).await?.value()?;
    Ok(etag::answer(&HeaderMap::new(), &etag::of_value(&value), value))
}

/// [PL-2] `POST /campaigns/{campaign}/plan/approve`: exactly the plan that was seen is opened.
pub(crate) async fn approve<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At(id): At<CampaignId>,
    MaybeJson(body): MaybeJson,
) -> Result<Response, Problem> {
    require_condition(&headers)?;
    body::expect_nothing(body)?;
    let (policy, _) = api.store().policy(&caller.tenant).await.map_err(errors::store)?;
    let approve = |seen: &WaitingPlan, writer| seen.approved(&policy, writer, api.now()).map(Some);
    settle(answer(&api, &caller, &headers, &id, "plan-approve", approve).await)
}

/// What an operator says of a plan.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Comment {
    comment: String,
}

/// [PL-8] `POST /campaigns/{campaign}/plan/reject`: the planner draws another one with the comment, as often as it may.
pub(crate) async fn reject<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    At(id): At<CampaignId>,
    Json(body): Json,
) -> Result<Response, Problem> {
    require_condition(&headers)?;
    let Comment { comment } = body::read_as(body)?;
    body::check_text("comment", &comment, COMMENT_CHARS)?;
    let reject = |seen: &WaitingPlan, writer| {
        let rejection = Rejection { by: caller.operator.clone(), comment: comment.clone(), at: api.now() };
        seen.rejected(rejection, writer).map(Some)
    };
    settle(answer(&api, &caller, &headers, &id, "plan-reject", reject).await)
}

/// Why an answer was not written.
enum Refused {
    /// It makes no sense of this plan.
    Answer(AnswerError),
    /// Anything else.
    Problem(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Writes what `decide` makes of the plan, where it is the one that was seen; looks again where somebody wrote meanwhile.
/// Nothing, where there is nothing to write.
async fn answer<S: Store, C: Clock, I: Ids>(
    api: &Api<S, C, I>,
    caller: &Caller,
    headers: &HeaderMap,
    id: &CampaignId,
    what: &str,
    decide: impl Fn(&WaitingPlan, WriterId) -> Result<Option<Answered>, AnswerError>,
) -> Result<Option<(Campaign, PlanView)>, Refused> {
    let writer = api.writer_of(what, &caller.operator);
    for _ in 0..WRITE_TRIES {
        let shown = Shown::read(api, &caller.tenant, id).await?;
        shown.require_seen(headers)?;
        let Some(answered) = decide(&shown.0, writer.clone()).map_err(Refused::Answer)? else {
            return Ok(None);
        };
        match api.store().write(&answered.write).await {
            Ok(_) => {
                let Answered { campaign, plan, .. } = answered;
                tracing::info!(campaign.id = %id, trace_id = %campaign.trace, plan = plan.number,
                    status = campaign.status.name(), "an operator has answered a plan: {what}");
                return Ok(Some((campaign, shown.view(plan))));
            }
            Err(StoreError::Refused(_) | StoreError::Contention) => {}
            Err(error) => return Err(errors::store(error).into()),
        }
    }
    Err(errors::busy().into())
}

/// What the caller is told of a plan that was approved or rejected.
fn settle(answered: Result<Option<(Campaign, PlanView)>, Refused>) -> Result<Response, Problem> {
    let nothing = Proposal { tasks: Vec::new() };
    let answered = answered.map_err(|refused| told(&nothing, refused))?;
    let told =
        answered.map(|(campaign, plan)| json!({"campaign": CampaignView::from(campaign), "plan": plan}));
    Ok(Body(told).into_response())
}

/// [PL-2] Nobody changes, opens or throws away what they have not seen; `*` names nothing that was.
fn require_condition(headers: &HeaderMap) -> Result<(), Problem> {
    let mut given = headers.get_all(header::IF_MATCH).iter().peekable();
    if given.peek().is_some() && given.all(|tags| !tags.as_bytes().contains(&b'*')) {
        return Ok(());
    }
    Err(errors::precondition_required("If-Match must name the ETag of the plan as it was read, and not *"))
}

/// Why nothing was written, for the caller.
fn told(proposal: &Proposal, refused: Refused) -> Problem {
    let error = match refused {
        Refused::Problem(problem) => return problem,
        Refused::Answer(error) => error,
    };
    let detail = error.to_string();
    match error {
        AnswerError::NotWaiting(status) => {
            errors::conflict("plan_not_waiting", detail, json!({"current": status}))
        }
        AnswerError::NoPlan(faults) => no_plan(proposal, &faults),
        AnswerError::TooManyChanges(changes) => {
            let more = json!({"changes": changes, "most": limits::CHANGES_PER_EDIT});
            errors::invalid_with("too_many_changes", detail, more)
        }
        AnswerError::TooManyEdits => {
            errors::conflict("too_many_edits", detail, json!({"most": limits::EDITS_PER_PLAN}))
        }
        AnswerError::TooManyDrafts => {
            errors::conflict("too_many_drafts", detail, json!({"most": limits::DRAFTS_PER_CAMPAIGN}))
        }
        AnswerError::OverOperating { limit, at_most } => {
            let more = json!({"limit": limit, "at_most": at_most});
            errors::conflict("over_operating_limit", detail, more)
        }
        AnswerError::Illegal(illegal) => errors::illegal(&illegal),
        AnswerError::Money(error) => errors::defect(error),
        AnswerError::Store(error) => errors::store(error),
    }
}

/// [PL-5] Everything that is wrong with the list, each fault by its task, its field and its place in the body.
fn no_plan(proposal: &Proposal, faults: &[ProposalError]) -> Problem {
    let first = faults.first().map(body::short).unwrap_or_default();
    let detail = match faults.len() {
        0 | 1 => first,
        n => format!("{first}; and {} more", n - 1),
    };
    let faults: Vec<Value> = faults.iter().map(|fault| placed(proposal, fault)).collect();
    errors::invalid_with("invalid_plan", detail, json!({"errors": faults}))
}

fn placed(proposal: &Proposal, fault: &ProposalError) -> Value {
    let at = fault.task().and_then(|id| proposal.tasks.iter().rposition(|task| task.id == *id));
    let pointer = match (at, fault.field()) {
        (Some(at), Some(field)) => format!("/tasks/{at}/{field}"),
        (Some(at), None) => format!("/tasks/{at}"),
        (None, _) => "/tasks".to_owned(),
    };
    json!({"task": fault.task(), "field": fault.field(), "pointer": pointer, "detail": body::short(fault)})
}
