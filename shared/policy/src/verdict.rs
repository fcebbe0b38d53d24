//! The verdict: every rule in its order (design §7), on values alone.

use std::collections::BTreeSet;

use chimera_domain::{
    Artifact, Band, Binding, Check, Confidence, Criterion, Disclosure, Evidence, Flag, Intent, LowBand,
    MediumBand, Mention, Money, PaymentOrder, Picture, Policy, RuleEvidence, Source, Task, TaskKind,
    Timestamp, Verdict, VerdictKind, WorkOutcome,
};

use crate::anomaly::Paid;
use crate::artifacts::{judge_clip, judge_memories, judge_notes, judge_picture};
use crate::confidence::confidence;
use crate::criteria::{self, Subject};
use crate::honesty::{self, DISCLOSING, Duty, asks_about_nature};
use crate::money::{self, Purse, over_budget_reason};
use crate::novelty::novelty;
use crate::persona::persona_fit;
use crate::platform::{self, PlatformCheck, is_of_wallet, is_post};
use crate::screen::{Screened, screen_all};
use crate::support::{support, support_of_reply};

/// Reasons one verdict carries at most: enough to correct a text, few enough for a row.
const MAX_REASONS: usize = 12;

/// The flag of a campaign whose first effects a human sees.
pub const HOLD_FIRST: &str = "hold_first";

/// The flag of what is neither good nor poor. An approval that bears it is published before a human looks.
pub const BAND_MEDIUM: &str = "band:medium";

/// [J-7] The flag of a last try that would be rejected for its quality: nothing comes after it, and a human decides.
pub const LAST_TRY: &str = "tries:last";

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
    /// The pictures that the tasks before it have made, as committed.
    pub pictures: &'a [Picture],
    /// Who pays for the campaign's posts, if anybody does.
    pub sponsor: Option<&'a str>,
    /// Texts approved or published before: the campaign's, and the agent's within the policy's window.
    pub earlier: &'a [&'a str],
    /// What the agent paid before.
    pub paid: &'a [Paid],
    /// When it is judged.
    pub now: Timestamp,
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
        (TaskKind::Illustrate, WorkOutcome::Artifact { artifact: Artifact::Image { image } }) => {
            judge_picture(case, image)
        }
        (TaskKind::Film, WorkOutcome::Artifact { artifact: Artifact::Video { video } }) => {
            judge_clip(case, video)
        }
        // [J-1]
        (kind, WorkOutcome::Intent { .. }) if kind.acts() && case.task.criteria.is_empty() => {
            refuse(case, "criteria: an effect without acceptance criteria cannot be judged".to_owned())
        }
        (TaskKind::Transact, WorkOutcome::Intent { intent }) if is_of_wallet(intent) => {
            judge_payment(case, intent)
        }
        (TaskKind::Remember, WorkOutcome::Intent { intent }) if intent.is_of_memory() => {
            judge_memories(case, intent)
        }
        (TaskKind::Write | TaskKind::Reply, WorkOutcome::Intent { intent })
            if !is_of_wallet(intent) && !intent.is_of_memory() =>
        {
            judge_post(case, intent)
        }
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
    can_be_taken_back: bool,
) -> (VerdictKind, BTreeSet<Flag>) {
    let must_ask = asked.iter().any(|flag| flag.as_str() != HOLD_FIRST);
    match policy.thresholds.band(confidence) {
        Band::High if asked.is_empty() => (VerdictKind::Approve, asked),
        Band::High => (VerdictKind::Escalate, asked),
        Band::Medium => {
            let publishes_first = policy.medium_band == MediumBand::PublishThenReview;
            let goes_out = publishes_first && can_be_taken_back && asked.is_empty();
            asked.insert(Flag::new(BAND_MEDIUM));
            (if goes_out { VerdictKind::Approve } else { VerdictKind::Escalate }, asked)
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

/// A payment says nothing of its own: it is the order of its task's row, or it is refused.
fn judge_payment(case: &Case<'_>, intent: &Intent) -> Judgement {
    let mut draft = Draft::default();
    draft.take_criteria(case, criteria::check(&case.task.criteria, Subject::Payment(intent)));
    draft.take_platform(platform::check(intent, &setting_of(case)));
    draft.take_money(case, intent);
    draft.take_hold_first(case);
    draft.settle(case)
}

fn judge_post(case: &Case<'_>, intent: &Intent) -> Judgement {
    let text = intent.text().unwrap_or_default();
    let (mention, is_paid) = (mention_of(case.task), is_paid(case));
    let supported = match mention {
        Some(mention) => support_of_reply(text, mention, &case.task.persona, &exempt_words(case)),
        None => support(text, case.source, &exempt_words(case)),
    };
    let fit = persona_fit(text, &case.task.persona);
    let subject = Subject::Text { intent, source: case.source, support: supported.share, fit: &fit };
    let mut draft = Draft::default();
    draft.take_criteria(case, criteria::check(&case.task.criteria, subject));

    draft.take_platform(platform::check(intent, &setting_of(case)));
    let must_say_ai = case.policy.disclosure == Disclosure::LabelAndText;
    let honesty = honesty::check(intent, &Duty { mention, must_say_ai, is_paid });
    draft.evidence.rules.extend(honesty.rules);
    draft.refused.extend(honesty.broken);

    draft.take_money(case, intent);
    draft.take_screened(screen_all(&intent.published_texts(), case.policy));
    draft.take_hold_first(case);

    draft.evidence.support = supported.share;
    draft.lowered.extend(
        supported.unsupported.into_iter().map(|what| format!("support: the source does not say {what}")),
    );
    draft.evidence.persona = fit.share;
    draft.lowered.extend(fit.broken.into_iter().map(|directive| format!("persona: {directive}")));
    // [H-5] Whoever asks what it is hears what others have heard.
    let is_owed = mention.is_some_and(|mention| asks_about_nature(&mention.text));
    draft.evidence.novelty = if is_owed { Confidence::FULL } else { novelty(text, case.earlier) };
    if draft.evidence.novelty < Confidence::FULL {
        draft.lowered.push(format!("novelty: {} of full against earlier texts", draft.evidence.novelty));
    }
    draft.settle(case)
}

/// What the platform's rules have to know; all of it from rows.
pub(crate) fn setting_of<'a>(case: &Case<'a>) -> platform::Setting<'a> {
    platform::Setting {
        agent: &case.task.agent,
        mention: mention_of(case.task),
        is_paid: is_paid(case),
        replies_approved: case.policy.ai_replies_approved,
        pictures: case.pictures,
        given: &case.task.pictures,
        order: order_of(case.task),
        may_deploy: case.policy.token_deploy,
    }
}

/// What a task is to pay: its row says it.
fn order_of(task: &Task) -> Option<&PaymentOrder> {
    match (task.kind, &task.binding) {
        (TaskKind::Transact, Binding::Payment { order }) => Some(order),
        _ => None,
    }
}

/// What a reply answers: the task's row says it.
fn mention_of(task: &Task) -> Option<&Mention> {
    match (task.kind, &task.binding) {
        (TaskKind::Reply, Binding::Mention { mention }) => Some(mention),
        _ => None,
    }
}

/// Posts are paid for where the campaign has a sponsor or the task's criteria say so; answers never are.
fn is_paid(case: &Case<'_>) -> bool {
    let is_asked = |criterion: &Criterion| criterion.check == Check::DisclosesSponsor;
    case.task.kind == TaskKind::Write && (case.sponsor.is_some() || case.task.criteria.iter().any(is_asked))
}

/// Words that a post may use without its source: the speaker's name, the sponsor's, those the criteria ask for, and those
/// that disclose.
fn exempt_words<'a>(case: &Case<'a>) -> Vec<&'a str> {
    let demanded = case.task.criteria.iter().filter_map(|criterion| match &criterion.check {
        Check::MustMention(phrase) => Some(phrase.as_str()),
        _ => None,
    });
    demanded.chain([case.task.persona.name.as_str(), DISCLOSING]).chain(case.sponsor).collect()
}

/// A verdict under way.
pub(crate) struct Draft {
    evidence: Evidence,
    /// Broken rules that reject, whatever the rest says.
    pub(crate) refused: Vec<String>,
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
    /// [J-7] What is broken on the last try asks a human, each criterion by a flag of its own: an approval covers those
    /// that were seen.
    pub(crate) fn take_criteria(&mut self, case: &Case<'_>, checked: criteria::CriteriaCheck) {
        self.evidence.criteria = checked.share;
        self.evidence.rules.extend(checked.rules);
        let waivable = checked.waivable.filter(|_| case.task.last_resort);
        let is_refused = checked.is_mandatory_broken && waivable.is_none();
        for unmet in waivable.into_iter().flatten() {
            self.asked.extend([Flag::new(LAST_TRY), Flag::new(format!("unmet:{unmet}"))]);
        }
        if is_refused { &mut self.refused } else { &mut self.lowered }.extend(checked.broken);
    }

    pub(crate) fn take_platform(&mut self, platform: PlatformCheck) {
        self.evidence.rules.extend(platform.rules);
        self.refused.extend(platform.broken);
        self.asked.extend(platform.flags);
    }

    pub(crate) fn take_money(&mut self, case: &Case<'_>, intent: &Intent) {
        let purse = Purse { budget: case.budget, policy: case.policy, paid: case.paid, now: case.now };
        let money = money::check(intent, &purse);
        self.max_cost = money.max_cost;
        self.over_limit = money.over_limit;
        self.evidence.rules.extend(money.rules);
        self.refused.extend(money.broken);
        self.asked.extend(money.flags);
    }

    pub(crate) fn take_screened(&mut self, screened: Screened) {
        self.asked.extend(screened.flags);
        for (topic, word) in screened.seen {
            self.found(&format!("topic:{topic}"), word);
        }
        if let Some(why) = screened.unreadable {
            self.found("unreadable", why.to_owned());
        }
    }

    ///
    fn take_hold_first(&mut self, case: &Case<'_>) {
        if case.hold_first && case.covered.is_none() {
            self.asked.insert(Flag::new(HOLD_FIRST));
        }
    }

    /// A rule that refuses where it is broken.
    pub(crate) fn rule(&mut self, rule: &str, met: bool, seen: String) {
        let seen: String = seen.chars().take(120).collect();
        if !met {
            self.refused.push(format!("{rule}: {seen}"));
        }
        self.evidence.rules.push(RuleEvidence { rule: rule.to_owned(), met, seen });
    }

    fn found(&mut self, rule: &str, seen: String) {
        self.evidence.rules.push(RuleEvidence { rule: rule.to_owned(), met: false, seen });
    }

    pub(crate) fn settle(mut self, case: &Case<'_>) -> Judgement {
        let confidence = confidence(&self.evidence).lowered_to(case.worker_confidence);
        if case.task.last_resort && case.policy.thresholds.band(confidence) == Band::Low {
            self.asked.extend(case.covered.is_none().then(|| Flag::new(LAST_TRY)));
        }
        // A limit counts only where nothing else refuses: another attempt may do better then.
        let over_limit = self.over_limit.filter(|_| self.refused.is_empty());
        self.refused.extend(over_limit.as_deref().map(over_budget_reason));
        let (kind, flags) = if !self.refused.is_empty() {
            (VerdictKind::Reject, BTreeSet::new())
        } else if let Some(covered) = case.covered {
            let is_covered = self.asked.is_subset(covered);
            (if is_covered { VerdictKind::Approve } else { VerdictKind::Escalate }, self.asked)
        } else {
            let can_be_taken_back = matches!(case.outcome, WorkOutcome::Intent { intent } if is_post(intent));
            tier(case.policy, confidence, self.asked, can_be_taken_back)
        };
        let mut reasons = self.refused;
        reasons.extend(self.lowered);
        reasons.truncate(MAX_REASONS);
        let must_say_why = kind == VerdictKind::Reject || flags.contains(&Flag::new(LAST_TRY));
        if must_say_why && reasons.is_empty() {
            reasons.push(format!("confidence: {confidence} is below {}", case.policy.thresholds.hold));
        }
        let reasons = reasons.into_iter().map(|reason| reason.chars().take(240).collect()).collect();
        let policy_version = case.policy_version;
        let policy = case.policy.digest();
        let verdict =
            Verdict { kind, confidence, flags, reasons, evidence: self.evidence, policy_version, policy };
        Judgement { verdict, max_cost: self.max_cost, over_limit }
    }
}
