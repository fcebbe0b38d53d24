//! What the rows call for: pure, so that it can be read and tested as a table.

use chimera_domain::{
    Artifact, Binding, IllegalTransition, Source, Stored, Task, TaskEvent, TaskStatus, Timestamp,
    WorkOutcome, limits,
};

use crate::view::{Inputs, View};

/// A task as it was read, and as it is to be.
pub(crate) type Change = (Stored<Task>, Task);

/// What the planner does next.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    /// Tasks with their next state: released, retried or failed.
    pub(crate) changed: Vec<Change>,
    /// Tasks that can no longer be done; a new plan version drops them.
    pub(crate) lost: Vec<(Stored<Task>, String)>,
}

/// What an active campaign's tasks call for now.
pub(crate) fn moves(view: &View, now: Timestamp) -> Result<Moves, IllegalTransition> {
    let mut moves = Moves::default();
    for task in view.tasks.values() {
        match task.row.status {
            TaskStatus::Rejected => moves.changed.push((task.clone(), after_rejection(&task.row, now)?)),
            TaskStatus::Blocked => match view.inputs(&task.row) {
                Inputs::Waiting => {}
                Inputs::Lost(reason) => moves.lost.push((task.clone(), reason)),
                Inputs::Ready => match bind(view, &task.row) {
                    Ok(source) => moves.changed.push((task.clone(), released(&task.row, source, now)?)),
                    Err(reason) => moves.lost.push((task.clone(), reason)),
                },
            },
            _ => {}
        }
    }
    Ok(moves)
}

/// [P-6] A rejection is answered with the next attempt, until the tries run out.
fn after_rejection(task: &Task, now: Timestamp) -> Result<Task, IllegalTransition> {
    if task.tries >= limits::TRIES_PER_TASK {
        let reason =
            format!("rejected {} times; last: {}", task.tries, task.feedback.last().map_or("", |f| f));
        return Ok(Task { status: task.status.next(TaskEvent::Fail)?, reason: Some(reason), ..task.clone() });
    }
    Ok(Task {
        status: task.status.next(TaskEvent::Retry)?,
        attempt: task.attempt + 1,
        opened_at: Some(now),
        review: None,
        ..task.clone()
    })
}

fn released(task: &Task, source: Option<Source>, now: Timestamp) -> Result<Task, IllegalTransition> {
    Ok(Task { status: task.status.next(TaskEvent::Release)?, source, opened_at: Some(now), ..task.clone() })
}

/// The input a binding names, from the committed row; an error is the reason why it will never be there.
fn bind(view: &View, task: &Task) -> Result<Option<Source>, String> {
    let Binding::SourceOf { task: parent, index } = &task.binding else { return Ok(None) };
    let committed = view.tasks.get(parent).and_then(|parent| parent.row.committed.as_ref());
    let sources = match committed.map(|committed| &committed.outcome) {
        Some(WorkOutcome::Artifact { artifact: Artifact::Notes { sources } }) => sources.as_slice(),
        _ => return Err(format!("{parent} has no notes")),
    };
    let at = usize::try_from(*index).unwrap_or(usize::MAX);
    sources.get(at).cloned().map(Some).ok_or_else(|| match sources.len() {
        1 => format!("{parent} found 1 usable source"),
        n => format!("{parent} found {n} usable sources"),
    })
}
