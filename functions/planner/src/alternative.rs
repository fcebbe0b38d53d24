//! [PL-13] Another way for a post that was refused too often: its feed is read further, and another source is written
//! about. [PL-14] What has no other way goes to a human on its last try.

use std::collections::BTreeMap;

use chimera_domain::{
    Binding, Money, PlanCause, Task, TaskId, TaskKind, TaskStatus, Timestamp, limits,
    ports::{Clock, HandleError, Ids, ReasoningModel, StateReader, StateReaderExt as _, StateWriter},
};

use crate::draft::{Drafting, ProposedTask};
use crate::operating::{self, Operating};
use crate::replan::{self, Changes};
use crate::round;
use crate::view::View;
use crate::{Looked, Planner, handle_error};

/// Posts for which one version finds other sources at most: each brings up to three tasks, and all fit one transaction.
const POSTS: usize = 30;

impl<S, M, C, I> Planner<S, M, C, I>
where
    S: StateReader + StateWriter,
    M: ReasoningModel,
    C: Clock,
    I: Ids,
{
    /// [PL-13] Finds other sources for posts that were refused too often, in one version for all of them; none where there
    /// is nothing to be done, or nothing that can be.
    pub(crate) async fn find_alternatives(
        &self,
        view: &View,
        now: Timestamp,
    ) -> Result<Option<Looked>, HandleError> {
        let ways: Vec<Way<'_>> = refused(view).filter_map(|post| Way::of(view, post)).collect();
        if ways.is_empty() {
            return Ok(None);
        }
        let campaign = &view.campaign.row;
        let agent = self.agent_of(campaign).await?;
        let (policy, _) = self.store.policy(&campaign.tenant).await?;
        let drafting = Drafting::new(campaign, &agent, policy.disclosure, view.next_plan(), now);
        let room = Room::of(view, Operating::of(view, policy.caps.operating));
        let Some(changes) = changes(view, &drafting, room, &ways) else { return Ok(None) };
        let transaction = replan::transaction(view, &changes, self.writer(), now).map_err(handle_error)?;
        self.write(&transaction).await.map(Some)
    }
}

/// [PL-14] The attempt as it is to be opened: where it is the last one, and nothing can take the task's place, what is not
/// good enough goes to a human.
pub(crate) fn or_a_human(view: &View, operating: &Operating, task: Task) -> Task {
    if task.status != TaskStatus::Open {
        return task;
    }
    let is_last = task.tries + 1 >= limits::TRIES_PER_TASK;
    let has_another_way =
        || Way::of(view, &task).is_some_and(|way| Room::of(view, operating.clone()).take(&way).is_ok());
    let last_resort = is_last && !has_another_way();
    Task { last_resort, ..task }
}

/// [PL-15] Posts whose tries have run out, and about which nobody has said a last word.
fn refused(view: &View) -> impl Iterator<Item = &Task> {
    let failed = view.tasks.values().map(|task| &task.row).filter(|task| task.status == TaskStatus::Failed);
    failed.filter(|task| {
        task.tries >= limits::TRIES_PER_TASK && !task.last_resort && !task.has_reviewers_word()
    })
}

/// What takes the place of a post: the same work about the next source of its feed.
struct Way<'a> {
    post: &'a Task,
    /// What read the feed for it.
    research: &'a Task,
    url: &'a str,
    /// What illustrated or filmed it, if anything did.
    picture: Option<&'a Task>,
    ids: Names,
}

/// Ids that follow from the post's: another look at the same post names the same tasks.
struct Names {
    research: TaskId,
    picture: TaskId,
    write: TaskId,
}

impl Names {
    /// None where one is taken: then there is an alternative already, or there can be none.
    fn of(view: &View, post: &TaskId) -> Option<Self> {
        let free = |end: &str| {
            TaskId::new(format!("{post}-alt{end}")).ok().filter(|id| !view.tasks.contains_key(id))
        };
        Some(Self { research: free("-research")?, picture: free("-picture")?, write: free("")? })
    }
}

impl<'a> Way<'a> {
    /// None for what is no post, an alternative itself, or about something else than a feed's source, such as news; and
    /// none where the campaign needs the plan versions that are left to it for other things.
    fn of(view: &'a View, post: &'a Task) -> Option<Self> {
        if post.kind != TaskKind::Write || post.alternative_to.is_some() || !has_versions_left(view) {
            return None;
        }
        let Binding::SourceOf { task: research, .. } = &post.binding else { return None };
        let research = &view.tasks.get(research)?.row;
        let Binding::Feed { url, .. } = &research.binding else { return None };
        let mut parents = post.depends_on.iter().filter_map(|parent| view.tasks.get(parent));
        let picture =
            parents.find(|parent| parent.row.kind.is_for_a_post() && parent.row.binding == post.binding);
        let ids = Names::of(view, &post.id)?;
        Some(Self { post, research, url, picture: picture.map(|picture| &picture.row), ids })
    }

    /// What one attempt of each of its tasks may cost.
    fn attempts(&self) -> impl Iterator<Item = i64> {
        [self.research, self.post].into_iter().chain(self.picture).map(Task::attempt_cost)
    }

    /// The rows, from this place of the plan on, bound to the `nth` source of the feed, from 0.
    fn rows(&self, drafting: &Drafting<'_>, first: usize, nth: u32) -> Vec<Task> {
        let Self { post, research, picture, ids, .. } = self;
        let source = Binding::SourceOf { task: ids.research.clone(), index: nth };
        let feed = Binding::Feed { url: self.url.to_owned(), want: nth.saturating_add(1) };
        let read = vec![ids.research.clone()];
        let seen = read.iter().cloned().chain(picture.map(|_| ids.picture.clone())).collect();
        let like = |of: &Task, id: &TaskId, depends_on: Vec<TaskId>, binding: Binding| ProposedTask {
            id: id.clone(),
            kind: of.kind,
            goal: of.goal.clone(),
            depends_on,
            binding,
            criteria: of.criteria.clone(),
            priority: post.priority,
        };
        let reading = like(research, &ids.research, Vec::new(), feed);
        let picturing = picture.map(|picture| like(picture, &ids.picture, read, source.clone()));
        let writing = like(post, &ids.write, seen, source);
        let proposed = [reading].into_iter().chain(picturing).chain([writing]).enumerate();
        let rows = proposed.map(|(at, task)| {
            // To the letter what an operator may have made of them.
            let criteria = task.criteria.clone();
            let alternative_to = (task.kind == TaskKind::Write).then(|| post.id.clone());
            let tier = picture.filter(|picture| picture.kind == task.kind).and_then(|picture| picture.tier);
            Task { criteria, alternative_to, tier, ..drafting.task_row(first + at, task) }
        });
        rows.collect()
    }
}

/// Whether one more version, and one that drops what it could not find, leave as many as the brief's rounds may need: what
/// is re-planned too often is stopped, and no alternative is worth that.
fn has_versions_left(view: &View) -> bool {
    let needed = replan::versions(view).saturating_add(2).saturating_add(round::left(view));
    needed <= limits::REPLANS_PER_CAMPAIGN
}

/// What alternatives may take: tasks of the plan, and operating cost.
struct Room {
    tasks: usize,
    operating: Operating,
    zero: Money,
}

impl Room {
    fn of(view: &View, operating: Operating) -> Self {
        let live = view.tasks.values().filter(|task| !task.row.status.is_final()).count();
        let tasks = limits::TASKS_PER_PLAN.saturating_sub(live);
        Self { tasks, operating, zero: Money::zero(view.campaign.row.currency()) }
    }

    /// [M-12] Sets aside what the way takes; else why it cannot.
    fn take(&mut self, way: &Way<'_>) -> Result<(), String> {
        let wanted = way.attempts().count();
        let Some(tasks) = self.tasks.checked_sub(wanted) else {
            return Err(format!(
                "the plan has {} tasks under way, as many as it may",
                limits::TASKS_PER_PLAN
            ));
        };
        let mut operating = self.operating.clone();
        operating.open(operating::estimate(self.zero, way.attempts()))?;
        (self.tasks, self.operating) = (tasks, operating);
        Ok(())
    }
}

/// One version for all that there is room for; none where there is none.
fn changes(view: &View, drafting: &Drafting<'_>, mut room: Room, ways: &[Way<'_>]) -> Option<Changes> {
    let mut added: Vec<Task> = Vec::new();
    let mut posts: Vec<&TaskId> = Vec::new();
    let mut read: BTreeMap<&str, u32> = BTreeMap::new();
    for way in ways.iter().take(POSTS) {
        if let Err(reason) = room.take(way) {
            let campaign = &view.campaign.row;
            tracing::warn!(campaign.id = %campaign.id, trace_id = %campaign.trace, task.id = %way.post.id, reason,
                "A post that was refused too often gets no other source");
            continue;
        }
        let nth = read.entry(way.url).or_insert(0);
        let first = view.next_ordinal() + added.len();
        added.extend(way.rows(drafting, first, *nth));
        *nth = nth.saturating_add(1);
        posts.push(&way.post.id);
    }
    let reason = match posts.as_slice() {
        [] => return None,
        [one] => format!("{one} was refused too often: another source takes its place"),
        [first, rest @ ..] => {
            format!("{first} and {} more were refused too often: other sources take their place", rest.len())
        }
    };
    round::read_further(view, &mut added);
    let written = added.iter().filter(|task| task.kind == TaskKind::Write).map(|task| task.id.clone());
    let written: Vec<TaskId> = written.collect();
    let mut changes = Changes { cause: PlanCause::Alternative, reason, added, ..Changes::default() };
    for task in view.blocked(TaskKind::Remember) {
        changes.wait_for(&task.id, &written);
    }
    Some(changes)
}
