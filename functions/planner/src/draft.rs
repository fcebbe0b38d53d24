//! Drawing a plan: the model proposes, the domain's invariants decide.

use chimera_domain::{
    Agent, Binding, Campaign, Check, Criterion, Disclosure, Money, Plan, PlanDiff, PlanError, PlanStatus,
    Priority, Task, TaskId, TaskKind, TaskStatus, Timestamp, check_plan,
    ports::{Ask, ModelError, ModelRole, ReasoningModel},
};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use crate::operating;
use crate::wanted::Wanted;

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
    /// A reply is not to a mention that the brief names, or a mention is answered twice.
    #[error("task {0} would answer what nobody asked to have answered")]
    Mention(TaskId),
    /// A payment that the brief does not order, or one that is proposed twice.
    #[error("task {0} would pay what nobody ordered")]
    Payment(TaskId),
    /// More posts than the brief asks for.
    #[error("task {0} would write more posts than were asked for")]
    Post(TaskId),
    /// A payment or a mention of the brief is nobody's task.
    #[error("the plan leaves out {0}")]
    LeftOut(String),
    /// More pictures than the brief asks for, or one for nothing that is written.
    #[error("task {0} would illustrate what nobody asked to have illustrated")]
    Picture(TaskId),
    /// A tool of somebody else's server that the brief does not name.
    #[error("task {0} would ask a tool that the brief does not name")]
    Tool(TaskId),
    /// The brief asks for no memories, or the task does not look at the campaign.
    #[error("task {0} would remember what nobody asked to have remembered")]
    Memory(TaskId),
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
pub(crate) struct ProposedTask {
    pub(crate) id: TaskId,
    pub(crate) kind: TaskKind,
    goal: String,
    #[serde(default)]
    depends_on: Vec<TaskId>,
    pub(crate) binding: Binding,
    #[serde(default)]
    criteria: Vec<Criterion>,
}

/// Asks the model for a plan and makes rows of it.
pub(crate) async fn draw(
    model: &impl ReasoningModel,
    campaign: &Campaign,
    agent: &Agent,
    number: u32,
    disclosure: Disclosure,
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
    check_proposal(&proposal, campaign)?;
    put_in_order(&mut proposal)?;
    if is_redrawn {
        rename(&mut proposal, number)?;
    }
    let demanded = demanded(campaign, disclosure);
    let tasks: Vec<Task> = proposal
        .tasks
        .into_iter()
        .enumerate()
        .map(|(at, proposed)| task_row(campaign, agent, &demanded, number, at, proposed, now))
        .collect();
    check_plan(&tasks)?;
    let plan = Plan {
        tenant: campaign.tenant.clone(),
        campaign: campaign.id.clone(),
        number,
        parent: campaign.plan,
        reason: "the brief".to_owned(),
        diff: PlanDiff { added: tasks.iter().map(|task| task.id.clone()).collect(), ..PlanDiff::default() },
        estimate: operating::estimate(answer.usage.cost, tasks.iter().map(|task| task.kind)),
        drawing: Some(answer.usage.cost),
        reserved: None,
        settled: None,
        status: PlanStatus::Draft,
        created_at: now,
    };
    Ok(Draft { plan, tasks })
}

/// [J-1] What is checked before anything is added: a plan of the model's own that nothing could be judged by is no plan,
/// it does nothing that the brief does not name, and each thing that the brief names.
fn check_proposal(proposal: &Proposal, campaign: &Campaign) -> Result<(), DraftError> {
    let mut wanted = Wanted::by(&campaign.brief);
    for task in &proposal.tasks {
        let is_judged_by_itself = task.kind.acts() && task.kind != TaskKind::Transact;
        if is_judged_by_itself && task.criteria.is_empty() {
            return Err(PlanError::NoCriteria(task.id.clone()).into());
        }
        wanted.take(task)?;
    }
    wanted.left_out().map_or(Ok(()), |what| Err(DraftError::LeftOut(what)))
}

/// Whatever the model says of it: [K-4] what the brief names waits for nothing that may come to nothing, and [K-7] what looks
/// at everything that was published waits for everything that is written.
fn put_in_order(proposal: &mut Proposal) -> Result<(), DraftError> {
    let is_named = |task: &&mut ProposedTask| matches!(task.kind, TaskKind::Reply | TaskKind::Transact);
    proposal.tasks.iter_mut().filter(is_named).for_each(|task| task.depends_on.clear());
    let writing = proposal.tasks.iter().filter(|task| task.kind == TaskKind::Write);
    let written: Vec<TaskId> = writing.map(|task| task.id.clone()).collect();
    for task in proposal.tasks.iter_mut().filter(|task| task.kind == TaskKind::Remember) {
        if written.is_empty() {
            return Err(DraftError::Memory(task.id.clone()));
        }
        task.depends_on.clone_from(&written);
    }
    Ok(())
}

/// What every text must satisfy whatever the model proposed: the operator's criteria for posts, and what law and policy
/// want said.
struct Demanded {
    posts: Vec<Criterion>,
    replies: Vec<Criterion>,
    pictures: Vec<Criterion>,
}

impl Demanded {
    /// [K-5] What tasks of this kind must satisfy. A payment is judged by the order that the task is bound to.
    fn of(&self, task: &ProposedTask) -> Vec<Criterion> {
        match (task.kind, &task.binding) {
            (TaskKind::Write, _) => self.posts.clone(),
            (TaskKind::Reply, _) => self.replies.clone(),
            (TaskKind::Illustrate, _) => self.pictures.clone(),
            (TaskKind::Transact, Binding::Payment { order }) => {
                let text = "Pays what was ordered, to whom and for what it was ordered".to_owned();
                vec![must("as-ordered", text, Check::Pays(order.clone()))]
            }
            _ => Vec::new(),
        }
    }
}

fn must(id: &str, text: String, check: Check) -> Criterion {
    Criterion { id: id.to_owned(), text, mandatory: true, check }
}

fn demanded(campaign: &Campaign, disclosure: Disclosure) -> Demanded {
    let ai = (disclosure == Disclosure::LabelAndText)
        .then(|| must("discloses-ai", "Says plainly that an AI made it".to_owned(), Check::DisclosesAi));
    let sponsor = campaign.brief.sponsor.as_ref().map(|sponsor| {
        let text = format!("Says that it is paid for by {}", sponsor.trim());
        must("discloses-sponsor", text, Check::DisclosesSponsor)
    });
    let posts = campaign.brief.criteria.iter().cloned().chain(sponsor).chain(ai.clone()).collect();
    // [J-2] A picture's description goes out with its post: better that the picture is made otherwise than the post lost.
    let forbids = |criterion: &&Criterion| matches!(criterion.check, Check::MustNotMention(_));
    let pictures = campaign.brief.criteria.iter().filter(forbids).cloned().collect();
    Demanded { posts, replies: ai.into_iter().collect(), pictures }
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
    demanded: &Demanded,
    number: u32,
    at: usize,
    proposed: ProposedTask,
    now: Timestamp,
) -> Task {
    let demanded = demanded.of(&proposed);
    let mut criteria = proposed.criteria;
    criteria.retain(|own| demanded.iter().all(|asked| asked.id != own.id));
    criteria.extend(demanded);
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
        pictures: Vec::new(),
        published: Vec::new(),
        recall: campaign.brief.remember && proposed.kind == TaskKind::Write,
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
