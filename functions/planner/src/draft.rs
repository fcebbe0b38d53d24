//! Drawing a plan: the model proposes, the domain's invariants decide.

use chimera_domain::{
    Agent, Binding, Campaign, Criterion, Money, Plan, PlanDiff, PlanError, PlanStatus, Priority, Task,
    TaskId, TaskKind, TaskStatus, Timestamp, check_plan,
    ports::{Ask, ModelError, ModelRole, ReasoningModel},
};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

/// Longest backstory a task carries, in characters: the aim is a message of 6 KB.
const BACKSTORY_CHARS: usize = 600;

/// A plan that cannot be used. The campaign is stopped and says why.
#[derive(Debug, Error)]
pub(crate) enum DraftError {
    /// The model has no usable answer, or cannot be reached.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It breaks an invariant.
    #[error(transparent)]
    Plan(#[from] PlanError),
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposal {
    tasks: Vec<ProposedTask>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposedTask {
    id: TaskId,
    kind: TaskKind,
    goal: String,
    #[serde(default)]
    depends_on: Vec<TaskId>,
    binding: Binding,
    #[serde(default)]
    criteria: Vec<Criterion>,
}

/// Asks the model for a plan and makes rows of it.
pub(crate) async fn draw(
    model: &impl ReasoningModel,
    campaign: &Campaign,
    agent: &Agent,
    number: u32,
    is_redrawn: bool,
    now: Timestamp,
) -> Result<Draft, DraftError> {
    let ask = Ask {
        role: ModelRole::Planner,
        prompt: "planner-1",
        input: json!({ "brief": campaign.brief, "agent": campaign.agent }),
        schema: schema(),
        seed: campaign.brief.seed,
    };
    let answer = model.ask(&ask).await?;
    let mut proposal: Proposal = serde_json::from_value(answer.json)?;
    if is_redrawn {
        rename(&mut proposal, number)?;
    }
    let tasks: Vec<Task> = proposal
        .tasks
        .into_iter()
        .enumerate()
        .map(|(at, proposed)| task_row(campaign, agent, number, at, proposed, now))
        .collect();
    check_plan(&tasks)?;
    let plan = Plan {
        tenant: campaign.tenant.clone(),
        campaign: campaign.id.clone(),
        number,
        parent: campaign.plan,
        reason: "the brief".to_owned(),
        diff: PlanDiff { added: tasks.iter().map(|task| task.id.clone()).collect(), ..PlanDiff::default() },
        estimate: answer.usage.cost,
        status: PlanStatus::Draft,
        created_at: now,
    };
    Ok(Draft { plan, tasks })
}

/// A task id is used once: what replaces a left-over draft gets names of its own.
fn rename(proposal: &mut Proposal, number: u32) -> Result<(), DraftError> {
    let renamed = |id: &TaskId| {
        let short: String = id.as_str().chars().take(56).collect();
        TaskId::new(format!("{short}-p{number}")).map_err(serde::de::Error::custom).map_err(DraftError::Form)
    };
    for task in &mut proposal.tasks {
        task.id = renamed(&task.id)?;
        for parent in &mut task.depends_on {
            *parent = renamed(parent)?;
        }
        if let Binding::SourceOf { task, .. } = &mut task.binding {
            *task = renamed(task)?;
        }
    }
    Ok(())
}

fn task_row(
    campaign: &Campaign,
    agent: &Agent,
    number: u32,
    at: usize,
    proposed: ProposedTask,
    now: Timestamp,
) -> Task {
    // What the operator asked for holds whatever the model proposed.
    let mut criteria = proposed.criteria;
    if proposed.kind == TaskKind::Write {
        criteria.retain(|own| campaign.brief.criteria.iter().all(|asked| asked.id != own.id));
        criteria.extend(campaign.brief.criteria.iter().cloned());
    }
    let is_open = proposed.depends_on.is_empty();
    let mut persona = agent.persona.clone();
    persona.backstory = persona.backstory.chars().take(BACKSTORY_CHARS).collect();
    Task {
        tenant: campaign.tenant.clone(),
        campaign: campaign.id.clone(),
        id: proposed.id,
        agent: campaign.agent.clone(),
        kind: proposed.kind,
        plan: number,
        ordinal: u32::try_from(at).unwrap_or(u32::MAX),
        priority: Priority::Normal,
        status: if is_open { TaskStatus::Open } else { TaskStatus::Blocked },
        attempt: 1,
        tries: 0,
        goal: proposed.goal,
        seed: campaign.brief.seed,
        depends_on: proposed.depends_on,
        criteria,
        persona,
        binding: proposed.binding,
        source: None,
        feedback: Vec::new(),
        opened_at: is_open.then_some(now),
        committed: None,
        effect: None,
        review: None,
        cost: Money::zero(campaign.currency()),
        reason: None,
    }
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
                    "kind": { "enum": ["research", "write"] },
                    "goal": { "type": "string", "minLength": 1 },
                    "depends_on": { "type": "array", "items": { "type": "string" } },
                    "binding": { "type": "object", "required": ["from"] },
                    "criteria": { "type": "array", "items": { "type": "object" } }
                }
            }
        } }
    })
}
