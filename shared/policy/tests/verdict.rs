//! The table of design §7, on values alone.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use chimera_domain::{
    Artifact, Check, Confidence, Criterion, Currency, Flag, Intent, LowBand, MediumBand, Money, Policy,
    PolicyError, Source, Task, TaskKind, Topic, VerdictKind, WorkOutcome,
};
use chimera_policy::verdict::tier;
use chimera_policy::{Case, Judgement, judge_result};
use chimera_testkit::builders::{a_policy, a_source, a_task, an_intent, morning};
use proptest::prelude::*;

const FAITHFUL: &str = "Worth a look: Lantern 2.0 reads log files without a database. “It runs as one binary of six \
    megabytes on Linux and macOS” https://smalltools.example/lantern";

fn points(points: u16) -> Confidence {
    Confidence::new(points).unwrap()
}

fn criterion(id: &str, check: Check, mandatory: bool) -> Criterion {
    Criterion { id: id.to_owned(), text: id.to_owned(), mandatory, check }
}

/// A case to be varied: a faithful post of a write task.
struct Given {
    task: Task,
    outcome: WorkOutcome,
    worker: Confidence,
    policy: Policy,
    source: Option<Source>,
    earlier: Vec<String>,
    hold_first: bool,
    covered: Option<BTreeSet<Flag>>,
}

impl Given {
    fn post(text: &str) -> Self {
        let mut task = a_task();
        task.criteria = vec![
            criterion("length", Check::MaxLength(280), true),
            criterion("source", Check::CarriesSource, true),
            criterion("more", Check::SaysMoreThanTitle, true),
        ];
        Self {
            task,
            outcome: WorkOutcome::Intent { intent: an_intent(text) },
            worker: Confidence::FULL,
            policy: a_policy(),
            source: Some(a_source()),
            earlier: Vec::new(),
            hold_first: false,
            covered: None,
        }
    }

    fn with(mut self, criterion: Criterion) -> Self {
        self.task.criteria.push(criterion);
        self
    }

    fn judged(&self) -> Judgement {
        let earlier: Vec<&str> = self.earlier.iter().map(String::as_str).collect();
        judge_result(&Case {
            task: &self.task,
            outcome: &self.outcome,
            worker_confidence: self.worker,
            policy: &self.policy,
            policy_version: 3,
            budget: Money::new(500, Currency::Usd).unwrap(),
            source: self.source.as_ref(),
            pictures: &[],
            sponsor: None,
            earlier: &earlier,
            paid: &[],
            now: morning(),
            hold_first: self.hold_first,
            covered: self.covered.as_ref(),
        })
    }

    fn kind(&self) -> VerdictKind {
        self.judged().verdict.kind
    }
}

fn flag_names(judgement: &Judgement) -> Vec<&str> {
    judgement.verdict.flags.iter().map(Flag::as_str).collect()
}

///
#[test]
fn the_bands_end_where_policy_says() {
    let policy = a_policy();
    let topic = || BTreeSet::from([Flag::new("topic:politics")]);
    for (confidence, plain, with_topic) in [
        (6_999, VerdictKind::Reject, VerdictKind::Escalate),
        (7_000, VerdictKind::Escalate, VerdictKind::Escalate),
        (7_001, VerdictKind::Escalate, VerdictKind::Escalate),
        (9_000, VerdictKind::Escalate, VerdictKind::Escalate),
        (9_001, VerdictKind::Approve, VerdictKind::Escalate),
    ] {
        assert_eq!(tier(&policy, points(confidence), BTreeSet::new(), true).0, plain, "{confidence}");
        assert_eq!(
            tier(&policy, points(confidence), topic(), true).0,
            with_topic,
            "{confidence} with a topic"
        );
    }
}

/// What happens at, just below and just above each boundary, under every setting of both switches, with
/// and without a topic: a topic is a question to a human everywhere.
#[test]
fn every_boundary_under_every_switch() {
    use VerdictKind::{Approve, Escalate, Reject};
    let (mut policy, topic) = (a_policy(), BTreeSet::from([Flag::new("topic:politics")]));
    for medium in [MediumBand::Hold, MediumBand::PublishThenReview] {
        for low in [LowBand::Retry, LowBand::Human] {
            (policy.medium_band, policy.low_band) = (medium, low);
            let below = if low == LowBand::Human { Escalate } else { Reject };
            let between = if medium == MediumBand::PublishThenReview { Approve } else { Escalate };
            for (confidence, expected, flag) in [
                (0, below, Some("band:low")),
                (6_998, below, Some("band:low")),
                (6_999, below, Some("band:low")),
                (7_000, between, Some("band:medium")),
                (7_001, between, Some("band:medium")),
                (8_999, between, Some("band:medium")),
                (9_000, between, Some("band:medium")),
                (9_001, Approve, None),
                (9_002, Approve, None),
                (10_000, Approve, None),
            ] {
                let at = format!("{confidence} under {medium:?} and {low:?}");
                let (plain, flags) = tier(&policy, points(confidence), BTreeSet::new(), true);
                assert_eq!(plain, expected, "{at}");
                let shown = flag.filter(|_| plain != Reject).map(Flag::new);
                assert_eq!(flags, shown.into_iter().collect(), "{at}");
                let (kind, flags) = tier(&policy, points(confidence), topic.clone(), true);
                assert_eq!(kind, Escalate, "{at}, with a topic");
                assert!(flags.is_superset(&topic) && flags.len() == 1 + usize::from(flag.is_some()), "{at}");
                let (lasting, _) = tier(&policy, points(confidence), BTreeSet::new(), false);
                let waits = if expected == Approve && confidence <= 9_000 { Escalate } else { expected };
                assert_eq!(lasting, waits, "{at}, which cannot be taken back");
            }
        }
    }
}

#[test]
fn the_low_band_goes_where_its_switch_says() {
    let mut policy = a_policy();
    assert_eq!(tier(&policy, points(100), BTreeSet::new(), true).0, VerdictKind::Reject);
    policy.low_band = LowBand::Human;
    assert_eq!(tier(&policy, points(100), BTreeSet::new(), true).0, VerdictKind::Escalate);
}

#[test]
fn the_medium_band_goes_where_its_switch_says() {
    let mut policy = a_policy();
    let flagged = BTreeSet::from([Flag::new("band:medium")]);
    let tier =
        |policy: &Policy, asked, can_be_taken_back| tier(policy, points(8_000), asked, can_be_taken_back);
    assert_eq!(tier(&policy, BTreeSet::new(), true), (VerdictKind::Escalate, flagged.clone()));
    policy.medium_band = MediumBand::PublishThenReview;
    assert_eq!(tier(&policy, BTreeSet::new(), true), (VerdictKind::Approve, flagged.clone()));
    assert_eq!(
        tier(&policy, BTreeSet::new(), false).0,
        VerdictKind::Escalate,
        "what cannot be taken back waits"
    );
    let topic = BTreeSet::from([Flag::new("topic:politics")]);
    assert_eq!(tier(&policy, topic, true).0, VerdictKind::Escalate, "a sensitive topic waits");
}

#[test]
fn a_currency_without_prices_is_refused() {
    assert_eq!(a_policy().check(), Ok(()));
    let euros = Policy::standard(Currency::Eur);
    assert_eq!(euros.check(), Err(PolicyError::NoPrices(Currency::Eur)));
}

#[test]
fn a_faithful_post_is_approved() {
    let judgement = Given::post(FAITHFUL).judged();
    assert_eq!(judgement.verdict.kind, VerdictKind::Approve, "{judgement:#?}");
    assert!(judgement.verdict.confidence > points(9_000), "{judgement:#?}");
    assert_eq!(judgement.max_cost.map(Money::minor), Some(20));
    assert_eq!(judgement.verdict.policy_version, 3);
}

#[test]
fn the_worker_can_only_lower_the_confidence() {
    let mut given = Given::post(FAITHFUL);
    given.worker = points(8_000);
    assert_eq!((given.kind(), given.judged().verdict.confidence), (VerdictKind::Escalate, points(8_000)));
}

#[test]
fn an_unsupported_claim_or_a_missing_source_lowers_the_confidence() {
    let before = Given::post(FAITHFUL).judged().verdict.confidence;
    let claimed = Given::post(&FAITHFUL.replace("Worth a look", "Loved by 40 Fortune teams")).judged();
    assert!(claimed.verdict.confidence < before);
    assert_ne!(claimed.verdict.kind, VerdictKind::Approve);
    let mut given = Given::post(FAITHFUL);
    given.source = None;
    assert_eq!(given.kind(), VerdictKind::Reject);
    assert!(given.judged().verdict.confidence < claimed.verdict.confidence);
}

#[test]
fn a_broken_optional_criterion_is_not_approved() {
    let given = Given::post(FAITHFUL).with(criterion("tag", Check::MustMention("#tools".to_owned()), false));
    let judgement = given.judged();
    assert_ne!(judgement.verdict.kind, VerdictKind::Approve);
    assert!(judgement.verdict.reasons.contains(&"criterion tag: must mention \"#tools\"".to_owned()));
}

#[test]
fn a_broken_mandatory_criterion_rejects_with_feedback() {
    let given = Given::post(FAITHFUL).with(criterion("c1", Check::MustNotMention("Linux".to_owned()), true));
    let judgement = given.judged();
    assert_eq!(judgement.verdict.kind, VerdictKind::Reject);
    assert_eq!(judgement.verdict.reasons, ["criterion c1: must not mention \"Linux\""]);
}

///
#[test]
fn a_topic_is_held_whatever_the_confidence() {
    let text = FAITHFUL.replace("Worth a look", "Before the election");
    let judgement = Given::post(&text).judged();
    assert_eq!(judgement.verdict.kind, VerdictKind::Escalate);
    assert!(flag_names(&judgement).contains(&"topic:politics"));
    let mut given = Given::post(&text);
    given.worker = points(100);
    assert_eq!(given.kind(), VerdictKind::Escalate);
}

///
#[test]
fn a_human_approval_covers_what_was_seen_and_no_more() {
    let text = FAITHFUL.replace("Worth a look", "Before the election");
    let mut given = Given::post(&text);
    given.worker = points(100);
    given.hold_first = true;
    given.covered = Some(BTreeSet::from([Flag::new("topic:politics")]));
    assert_eq!(given.kind(), VerdictKind::Approve, "no band applies to a human's answer");
    given.covered = Some(BTreeSet::from([Flag::new("topic:health_advice")]));
    assert_eq!(given.kind(), VerdictKind::Escalate);
}

/// [M-5]
#[test]
fn over_a_money_limit_nothing_is_asked() {
    let mut given = Given::post(FAITHFUL);
    given.policy.caps.per_effect = Some(Money::new(19, Currency::Usd).unwrap());
    let judgement = given.judged();
    assert_eq!(judgement.verdict.kind, VerdictKind::Reject);
    assert_eq!(judgement.over_limit.as_deref(), Some("per_effect: 0.20 USD is more than 0.19 USD"));
}

#[test]
fn an_identical_text_is_rejected() {
    let mut given = Given::post(FAITHFUL);
    given.earlier = vec![FAITHFUL.to_uppercase()];
    assert_eq!(given.kind(), VerdictKind::Reject);
}

#[test]
fn an_effect_without_criteria_is_refused() {
    let mut given = Given::post(FAITHFUL);
    given.task.criteria.clear();
    assert_eq!(given.kind(), VerdictKind::Reject);
}

#[test]
fn notes_are_judged_by_their_sources() {
    let mut given = Given::post("");
    given.task.kind = TaskKind::Research;
    given.task.criteria = vec![criterion("sources", Check::MinSources(1), true)];
    assert_eq!(given.kind(), VerdictKind::Reject, "a research task answers with notes");
    given.outcome = WorkOutcome::Artifact { artifact: Artifact::Notes { sources: vec![a_source()] } };
    assert_eq!(given.kind(), VerdictKind::Approve);
    given.outcome = WorkOutcome::Artifact { artifact: Artifact::Notes { sources: Vec::new() } };
    assert_eq!(given.kind(), VerdictKind::Reject);
}

#[test]
fn every_topic_has_its_flag() {
    for (word, topic) in [
        ("the election", Topic::Politics),
        ("ibuprofen", Topic::HealthAdvice),
        ("bitcoin", Topic::FinancialAdvice),
        ("the lawsuit", Topic::LegalClaims),
    ] {
        let judgement = Given::post(&FAITHFUL.replace("Worth a look", &format!("About {word}"))).judged();
        let flag = format!("topic:{}", topic.name());
        assert!(flag_names(&judgement).contains(&flag.as_str()), "{word}: {judgement:#?}");
    }
}

fn some_flags() -> impl Strategy<Value = BTreeSet<Flag>> {
    let names = ["topic:politics", "topic:legal_claims", "unreadable", "hold_first", "platform:x.mention"];
    proptest::sample::subsequence(names.to_vec(), 0..=names.len())
        .prop_map(|names| names.into_iter().map(Flag::new).collect())
}

proptest! {
    #[test]
    fn a_flag_added_never_turns_a_hold_into_an_approval(
        confidence in 0_u16..=10_000,
        flags in some_flags(),
        added in some_flags(),
    ) {
        let policy = a_policy();
        let (before, _) = tier(&policy, points(confidence), flags.clone(), true);
        let (after, _) = tier(&policy, points(confidence), flags.union(&added).cloned().collect(), true);
        if before != VerdictKind::Approve {
            prop_assert_ne!(after, VerdictKind::Approve);
        }
    }

    #[test]
    fn lower_confidence_never_approves_more(one in 0_u16..=10_000, other in 0_u16..=10_000, flags in some_flags()) {
        let policy = a_policy();
        let (low, high) = (one.min(other), one.max(other));
        if tier(&policy, points(low), flags.clone(), true).0 == VerdictKind::Approve {
            prop_assert_eq!(tier(&policy, points(high), flags, true).0, VerdictKind::Approve);
        }
    }

    #[test]
    fn no_text_makes_the_rules_panic(text in "\\PC{0,400}") {
        let given = Given::post(&text);
        let judgement = given.judged();
        prop_assert!(judgement.verdict.reasons.len() <= 12);
    }
}

/// [M-8] [M-9]
#[test]
fn a_payment_is_held_against_whom_the_agent_may_pay() {
    let mut given = Given::post(FAITHFUL);
    given.task.kind = TaskKind::Transact;
    let amount = Money::new(1_000, Currency::Usd).unwrap();
    let intent = Intent {
        server: "coinbase".to_owned(),
        tool: "transfer".to_owned(),
        arguments: serde_json::json!({"recipient": "ines", "amount": amount}),
        cites: None,
    };
    given.outcome = WorkOutcome::Intent { intent };
    let rules = |judgement: &Judgement| -> Vec<String> {
        judgement
            .verdict
            .evidence
            .rules
            .iter()
            .filter(|rule| !rule.met)
            .map(|rule| rule.rule.clone())
            .collect()
    };
    let judged = given.judged();
    assert!(rules(&judged).contains(&"anomaly:new_recipient".to_owned()), "{:?}", rules(&judged));
    assert_eq!(judged.max_cost, Money::new(1_050, Currency::Usd).ok(), "with the network's part");
    assert_eq!(judged.verdict.kind, VerdictKind::Reject, "its task orders no payment");
    given.policy.recipients = Some(BTreeSet::from(["marek".to_owned()]));
    let reasons = given.judged().verdict.reasons;
    assert!(reasons.iter().any(|reason| reason.starts_with("budget:recipient: ines")), "{reasons:?}");
}
