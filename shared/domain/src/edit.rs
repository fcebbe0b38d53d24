//! A plan that waits for approval, as an operator wants it: the whole list of its tasks, compared with what is there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    Binding, Drafting, Money, MoneyError, OperatorId, Plan, PlanCause, PlanDiff, PlanError, PlanStatus,
    Proposal, ProposalError, ProposedTask, Task, TaskId, TaskKind, ToolFeed, check_plan, is_http_url,
};

/// What an operator's list changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEdit {
    /// New rows, which wait.
    pub added: Vec<Task>,
    /// Rows as they are to be: the same task, next attempt.
    pub changed: Vec<Task>,
    /// Tasks that are no longer wanted.
    pub dropped: Vec<TaskId>,
    /// How many tasks stay as they are.
    pub kept: u32,
    /// What one attempt of every task costs at most now, less what it did before, in minor units.
    pub delta_minor: i64,
}

impl PlanEdit {
    /// [PL-4] [PL-5] What makes of the present tasks, of which none has begun, those that are proposed. `present` holds
    /// every task that the campaign ever had: an id is used once.
    ///
    /// # Errors
    /// Everything that is wrong with the proposal, each about a task and a field where there is one.
    pub fn of(
        present: &BTreeMap<TaskId, Task>,
        proposal: &Proposal,
        drafting: &Drafting<'_>,
    ) -> Result<Self, Vec<ProposalError>> {
        let draft = Draft { present, proposal, drafting };
        let faults = draft.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let rows = draft.rows();
        check_plan(&rows).map_err(|error| vec![error.into()])?;
        Ok(draft.compared(rows))
    }

    /// Rows that it writes, beside the campaign's and the plan's.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.added.len() + self.changed.len() + self.dropped.len()
    }

    /// [PL-4] The plan version that it makes of its parent.
    ///
    /// # Errors
    /// [`MoneyError`]; a defect, for a plan never costs less than nothing.
    pub fn version(
        &self,
        parent: &Plan,
        number: u32,
        by: &OperatorId,
        now: Timestamp,
    ) -> Result<Plan, MoneyError> {
        let moved = |money: Money| {
            Money::new(money.minor().saturating_add(self.delta_minor).max(0), money.currency())
        };
        let ids = |tasks: &[Task]| tasks.iter().map(|task| task.id.clone()).collect();
        Ok(Plan {
            number,
            parent: parent.number,
            cause: PlanCause::Operator,
            reason: format!("edited by {by}"),
            diff: PlanDiff {
                added: ids(&self.added),
                dropped: self.dropped.clone(),
                changed: ids(&self.changed),
                kept: self.kept,
            },
            estimate: moved(parent.estimate)?,
            // The model was asked once, and that stands in the version that it drew.
            drawing: None,
            reserved: parent.reserved.map(moved).transpose()?,
            settled: None,
            goal: None,
            rejected: None,
            status: PlanStatus::Draft,
            created_at: now,
            ..parent.clone()
        })
    }
}

/// A proposal beside what is there.
struct Draft<'a> {
    present: &'a BTreeMap<TaskId, Task>,
    proposal: &'a Proposal,
    drafting: &'a Drafting<'a>,
}

impl Draft<'_> {
    fn faults(&self) -> Vec<ProposalError> {
        let mut faults = self.proposal.faults(self.drafting.brief());
        let listed: BTreeMap<&TaskId, &ProposedTask> =
            self.proposal.tasks.iter().map(|task| (&task.id, task)).collect();
        let mut seen = BTreeSet::new();
        for task in &self.proposal.tasks {
            if !seen.insert(&task.id) {
                faults.push(PlanError::Duplicate(task.id.clone()).into());
            }
            faults.extend(self.identity_fault(task));
            faults.extend(self.criteria_faults(task));
            let missing = task.depends_on.iter().filter(|parent| !listed.contains_key(parent));
            faults.extend(missing.map(|parent| PlanError::Missing(task.id.clone(), parent.clone()).into()));
            faults.extend(self.order_fault(task));
            faults.extend(self.clip_fault(task));
            faults.extend(input_fault(task, &listed, &self.drafting.brief().feeds));
        }
        faults
    }

    /// What a task is cannot be changed: only what it is to do, and when.
    fn identity_fault(&self, task: &ProposedTask) -> Option<ProposalError> {
        let present = self.present.get(&task.id)?;
        if present.status.is_final() {
            return Some(ProposalError::Used(task.id.clone()));
        }
        let fixed = |field| Some(ProposalError::Fixed(task.id.clone(), field));
        if present.kind != task.kind {
            return fixed("kind");
        }
        if present.binding == task.binding { None } else { fixed("binding") }
    }

    /// [PL-6] Criteria of the operator's own may go, those that are demanded may not.
    fn criteria_faults(&self, task: &ProposedTask) -> Vec<ProposalError> {
        let law = self.drafting.law(task.kind, &task.binding);
        let present = self.present.get(&task.id);
        // What nobody has touched is not the operator's to put right.
        let is_touched = present.is_none_or(|present| present.criteria != task.criteria);
        let checked = if is_touched { task.check_criteria(&law) } else { Ok(()) };
        let mut faults: Vec<ProposalError> = checked.err().into_iter().collect();
        for demanded in &law {
            let was_there = present.is_some_and(|present| present.criteria.contains(demanded));
            let given = task.criteria.iter().find(|own| own.id == demanded.id);
            if given.map_or(was_there, |given| given != demanded) {
                faults.push(ProposalError::Demanded(task.id.clone(), demanded.id.clone()));
            }
        }
        faults
    }

    /// [K-4] [K-7] What a model's plan is put right by, a person is told.
    fn order_fault(&self, task: &ProposedTask) -> Option<ProposalError> {
        match task.kind {
            TaskKind::Reply | TaskKind::Transact if !task.depends_on.is_empty() => {
                Some(ProposalError::Waits(task.id.clone()))
            }
            TaskKind::Remember => {
                let mut written = self.proposal.written().peekable();
                if written.peek().is_none() {
                    return Some(ProposalError::Memory(task.id.clone()));
                }
                let unwaited = written.find(|id| !task.depends_on.contains(id))?;
                Some(ProposalError::Unwaited(task.id.clone(), unwaited.clone()))
            }
            _ => None,
        }
    }

    /// [K-16] A model's clip is left out where nothing pays for it; a person is told.
    fn clip_fault(&self, task: &ProposedTask) -> Option<ProposalError> {
        let is_unpaid = task.kind == TaskKind::Film && self.drafting.tier_of(&task.id).is_none();
        is_unpaid.then(|| ProposalError::Unfunded(task.id.clone()))
    }

    /// Every task as the row that it is to be, in order.
    fn rows(&self) -> Vec<Task> {
        let places = self.places();
        let rows = self.proposal.tasks.iter().zip(places);
        rows.map(|(task, place)| match self.present.get(&task.id) {
            Some(present) => self.rewritten(present, task, place),
            None => {
                let at = usize::try_from(place).unwrap_or(usize::MAX);
                self.drafting.task_row(at, task.clone()).waiting()
            }
        })
        .collect()
    }

    /// Places in the new order: each keeps its own as long as it comes after the one before, so that a task that goes
    /// moves no other.
    fn places(&self) -> Vec<u32> {
        let mut next = 0;
        let place = |task: &ProposedTask| {
            let own = self.present.get(&task.id).map(|present| present.ordinal);
            let place = own.filter(|own| *own >= next).unwrap_or(next);
            next = place.saturating_add(1);
            place
        };
        self.proposal.tasks.iter().map(place).collect()
    }

    /// The present row with what is proposed in it; the row itself where that is the same.
    fn rewritten(&self, present: &Task, task: &ProposedTask, place: u32) -> Task {
        let mut criteria = task.criteria.clone();
        let law = self.drafting.law(task.kind, &task.binding);
        criteria.extend(law.into_iter().filter(|asked| !task.criteria.contains(asked)));
        let proposed = Task {
            goal: task.goal.clone(),
            depends_on: task.depends_on.clone(),
            criteria,
            priority: task.priority,
            tier: self.drafting.tier_of(&task.id),
            ordinal: place,
            ..present.clone()
        };
        if proposed == *present {
            return proposed;
        }
        Task { plan: self.drafting.number(), attempt: present.attempt + 1, ..proposed }
    }

    fn compared(&self, rows: Vec<Task>) -> PlanEdit {
        let live = || self.present.values().filter(|task| !task.status.is_final());
        let listed: BTreeSet<&TaskId> = rows.iter().map(|task| &task.id).collect();
        let dropped: Vec<TaskId> =
            live().map(|task| &task.id).filter(|id| !listed.contains(id)).cloned().collect();
        let delta_minor = attempts(rows.iter()).saturating_sub(attempts(live()));
        let is_new = |task: &Task| !self.present.contains_key(&task.id);
        let (added, there): (Vec<Task>, Vec<Task>) = rows.into_iter().partition(is_new);
        let (kept, changed): (Vec<Task>, Vec<Task>) =
            there.into_iter().partition(|task| self.present.get(&task.id) == Some(task));
        let kept = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        PlanEdit { added, changed, dropped, kept, delta_minor }
    }
}

/// [K-2] One attempt of each of these tasks, at its most, in minor units.
pub(crate) fn attempts<'a>(tasks: impl Iterator<Item = &'a Task>) -> i64 {
    tasks.map(Task::attempt_cost).fold(0, i64::saturating_add)
}

/// [PL-5] Whether a task's input could ever be there.
fn input_fault(
    task: &ProposedTask,
    listed: &BTreeMap<&TaskId, &ProposedTask>,
    feeds: &[String],
) -> Option<ProposalError> {
    match &task.binding {
        Binding::SourceOf { task: parent, .. } => {
            let is_research = listed.get(parent).is_some_and(|parent| parent.kind == TaskKind::Research);
            let is_there = is_research && task.depends_on.contains(parent);
            (!is_there).then(|| ProposalError::Source(task.id.clone(), parent.clone()))
        }
        Binding::Feed { url, want } => {
            // What reads like a tool's address must be the brief's, which is checked with the rest of what it asks for.
            let is_tool = !matches!(ToolFeed::of(url), Ok(None));
            let is_read = *want > 0 && (is_tool || feeds.contains(url) || is_http_url(url));
            (!is_read).then(|| ProposalError::Feed(task.id.clone()))
        }
        Binding::Articles { .. } | Binding::Mention { .. } | Binding::Payment { .. } | Binding::Campaign => {
            None
        }
    }
}
