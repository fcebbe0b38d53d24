//! What an operator asks of a campaign.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::feed::{ToolFeed, ToolFeedError, is_http_url};
use crate::{Check, Criterion, Mention, Money, PlanMode, React, ReactError, is_carriable, limits};

/// What the operator asks for. Wire and row form are the same; [`Brief::check`] makes it safe to act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brief {
    /// The goal in plain words.
    pub goal: String,
    /// The feeds to read: `http(s)` URLs of RSS, Atom or JSON Feed, and read tools of other people's servers as
    /// `mcp://<server>/<tool>?<argument>=<value>&…` (see [`ToolFeed`]).
    pub feeds: Vec<String>,
    /// How many posts are wanted at most.
    pub posts: u32,
    /// Mentions to answer, each once. A campaign may ask for replies alone: no feeds and 0 posts then.
    #[serde(default)]
    pub replies: Vec<Mention>,
    /// How many of the posts, from the first, get a picture of their own.
    #[serde(default)]
    pub illustrations: u32,
    /// How many of the posts after those get a clip of their own.
    #[serde(default, skip_serializing_if = "is_none")]
    pub films: u32,
    /// Payments to propose, each once. A campaign may consist of payments alone: no feeds and 0 posts then.
    #[serde(default)]
    pub payments: Vec<PaymentOrder>,
    /// Whether the agent looks at what was published in the end and keeps what worked, and its writers are told what it
    /// remembers.
    #[serde(default)]
    pub remember: bool,
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
    /// What it reacts to while it goes on, if to anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub react: Option<React>,
    /// Who opens the first plan.
    #[serde(default, skip_serializing_if = "PlanMode::is_automatic")]
    pub plan: PlanMode,
    /// Rounds at most: where the goal is not met at the end of one, another is planned.
    #[serde(default = "one_round", skip_serializing_if = "is_one_round")]
    pub rounds: u32,
    /// Seed of everything the offline model chooses.
    #[serde(default)]
    pub seed: u64,
}

fn one_round() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one_round(rounds: &u32) -> bool {
    *rounds == 1
}

/// A payment that an operator orders. The task that proposes it, the Judge and the policy's limits come before any money
/// moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentOrder {
    /// Who is paid: `0x` and 40 hex digits.
    pub recipient: String,
    /// The name people know them by.
    pub name: String,
    /// How much, in the budget's currency.
    pub amount: Money,
    /// What for: goes out with the payment.
    pub reason: String,
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
        "feeds must name 1 to {} URLs; none is needed where no posts are wanted",
        limits::FEEDS_PER_CAMPAIGN
    )]
    Feeds,
    /// Neither an http(s) URL with a host and without credentials, nor a tool's address.
    #[error("feed {0:?} is neither an http(s) URL of a host, without credentials, nor mcp://<server>/<tool>")]
    FeedUrl(String),
    /// A tool's address that cannot be read.
    #[error("a feed that names a tool: {why}; given {feed:?}")]
    ToolFeed {
        /// The feed as it was given.
        feed: String,
        /// What is wrong with it.
        #[source]
        why: ToolFeedError,
    },
    /// None, or too many.
    #[error("posts must be 1 to {}, or 0 where replies or payments are wanted", limits::POSTS_PER_CAMPAIGN)]
    Posts,
    /// A picture without a post.
    #[error("illustrations must be at most the number of posts, {0}")]
    Illustrations(u32),
    /// A clip without a post, or for one that has a picture.
    #[error("illustrations and films together must be at most the number of posts, {0}")]
    Films(u32),
    /// A task for everything that is asked for is more than a plan holds.
    #[error("{wanted} are more than the {max} tasks of a plan", max = limits::TASKS_PER_PLAN)]
    Tasks {
        /// What is asked for, in words.
        wanted: String,
    },
    /// Too many payments in one campaign.
    #[error("payments must be at most {}", limits::PAYMENTS_PER_CAMPAIGN)]
    Payments,
    /// A payment that cannot be proposed. Which one counts from 1.
    #[error("payment {at}: {why}")]
    Payment {
        /// Which one.
        at: usize,
        /// What is wrong with it.
        #[source]
        why: PaymentError,
    },
    /// Nothing is published that could be looked at.
    #[error("remember needs posts: there is nothing to look at without one")]
    Remember,
    /// Too many to answer in one campaign.
    #[error("replies must be at most {}", limits::REPLIES_PER_CAMPAIGN)]
    Replies,
    /// A mention that cannot be answered, or the same one twice.
    #[error(
        "reply {0:?} must have a unique id of 1 to {ids} letters, digits, - and _, an author of 1 to {names} such characters, and a text of 1 to {chars} characters",
        ids = limits::MENTION_ID_CHARS, names = limits::ACCOUNT_CHARS, chars = limits::MENTION_CHARS
    )]
    Mention(String),
    /// It cannot react like that.
    #[error(transparent)]
    React(#[from] ReactError),
    /// None, or too many.
    #[error("rounds must be 1 to {}", limits::ROUNDS_PER_CAMPAIGN)]
    Rounds,
    /// A sponsor whom no label could name.
    #[error("sponsor must have 1 to {} characters on one line", limits::SPONSOR_CHARS)]
    Sponsor,
    /// What every post must satisfy cannot be a payment.
    #[error("criterion {0:?} is about a payment; a payment's own criterion is its order")]
    NotForPosts(String),
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

/// What is wrong with an ordered payment. The operator corrects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PaymentError {
    /// No address.
    #[error("recipient must be 0x and 40 hex digits")]
    Recipient,
    /// Nothing would be paid.
    #[error("amount must be more than zero")]
    Nothing,
    /// Chimera never converts.
    #[error("amount must be in the currency of the budget")]
    Currency,
    /// No name, or one that no line could carry.
    #[error(
        "name must have 1 to {} characters on one line, none that turns its direction",
        limits::PAYEE_CHARS
    )]
    Name,
    /// No reason, or one that no line could carry.
    #[error(
        "reason must have 1 to {} characters on one line, none that turns its direction",
        limits::PAYMENT_REASON_CHARS
    )]
    Reason,
    /// The same payment again.
    #[error("the same recipient is paid for the same reason twice")]
    Twice,
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
        let wants_more = !self.replies.is_empty() || !self.payments.is_empty();
        let needs_feeds = self.posts > 0 || !wants_more;
        if (self.feeds.is_empty() && needs_feeds) || self.feeds.len() > limits::FEEDS_PER_CAMPAIGN {
            return Err(BriefError::Feeds);
        }
        self.check_feeds()?;
        if (self.posts == 0 && !wants_more) || self.posts > limits::POSTS_PER_CAMPAIGN {
            return Err(BriefError::Posts);
        }
        if self.illustrations > self.posts {
            return Err(BriefError::Illustrations(self.posts));
        }
        if self.films > self.posts.saturating_sub(self.illustrations) {
            return Err(BriefError::Films(self.posts));
        }
        if self.remember && self.posts == 0 {
            return Err(BriefError::Remember);
        }
        self.check_replies()?;
        if let Some(react) = &self.react {
            react.check()?;
        }
        if !(1..=limits::ROUNDS_PER_CAMPAIGN).contains(&self.rounds) {
            return Err(BriefError::Rounds);
        }
        if !self.sponsor.iter().all(|name| is_line(name.trim(), limits::SPONSOR_CHARS)) {
            return Err(BriefError::Sponsor);
        }
        self.check_size()?;
        if self.budget.minor() == 0 {
            return Err(BriefError::Budget);
        }
        self.check_payments()?;
        check_criteria(&self.criteria)
    }

    /// [K-12] Whether there is such a tool, and whether it may be called, is configuration's to say when it is called.
    fn check_feeds(&self) -> Result<(), BriefError> {
        for feed in &self.feeds {
            match ToolFeed::of(feed) {
                Ok(Some(_)) => {}
                Ok(None) if is_http_url(feed) => {}
                Ok(None) => return Err(BriefError::FeedUrl(feed.clone())),
                Err(why) => return Err(BriefError::ToolFeed { feed: feed.clone(), why }),
            }
        }
        Ok(())
    }

    /// [P-10] One task reads each feed, and one each writes a post, illustrates or films it, writes a reply, proposes a
    /// payment and remembers.
    fn check_size(&self) -> Result<(), BriefError> {
        let counted = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let parts = [
            (self.feeds.len(), "feeds"),
            (counted(self.posts), "posts"),
            (counted(self.illustrations), "illustrations"),
            (counted(self.films), "films"),
            (self.replies.len(), "replies"),
            (self.payments.len(), "payments"),
            (usize::from(self.remember), "remember task"),
        ];
        let sum = parts.iter().fold(0_usize, |sum, (count, _)| sum.saturating_add(*count));
        if sum <= limits::TASKS_PER_PLAN {
            return Ok(());
        }
        let named = parts.iter().filter(|(count, _)| *count > 0);
        let wanted = named.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ");
        Err(BriefError::Tasks { wanted })
    }

    /// [K-4] Who is paid is an address and nothing else; name and reason go out with the payment or stand on a reviewer's
    /// screen.
    fn check_payments(&self) -> Result<(), BriefError> {
        if self.payments.len() > limits::PAYMENTS_PER_CAMPAIGN {
            return Err(BriefError::Payments);
        }
        let mut seen = BTreeSet::new();
        for (at, order) in self.payments.iter().enumerate() {
            let checked = self.check_payment(order).and_then(|()| {
                let key = (order.recipient.to_ascii_lowercase(), order.reason.trim());
                if seen.insert(key) { Ok(()) } else { Err(PaymentError::Twice) }
            });
            checked.map_err(|why| BriefError::Payment { at: at + 1, why })?;
        }
        Ok(())
    }

    fn check_payment(&self, order: &PaymentOrder) -> Result<(), PaymentError> {
        let digits = order.recipient.strip_prefix("0x").unwrap_or_default();
        if digits.len() != 40 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(PaymentError::Recipient);
        }
        if order.amount.currency() != self.budget.currency() {
            return Err(PaymentError::Currency);
        }
        if order.amount.minor() == 0 {
            return Err(PaymentError::Nothing);
        }
        if !is_line(&order.name, limits::PAYEE_CHARS) {
            return Err(PaymentError::Name);
        }
        if is_line(&order.reason, limits::PAYMENT_REASON_CHARS) { Ok(()) } else { Err(PaymentError::Reason) }
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
        let mut seen = BTreeSet::new();
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
}

/// Checks criteria that a person asks for, of all posts or of one task.
pub(crate) fn check_criteria(criteria: &[Criterion]) -> Result<(), BriefError> {
    let mut seen = BTreeSet::new();
    for criterion in criteria {
        let named = (1..=64).contains(&criterion.id.len()) && !criterion.text.trim().is_empty();
        if !named || !seen.insert(&criterion.id) {
            return Err(BriefError::Criterion(criterion.id.clone()));
        }
        if !is_carriable(&criterion.text) || !is_carriable(&criterion.id) {
            return Err(BriefError::Unprintable("criterion"));
        }
        if matches!(criterion.check, Check::Pays(_)) {
            return Err(BriefError::NotForPosts(criterion.id.clone()));
        }
        let is_code = |code: &str| code.len() == 2 && code.chars().all(|c| c.is_ascii_lowercase());
        if matches!(&criterion.check, Check::Language(code) if !is_code(code)) {
            return Err(BriefError::Language(criterion.id.clone()));
        }
    }
    let bytes = serde_json::to_vec(criteria).map_or(usize::MAX, |json| json.len());
    if bytes > limits::CRITERIA_BYTES { Err(BriefError::Criteria) } else { Ok(()) }
}

pub(crate) fn is_visible(c: char) -> bool {
    let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}');
    !(c.is_whitespace() || c.is_control() || hidden)
}

/// Whether the text is one visible line of at most so many characters.
fn is_line(text: &str, most: usize) -> bool {
    // It stands on a reviewer's screen: it must read there as it is.
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_plain = !text.contains(['\n', '\r', '\t']) && !text.contains(turns) && is_carriable(text);
    text.chars().count() <= most && text.chars().any(is_visible) && is_plain
}
