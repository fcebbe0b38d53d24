//! What a receipt says. Like every view it names each field: grants without their signatures, reviews without tokens.

use std::collections::BTreeSet;

use chimera_domain::ports::AuditEntry;
use chimera_domain::{
    AgentId, Bucket, CampaignId, Confidence, Decision, DecisionKind, Digest, Effect, EffectId, EffectStatus,
    Evidence, Flag, Intent, LedgerEntry, Money, OperatorId, Outcome, Refusal, Review, ReviewId, ReviewStatus,
    SignedGrant, Subject, Task, Timestamp, Usage, Verdict, VerdictKind,
};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::task::TaskPart;
use super::{Case, Of};
use crate::ledger::Totals;

/// The whole document.
#[derive(Serialize)]
pub(crate) struct Receipt {
    /// `task`, `effect` or `review`.
    of: &'static str,
    id: String,
    campaign: CampaignId,
    agent: AgentId,
    /// The W3C trace id that everything done for the campaign is found under.
    trace: String,
    task: Option<TaskPart>,
    judgement: Option<Judgement>,
    /// Models and tools of the attempt that was judged.
    work: Option<Usage>,
    /// In the order in which they were opened.
    reviews: Vec<ReviewPart>,
    /// What it is of comes first.
    effects: Vec<EffectPart>,
    money: MoneyPart,
    /// The chains of the rows behind all of this.
    audit: Vec<AuditPart>,
}

impl Receipt {
    /// The receipt of a case that holds what concerns `of`.
    pub(crate) fn new(of: &Of, case: Case) -> Self {
        let (kind, id) = match of {
            Of::Task(id) => ("task", id.to_string()),
            Of::Effect(id) => ("effect", id.to_string()),
            Of::Review(id) => ("review", id.to_string()),
        };
        let currency = case.campaign.currency();
        let (totals, mut entries) = (Totals::of(currency, &case.entries), case.entries);
        entries.sort_by_key(LedgerEntry::at);
        let (judgement, work) = (
            verdict_of(of, case.task.as_ref(), &case.effects, &case.reviews),
            work_of(of, case.task.as_ref(), &case.reviews),
        );
        let undone: Vec<(EffectId, EffectId)> =
            case.effects.iter().filter_map(|e| Some((e.undoes.clone()?, e.id.clone()))).collect();
        let effect_part = |effect: Effect| {
            let totals = Totals::of_effect(effect.max_cost.currency(), &entries, &effect.id);
            let undone_by = undone.iter().find(|(of, _)| *of == effect.id).map(|(_, by)| by.clone());
            EffectPart::new(effect, totals, undone_by)
        };
        let mut decisions = case.decisions;
        let review_part = |review: Review| {
            let decision = decisions.remove(&review.id);
            ReviewPart::new(review, decision)
        };
        let reviews = case.reviews.into_iter().map(review_part).collect();
        Self {
            of: kind,
            id,
            campaign: case.campaign.id,
            agent: case.campaign.agent,
            trace: case.campaign.trace,
            judgement: judgement.map(Judgement::from),
            work,
            reviews,
            effects: case.effects.into_iter().map(effect_part).collect(),
            money: MoneyPart { work: case.task.as_ref().map(|task| task.cost), totals, entries },
            task: case.task.map(TaskPart::from),
            audit: case.audit.into_iter().map(AuditPart::from).collect(),
        }
    }
}

/// The verdict that decided: a review's own, else the committed one of the same attempt, else the newest review's.
fn verdict_of(of: &Of, task: Option<&Task>, effects: &[Effect], reviews: &[Review]) -> Option<Verdict> {
    let newest = || reviews.last().map(|review| review.verdict.clone());
    let committed = task.and_then(|task| Some((task.attempt, task.committed.as_ref()?.verdict.clone())));
    match (of, committed) {
        (Of::Review(_), _) | (_, None) => newest(),
        (Of::Effect(_), Some((attempt, _))) if effects.first().is_some_and(|e| e.attempt != attempt) => {
            newest()
        }
        (_, Some((_, verdict))) => Some(verdict),
    }
}

fn work_of(of: &Of, task: Option<&Task>, reviews: &[Review]) -> Option<Usage> {
    let committed = || task.and_then(|task| task.committed.as_ref()?.usage.clone());
    let held = || reviews.iter().rev().find_map(|review| review.content.usage.clone());
    match of {
        Of::Review(_) => held().or_else(committed),
        Of::Task(_) | Of::Effect(_) => committed().or_else(held),
    }
}

/// What the Judge found, by which rules.
#[derive(Serialize)]
struct Judgement {
    verdict: VerdictKind,
    confidence: Confidence,
    flags: BTreeSet<Flag>,
    reasons: Vec<String>,
    evidence: Evidence,
    policy_version: u64,
    /// Digest of the whole policy.
    policy: Digest,
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict: verdict.kind,
            confidence: verdict.confidence,
            flags: verdict.flags,
            reasons: verdict.reasons,
            evidence: verdict.evidence,
            policy_version: verdict.policy_version,
            policy: verdict.policy,
        }
    }
}

/// A human's part in it.
#[derive(Serialize)]
struct ReviewPart {
    id: ReviewId,
    #[serde(flatten)]
    subject: Subject,
    status: ReviewStatus,
    digest: Digest,
    text: Option<String>,
    confidence: Confidence,
    flags: BTreeSet<Flag>,
    policy_version: u64,
    /// Who was asked, rung by rung, up to the present one.
    asked: Vec<Vec<String>>,
    opened_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// Whole minutes until somebody answered, or nobody could any more.
    minutes_waited: Option<i64>,
    decision: Option<DecisionPart>,
    edit: Option<EditPart>,
}

/// Who said what.
#[derive(Serialize)]
struct DecisionPart {
    kind: DecisionKind,
    reviewer: OperatorId,
    comment: Option<String>,
    digest: Digest,
    at: Timestamp,
}

/// What an edit made of the text.
#[derive(Serialize)]
struct EditPart {
    before: Digest,
    before_text: Option<String>,
    after: Option<Digest>,
    after_text: String,
}

impl ReviewPart {
    fn new(row: Review, decision: Option<Decision>) -> Self {
        let ended_at = decision.as_ref().map(|decision| decision.at).or(row.ended_at);
        let waited =
            |ended_at: Timestamp| (ended_at.as_millisecond() - row.opened_at.as_millisecond()) / 60_000;
        let rungs = usize::try_from(row.rung).unwrap_or(usize::MAX).saturating_add(1);
        let text = row.content.intent().and_then(Intent::text).map(str::to_owned);
        let edit = decision.as_ref().and_then(|decision| decision.text.clone()).map(|after_text| EditPart {
            before: row.digest.clone(),
            before_text: text.clone(),
            after: row.content.intent().map(|intent| intent.clone().with_text(&after_text).digest()),
            after_text,
        });
        Self {
            minutes_waited: ended_at.map(waited),
            asked: row.ladder.iter().take(rungs).map(|rung| rung.reviewers.clone()).collect(),
            id: row.id,
            subject: row.subject,
            status: row.status,
            digest: row.digest,
            text,
            confidence: row.verdict.confidence,
            flags: row.flags,
            policy_version: row.verdict.policy_version,
            opened_at: row.opened_at,
            ended_at: row.ended_at,
            decision: decision.map(|decision| DecisionPart {
                kind: decision.kind,
                reviewer: decision.reviewer,
                comment: decision.comment,
                digest: decision.digest,
                at: decision.at,
            }),
            edit,
        }
    }
}

/// What was done, on whose word, and what became of it.
#[derive(Serialize)]
struct EffectPart {
    id: EffectId,
    attempt: u32,
    status: EffectStatus,
    server: String,
    tool: String,
    text: Option<String>,
    arguments: Value,
    digest: Digest,
    flags: BTreeSet<Flag>,
    /// The review whose decision let it out; none where the Judge did alone.
    review: Option<ReviewId>,
    /// What the platform knows it by.
    idempotency_key: Uuid,
    grant: GrantPart,
    reserved: Money,
    open: Money,
    spent: Money,
    released: Money,
    buckets: Vec<Bucket>,
    /// Times the Judge signed again.
    rejudged: u32,
    /// Grants of it that were proved void or refused.
    struck: u32,
    /// Claims whose call provably never left.
    unsent: u32,
    /// Times the platform was read because the outcome was unknown.
    read_backs: u32,
    /// The review that asked whether it happened.
    asked: Option<ReviewId>,
    approved_at: Timestamp,
    not_before: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    outcome: Option<Outcome>,
    refusal: Option<Refusal>,
    /// The effect that it takes back.
    undoes: Option<EffectId>,
    /// The effect that takes it back.
    undone_by: Option<EffectId>,
}

impl EffectPart {
    fn new(row: Effect, totals: Totals, undone_by: Option<EffectId>) -> Self {
        Self {
            text: row.intent.text().map(str::to_owned),
            id: row.id,
            attempt: row.attempt,
            status: row.status,
            server: row.intent.server,
            tool: row.intent.tool,
            arguments: row.intent.arguments,
            digest: row.digest,
            flags: row.flags,
            review: row.review,
            idempotency_key: row.idempotency_key,
            grant: GrantPart::from(row.grant),
            reserved: totals.reserved,
            open: totals.open,
            spent: totals.spent,
            released: totals.released,
            buckets: row.reservation.buckets,
            rejudged: row.rejudged,
            struck: row.struck,
            unsent: row.unsent,
            read_backs: row.read_backs,
            asked: row.asked,
            approved_at: row.approved_at,
            not_before: row.not_before,
            ended_at: row.ended_at,
            outcome: row.outcome,
            refusal: row.refusal,
            undoes: row.undoes,
            undone_by,
        }
    }
}

/// What the Judge signed; never the signature.
#[derive(Serialize)]
struct GrantPart {
    id: String,
    key: String,
    audience: String,
    tool: String,
    arguments: Digest,
    max_cost: Money,
    policy_version: u64,
    expires_at: Timestamp,
}

impl From<SignedGrant> for GrantPart {
    fn from(signed: SignedGrant) -> Self {
        let grant = signed.grant;
        Self {
            id: grant.id,
            key: grant.key,
            audience: grant.audience,
            tool: grant.tool,
            arguments: grant.arguments,
            max_cost: grant.max_cost,
            policy_version: grant.policy_version,
            expires_at: grant.expires_at,
        }
    }
}

/// What it cost, entry by entry.
#[derive(Serialize)]
struct MoneyPart {
    /// Models and tools of the task, all attempts.
    work: Option<Money>,
    #[serde(flatten)]
    totals: Totals,
    entries: Vec<LedgerEntry>,
}

/// One version of one row behind the receipt.
#[derive(Serialize)]
struct AuditPart {
    row: String,
    version: u64,
    status: Option<Value>,
    writer: String,
    old: Option<Digest>,
    new: Digest,
}

impl From<AuditEntry> for AuditPart {
    fn from(entry: AuditEntry) -> Self {
        Self {
            status: entry.fields.get("status").cloned(),
            row: entry.row,
            version: entry.version,
            writer: entry.writer,
            old: entry.old,
            new: entry.new,
        }
    }
}
