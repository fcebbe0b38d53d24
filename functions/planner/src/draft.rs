//! Drawing a plan: the model proposes, the domain's invariants decide.

use chimera_domain::{
    Agent, Campaign, Disclosure, InvalidId, Plan, PlanCause, PlanDiff, PlanStatus, Proposal, ProposalError,
    Rejection, Task, Timestamp,
    ports::{Ask, ModelError, ModelRole, ReasoningModel},
};
pub(crate) use chimera_domain::{Drafting, ProposedTask};
use serde_json::{Value, json};
use thiserror::Error;

use crate::operating;
use crate::view::View;

/// A plan that cannot be used. The campaign is stopped and says why.
#[derive(Debug, Error)]
pub(crate) enum DraftError {
    /// The model has no usable answer, or cannot be reached.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It is not the plan of this brief.
    #[error(transparent)]
    Proposal(#[from] ProposalError),
    /// A task cannot be named; a defect.
    #[error(transparent)]
    Name(#[from] InvalidId),
    /// It is not of the demanded form.
    #[error("the plan is not of the demanded form: {0}")]
    Form(#[from] serde_json::Error),
}

/// A plan version and its tasks, all blocked or open as their dependencies say.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) plan: Plan,
    pub(crate) tasks: Vec<Task>,
}

/// Asks the model for a plan and makes rows of it. `campaign` is the view's, or what is left of it to be planned.
pub(crate) async fn draw(
    model: &impl ReasoningModel,
    view: &View,
    campaign: &Campaign,
    agent: &Agent,
    disclosure: Disclosure,
    now: Timestamp,
) -> Result<Draft, DraftError> {
    let number = view.next_plan();
    let rejected: Vec<&Rejection> = view.plans.iter().filter_map(|plan| plan.row.rejected.as_ref()).collect();
    let answer = model.ask(&question(campaign, &rejected)).await?;
    let mut proposal: Proposal = serde_json::from_value(answer.json)?;
    proposal.check(&campaign.brief)?;
    proposal.put_in_order()?;
    if !view.tasks.is_empty() {
        proposal.rename(number)?;
    }
    let tasks = Drafting::new(campaign, agent, disclosure, number, now).rows(proposal);
    let tasks = tasks.map_err(ProposalError::from)?;
    let reason = match rejected.last() {
        None => "the brief".to_owned(),
        Some(last) => format!("the brief, and what {} said of the plan before", last.by),
    };
    let plan = Plan {
        tenant: campaign.tenant.clone(),
        campaign: campaign.id.clone(),
        number,
        parent: campaign.plan,
        cause: PlanCause::Brief,
        reason,
        diff: PlanDiff { added: tasks.iter().map(|task| task.id.clone()).collect(), ..PlanDiff::default() },
        estimate: operating::estimate(answer.usage.cost, tasks.iter().map(|task| task.kind)),
        goal: None,
        drawing: Some(answer.usage.cost),
        reserved: None,
        settled: None,
        rejected: None,
        status: PlanStatus::Draft,
        created_at: now,
    };
    Ok(Draft { plan, tasks })
}

/// [PL-8] What an operator said of earlier plans is data beside the brief, oldest first.
fn question(campaign: &Campaign, rejected: &[&Rejection]) -> Ask {
    let mut input = json!({ "brief": campaign.brief, "agent": campaign.agent });
    let (role, schema, seed) = (ModelRole::Planner, schema(), campaign.brief.seed);
    if rejected.is_empty() {
        return Ask { role, prompt: "planner-1", input, schema, seed };
    }
    let comments: Vec<&str> = rejected.iter().map(|rejection| rejection.comment.as_str()).collect();
    input["rejected"] = json!(comments);
    Ask { role, prompt: "planner-2", input, schema, seed }
}

fn schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["tasks"],
        "properties": { "tasks": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["id", "kind", "goal", "binding"],
                "properties": {
                    "id": { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" },
                    "kind": { "enum": ["research", "write", "reply", "illustrate", "transact", "remember"] },
                    "goal": { "type": "string", "minLength": 1 },
                    "depends_on": { "type": "array", "items": { "type": "string" } },
                    "binding": { "type": "object", "required": ["from"] },
                    "criteria": { "type": "array", "items": { "type": "object" } }
                }
            }
        } }
    })
}
