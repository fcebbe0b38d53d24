//! A plan as it is proposed, by a model or by an operator: checked against its brief before it becomes rows.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::brief::{check_criteria, is_visible};
use crate::wanted::Wanted;
use crate::{
    Binding, Brief, BriefError, Criterion, PlanError, Priority, Task, TaskId, TaskKind, VideoTiers,
    is_carriable, limits,
};

/// A plan's tasks, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The tasks.
    pub tasks: Vec<ProposedTask>,
}

/// A task as it is proposed: all of it that anybody but the planner may choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedTask {
    /// Its id, unique within the campaign for ever.
    pub id: TaskId,
    /// What kind of work.
    pub kind: TaskKind,
    /// What to do, for the worker.
    pub goal: String,
    /// Tasks that must be done first.
    #[serde(default)]
    pub depends_on: Vec<TaskId>,
    /// Where its input comes from.
    pub binding: Binding,
    /// What a result must satisfy.
    #[serde(default)]
    pub criteria: Vec<Criterion>,
    /// Which queue.
    #[serde(default)]
    pub priority: Priority,
}

/// Why a proposed plan is refused. A model's stops its campaign, which says why; an operator corrects theirs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProposalError {
    /// It breaks an invariant of plans.
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
    /// More clips than the brief asks for, or one for nothing that is written.
    #[error("task {0} would film what nobody asked to have filmed")]
    Clip(TaskId),
    /// What is left of the budget, or of the policy's limit on operating cost, pays for no clip more.
    #[error("task {0} would make a clip, for which too little is left of the budget")]
    Unfunded(TaskId),
    /// A tool of somebody else's server that the brief does not name.
    #[error("task {0} would ask a tool that the brief does not name")]
    Tool(TaskId),
    /// The brief asks for no memories, or the task does not look at the campaign.
    #[error("task {0} would remember what nobody asked to have remembered")]
    Memory(TaskId),
    /// No visible text, more than the limit, or what no queue can carry.
    #[error("task {0} must have a goal of 1 to {max} characters, without control characters", max = limits::TASK_GOAL_CHARS)]
    Goal(TaskId),
    /// What it must satisfy cannot be checked.
    #[error("task {0}: {1}")]
    Criteria(TaskId, #[source] BriefError),
    /// What law, policy or an order demand was left out or changed.
    #[error("task {0} must keep criterion {1:?} as it is: it is demanded of every such task")]
    Demanded(TaskId, String),
    /// What the brief names by name waits for something that may come to nothing.
    #[error("task {0} does what the brief names, and waits for nothing")]
    Waits(TaskId),
    /// What looks at everything that is published does not wait for a task that writes.
    #[error("task {0} looks at all that is published, and must wait for {1} as well")]
    Unwaited(TaskId, TaskId),
    /// Its source is not among what it waits for.
    #[error("task {0} takes its source from {1}, which must be a research task that it depends on")]
    Source(TaskId, TaskId),
    /// Its feed is neither of the brief nor an address.
    #[error("task {0} must read a feed of the brief, or an http(s) URL of a host, at least one source of it")]
    Feed(TaskId),
    /// Another kind of work, or other input, is another task.
    #[error("task {0} cannot change its {1}: drop it, and add another task under another id")]
    Fixed(TaskId, &'static str),
    /// The id of a task that was dropped.
    #[error("task id {0} was used by a task that was dropped: take another")]
    Used(TaskId),
}

impl ProposalError {
    /// The task that it is about, if it is about one.
    #[must_use]
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            Self::Plan(error) => match error {
                PlanError::Duplicate(task)
                | PlanError::Missing(task, _)
                | PlanError::Cycle(task)
                | PlanError::NoCriteria(task) => Some(task),
                PlanError::Size(_) | PlanError::Depth => None,
            },
            Self::LeftOut(_) => None,
            Self::Mention(task)
            | Self::Payment(task)
            | Self::Post(task)
            | Self::Picture(task)
            | Self::Clip(task)
            | Self::Unfunded(task)
            | Self::Tool(task)
            | Self::Memory(task)
            | Self::Goal(task)
            | Self::Criteria(task, _)
            | Self::Demanded(task, _)
            | Self::Waits(task)
            | Self::Unwaited(task, _)
            | Self::Source(task, _)
            | Self::Feed(task)
            | Self::Fixed(task, _)
            | Self::Used(task) => Some(task),
        }
    }

    /// The field of that task that is to be corrected, if it is one of them.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Plan(PlanError::Duplicate(_)) | Self::Used(_) => Some("id"),
            Self::Plan(PlanError::Missing(..) | PlanError::Cycle(_))
            | Self::Waits(_)
            | Self::Unwaited(..) => Some("depends_on"),
            Self::Plan(PlanError::NoCriteria(_)) | Self::Criteria(..) | Self::Demanded(..) => {
                Some("criteria")
            }
            Self::Mention(_) | Self::Payment(_) | Self::Tool(_) | Self::Source(..) | Self::Feed(_) => {
                Some("binding")
            }
            Self::Post(_) | Self::Picture(_) | Self::Clip(_) | Self::Unfunded(_) | Self::Memory(_) => {
                Some("kind")
            }
            Self::Goal(_) => Some("goal"),
            Self::Fixed(_, field) => Some(field),
            Self::Plan(PlanError::Size(_) | PlanError::Depth) | Self::LeftOut(_) => None,
        }
    }
}

impl Proposal {
    /// Checks what a model proposed, before anything is added to it.
    ///
    /// # Errors
    /// The first [`ProposalError`] found.
    pub fn check(&self, brief: &Brief) -> Result<(), ProposalError> {
        self.faults(brief).into_iter().next().map_or(Ok(()), Err)
    }

    /// [J-1] What is wrong with it before anything is added: a plan that nothing could be judged by is no plan, it does
    /// nothing that the brief does not name, and each thing that the brief names by name.
    #[must_use]
    pub fn faults(&self, brief: &Brief) -> Vec<ProposalError> {
        let mut wanted = Wanted::by(brief);
        let mut faults = Vec::new();
        for task in &self.tasks {
            let is_judged_by_itself = matches!(task.kind, TaskKind::Write | TaskKind::Reply);
            if is_judged_by_itself && task.criteria.is_empty() {
                faults.push(PlanError::NoCriteria(task.id.clone()).into());
            }
            faults.extend(wanted.take(task).err());
            if !is_goal(&task.goal) {
                faults.push(ProposalError::Goal(task.id.clone()));
            }
        }
        faults.extend(wanted.left_out().map(ProposalError::LeftOut));
        faults
    }

    /// Whatever a model says of it: [K-4] what the brief names waits for nothing that may come to nothing, and [K-7] what
    /// looks at everything that was published waits for everything that is written. [K-16] What comes first is a model's to say
    /// of clips alone.
    ///
    /// # Errors
    /// [`ProposalError::Memory`] where nothing is written.
    pub fn put_in_order(&mut self) -> Result<(), ProposalError> {
        let is_named = |task: &&mut ProposedTask| matches!(task.kind, TaskKind::Reply | TaskKind::Transact);
        self.tasks.iter_mut().filter(is_named).for_each(|task| task.depends_on.clear());
        let is_other = |task: &&mut ProposedTask| task.kind != TaskKind::Film;
        self.tasks.iter_mut().filter(is_other).for_each(|task| task.priority = Priority::Normal);
        let written: Vec<TaskId> = self.written().cloned().collect();
        for task in self.tasks.iter_mut().filter(|task| task.kind == TaskKind::Remember) {
            if written.is_empty() {
                return Err(ProposalError::Memory(task.id.clone()));
            }
            task.depends_on.clone_from(&written);
        }
        Ok(())
    }

    /// Gives every task a name of its own in this plan version: a task id is used once.
    ///
    /// # Errors
    /// [`crate::InvalidId`]; a defect, for ids of ids are ids.
    pub fn rename(&mut self, number: u32) -> Result<(), crate::InvalidId> {
        let renamed = |id: &TaskId| {
            let short: String = id.as_str().chars().take(56).collect();
            TaskId::new(format!("{short}-p{number}"))
        };
        for task in &mut self.tasks {
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

    /// [K-16] Takes out the clips that nothing pays for; what waited for one waits no more. Gives how many there were.
    pub fn without_unpaid_clips(&mut self, tiers: &VideoTiers) -> usize {
        let is_unpaid = |task: &ProposedTask| task.kind == TaskKind::Film && !tiers.contains_key(&task.id);
        let unpaid = self.tasks.iter().filter(|task| is_unpaid(task)).map(|task| task.id.clone());
        let unpaid: Vec<TaskId> = unpaid.collect();
        self.tasks.retain(|task| !is_unpaid(task));
        for task in &mut self.tasks {
            task.depends_on.retain(|parent| !unpaid.contains(parent));
        }
        unpaid.len()
    }

    /// The tasks that write posts.
    pub(crate) fn written(&self) -> impl Iterator<Item = &TaskId> {
        self.tasks.iter().filter(|task| task.kind == TaskKind::Write).map(|task| &task.id)
    }
}

impl From<&Task> for ProposedTask {
    fn from(task: &Task) -> Self {
        Self {
            id: task.id.clone(),
            kind: task.kind,
            goal: task.goal.clone(),
            depends_on: task.depends_on.clone(),
            binding: task.binding.clone(),
            criteria: task.criteria.clone(),
            priority: task.priority,
        }
    }
}

impl ProposedTask {
    /// Checks criteria that a person has typed; what is demanded anyway needs no check.
    pub(crate) fn check_criteria(&self, demanded: &[Criterion]) -> Result<(), ProposalError> {
        let own: Vec<Criterion> =
            self.criteria.iter().filter(|own| !demanded.contains(own)).cloned().collect();
        check_criteria(&own).map_err(|error| ProposalError::Criteria(self.id.clone(), error))?;
        let is_twice =
            |demanded: &&Criterion| self.criteria.iter().filter(|own| own.id == demanded.id).count() > 1;
        match demanded.iter().find(is_twice) {
            Some(twice) => Err(ProposalError::Demanded(self.id.clone(), twice.id.clone())),
            None => Ok(()),
        }
    }
}

fn is_goal(goal: &str) -> bool {
    let chars = goal.chars().count();
    (1..=limits::TASK_GOAL_CHARS).contains(&chars) && goal.chars().any(is_visible) && is_carriable(goal)
}
