//! Drawing a plan: the model proposes, the domain's invariants decide.

use chimera_domain::{
    Agent, Campaign, InvalidId, Money, Plan, PlanCause, PlanDiff, PlanStatus, Policy, Proposal,
    ProposalError, Rejection, Task, TaskId, Timestamp, VideoTiers,
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
    /// What was proposed and is not among them, for people.
    pub(crate) left_out: Option<String>,
}

/// Asks the model for a plan and makes rows of it. `campaign` is the view's, or what is left of it to be planned; `asking` is
/// what the model was asked for before, beyond what the view holds.
pub(crate) async fn draw(
    model: &impl ReasoningModel,
    view: &View,
    campaign: &Campaign,
    agent: &Agent,
    policy: &Policy,
    asking: Money,
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
        // An operator may have given such a name to a task: a plan that has it could never be written.
        if taken(view, &proposal).is_some() {
            proposal.rename(number)?;
        }
        if let Some(taken) = taken(view, &proposal) {
            return Err(ProposalError::Used(taken.clone()).into());
        }
    }
    let drawing = answer.usage.cost;
    let spent = drawing.minor().saturating_add(asking.minor());
    let spendable = operating::spendable(view, policy.caps.operating, spent);
    let tiers = spendable.tiers(&proposal.tasks, &VideoTiers::new());
    let left_out = left_out(proposal.without_unpaid_clips(&tiers), tiers.len());
    let drafting = Drafting::new(campaign, agent, policy.disclosure, number, now).with_tiers(tiers);
    let tasks = drafting.rows(proposal).map_err(ProposalError::from)?;
    let plan = Plan {
        tenant: campaign.tenant.clone(),
        campaign: campaign.id.clone(),
        number,
        parent: campaign.plan,
        cause: PlanCause::Brief,
        reason: reason(&rejected, left_out.as_deref()),
        diff: PlanDiff { added: tasks.iter().map(|task| task.id.clone()).collect(), ..PlanDiff::default() },
        estimate: operating::estimate(drawing, tasks.iter().map(Task::attempt_cost)),
        goal: None,
        drawing: Some(drawing),
        reserved: None,
        settled: None,
        rejected: None,
        status: PlanStatus::Draft,
        created_at: now,
    };
    Ok(Draft { plan, tasks, left_out })
}

/// Why the plan was drawn, and what of it was left out, for people.
fn reason(rejected: &[&Rejection], left_out: Option<&str>) -> String {
    let cause = match rejected.last() {
        None => "the brief".to_owned(),
        Some(last) => format!("the brief, and what {} said of the plan before", last.by),
    };
    left_out.map_or_else(|| cause.clone(), |left_out| format!("{cause}; {left_out}"))
}

/// [K-16] That posts go out without clips, for people.
fn left_out(clips: usize, paid: usize) -> Option<String> {
    let all = clips.saturating_add(paid);
    (clips > 0)
        .then(|| format!("{clips} of {all} clips are left out: too little of the budget is left for them"))
}

/// A task of the proposal whose name another one of the campaign has.
fn taken<'a>(view: &View, proposal: &'a Proposal) -> Option<&'a TaskId> {
    proposal.tasks.iter().map(|task| &task.id).find(|id| view.tasks.contains_key(*id))
}

/// [PL-8] What an operator said of earlier plans is data beside the brief, oldest first.
fn question(campaign: &Campaign, rejected: &[&Rejection]) -> Ask {
    let mut input = json!({ "brief": campaign.brief, "agent": campaign.agent });
    let films = campaign.brief.films > 0;
    let (role, schema, seed) = (ModelRole::Planner, schema(films), campaign.brief.seed);
    if !rejected.is_empty() {
        let comments: Vec<&str> = rejected.iter().map(|rejection| rejection.comment.as_str()).collect();
        input["rejected"] = json!(comments);
    }
    if films {
        return Ask { role, prompt: "planner-4", input, schema, seed };
    }
    if rejected.is_empty() {
        return Ask { role, prompt: "planner-1", input, schema, seed };
    }
    Ask { role, prompt: "planner-2", input, schema, seed }
}

/// What a plan must look like; only where clips are wanted does it know of them, and of a priority, which is theirs alone.
fn schema(films: bool) -> Value {
    let mut schema = json!({
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
    });
    if films {
        let task = &mut schema["properties"]["tasks"]["items"]["properties"];
        task["priority"] = json!({ "enum": ["high", "normal"] });
        if let Some(kinds) = task["kind"]["enum"].as_array_mut() {
            kinds.push(json!("film"));
        }
    }
    schema
}
