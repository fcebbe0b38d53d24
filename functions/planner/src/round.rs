//! Rounds: where everything is done and the goal is not met, what is missing is planned again.

use std::collections::BTreeMap;

use chimera_domain::{
    Binding, Campaign, GoalCheck, Plan, PlanCause, Stored, Task, TaskId, TaskKind, TaskStatus,
    ports::{Ask, ModelError, ModelRole, ReasoningModel},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::draft::Draft;
use crate::replan::Changes;
use crate::view::View;

/// Posts that one round plans again at most: their tasks and those they rest on fit one transaction.
const POSTS: u32 = 40;
/// Tasks that one round adds at most: one transaction writes them all.
pub(crate) const TASKS: usize = 90;
/// Bytes of published texts that the question shows.
const SHOWN_BYTES: usize = 24 * 1024;

/// [PL-16] Whether a round is over and nobody has asked yet whether the goal is met, though there may be another.
pub(crate) fn is_to_be_closed(view: &View) -> bool {
    is_open(view) && view.is_all_final_but(TaskKind::Remember)
}

/// Whether another round may follow the present one.
pub(crate) fn is_open(view: &View) -> bool {
    // Versions that losses and signals make within a round do not open the question again.
    let is_drawn = |plan: &&Stored<Plan>| {
        matches!(plan.row.cause, PlanCause::Brief | PlanCause::Operator | PlanCause::Round)
    };
    let began = view.plans.iter().filter(is_drawn).map(|plan| plan.row.number).max().unwrap_or(0);
    let mut of_round = view.plans.iter().filter(|plan| plan.row.number >= began);
    let is_asked = of_round.any(|plan| plan.row.goal.is_some());
    rounds(view) < view.campaign.row.brief.rounds && !is_asked
}

/// Rounds that were begun.
fn rounds(view: &View) -> u32 {
    let later = view.plans.iter().filter(|plan| plan.row.cause == PlanCause::Round);
    1 + u32::try_from(later.count()).unwrap_or(u32::MAX)
}

/// Rounds that may still be begun.
pub(crate) fn left(view: &View) -> u32 {
    view.campaign.row.brief.rounds.saturating_sub(rounds(view))
}

/// What the model says of the goal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    met: bool,
    why: String,
    posts: u32,
}

/// Asks whether the goal is met, and how many posts are missing where it is not.
pub(crate) async fn ask(view: &View, model: &impl ReasoningModel) -> Result<GoalCheck, ModelError> {
    let brief = &view.campaign.row.brief;
    let asked = Ask {
        role: ModelRole::Planner,
        prompt: "goal-1",
        input: json!({
            "goal": brief.goal,
            "posts": brief.posts,
            "published": shown(view),
            "not_done": not_done(view),
            "round": rounds(view),
            "rounds": brief.rounds,
        }),
        schema: schema(),
        seed: brief.seed,
    };
    let answer = model.ask(&asked).await?;
    let said: Said =
        serde_json::from_value(answer.json).map_err(|error| ModelError::Unusable(error.to_string()))?;
    let posts = if said.met { 0 } else { said.posts.min(brief.posts).min(POSTS) };
    Ok(GoalCheck { met: said.met || posts == 0, why: said.why, posts, cost: answer.usage.cost })
}

/// The texts that are out, the newest first, as many as the question has room for.
fn shown(view: &View) -> Vec<&str> {
    let mut effects: Vec<_> = view.published().collect();
    effects.sort_by_key(|effect| std::cmp::Reverse((effect.ended_at, &effect.task)));
    let mut bytes = 0_usize;
    let texts = effects.into_iter().filter_map(|effect| effect.intent.text());
    let fits = |text: &&str| {
        bytes = bytes.saturating_add(text.len());
        bytes <= SHOWN_BYTES
    };
    texts.take_while(fits).collect()
}

/// What was planned and came to nothing, with its reason.
fn not_done(view: &View) -> Vec<Value> {
    let lost =
        view.tasks.values().map(|task| &task.row).filter(|task| {
            task.kind.acts() && matches!(task.status, TaskStatus::Failed | TaskStatus::Dropped)
        });
    lost.map(|task| json!({ "kind": task.kind, "reason": task.reason })).collect()
}

/// The campaign as the next round plans it: what is missing, and nothing of what was asked for by name.
pub(crate) fn remaining(campaign: &Campaign, check: &GoalCheck) -> Campaign {
    let mut remaining = campaign.clone();
    let brief = &mut remaining.brief;
    brief.posts = check.posts;
    brief.illustrations = brief.illustrations.min(check.posts);
    brief.films = brief.films.min(check.posts.saturating_sub(brief.illustrations));
    brief.replies.clear();
    brief.payments.clear();
    brief.remember = false;
    remaining
}

/// [PL-17] The tasks with sources that no earlier round has written about: each feed is read further than before.
pub(crate) fn read_further(view: &View, tasks: &mut [Task]) {
    let used = used_sources(view);
    let mut shift: BTreeMap<String, u32> = BTreeMap::new();
    for task in tasks.iter_mut() {
        if let Binding::Feed { url, want } = &mut task.binding {
            let used = used.get(url.as_str()).copied().unwrap_or(0);
            *want = want.saturating_add(used);
            shift.insert(task.id.as_str().to_owned(), used);
        }
    }
    for task in tasks.iter_mut() {
        if let Binding::SourceOf { task: research, index } = &mut task.binding {
            let used = shift.get(research.as_str()).copied().unwrap_or(0);
            *index = index.saturating_add(used);
        }
    }
}

/// How many sources of each feed, from its first, were given to a post.
fn used_sources(view: &View) -> BTreeMap<&str, u32> {
    let mut used = BTreeMap::new();
    for task in view.tasks.values().map(|task| &task.row).filter(|task| task.kind == TaskKind::Write) {
        let Binding::SourceOf { task: research, index } = &task.binding else { continue };
        let Some(Binding::Feed { url, .. }) = view.tasks.get(research).map(|task| &task.row.binding) else {
            continue;
        };
        let most = used.entry(url.as_str()).or_insert(0);
        *most = (*most).max(index.saturating_add(1));
    }
    used
}

/// The plan with the answer.
pub(crate) fn closed(plan: &Stored<Plan>, check: GoalCheck) -> Plan {
    Plan { goal: Some(check), ..plan.row.clone() }
}

/// The answer where no other round can follow; why, for people.
pub(crate) fn last(check: GoalCheck, reason: &str) -> GoalCheck {
    GoalCheck { why: format!("{}; no other round: {reason}", check.why), ..check }
}

/// What was drawn, as the version that follows. Its tasks come after all that there are.
pub(crate) fn changes(view: &View, check: GoalCheck, draft: Draft) -> Changes {
    let first = u32::try_from(view.next_ordinal()).unwrap_or(u32::MAX);
    let later = |task: Task| Task { ordinal: task.ordinal.saturating_add(first), ..task };
    let added: Vec<Task> = draft.tasks.into_iter().map(later).collect();
    let mut changes = Changes {
        cause: PlanCause::Round,
        reason: match &draft.left_out {
            None => format!("the goal is not met: {}", check.why),
            Some(left_out) => format!("the goal is not met: {}; {left_out}", check.why),
        },
        drawing: draft.plan.drawing,
        closed: Some(check),
        ..Changes::default()
    };
    let written: Vec<TaskId> =
        added.iter().filter(|task| task.kind == TaskKind::Write).map(|task| task.id.clone()).collect();
    for task in view.blocked(TaskKind::Remember) {
        changes.wait_for(&task.id, &written);
    }
    Changes { added, ..changes }
}

fn schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["met", "why", "posts"],
        "properties": {
            "met": { "type": "boolean" },
            "why": { "type": "string", "minLength": 1, "maxLength": 300 },
            "posts": { "type": "integer", "minimum": 0, "maximum": 199 }
        }
    })
}
