//! What the rows call for: pure, so that it can be read and tested as a table.

use chimera_domain::{
    Artifact, Binding, IllegalTransition, Picture, Published, Source, Stored, Task, TaskEvent, TaskKind,
    TaskStatus, Timestamp, WorkOutcome, limits,
};

use crate::view::{Inputs, View};

/// Pictures that one post carries at most: the platform's limit.
const PICTURES_PER_POST: usize = 4;

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
            TaskStatus::Blocked => match view.inputs(&task.row, now) {
                Inputs::Lost(reason) => moves.lost.push((task.clone(), reason)),
                Inputs::Waiting => {
                    moves.lost.extend(never_bound(view, &task.row).map(|reason| (task.clone(), reason)));
                }
                Inputs::Ready => match bind(view, &task.row) {
                    Ok(bound) => moves.changed.push((task.clone(), released(&task.row, bound, now)?)),
                    Err(reason) => moves.lost.push((task.clone(), reason)),
                },
            },
            _ => {}
        }
    }
    lose_dependents(view, &mut moves.lost);
    Ok(moves)
}

/// What waits for something lost is lost with it, however long the chain: each level by itself would cost a plan version. A
/// post does without its picture or clip, and what looks at everything waits for ends alone.
fn lose_dependents(view: &View, lost: &mut Vec<(Stored<Task>, String)>) {
    let mut at = 0;
    while let Some(parent) = lost.get(at).map(|(parent, _)| parent.row.clone()) {
        at += 1;
        if parent.kind.is_for_a_post() {
            continue;
        }
        for task in view.blocked_by(&parent.id) {
            let is_known = lost.iter().any(|(known, _)| known.row.id == task.row.id);
            if !is_known && task.row.kind != TaskKind::Remember {
                lost.push((task.clone(), format!("{} cannot be done", parent.id)));
            }
        }
    }
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

/// What the planner copies into a task when it opens it.
struct Bound {
    source: Option<Source>,
    pictures: Vec<Picture>,
    published: Vec<Published>,
}

fn released(task: &Task, bound: Bound, now: Timestamp) -> Result<Task, IllegalTransition> {
    let Bound { source, pictures, published } = bound;
    let status = task.status.next(TaskEvent::Release)?;
    Ok(Task { status, source, pictures, published, opened_at: Some(now), ..task.clone() })
}

/// The input a binding names, from the committed rows; an error is the reason why it will never be there.
fn bind(view: &View, task: &Task) -> Result<Bound, String> {
    let published = match (task.kind, &task.binding) {
        (TaskKind::Remember, Binding::Campaign) => published(view)?,
        _ => Vec::new(),
    };
    Ok(Bound { source: source(view, task)?, pictures: pictures(view, task), published })
}

/// Why the task will never be bound, where that is known before everything it waits for is there: a post does not wait
/// for the picture of a source that was not found.
fn never_bound(view: &View, task: &Task) -> Option<String> {
    let Binding::SourceOf { task: parent, .. } = &task.binding else { return None };
    let is_there = view.tasks.get(parent).is_some_and(|parent| parent.row.status == TaskStatus::Approved);
    if is_there { source(view, task).err() } else { None }
}

fn source(view: &View, task: &Task) -> Result<Option<Source>, String> {
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

/// [K-6] The committed pictures of the same source, of the tasks that this one waited for; what moves goes alone.
fn pictures(view: &View, task: &Task) -> Vec<Picture> {
    let parents = task.depends_on.iter().filter_map(|parent| view.tasks.get(parent));
    let of_its_source = parents.filter(|parent| parent.row.binding == task.binding);
    let made = of_its_source.filter(|parent| parent.row.status == TaskStatus::Approved);
    let pictures = made.filter_map(|parent| match &parent.row.committed.as_ref()?.outcome {
        WorkOutcome::Artifact { artifact } => artifact.picture().cloned(),
        WorkOutcome::Intent { .. } | WorkOutcome::Failure { .. } => None,
    });
    let pictures: Vec<Picture> = pictures.collect();
    match pictures.iter().find(|picture| Picture::goes_alone(&picture.mime)) {
        Some(moving) => vec![moving.clone()],
        None => pictures.into_iter().take(PICTURES_PER_POST).collect(),
    }
}

/// [K-7] What is out there, the newest first, as much of it as a question about it may name and a row has room for.
fn published(view: &View) -> Result<Vec<Published>, String> {
    let mut effects: Vec<_> = view.published().collect();
    effects.sort_by_key(|effect| std::cmp::Reverse((effect.ended_at, &effect.task)));
    let posts = effects.into_iter().filter_map(|effect| {
        let outcome = effect.outcome.as_ref()?;
        Some(Published {
            post_id: outcome.external_id.clone(),
            url: outcome.url.clone(),
            text: effect.intent.text()?.to_owned(),
            task: effect.task.clone(),
            flags: effect.flags.clone(),
        })
    });
    let mut bytes = 0_usize;
    let fits = |post: &Published| {
        bytes = bytes.saturating_add(serde_json::to_vec(post).map_or(usize::MAX, |json| json.len()));
        bytes <= limits::PUBLISHED_BYTES
    };
    let posts: Vec<Published> = posts.take(limits::PUBLISHED_POSTS).take_while(fits).collect();
    if posts.is_empty() { Err("nothing was published".to_owned()) } else { Ok(posts) }
}
