//! A campaign and its brief.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::transition::status;
use crate::{
    AgentId, CampaignId, Check, Criterion, Currency, Digest, IllegalTransition, Mention, Money, TenantId,
    is_carriable, limits,
};

status! {
    /// Where a campaign stands.
    CampaignStatus ("campaign") {
        /// Accepted; the planner has not yet opened a plan.
        Planning = "planning",
        /// A plan waits for the operator's approval.
        AwaitingApproval = "awaiting_approval",
        /// Work goes on.
        Active = "active",
        /// Nothing is dispatched or claimed; results in flight still commit.
        Paused = "paused",
        /// Ended by an operator; approved effects are voided.
        Cancelled = "cancelled",
        /// Every task and effect is final.
        Finished = "finished",
        /// Ended by a limit.
        Stopped = "stopped",
    }
    /// What may happen to a campaign.
    CampaignEvent {
        /// The planner opened the first plan.
        Open = "be opened": { Planning => Active, AwaitingApproval => Active },
        /// The planner drew a plan that an operator must approve.
        Propose = "propose a plan": { Planning => AwaitingApproval },
        /// An operator pauses it.
        Pause = "be paused": { Active => Paused },
        /// An operator resumes it.
        Resume = "be resumed": { Paused => Active },
        /// An operator cancels it.
        Cancel = "be cancelled": { Planning => Cancelled, AwaitingApproval => Cancelled, Active => Cancelled, Paused => Cancelled },
        /// The planner saw that all is final.
        Finish = "be finished": { Active => Finished },
        /// An operator asks for a task of it again.
        Reopen = "be reopened": { Finished => Active, Stopped => Active },
        /// A limit was reached or no plan could be made.
        Stop = "be stopped": { Planning => Stopped, Active => Stopped },
    }
}

impl CampaignStatus {
    /// Whether nothing will happen any more, once cancelled work has been cleared away.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Finished | Self::Stopped)
    }
}

/// What the operator asks for. Wire and row form are the same; [`Brief::check`] makes it safe to act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brief {
    /// The goal in plain words.
    pub goal: String,
    /// The feeds to read: `http(s)` URLs of RSS, Atom or JSON Feed.
    pub feeds: Vec<String>,
    /// How many posts are wanted at most.
    pub posts: u32,
    /// Mentions to answer, each once. A campaign may ask for replies alone: no feeds and 0 posts then.
    #[serde(default)]
    pub replies: Vec<Mention>,
    /// Who pays for the posts, if anybody does: they are labelled then.
    #[serde(default)]
    pub sponsor: Option<String>,
    /// What every post must satisfy.
    #[serde(default)]
    pub criteria: Vec<Criterion>,
    /// Every effect is held until a human has approved this many of the campaign's effects.
    #[serde(default)]
    pub hold_first: u32,
    /// What the campaign may spend in all.
    pub budget: Money,
    /// Seed of everything the offline model chooses.
    #[serde(default)]
    pub seed: u64,
}

/// Why a brief is refused. The operator corrects it; nothing was made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BriefError {
    /// No visible text, or more than the limit.
    #[error("goal must have 1 to {} visible characters", limits::GOAL_CHARS)]
    Goal,
    /// A character that queues or screens cannot carry.
    #[error("{0} holds a control character or noncharacter")]
    Unprintable(&'static str),
    /// No feed where posts are wanted, or too many.
    #[error(
        "feeds must name 1 to {} URLs; none is needed where only replies are wanted",
        limits::FEEDS_PER_CAMPAIGN
    )]
    Feeds,
    /// Not an http(s) URL with a host, or one that carries credentials.
    #[error("feed {0:?} is not an http(s) URL of a host, without credentials")]
    FeedUrl(String),
    /// None, or too many.
    #[error("posts must be 1 to {}, or 0 where replies are wanted", limits::POSTS_PER_CAMPAIGN)]
    Posts,
    /// A task for each feed, each post and each reply are more than a plan holds.
    #[error(
        "{feeds} feeds, {posts} posts and {replies} replies are more than the {max} tasks of a plan",
        max = limits::TASKS_PER_PLAN
    )]
    Tasks {
        /// How many feeds are named.
        feeds: usize,
        /// How many posts are asked for.
        posts: u32,
        /// How many mentions are to be answered.
        replies: usize,
    },
    /// Too many to answer in one campaign.
    #[error("replies must be at most {}", limits::REPLIES_PER_CAMPAIGN)]
    Replies,
    /// A mention that cannot be answered, or the same one twice.
    #[error(
        "reply {0:?} must have a unique id of 1 to {ids} letters, digits, - and _, an author of 1 to {names} such characters, and a text of 1 to {chars} characters",
        ids = limits::MENTION_ID_CHARS, names = limits::ACCOUNT_CHARS, chars = limits::MENTION_CHARS
    )]
    Mention(String),
    /// A sponsor whom no label could name.
    #[error("sponsor must have 1 to {} characters on one line", limits::SPONSOR_CHARS)]
    Sponsor,
    /// A language by something else than its code.
    #[error("criterion {0:?} must name a language by its ISO 639-1 code, such as en")]
    Language(String),
    /// Nothing could ever be spent.
    #[error("budget must be more than zero")]
    Budget,
    /// Two criteria share an id, or one is empty.
    #[error("criterion {0:?} must have a unique id of 1 to 64 characters and a text")]
    Criterion(String),
    /// More of them than a task can carry.
    #[error("criteria must have at most {} bytes in all", limits::CRITERIA_BYTES)]
    Criteria,
}

impl Brief {
    /// Checks the brief as a whole.
    ///
    /// # Errors
    /// The first [`BriefError`] found.
    pub fn check(&self) -> Result<(), BriefError> {
        let visible = self.goal.chars().filter(|c| is_visible(*c)).count();
        if visible == 0 || self.goal.chars().count() > limits::GOAL_CHARS {
            return Err(BriefError::Goal);
        }
        if !is_carriable(&self.goal) {
            return Err(BriefError::Unprintable("goal"));
        }
        let needs_feeds = self.posts > 0 || self.replies.is_empty();
        if (self.feeds.is_empty() && needs_feeds) || self.feeds.len() > limits::FEEDS_PER_CAMPAIGN {
            return Err(BriefError::Feeds);
        }
        if let Some(bad) = self.feeds.iter().find(|feed| !is_http_url(feed)) {
            return Err(BriefError::FeedUrl(bad.clone()));
        }
        let wants_nothing = self.posts == 0 && self.replies.is_empty();
        if wants_nothing || self.posts > limits::POSTS_PER_CAMPAIGN {
            return Err(BriefError::Posts);
        }
        self.check_replies()?;
        let is_nameable = |name: &String| {
            let length = name.trim().chars().count();
            (1..=limits::SPONSOR_CHARS).contains(&length) && !name.contains('\n') && is_carriable(name)
        };
        if !self.sponsor.iter().all(is_nameable) {
            return Err(BriefError::Sponsor);
        }
        self.check_size()?;
        if self.budget.minor() == 0 {
            return Err(BriefError::Budget);
        }
        self.check_criteria()
    }

    /// [P-10] One task reads each feed, one writes each post and one each reply.
    fn check_size(&self) -> Result<(), BriefError> {
        let (feeds, posts, replies) = (self.feeds.len(), self.posts, self.replies.len());
        let fits =
            usize::try_from(posts).is_ok_and(|posts| feeds + posts + replies <= limits::TASKS_PER_PLAN);
        if fits { Ok(()) } else { Err(BriefError::Tasks { feeds, posts, replies }) }
    }

    /// [H-4] Ids become parts of keys, so they are plain; the text is data and only bounded.
    fn check_replies(&self) -> Result<(), BriefError> {
        if self.replies.len() > limits::REPLIES_PER_CAMPAIGN {
            return Err(BriefError::Replies);
        }
        let is_plain = |name: &str, most: usize| {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            (1..=most).contains(&name.len()) && name.chars().all(fits)
        };
        let mut seen = std::collections::BTreeSet::new();
        let is_answerable = |mention: &Mention| {
            is_plain(&mention.id, limits::MENTION_ID_CHARS)
                && is_plain(&mention.author, limits::ACCOUNT_CHARS)
                && mention.text.chars().any(is_visible)
                && mention.text.chars().count() <= limits::MENTION_CHARS
                && is_carriable(&mention.text)
        };
        match self.replies.iter().find(|mention| !is_answerable(mention) || !seen.insert(mention.id.as_str()))
        {
            Some(bad) => Err(BriefError::Mention(bad.id.chars().take(limits::MENTION_ID_CHARS).collect())),
            None => Ok(()),
        }
    }

    fn check_criteria(&self) -> Result<(), BriefError> {
        let mut seen = std::collections::BTreeSet::new();
        for criterion in &self.criteria {
            let named = (1..=64).contains(&criterion.id.len()) && !criterion.text.trim().is_empty();
            if !named || !seen.insert(&criterion.id) {
                return Err(BriefError::Criterion(criterion.id.clone()));
            }
            if !is_carriable(&criterion.text) || !is_carriable(&criterion.id) {
                return Err(BriefError::Unprintable("criterion"));
            }
            let is_code = |code: &str| code.len() == 2 && code.chars().all(|c| c.is_ascii_lowercase());
            if matches!(&criterion.check, Check::Language(code) if !is_code(code)) {
                return Err(BriefError::Language(criterion.id.clone()));
            }
        }
        let bytes = serde_json::to_vec(&self.criteria).map_or(usize::MAX, |json| json.len());
        if bytes > limits::CRITERIA_BYTES { Err(BriefError::Criteria) } else { Ok(()) }
    }
}

fn is_visible(c: char) -> bool {
    let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}');
    !(c.is_whitespace() || c.is_control() || hidden)
}

fn is_http_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let printable = text.bytes().all(|b| b.is_ascii_graphic());
    printable && text.len() <= 2_048 && !authority.is_empty() && !authority.contains('@')
}

/// A campaign (row `META`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: CampaignId,
    /// The agent that works for it.
    pub agent: AgentId,
    /// What was asked.
    pub brief: Brief,
    /// Digest of the request that made it, to tell a replay from a clash.
    pub request: Digest,
    /// Where it stands.
    pub status: CampaignStatus,
    /// Raised by every re-plan.
    pub revision: u32,
    /// The newest plan's number; 0 before the first.
    pub plan: u32,
    /// W3C trace id that everything done for it is found under: 32 hex digits.
    pub trace: String,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When the clock looks at it next; none while paused and when over.
    pub due_at: Option<Timestamp>,
    /// When the clock last swept its rows.
    pub swept_at: Timestamp,
    /// Why it was stopped or cancelled, for people.
    pub reason: Option<String>,
}

impl Campaign {
    /// The currency it is budgeted in.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.brief.budget.currency()
    }

    /// [P-11] The campaign in which there is something to do again: at work where it had ended, and due unless it is
    /// paused.
    ///
    /// # Errors
    /// [`IllegalTransition`] where it was cancelled.
    pub fn taken_up(&self, now: Timestamp) -> Result<Self, IllegalTransition> {
        let mut taken = self.clone();
        if self.status.is_over() {
            taken.status = self.status.next(CampaignEvent::Reopen)?;
            taken.finished_at = None;
            taken.reason = None;
        }
        taken.due_at = (taken.status != CampaignStatus::Paused).then_some(now);
        Ok(taken)
    }
}
