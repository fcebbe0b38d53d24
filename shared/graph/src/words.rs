//! What every form says in words.

use chimera_domain::{Priority, TaskId, Timestamp};

use crate::model::{CampaignGraph, Node};
use crate::state::State;
use crate::version::{Perceived, Version};

/// Ids named one by one; the rest is a number. All of them are in the JSON.
const IDS_NAMED: usize = 8;

/// Which campaign, and where it stands.
pub(crate) fn headline(graph: &CampaignGraph) -> String {
    let version = match graph.plan {
        0 => "no plan yet".to_owned(),
        number => format!("plan version {number}"),
    };
    format!("Campaign {}: {}, {version}", graph.campaign, graph.status)
}

/// How many tasks, in how many layers, and how they stand.
pub(crate) fn summary(graph: &CampaignGraph, layers: usize) -> String {
    let standing: Vec<String> =
        counts(graph).into_iter().map(|(state, count)| format!("{count} {}", state.name())).collect();
    match graph.nodes.len() {
        0 => "No tasks".to_owned(),
        1 => format!("1 task: {}", standing.join(", ")),
        tasks => format!("{tasks} tasks in {layers} layers: {}", standing.join(", ")),
    }
}

/// The states that occur, with how often.
pub(crate) fn counts(graph: &CampaignGraph) -> Vec<(State, usize)> {
    let count = |state: &State| graph.nodes.iter().filter(|node| node.state() == *state).count();
    let counted = State::ALL.into_iter().map(|state| (state, count(&state)));
    counted.filter(|(_, count)| *count > 0).collect()
}

/// [PL-22] How a task stands, in full.
pub(crate) fn standing(node: &Node) -> String {
    let mut words = node.status.name().to_owned();
    if let Some(effect) = node.effect {
        words.push_str(&format!(", effect {effect}"));
    }
    if node.taken_back {
        words.push_str(", taken back");
    }
    words
}

/// A task's numbers: the version that last changed it, what it has cost, its attempt and how often it was rejected.
pub(crate) fn facts(node: &Node) -> String {
    let mut facts = format!("v{}, {}", node.plan, node.cost);
    if node.attempt > 1 {
        facts.push_str(&format!(", attempt {}", node.attempt));
    }
    if node.tries > 0 {
        facts.push_str(&format!(", tries {}", node.tries));
    }
    facts
}

/// What kind of work a task is, and whether it goes first.
pub(crate) fn kind(node: &Node) -> String {
    match node.priority {
        Priority::High => format!("{}, high priority", node.kind.name()),
        Priority::Normal => node.kind.name().to_owned(),
    }
}

/// [PL-21] A version, line by line.
pub(crate) fn version(graph: &CampaignGraph, version: &Version) -> Vec<String> {
    let Version { number, parent, status, .. } = version;
    let replaces = if *parent == 0 { String::new() } else { format!(" of {parent}") };
    let settled = version.settled.map_or("not settled".to_owned(), |settled| format!("settled at {settled}"));
    let mut lines = vec![
        format!("version {number}{replaces}: {status}, {}", time(version.created_at)),
        format!("because: {}", version.reason),
        format!(
            "kept {}, {}, {}, {}",
            version.kept,
            named("added", &version.added),
            named("dropped", &version.dropped),
            named("changed", &version.changed)
        ),
        format!("estimate {} ({} against its parent), {settled}", version.estimate, version.cost_delta),
    ];
    if let Some(goal) = &version.goal {
        lines.push(format!("goal {}: {}", if goal.met { "met" } else { "not met" }, goal.why));
    }
    lines.extend(version.rejected.iter().map(|comment| format!("another was wanted: {comment}")));
    lines.extend(graph.answered_by(*number).map(|signal| format!("answers {}", perceived(signal))));
    lines
}

/// A signal that no version answers.
pub(crate) fn unanswered(signal: &Perceived) -> String {
    let reason = signal.reason.as_ref().map(|reason| format!(", because: {reason}")).unwrap_or_default();
    format!("{} {}{reason}", signal.status, perceived(signal))
}

fn perceived(signal: &Perceived) -> String {
    format!("{} {} ({} relevant: {}): {}", signal.what, signal.id, signal.relevance, signal.why, signal.said)
}

fn named(what: &str, ids: &[TaskId]) -> String {
    if ids.is_empty() {
        return format!("{what} 0");
    }
    format!("{what} {} ({})", ids.len(), list(ids.iter()))
}

/// The ids, of which only the first are named.
pub(crate) fn list<'a>(ids: impl ExactSizeIterator<Item = &'a TaskId>) -> String {
    let more = ids.len().saturating_sub(IDS_NAMED);
    let names: Vec<&str> = ids.take(IDS_NAMED).map(TaskId::as_str).collect();
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}

/// To the second, as people read it.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
