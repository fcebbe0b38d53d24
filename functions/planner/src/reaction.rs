//! What open signals call for: pure, so that it can be read and tested as a table.

use std::cmp::Reverse;

use chimera_domain::{
    Binding, Confidence, Criterion, Money, PlanCause, Policy, Priority, React, Seen, Signal, SignalStatus,
    Stored, Task, TaskId, TaskKind, TaskStatus, Timestamp, limits,
};

use crate::draft::{Drafting, ProposedTask};
use crate::operating::{self, Operating};
use crate::replan::{Changes, SignalAnswer};
use crate::view::View;

/// Rows that one version may change for signals: each may bring its task's review and effect along.
const OPS: usize = 60;

/// A task's goal holds this much of the campaign's, in characters: every row and message carries it.
const GOAL_CHARS: usize = 300;

/// [PE-5] Whether the campaign still watches the world: it has not reacted as often as it may, and its time is not over.
pub(crate) fn is_watching(view: &View, now: Timestamp) -> bool {
    let campaign = &view.campaign.row;
    campaign.brief.react.as_ref().is_some_and(|react| {
        let watched_s = now.duration_since(campaign.created_at).as_secs();
        let Answered { mentions, trends } = Answered::of(view);
        let is_left = mentions < react.mentions || trends < react.trends;
        is_left && watched_s < i64::from(react.for_s)
    })
}

/// Signals that plan versions have answered, by what they are about.
#[derive(Debug, Clone, Copy, Default)]
struct Answered {
    mentions: u32,
    trends: u32,
}

impl Answered {
    fn of(view: &View) -> Self {
        let mut answered = Self::default();
        let ended = view.signals.iter().filter(|signal| signal.row.status == SignalStatus::Answered);
        ended.for_each(|signal| *answered.count(&signal.row.seen) += 1);
        answered
    }

    fn count(&mut self, seen: &Seen) -> &mut u32 {
        match seen {
            Seen::Mention { .. } => &mut self.mentions,
            Seen::Trend { .. } => &mut self.trends,
        }
    }
}

/// [PE-4] What the open signals call for, as many as fit one version; none where none is open.
pub(crate) fn to_signals(view: &View, drafting: &Drafting<'_>, policy: &Policy) -> Option<Changes> {
    let mut open: Vec<&Stored<Signal>> =
        view.signals.iter().filter(|signal| signal.row.status == SignalStatus::Open).collect();
    if open.is_empty() {
        return None;
    }
    // People before news, and what matters most first.
    open.sort_by_key(|signal| {
        let Signal { seen, relevance, seen_at, id, .. } = &signal.row;
        (matches!(seen, Seen::Trend { .. }), Reverse(*relevance), *seen_at, id)
    });
    let mut reaction = Reaction::new(view, drafting, policy);
    for signal in open {
        if reaction.ops >= OPS {
            break;
        }
        reaction.take(&signal.row);
    }
    Some(reaction.changes())
}

/// [PE-4] What becomes of signals that nobody has answered when their campaign is over.
pub(crate) fn too_late(view: &View) -> Changes {
    let open = view.signals.iter().filter(|signal| signal.row.status == SignalStatus::Open);
    let reason = format!("the campaign is {}", view.campaign.row.status);
    let ignored = open.map(|signal| (signal.row.id.clone(), SignalAnswer::Ignored(reason.clone())));
    Changes { signals: ignored.take(limits::OPS_PER_TRANSACTION).collect(), ..Changes::default() }
}

/// A plan version in the making.
struct Reaction<'a> {
    view: &'a View,
    drafting: &'a Drafting<'a>,
    policy: &'a Policy,
    react: Option<&'a React>,
    operating: Operating,
    answered: Answered,
    /// Tasks that the plan has room for.
    room: usize,
    ops: usize,
    changes: Changes,
    reasons: Vec<String>,
}

impl<'a> Reaction<'a> {
    fn new(view: &'a View, drafting: &'a Drafting<'a>, policy: &'a Policy) -> Self {
        let react = view.campaign.row.brief.react.as_ref();
        let live = view.tasks.values().filter(|task| !task.row.status.is_final()).count();
        Self {
            view,
            drafting,
            policy,
            react,
            operating: Operating::of(view, policy.caps.operating),
            answered: Answered::of(view),
            room: limits::TASKS_PER_PLAN.saturating_sub(live),
            ops: 0,
            changes: Changes { cause: PlanCause::Signals, ..Changes::default() },
            reasons: Vec::new(),
        }
    }

    /// Answers the signal, or notes why nothing follows from it.
    fn take(&mut self, signal: &Signal) {
        let answer = match self.wanted(signal).and_then(|proposed| self.afford(proposed)) {
            Ok(tasks) => {
                *self.answered.count(&signal.seen) += 1;
                self.room -= tasks.len();
                self.ops += tasks.len();
                self.reasons.push(told(signal));
                if matches!(signal.seen, Seen::Trend { .. }) {
                    self.make_room(&tasks, &signal.why);
                }
                self.changes.added.extend(tasks);
                SignalAnswer::Answered
            }
            Err(reason) => SignalAnswer::Ignored(reason),
        };
        self.ops += 1;
        self.changes.signals.push((signal.id.clone(), answer));
    }

    /// The tasks that the signal calls for; else why there are none, for people.
    fn wanted(&self, signal: &Signal) -> Result<Vec<ProposedTask>, String> {
        let Some(react) = self.react else { return Err("the brief does not react to anything".to_owned()) };
        let (seen, most) = (&signal.seen, react.most(&signal.seen));
        if most == 0 {
            return Err(format!("the brief does not react to {}s", seen.name()));
        }
        if *self.answered.clone().count(seen) >= most {
            return Err(format!(
                "the campaign has reacted to {}s as often as it may, {most} times",
                seen.name()
            ));
        }
        let proposed = match seen {
            Seen::Mention { mention, .. } if self.is_answered(&mention.id) => {
                Err("a task answers this mention already".to_owned())
            }
            // Better now than once every reply has been refused.
            Seen::Mention { .. } if !self.policy.ai_replies_approved => {
                Err("the policy does not declare ai_replies_approved".to_owned())
            }
            Seen::Mention { mention, .. } => Ok(vec![ProposedTask {
                id: self.named("reply", signal)?,
                kind: TaskKind::Reply,
                goal: self.goal("Answer the mention."),
                depends_on: Vec::new(),
                binding: Binding::Mention { mention: mention.clone() },
                criteria: Criterion::for_replies(),
                priority: Priority::High,
            }]),
            Seen::Trend { articles, .. } => self.about_trend(signal, articles),
        }?;
        if proposed.len() > self.room {
            return Err(format!(
                "the plan has {} tasks under way, as many as it may",
                limits::TASKS_PER_PLAN
            ));
        }
        Ok(proposed)
    }

    /// [PE-3] A trend is read about before it is written about, so that the Judge finds what the post claims.
    fn about_trend(&self, signal: &Signal, articles: &[String]) -> Result<Vec<ProposedTask>, String> {
        let research = self.named("research", signal)?;
        let ids: Vec<String> = articles.iter().take(limits::ARTICLES_PER_TASK).cloned().collect();
        let write = ProposedTask {
            id: self.named("write", signal)?,
            kind: TaskKind::Write,
            goal: self.goal("Write one post about the source, which is news."),
            depends_on: vec![research.clone()],
            binding: Binding::SourceOf { task: research.clone(), index: 0 },
            criteria: Criterion::for_posts(&self.view.campaign.row.brief.criteria),
            priority: Priority::High,
        };
        let research = ProposedTask {
            id: research,
            kind: TaskKind::Research,
            goal: self.goal("Read what is new."),
            depends_on: Vec::new(),
            binding: Binding::Articles { ids },
            criteria: Criterion::for_notes(),
            priority: Priority::High,
        };
        Ok(vec![research, write])
    }

    /// [M-12] The tasks as rows, where what they may cost can be set aside; else why not.
    fn afford(&mut self, proposed: Vec<ProposedTask>) -> Result<Vec<Task>, String> {
        let zero = Money::zero(self.view.campaign.row.currency());
        let estimate = operating::estimate(zero, proposed.iter().map(|task| task.kind.attempt_cost()));
        let mut operating = self.operating.clone();
        operating.open(estimate)?;
        self.operating = operating;
        let first = self.view.next_ordinal() + self.changes.added.len();
        let rows = proposed.into_iter().enumerate();
        Ok(rows.map(|(at, task)| self.drafting.task_row(first + at, task)).collect())
    }

    /// A post that was not planned takes the place of the planned one that is furthest from being done; what looks at
    /// everything that is published waits for it as well.
    fn make_room(&mut self, added: &[Task], why: &str) {
        let written: Vec<TaskId> =
            added.iter().filter(|task| task.kind == TaskKind::Write).map(|task| task.id.clone()).collect();
        let is_dropped = |id: &TaskId| self.changes.dropped.iter().any(|(dropped, _)| dropped == id);
        let planned = self.view.tasks.values().map(|stored| &stored.row).filter(|task| {
            task.kind == TaskKind::Write && task.priority == Priority::Normal && !is_dropped(&task.id)
        });
        let least = planned
            .filter_map(|task| Some((nearness(task.status)?, Reverse(task.ordinal), task)))
            .min_by_key(|(nearness, ordinal, _)| (*nearness, *ordinal));
        if let Some((_, _, task)) = least {
            let picture = self.view.tasks.values().map(|stored| &stored.row).find(|other| {
                other.kind.is_for_a_post()
                    && task.depends_on.contains(&other.id)
                    && !other.status.is_final()
                    && !is_dropped(&other.id)
            });
            for task in picture.into_iter().chain([task]) {
                self.changes.dropped.push((task.id.clone(), format!("gives way to news: {why}")));
                self.ops += 3;
            }
        }
        for task in self.view.blocked(TaskKind::Remember) {
            self.changes.wait_for(&task.id, &written);
            self.ops += 1;
        }
    }

    fn is_answered(&self, mention: &str) -> bool {
        let is_it =
            |task: &Task| matches!(&task.binding, Binding::Mention { mention: bound } if bound.id == mention);
        self.view.tasks.values().any(|task| is_it(&task.row)) || self.changes.added.iter().any(is_it)
    }

    /// The task's id, of the signal that it answers: another look at the same signal names the same task. One that somebody
    /// has given away can never be inserted.
    fn named(&self, what: &str, signal: &Signal) -> Result<TaskId, String> {
        let id = TaskId::new(format!("{what}-{}", signal.id)).map_err(|error| error.to_string())?;
        if self.view.tasks.contains_key(&id) { Err(format!("there is a task {id} already")) } else { Ok(id) }
    }

    fn goal(&self, first: &str) -> String {
        let goal: String = self.view.campaign.row.brief.goal.trim().chars().take(GOAL_CHARS).collect();
        format!("{first} {goal}")
    }

    fn changes(self) -> Changes {
        let reason = match self.reasons.as_slice() {
            [] => "signals from which nothing follows".to_owned(),
            [one] => one.clone(),
            [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
        };
        Changes { reason, ..self.changes }
    }
}

/// How near a planned post is to being done; none where it cannot, or need not, give way.
fn nearness(status: TaskStatus) -> Option<u8> {
    match status {
        TaskStatus::Blocked => Some(0),
        TaskStatus::Rejected => Some(1),
        TaskStatus::Open => Some(2),
        TaskStatus::Held => Some(3),
        TaskStatus::Approved | TaskStatus::Failed | TaskStatus::Dropped => None,
    }
}

/// The signal in one line, without the words of whoever was heard: they are data, and reasons are read everywhere.
fn told(signal: &Signal) -> String {
    let Signal { seen, relevance, .. } = signal;
    match seen {
        Seen::Mention { mention, asks: true, .. } => {
            format!("{} asks something ({})", mention.author, share(*relevance))
        }
        Seen::Mention { mention, .. } => format!("{} says something ({})", mention.author, share(*relevance)),
        Seen::Trend { sources, terms, .. } => {
            let terms: Vec<&str> = terms.iter().take(3).map(String::as_str).collect();
            format!("{} sources write about {} ({})", sources.len(), terms.join(", "), share(*relevance))
        }
    }
}

fn share(relevance: Confidence) -> String {
    format!("relevance {relevance}")
}
