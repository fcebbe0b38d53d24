//! What callers are shown. A view names each field it shows, so that a new field of a row is hidden until
//! somebody decides otherwise: task tokens, grant signatures and writer ids have no place here.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::{
    Agent, AgentId, Brief, Campaign, CampaignId, CampaignStatus, Confidence, Content, DeadLetter, Decision,
    DecisionKind, Digest, Effect, EffectId, EffectStatus, Flag, GoalCheck, Intent, Money, OperatorId,
    Outcome, PaymentOrder, Picture, Plan, PlanCause, PlanDiff, PlanStatus, Policy, Refusal, Review, ReviewId,
    ReviewStatus, Rung, Seen, Signal, SignalId, SignalStatus, Subject, Task, TaskId, TaskKind, TaskStatus,
    Timestamp, Verdict, VideoTier, WorkOutcome,
};
use chimera_graph::CostDelta;
use serde::Serialize;

/// A campaign's own row.
#[derive(Serialize)]
pub(crate) struct CampaignView {
    pub(crate) id: CampaignId,
    pub(crate) agent: AgentId,
    pub(crate) status: CampaignStatus,
    pub(crate) brief: Brief,
    pub(crate) revision: u32,
    pub(crate) plan: u32,
    /// What its log lines are found by.
    pub(crate) trace: String,
    pub(crate) created_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) reason: Option<String>,
}

impl From<Campaign> for CampaignView {
    fn from(row: Campaign) -> Self {
        Self {
            id: row.id,
            agent: row.agent,
            status: row.status,
            brief: row.brief,
            revision: row.revision,
            plan: row.plan,
            trace: row.trace,
            created_at: row.created_at,
            finished_at: row.finished_at,
            reason: row.reason,
        }
    }
}

/// A campaign in a list.
#[derive(Serialize)]
pub(crate) struct CampaignLine {
    id: CampaignId,
    agent: AgentId,
    status: CampaignStatus,
    goal: String,
    posts: u32,
    budget: Money,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
}

impl From<Campaign> for CampaignLine {
    fn from(row: Campaign) -> Self {
        Self {
            id: row.id,
            agent: row.agent,
            status: row.status,
            goal: row.brief.goal,
            posts: row.brief.posts,
            budget: row.brief.budget,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// A plan version.
#[derive(Serialize)]
pub(crate) struct PlanView {
    number: u32,
    parent: u32,
    cause: PlanCause,
    reason: String,
    diff: PlanDiff,
    /// Whether the goal was found met when all of it was done.
    goal: Option<GoalCheck>,
    estimate: Money,
    /// Against the version it replaces.
    cost_delta: CostDelta,
    reserved: Option<Money>,
    settled: Option<Money>,
    status: PlanStatus,
    created_at: Timestamp,
}

impl PlanView {
    /// The version, among all that the campaign has had and what an attempt of each of its tasks may cost.
    pub(crate) fn of(row: Plan, versions: &[Plan], attempts: &BTreeMap<TaskId, i64>) -> Self {
        Self {
            cost_delta: CostDelta::of(&row, versions, attempts),
            number: row.number,
            parent: row.parent,
            cause: row.cause,
            reason: row.reason,
            diff: row.diff,
            goal: row.goal,
            estimate: row.estimate,
            reserved: row.reserved,
            settled: row.settled,
            status: row.status,
            created_at: row.created_at,
        }
    }
}

/// Something that was perceived.
#[derive(Serialize)]
pub(crate) struct SignalView {
    id: SignalId,
    what: &'static str,
    seen: Seen,
    relevance: Confidence,
    why: String,
    pub(crate) seen_at: Timestamp,
    status: SignalStatus,
    /// The plan version that answers it.
    plan: Option<u32>,
    /// Why it was ignored.
    reason: Option<String>,
}

impl From<Signal> for SignalView {
    fn from(row: Signal) -> Self {
        Self {
            id: row.id,
            what: row.seen.name(),
            seen: row.seen,
            relevance: row.relevance,
            why: row.why,
            seen_at: row.seen_at,
            status: row.status,
            plan: row.plan,
            reason: row.reason,
        }
    }
}

/// A task, without the persona and the source it carries for its worker.
#[derive(Serialize)]
pub(crate) struct TaskView {
    pub(crate) id: TaskId,
    kind: TaskKind,
    pub(crate) status: TaskStatus,
    plan: u32,
    pub(crate) ordinal: u32,
    pub(crate) attempt: u32,
    tries: u32,
    goal: String,
    depends_on: Vec<TaskId>,
    /// What is paid for its clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<VideoTier>,
    /// What it publishes beside its text.
    pictures: Vec<Picture>,
    /// What it was told to pay.
    payment: Option<PaymentOrder>,
    feedback: Vec<String>,
    /// The task whose place it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    alternative_to: Option<TaskId>,
    /// Whether nothing comes after this attempt.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    last_resort: bool,
    opened_at: Option<Timestamp>,
    result: Option<WorkOutcome>,
    digest: Option<Digest>,
    verdict: Option<Verdict>,
    effect: Option<EffectId>,
    review: Option<ReviewId>,
    cost: Money,
    reason: Option<String>,
}

impl From<Task> for TaskView {
    fn from(row: Task) -> Self {
        let (result, digest, verdict) =
            row.committed.map_or((None, None, None), |c| (Some(c.outcome), Some(c.digest), Some(c.verdict)));
        Self {
            id: row.id,
            kind: row.kind,
            status: row.status,
            plan: row.plan,
            ordinal: row.ordinal,
            attempt: row.attempt,
            tries: row.tries,
            goal: row.goal,
            depends_on: row.depends_on,
            tier: row.tier,
            pictures: row.pictures,
            payment: row.binding.into_order(),
            feedback: row.feedback,
            alternative_to: row.alternative_to,
            last_resort: row.last_resort,
            opened_at: row.opened_at,
            result,
            digest,
            verdict,
            effect: row.effect,
            review: row.review,
            cost: row.cost,
            reason: row.reason,
        }
    }
}

/// An effect, without its grant's signature and its idempotency key.
#[derive(Serialize)]
pub(crate) struct EffectView {
    pub(crate) id: EffectId,
    task: TaskId,
    attempt: u32,
    pub(crate) status: EffectStatus,
    intent: Intent,
    digest: Digest,
    flags: BTreeSet<Flag>,
    review: Option<ReviewId>,
    max_cost: Money,
    rejudged: u32,
    not_before: Option<Timestamp>,
    outcome: Option<Outcome>,
    refusal: Option<Refusal>,
    approved_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<Effect> for EffectView {
    fn from(row: Effect) -> Self {
        Self {
            id: row.id,
            task: row.task,
            attempt: row.attempt,
            status: row.status,
            intent: row.intent,
            digest: row.digest,
            flags: row.flags,
            review: row.review,
            max_cost: row.max_cost,
            rejudged: row.rejudged,
            not_before: row.not_before,
            outcome: row.outcome,
            refusal: row.refusal,
            approved_at: row.approved_at,
            ended_at: row.ended_at,
        }
    }
}

/// A review in a list or a campaign.
#[derive(Serialize)]
pub(crate) struct ReviewLine {
    pub(crate) campaign: CampaignId,
    pub(crate) id: ReviewId,
    #[serde(flatten)]
    subject: Subject,
    pub(crate) status: ReviewStatus,
    text: Option<String>,
    pub(crate) digest: Digest,
    confidence: Confidence,
    flags: BTreeSet<Flag>,
    allowed: Vec<DecisionKind>,
    reviewers: Vec<String>,
    /// The present rung's deadline.
    due_at: Option<Timestamp>,
    opened_at: Timestamp,
    decided_by: Option<OperatorId>,
    decided: Option<DecisionKind>,
}

impl From<Review> for ReviewLine {
    fn from(row: Review) -> Self {
        let reviewers = row.present_rung().map_or_else(Vec::new, |rung| rung.reviewers.clone());
        let text = row.content.intent().and_then(Intent::text).map(str::to_owned);
        let due_at = deadline(&row);
        Self {
            campaign: row.campaign,
            id: row.id,
            subject: row.subject,
            status: row.status,
            text,
            digest: row.digest,
            confidence: row.verdict.confidence,
            flags: row.flags,
            allowed: row.allowed,
            reviewers,
            due_at,
            opened_at: row.opened_at,
            decided_by: row.decided_by,
            decided: row.decided,
        }
    }
}

/// A review, whole: what a reviewer needs to decide, and never the workflow's token.
#[derive(Serialize)]
pub(crate) struct ReviewView {
    campaign: CampaignId,
    id: ReviewId,
    #[serde(flatten)]
    subject: Subject,
    status: ReviewStatus,
    content: Content,
    digest: Digest,
    verdict: Verdict,
    flags: BTreeSet<Flag>,
    allowed: Vec<DecisionKind>,
    ladder: Vec<Rung>,
    rung: u32,
    /// The present rung's deadline.
    due_at: Option<Timestamp>,
    opened_at: Timestamp,
    ended_at: Option<Timestamp>,
    decision: Option<Decision>,
}

impl ReviewView {
    /// The review with the decision that ended it, if one did.
    pub(crate) fn new(row: Review, decision: Option<Decision>) -> Self {
        let due_at = deadline(&row);
        Self {
            campaign: row.campaign,
            id: row.id,
            subject: row.subject,
            status: row.status,
            content: row.content,
            digest: row.digest,
            verdict: row.verdict,
            flags: row.flags,
            allowed: row.allowed,
            ladder: row.ladder,
            rung: row.rung,
            due_at,
            opened_at: row.opened_at,
            ended_at: row.ended_at,
            decision,
        }
    }
}

/// When a reviewer must have answered. A review that is over is due to the clock alone.
fn deadline(review: &Review) -> Option<Timestamp> {
    review.due_at.filter(|_| review.status == ReviewStatus::Open)
}

/// Who decided what, and when: what a second reviewer is told.
#[derive(Serialize)]
pub(crate) struct Winner {
    reviewer: OperatorId,
    decision: DecisionKind,
    at: Timestamp,
}

impl From<Decision> for Winner {
    fn from(decision: Decision) -> Self {
        Self { reviewer: decision.reviewer, decision: decision.kind, at: decision.at }
    }
}

/// A dead letter, without its body: that may hold anything, tokens included.
#[derive(Serialize)]
pub(crate) struct LetterView {
    id: String,
    campaign: Option<CampaignId>,
    task: Option<TaskId>,
    origin: String,
    reason: String,
    receives: Option<u32>,
    bytes: usize,
    digest: Digest,
    at: Timestamp,
    redriven_at: Option<Timestamp>,
}

impl From<DeadLetter> for LetterView {
    fn from(row: DeadLetter) -> Self {
        Self {
            id: row.id,
            campaign: row.campaign,
            task: row.task,
            origin: row.origin,
            reason: row.reason,
            receives: row.receives,
            bytes: row.bytes,
            digest: row.digest,
            at: row.at,
            redriven_at: row.redriven_at,
        }
    }
}

/// A policy with what verdicts and receipts name it by. What is in `policy` is what `PUT` takes.
#[derive(Serialize)]
pub(crate) struct PolicyView {
    version: u64,
    digest: Digest,
    policy: Policy,
}

impl PolicyView {
    /// The policy at this version; 0 where none was put.
    pub(crate) fn of(policy: Policy, version: u64) -> Self {
        Self { version, digest: policy.digest(), policy }
    }
}

/// An agent.
#[derive(Serialize)]
pub(crate) struct AgentView {
    id: AgentId,
    name: String,
    voice_traits: Vec<String>,
    directives: Vec<String>,
    backstory: String,
    soul: Digest,
    put_at: Timestamp,
}

impl From<Agent> for AgentView {
    fn from(row: Agent) -> Self {
        Self {
            id: row.id,
            name: row.persona.name,
            voice_traits: row.persona.voice_traits,
            directives: row.persona.directives,
            backstory: row.persona.backstory,
            soul: row.persona.soul,
            put_at: row.put_at,
        }
    }
}
