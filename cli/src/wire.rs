//! Answers of the API that the command reads field by field. What it only prints stays JSON.

use std::collections::BTreeSet;

use chimera_domain::{
    CampaignStatus, Confidence, Content, DecisionKind, Digest, EffectStatus, Flag, Money, Outcome, PlanDiff,
    Refusal, ReviewStatus, Rung, SignalStatus, TaskKind, TaskStatus, Timestamp, Verdict,
};
use serde::Deserialize;

/// `GET campaigns/{id}`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Whole {
    pub(crate) id: String,
    pub(crate) status: CampaignStatus,
    pub(crate) brief: BriefLine,
    pub(crate) reason: Option<String>,
    pub(crate) plans: Vec<PlanLine>,
    pub(crate) signals: Vec<SignalLine>,
    pub(crate) tasks: Vec<TaskLine>,
    pub(crate) effects: Vec<EffectLine>,
    pub(crate) reviews: Vec<ReviewLine>,
    pub(crate) spend: Totals,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BriefLine {
    pub(crate) budget: Money,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PlanLine {
    pub(crate) number: u32,
    pub(crate) reason: String,
    pub(crate) diff: PlanDiff,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SignalLine {
    pub(crate) id: String,
    pub(crate) what: String,
    pub(crate) relevance: Confidence,
    pub(crate) status: SignalStatus,
    pub(crate) plan: Option<u32>,
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TaskLine {
    pub(crate) id: String,
    pub(crate) kind: TaskKind,
    pub(crate) status: TaskStatus,
    pub(crate) attempt: u32,
    pub(crate) tries: u32,
    pub(crate) feedback: Vec<String>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EffectLine {
    pub(crate) id: String,
    pub(crate) task: String,
    pub(crate) status: EffectStatus,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) refusal: Option<Refusal>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReviewLine {
    pub(crate) id: String,
    pub(crate) task: String,
    pub(crate) status: ReviewStatus,
    pub(crate) confidence: Confidence,
    pub(crate) flags: BTreeSet<Flag>,
    pub(crate) decided: Option<DecisionKind>,
}

/// What the ledger adds up to.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Totals {
    /// Set aside and neither spent nor given back yet.
    pub(crate) open: Money,
    pub(crate) spent: Money,
}

/// `GET reviews/{campaign}/{id}`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReviewView {
    pub(crate) campaign: String,
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) task: String,
    pub(crate) status: ReviewStatus,
    pub(crate) content: Content,
    pub(crate) digest: Digest,
    pub(crate) verdict: Verdict,
    pub(crate) flags: BTreeSet<Flag>,
    pub(crate) allowed: Vec<DecisionKind>,
    pub(crate) ladder: Vec<Rung>,
    pub(crate) rung: u32,
    pub(crate) due_at: Option<Timestamp>,
}
