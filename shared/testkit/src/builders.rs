//! Rows and briefs as tests need them: sound, small, always the same.
#![expect(clippy::expect_used, reason = "a builder that cannot build must fail the test that asks")]

use chimera_domain::{
    Agent, AgentId, Binding, Brief, Campaign, CampaignId, CampaignStatus, Check, Confidence, Criterion,
    Currency, Digest, Evidence, Intent, Mention, Money, PaymentOrder, Persona, PlanMode, Policy, PolicyRow,
    Priority, React, ResultId, Source, Task, TaskId, TaskKind, TaskResult, TaskStatus, TenantId, Timestamp,
    Usage, Verdict, VerdictKind, WorkOutcome, limits,
};
use serde_json::json;

/// The feed that campaigns read unless told otherwise.
pub const FEED: &str = "https://smalltools.example/feed.xml";

/// When rows were made, unless told otherwise: 2026-03-02 09:00:00 UTC, where the virtual clock starts.
#[must_use]
pub fn morning() -> Timestamp {
    Timestamp::from_second(1_772_442_000).expect("a time of this century")
}

/// The tenant of every row, unless told otherwise.
#[must_use]
pub fn a_tenant() -> TenantId {
    TenantId::new("acme").expect("a short name")
}

/// The agent of every row, unless told otherwise.
#[must_use]
pub fn an_agent_id() -> AgentId {
    AgentId::new("mira").expect("a short name")
}

/// A task's id.
///
/// # Panics
/// When the text is no id.
#[must_use]
pub fn task_id(text: &str) -> TaskId {
    TaskId::new(text).expect("a task id")
}

/// US cents.
///
/// # Panics
/// Below zero.
#[must_use]
pub fn cents(minor: i64) -> Money {
    Money::new(minor, Currency::Usd).expect("not negative")
}

/// A calm persona.
#[must_use]
pub fn a_persona() -> Persona {
    Persona {
        name: "Mira".to_owned(),
        voice_traits: vec!["plain".to_owned(), "curious".to_owned()],
        directives: vec!["name the tool".to_owned(), "never promise anything".to_owned()],
        backstory: "Mira repairs old laptops and tries small open tools on them.".to_owned(),
        soul: Digest::of_bytes(b"mira"),
    }
}

/// An agent with that persona.
#[must_use]
pub fn an_agent() -> Agent {
    Agent { tenant: a_tenant(), id: an_agent_id(), persona: a_persona(), put_at: morning() }
}

/// The standard policy in US dollars.
#[must_use]
pub fn a_policy() -> Policy {
    Policy::standard(Currency::Usd)
}

/// A policy as the tenant's row.
#[must_use]
pub fn a_policy_row(policy: Policy) -> PolicyRow {
    PolicyRow { tenant: a_tenant(), policy }
}

/// A criterion that must be met.
#[must_use]
pub fn must(id: &str, check: Check) -> Criterion {
    Criterion { id: id.to_owned(), text: format!("must satisfy {id}"), mandatory: true, check }
}

/// A campaign of one post about small tools, to be changed by the methods of [`CampaignBuilder`].
#[must_use]
pub fn a_campaign() -> CampaignBuilder {
    CampaignBuilder {
        tenant: a_tenant(),
        id: CampaignId::new("c-1").expect("a short name"),
        agent: an_agent_id(),
        at: morning(),
        brief: Brief {
            goal: "Tell people about small open tools worth trying.".to_owned(),
            feeds: vec![FEED.to_owned()],
            posts: 1,
            replies: Vec::new(),
            illustrations: 0,
            films: 0,
            payments: Vec::new(),
            remember: false,
            sponsor: None,
            criteria: Vec::new(),
            hold_first: 0,
            budget: cents(1_000),
            react: None,
            plan: PlanMode::Automatic,
            rounds: 1,
            seed: 1,
        },
    }
}

/// Builds a [`Brief`] or the [`Campaign`] row that accepting it makes.
#[derive(Debug, Clone)]
pub struct CampaignBuilder {
    tenant: TenantId,
    id: CampaignId,
    agent: AgentId,
    at: Timestamp,
    brief: Brief,
}

impl CampaignBuilder {
    /// Wants this many posts.
    #[must_use]
    pub fn posts(mut self, posts: u32) -> Self {
        self.brief.posts = posts;
        self
    }

    /// Answers these mentions, too.
    #[must_use]
    pub fn replies(mut self, mentions: &[Mention]) -> Self {
        self.brief.replies = mentions.to_vec();
        self
    }

    /// Wants a picture for this many of its posts.
    #[must_use]
    pub fn illustrations(mut self, illustrations: u32) -> Self {
        self.brief.illustrations = illustrations;
        self
    }

    /// Wants a clip for this many of the posts after those.
    #[must_use]
    pub fn films(mut self, films: u32) -> Self {
        self.brief.films = films;
        self
    }

    /// Orders this payment, too.
    #[must_use]
    pub fn pays(mut self, order: PaymentOrder) -> Self {
        self.brief.payments.push(order);
        self
    }

    /// Remembers what it published.
    #[must_use]
    pub fn remembers(mut self) -> Self {
        self.brief.remember = true;
        self
    }

    /// Reacts to mentions and to news, each at most so often, for an hour.
    #[must_use]
    pub fn reacts(mut self, mentions: u32, trends: u32) -> Self {
        self.brief.react = Some(React {
            mentions,
            trends,
            region: None,
            topic: None,
            for_s: 3_600,
            relevance_min: Confidence::new(7_500).unwrap_or(Confidence::ZERO),
        });
        self
    }

    /// With this goal.
    #[must_use]
    pub fn goal(mut self, goal: &str) -> Self {
        goal.clone_into(&mut self.brief.goal);
        self
    }

    /// Heeds what bears on its goal at least this much, in basis points.
    ///
    /// # Panics
    /// Above 10 000.
    #[must_use]
    pub fn heeds(mut self, relevance_min: u16) -> Self {
        if let Some(react) = &mut self.brief.react {
            react.relevance_min = Confidence::new(relevance_min).expect("a share");
        }
        self
    }

    /// Means the news of this region and topic.
    #[must_use]
    pub fn news_of(mut self, region: &str, topic: &str) -> Self {
        if let Some(react) = &mut self.brief.react {
            react.region = Some(region.to_owned());
            react.topic = Some(topic.to_owned());
        }
        self
    }

    /// Waits for an operator to approve its plan.
    #[must_use]
    pub fn approved_first(mut self) -> Self {
        self.brief.plan = PlanMode::ApproveFirst;
        self
    }

    /// May take so many rounds.
    #[must_use]
    pub fn rounds(mut self, rounds: u32) -> Self {
        self.brief.rounds = rounds;
        self
    }

    /// Is paid for by this sponsor.
    #[must_use]
    pub fn sponsor(mut self, name: &str) -> Self {
        self.brief.sponsor = Some(name.to_owned());
        self
    }

    /// Holds effects until a human has approved this many.
    #[must_use]
    pub fn hold_first(mut self, effects: u32) -> Self {
        self.brief.hold_first = effects;
        self
    }

    /// Every post must satisfy this, too.
    #[must_use]
    pub fn criterion(mut self, criterion: Criterion) -> Self {
        self.brief.criteria.push(criterion);
        self
    }

    /// Reads these feeds instead.
    #[must_use]
    pub fn feeds(mut self, urls: &[&str]) -> Self {
        self.brief.feeds = urls.iter().map(|url| (*url).to_owned()).collect();
        self
    }

    /// May spend this, in cents.
    #[must_use]
    pub fn budget(mut self, minor: i64) -> Self {
        self.brief.budget = cents(minor);
        self
    }

    /// Seeds the offline model.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.brief.seed = seed;
        self
    }

    /// Under this id.
    ///
    /// # Panics
    /// When the text is no id.
    #[must_use]
    pub fn named(mut self, id: &str) -> Self {
        self.id = CampaignId::new(id).expect("a campaign id");
        self
    }

    /// Of another tenant.
    #[must_use]
    pub fn of_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = tenant;
        self
    }

    /// Accepted at this time.
    #[must_use]
    pub fn accepted_at(mut self, at: Timestamp) -> Self {
        self.at = at;
        self
    }

    /// The brief.
    #[must_use]
    pub fn brief(&self) -> Brief {
        self.brief.clone()
    }

    /// The row as it is right after it was accepted.
    #[must_use]
    pub fn build(self) -> Campaign {
        Campaign {
            tenant: self.tenant,
            id: self.id,
            agent: self.agent,
            request: Digest::of_json(&json!(self.brief)),
            brief: self.brief,
            status: CampaignStatus::Planning,
            revision: 0,
            plan: 0,
            trace: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned(),
            created_at: self.at,
            finished_at: None,
            due_at: Some(self.at + limits::FOLLOW_UP_AFTER),
            swept_at: self.at,
            reason: None,
        }
    }
}

/// An ordered payment of so many cents to whoever is behind these last two hex digits, for this reason.
///
/// # Panics
/// Below zero.
#[must_use]
pub fn an_order(recipient: u8, minor: i64, reason: &str) -> PaymentOrder {
    PaymentOrder {
        recipient: format!("0x{}{recipient:02x}", "00".repeat(19)),
        name: format!("Collaborator {recipient}"),
        amount: cents(minor),
        reason: reason.to_owned(),
    }
}

/// A source as a researcher would note it.
#[must_use]
pub fn a_source() -> Source {
    Source {
        id: "lantern".to_owned(),
        title: "Lantern 2.0 reads log files without a database".to_owned(),
        url: "https://smalltools.example/lantern".to_owned(),
        published_at: Some("2026-03-01T20:00:00Z".to_owned()),
        excerpt: "Lantern 2.0 searches plain log files and needs no database beside them. It runs as one binary of \
                  six megabytes on Linux and macOS."
            .to_owned(),
    }
}

/// An open write task, first attempt, bound to [`a_source`].
#[must_use]
pub fn a_task() -> Task {
    Task {
        tenant: a_tenant(),
        campaign: CampaignId::new("c-1").expect("a short name"),
        id: task_id("write-1"),
        agent: an_agent_id(),
        kind: TaskKind::Write,
        plan: 1,
        ordinal: 1,
        priority: Priority::Normal,
        status: TaskStatus::Open,
        attempt: 1,
        tries: 0,
        goal: "Write a post about the source.".to_owned(),
        seed: 1,
        depends_on: vec![task_id("research-1")],
        criteria: vec![must("max-length", Check::MaxLength(280))],
        persona: a_persona(),
        binding: Binding::SourceOf { task: task_id("research-1"), index: 0 },
        tier: None,
        source: Some(a_source()),
        pictures: Vec::new(),
        published: Vec::new(),
        recall: false,
        feedback: Vec::new(),
        alternative_to: None,
        last_resort: false,
        opened_at: Some(morning()),
        committed: None,
        effect: None,
        review: None,
        cost: cents(0),
        reason: None,
    }
}

/// An intent to post this text on the agent's account, citing [`a_source`].
#[must_use]
pub fn an_intent(text: &str) -> Intent {
    Intent {
        server: "twitter".to_owned(),
        tool: "post_create".to_owned(),
        arguments: json!({ "account": an_agent_id(), "text": text, "made_with_ai": true }),
        cites: Some(a_source().digest()),
    }
}

/// A worker's answer to the task's present attempt, as sure of itself as can be.
///
/// # Panics
/// When `id` is no id.
#[must_use]
pub fn a_result(task: &Task, id: &str, outcome: WorkOutcome) -> TaskResult {
    TaskResult {
        tenant: task.tenant.clone(),
        campaign: task.campaign.clone(),
        task: task.id.clone(),
        agent: task.agent.clone(),
        attempt: task.attempt,
        id: ResultId::new(id).expect("a result id"),
        outcome,
        confidence: Confidence::FULL,
        usage: a_usage(),
    }
}

/// What a small piece of work uses.
#[must_use]
pub fn a_usage() -> Usage {
    Usage { model: "scripted-1".to_owned(), tokens: 100, tool_calls: 0, cost: cents(0) }
}

/// A plain approval under policy version 0.
#[must_use]
pub fn a_verdict() -> Verdict {
    Verdict {
        kind: VerdictKind::Approve,
        confidence: Confidence::FULL,
        flags: std::collections::BTreeSet::new(),
        reasons: Vec::new(),
        evidence: Evidence {
            criteria: Confidence::FULL,
            support: Confidence::FULL,
            persona: Confidence::FULL,
            novelty: Confidence::FULL,
            rules: Vec::new(),
        },
        policy_version: 0,
        policy: a_policy().digest(),
    }
}
