//! A task: one piece of work for one worker.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::transition::status;
use crate::{
    AgentId, CampaignId, Criterion, Digest, EffectId, Flag, IllegalTransition, Money, PaymentOrder, Persona,
    Picture, ResultId, ReviewId, Source, TaskId, TenantId, Usage, Verdict, VideoTier, WorkOutcome, limits,
};

status! {
    /// Where a task stands. The fence is (open, attempt): only a result of that attempt commits, and only then.
    TaskStatus ("task") {
        /// Waits for the tasks it depends on.
        Blocked = "blocked",
        /// A worker may answer this attempt.
        Open = "open",
        /// Its result waits for a human.
        Held = "held",
        /// The Judge refused this attempt; the planner answers with the next one.
        Rejected = "rejected",
        /// Its result is committed.
        Approved = "approved",
        /// It could not be done within its tries.
        Failed = "failed",
        /// The plan no longer wants it.
        Dropped = "dropped",
    }
    /// What may happen to a task.
    TaskEvent {
        /// Its inputs are there.
        Release = "be released": { Blocked => Open },
        /// The Judge approves this attempt.
        Approve = "be approved": { Open => Approved, Held => Approved },
        /// The Judge asks a human.
        Hold = "be held": { Open => Held, Held => Held },
        /// The Judge, or a human, refuses this attempt.
        Reject = "be rejected": { Open => Rejected, Held => Rejected },
        /// The planner gives it another attempt.
        Retry = "be retried": { Rejected => Open, Failed => Open },
        /// A re-plan changes it: same task, next attempt.
        Change = "be changed": { Open => Open, Held => Open, Rejected => Open, Blocked => Blocked },
        /// It cannot be done.
        Fail = "fail": { Open => Failed, Rejected => Failed, Held => Failed, Blocked => Failed },
        /// The plan or a cancel drops it.
        Drop = "be dropped": { Blocked => Dropped, Open => Dropped, Held => Dropped, Rejected => Dropped },
    }
}

impl TaskStatus {
    /// Whether the task will not change any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Approved | Self::Failed | Self::Dropped)
    }
}

/// What kind of work it is; each kind has one skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Read a feed and note usable sources: an artifact.
    Research,
    /// Write a post about one source: an intent to publish it.
    Write,
    /// Answer one mention: an intent to publish the answer.
    Reply,
    /// Make a picture for one source's post: an artifact.
    Illustrate,
    /// Make a clip for one source's post: an artifact.
    Film,
    /// Propose one payment that the brief orders: an intent to make it.
    Transact,
    /// Look at what was published and propose to remember what worked: an intent to keep it.
    Remember,
}

impl TaskKind {
    /// The kind as rows and screens spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Research => "research",
            Self::Write => "write",
            Self::Reply => "reply",
            Self::Illustrate => "illustrate",
            Self::Film => "film",
            Self::Transact => "transact",
            Self::Remember => "remember",
        }
    }

    /// [K-1] Whether its result acts on the world: it must have acceptance criteria then.
    #[must_use]
    pub fn acts(self) -> bool {
        matches!(self, Self::Write | Self::Reply | Self::Transact | Self::Remember)
    }

    /// [K-3] Whether it makes what goes out with one post, which does without where it cannot be had.
    #[must_use]
    pub fn is_for_a_post(self) -> bool {
        matches!(self, Self::Illustrate | Self::Film)
    }

    /// [K-2] What the models and tools of one attempt cost at most, in minor units of the campaign's currency. Of a clip
    /// its task knows better: [`Task::attempt_cost`].
    #[must_use]
    pub fn attempt_cost(self) -> i64 {
        match self {
            Self::Illustrate => limits::ILLUSTRATE_COST_MINOR,
            Self::Film => limits::FILM_COST_MINOR,
            Self::Research | Self::Write | Self::Reply | Self::Transact | Self::Remember => {
                limits::ATTEMPT_COST_MINOR
            }
        }
    }
}

/// Which task queue carries it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Served first (NFR3.1).
    High,
    /// Everything else.
    #[default]
    Normal,
}

/// Where a task's input comes from; resolved by the planner when it opens the task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Binding {
    /// A feed named by the brief.
    Feed {
        /// Its URL, or the address of the tool that stands for it (see [`crate::ToolFeed`]).
        url: String,
        /// How many sources are wanted from it.
        want: u32,
    },
    /// The `index`-th source of another task's committed notes.
    SourceOf {
        /// The task whose notes are meant.
        task: TaskId,
        /// Which of its sources, from 0.
        index: u32,
    },
    /// Articles of the news server, by id: what a trend consists of.
    Articles {
        /// Their ids, the newest first.
        ids: Vec<String>,
    },
    /// Something that somebody said to the agent.
    Mention {
        /// It.
        mention: Mention,
    },
    /// A payment that the brief orders.
    Payment {
        /// It.
        order: PaymentOrder,
    },
    /// Everything that the campaign has published.
    Campaign,
}

impl Binding {
    /// The payment that is ordered, if it is one.
    #[must_use]
    pub fn into_order(self) -> Option<PaymentOrder> {
        match self {
            Self::Payment { order } => Some(order),
            _ => None,
        }
    }
}

/// Something that the agent published, as the effect that did it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The platform's id of it.
    pub post_id: String,
    /// Where it can be seen, if anywhere.
    pub url: Option<String>,
    /// What it says.
    pub text: String,
    /// The task that wrote it.
    pub task: TaskId,
    /// The flags that were seen when it was approved: nobody is asked about the same of the same words twice.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub flags: BTreeSet<Flag>,
}

/// Something that somebody said to the agent. Text from outside: data, never instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mention {
    /// The platform's id of it.
    pub id: String,
    /// Who said it, by account name.
    pub author: String,
    /// What was said.
    pub text: String,
}

/// What the Judge committed for a task. The result's own words stay here, with the digest of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// Which answer it was.
    pub result: ResultId,
    /// What was answered.
    pub outcome: WorkOutcome,
    /// Digest of the approved bytes.
    pub digest: Digest,
    /// What the Judge found.
    pub verdict: Verdict,
    /// What making it used: the committed attempt's models and tools.
    #[serde(default)]
    pub usage: Option<Usage>,
}

/// A task (row `TASK#<id>`). It is also the worker's whole input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its id, unique within the campaign.
    pub id: TaskId,
    /// Who speaks.
    pub agent: AgentId,
    /// What kind of work. Stored as `work`: a row's own tag is already called `kind`.
    #[serde(rename = "work")]
    pub kind: TaskKind,
    /// Which plan version last changed it.
    pub plan: u32,
    /// Its place among the plan's tasks, from 0: the offline model's variety comes from it.
    pub ordinal: u32,
    /// Which queue.
    pub priority: Priority,
    /// Where it stands.
    pub status: TaskStatus,
    /// The fence number; only a re-plan, a retry or a redrive raises it.
    pub attempt: u32,
    /// How often the Judge rejected it.
    pub tries: u32,
    /// What to do, for the worker.
    pub goal: String,
    /// Seed of the offline model's choices.
    pub seed: u64,
    /// Tasks that must be approved, and their effects done, first.
    pub depends_on: Vec<TaskId>,
    /// What a result must satisfy.
    pub criteria: Vec<Criterion>,
    /// Who speaks, as far as the work needs it.
    pub persona: Persona,
    /// Where its input comes from.
    pub binding: Binding,
    /// What is paid for its clip (film tasks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<VideoTier>,
    /// The bound source, once open (write, illustrate and film tasks).
    pub source: Option<Source>,
    /// Pictures, or the clip, that the tasks it depends on have made, once open (write tasks).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Picture>,
    /// What the campaign has published, once open (remember tasks).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Published>,
    /// Whether its worker asks what the agent remembers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recall: bool,
    /// What the Judge or a human said about earlier attempts, oldest first.
    pub feedback: Vec<String>,
    /// The task whose place it takes, which was refused too often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternative_to: Option<TaskId>,
    /// [J-7] Whether nothing comes after this attempt: what is not good enough is a human's to decide then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last_resort: bool,
    /// When this attempt was opened.
    pub opened_at: Option<Timestamp>,
    /// What was committed.
    pub committed: Option<Committed>,
    /// The effect its approval made.
    pub effect: Option<EffectId>,
    /// The review that holds or held it.
    pub review: Option<ReviewId>,
    /// Operating cost so far: models and tools, all attempts.
    pub cost: Money,
    /// Why it failed or was dropped, for people.
    pub reason: Option<String>,
}

/// How a reviewer's words begin.
const REVIEWER: &str = "reviewer: ";

impl Task {
    /// [K-2] What the models and tools of one attempt cost at most, in minor units of the campaign's currency.
    #[must_use]
    pub fn attempt_cost(&self) -> i64 {
        match (self.kind, self.tier) {
            (TaskKind::Film, Some(tier)) => tier.attempt_cost(),
            (kind, _) => kind.attempt_cost(),
        }
    }

    /// The task as a row that waits, before it is written for the first time: the planner opens it when its turn comes.
    #[must_use]
    pub fn waiting(self) -> Self {
        Self { status: TaskStatus::Blocked, opened_at: None, ..self }
    }

    /// [P-11] The next attempt, with fresh tries, as a person asks for it. Only a failed task has none coming by itself.
    ///
    /// # Errors
    /// [`IllegalTransition`] from any other status.
    pub fn retried(&self, now: Timestamp) -> Result<Self, IllegalTransition> {
        if self.status != TaskStatus::Failed {
            let (from, event) = (self.status.name(), TaskEvent::Retry.name());
            return Err(IllegalTransition { what: "task", from, event });
        }
        Ok(Self {
            status: self.status.next(TaskEvent::Retry)?,
            attempt: self.attempt + 1,
            tries: 0,
            last_resort: false,
            opened_at: Some(now),
            review: None,
            reason: None,
            ..self.clone()
        })
    }

    /// What a reviewer said of an attempt, as its feedback. No rule's reason begins like it.
    #[must_use]
    pub fn said_by_reviewer(comment: Option<&str>) -> String {
        format!("{REVIEWER}{}", comment.unwrap_or("no comment"))
    }

    /// Whether the last word about it is a reviewer's.
    #[must_use]
    pub fn has_reviewers_word(&self) -> bool {
        self.feedback.last().is_some_and(|feedback| feedback.starts_with(REVIEWER))
    }
}
