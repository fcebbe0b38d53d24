//! The verdict: every rule in its order (design §7), on values alone.

use std::collections::BTreeSet;

use chimera_domain::{
    Artifact, Band, Check, Confidence, Evidence, Flag, Intent, LowBand, Money, Policy, RuleEvidence, Source,
    Task, TaskKind, Verdict, VerdictKind, WorkOutcome,
};

use crate::confidence::confidence;
use crate::criteria::{self, Subject};
use crate::money::{over_budget_reason, over_limit};
use crate::novelty::novelty;
use crate::persona::persona_fit;
use crate::platform::{self, price_upper_bound};
use crate::screen::screen;
use crate::support::support;

/// Reasons one verdict carries at most: enough to correct a text, few enough for a row.
const MAX_REASONS: usize = 12;

/// The flag of a campaign whose first effects a human sees.
pub const HOLD_FIRST: &str = "hold_first";

/// Everything a verdict rests on. All of it comes from rows; only the outcome and the worker's figure are the worker's.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// The task as its row says.
    pub task: &'a Task,
    /// What was answered.
    pub outcome: &'a WorkOutcome,
    /// The worker's own figure; it can only lower the confidence.
    pub worker_confidence: Confidence,
    /// The tenant's policy.
    pub policy: &'a Policy,
    /// Its version.
    pub policy_version: u64,
    /// The campaign's budget.
    pub budget: Money,
    /// The source the task is bound to, as committed.
    pub source: Option<&'a Source>,
    /// Texts approved or published before, of the same campaign.
    pub earlier: &'a [&'a str],
    /// Whether the campaign's first effects still wait for a human.
    pub hold_first: bool,
    /// The flags that a human has approved, if one has: then no band applies, and only further flags are asked about.
    pub covered: Option<&'a BTreeSet<Flag>>,
}

/// A verdict with what acting on it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The most the intent may cost, if it is one.
    pub max_cost: Option<Money>,
    /// The money limit that the intent breaks by itself: no other attempt helps, an operator must.
    pub over_limit: Option<String>,
}

/// Judges an outcome: shape, acceptance criteria, platform rules, money limits, sensitive topics, confidence.
#[must_use]
pub fn judge_result(case: &Case<'_>) -> Judgement {
    match (case.task.kind, case.outcome) {
        (_, WorkOutcome::Failure { code, message, .. }) => refuse(case, format!("worker {code}: {message}")),
        (TaskKind::Research, WorkOutcome::Artifact { artifact: Artifact::Notes { sources } }) => {
            judge_notes(case, sources)
        }
        (TaskKind::Write, WorkOutcome::Intent { .. }) if case.task.criteria.is_empty() => {
            refuse(case, "criteria: an effect without acceptance criteria cannot be judged".to_owned())
        }
        (TaskKind::Write, WorkOutcome::Intent { intent }) => judge_intent(case, intent),
        (kind, _) => refuse(case, format!("shape: not what a {} task answers", kind.name())),
    }
}

/// The tier that `confidence` and the `asked` flags lead to. Sensitive topics and what cannot be read go to a human
/// whatever the confidence; what is only held for being among the first is rejected like any other when it is poor.
#[must_use]
pub fn tier(
    policy: &Policy,
    confidence: Confidence,
    mut asked: BTreeSet<Flag>,
) -> (VerdictKind, BTreeSet<Flag>) {
    let must_ask = asked.iter().any(|flag| flag.as_str() != HOLD_FIRST);
    match policy.thresholds.band(confidence) {
        Band::High if asked.is_empty() => (VerdictKind::Approve, asked),
        Band::High => (VerdictKind::Escalate, asked),
        // `publish_then_review` cannot be chosen yet: see the crate's own description.
        Band::Medium => {
            asked.insert(Flag::new("band:medium"));
            (VerdictKind::Escalate, asked)
        }
        Band::Low if must_ask || policy.low_band == LowBand::Human => {
            asked.insert(Flag::new("band:low"));
            (VerdictKind::Escalate, asked)
        }
        Band::Low => (VerdictKind::Reject, BTreeSet::new()),
    }
}

fn refuse(case: &Case<'_>, reason: String) -> Judgement {
    let evidence = Evidence {
        criteria: Confidence::ZERO,
        support: Confidence::ZERO,
        persona: Confidence::ZERO,
        novelty: Confidence::ZERO,
        rules: Vec::new(),
    };
    let draft = Draft { evidence, refused: vec![reason], ..Draft::default() };
    draft.settle(case)
}

fn judge_notes(case: &Case<'_>, sources: &[Source]) -> Judgement {
    let checked = criteria::check(&case.task.criteria, Subject::Notes(sources));
    let mut draft = Draft::default();
    if criteria::usable_sources(sources) == 0 {
        draft.refused.push("shape: notes without a usable source".to_owned());
    }
    draft.take_criteria(checked);
    draft.settle(case)
}

fn judge_intent(case: &Case<'_>, intent: &Intent) -> Judgement {
    let text = intent.text().unwrap_or_default();
    let supported = support(text, case.source, &exempt_words(case.task));
    let subject = Subject::Text { text, source: case.source, support: supported.share };
    let mut draft = Draft::default();
    draft.take_criteria(criteria::check(&case.task.criteria, subject));

    let platform = platform::check(intent, &case.task.agent);
    draft.evidence.rules.extend(platform.rules);
    draft.refused.extend(platform.broken);
    draft.asked.extend(platform.flags);

    let max_cost = price_upper_bound(intent);
    draft.max_cost = Some(max_cost);
    draft.over_limit = over_limit(max_cost, case.budget, case.policy);

    let screened = screen(text, &case.policy.topics);
    draft.asked.extend(screened.flags);
    for (topic, word) in screened.seen {
        draft.found(&format!("topic:{}", topic.name()), word);
    }
    if let Some(why) = screened.unreadable {
        draft.found("unreadable", why.to_owned());
    }
    if case.hold_first && case.covered.is_none() {
        draft.asked.insert(Flag::new(HOLD_FIRST));
    }

    draft.evidence.support = supported.share;
    draft.lowered.extend(
        supported.unsupported.into_iter().map(|what| format!("support: the source does not say {what}")),
    );
    let fit = persona_fit(text, &case.task.persona);
    draft.evidence.persona = fit.share;
    draft.lowered.extend(fit.broken.into_iter().map(|directive| format!("persona: {directive}")));
    draft.evidence.novelty = novelty(text, case.earlier);
    if draft.evidence.novelty < Confidence::FULL {
        draft.lowered.push(format!("novelty: {} of full against earlier texts", draft.evidence.novelty));
    }
    draft.settle(case)
}

/// Names that a post may use without its source: the speaker's, and those the criteria ask for.
fn exempt_words(task: &Task) -> Vec<&str> {
    let demanded = task.criteria.iter().filter_map(|criterion| match &criterion.check {
        Check::MustMention(phrase) => Some(phrase.as_str()),
        _ => None,
    });
    demanded.chain([task.persona.name.as_str()]).collect()
}

/// A verdict under way.
struct Draft {
    evidence: Evidence,
    /// Broken rules that reject, whatever the rest says.
    refused: Vec<String>,
    /// What lowered the confidence.
    lowered: Vec<String>,
    asked: BTreeSet<Flag>,
    max_cost: Option<Money>,
    over_limit: Option<String>,
}

impl Default for Draft {
    fn default() -> Self {
        let full = Confidence::FULL;
        Self {
            evidence: Evidence {
                criteria: full,
                support: full,
                persona: full,
                novelty: full,
                rules: Vec::new(),
            },
            refused: Vec::new(),
            lowered: Vec::new(),
            asked: BTreeSet::new(),
            max_cost: None,
            over_limit: None,
        }
    }
}

impl Draft {
    fn take_criteria(&mut self, checked: criteria::CriteriaCheck) {
        self.evidence.criteria = checked.share;
        self.evidence.rules.extend(checked.rules);
        if checked.is_mandatory_broken { &mut self.refused } else { &mut self.lowered }
            .extend(checked.broken);
    }

    fn found(&mut self, rule: &str, seen: String) {
        self.evidence.rules.push(RuleEvidence { rule: rule.to_owned(), met: false, seen });
    }

    fn settle(mut self, case: &Case<'_>) -> Judgement {
        let confidence = confidence(&self.evidence).lowered_to(case.worker_confidence);
        // A limit counts only where nothing else refuses: another attempt may do better then.
        let over_limit = self.over_limit.filter(|_| self.refused.is_empty());
        self.refused.extend(over_limit.as_deref().map(over_budget_reason));
        let (kind, flags) = if !self.refused.is_empty() {
            (VerdictKind::Reject, BTreeSet::new())
        } else if let Some(covered) = case.covered {
            let is_covered = self.asked.is_subset(covered);
            (if is_covered { VerdictKind::Approve } else { VerdictKind::Escalate }, self.asked)
        } else {
            tier(case.policy, confidence, self.asked)
        };
        let mut reasons = self.refused;
        reasons.extend(self.lowered);
        reasons.truncate(MAX_REASONS);
        if kind == VerdictKind::Reject && reasons.is_empty() {
            reasons.push(format!("confidence: {confidence} is below {}", case.policy.thresholds.hold));
        }
        let reasons = reasons.into_iter().map(|reason| reason.chars().take(240).collect()).collect();
        let policy_version = case.policy_version;
        let verdict = Verdict { kind, confidence, flags, reasons, evidence: self.evidence, policy_version };
        Judgement { verdict, max_cost: self.max_cost, over_limit }
    }
}
