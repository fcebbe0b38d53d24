//! [J-7] The last try: what would be rejected for its quality is a human's to decide then, and nothing else is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use chimera_domain::{
    Check, Confidence, Criterion, Currency, Flag, Money, Policy, Task, TaskKind, VerdictKind, WorkOutcome,
};
use chimera_policy::{Case, Judgement, judge_result};
use chimera_testkit::builders::{a_policy, a_source, a_task, an_intent, an_order, cents, morning, must};

const FAITHFUL: &str = "Worth a look: Lantern 2.0 reads log files without a database. “It runs as one binary of six \
    megabytes on Linux and macOS” https://smalltools.example/lantern";

/// A last try to be varied: a faithful post.
struct LastTry {
    task: Task,
    outcome: WorkOutcome,
    worker: Confidence,
    policy: Policy,
    sponsor: Option<&'static str>,
    hold_first: bool,
    covered: Option<BTreeSet<Flag>>,
}

fn last_try(text: &str) -> LastTry {
    let criteria = vec![
        must("length", Check::MaxLength(280)),
        must("source", Check::CarriesSource),
        must("more", Check::SaysMoreThanTitle),
    ];
    LastTry {
        task: Task { criteria, last_resort: true, attempt: 3, tries: 2, ..a_task() },
        outcome: WorkOutcome::Intent { intent: an_intent(text) },
        worker: Confidence::FULL,
        policy: a_policy(),
        sponsor: None,
        hold_first: false,
        covered: None,
    }
}

impl LastTry {
    fn must(mut self, id: &str, check: Check) -> Self {
        self.task.criteria.push(must(id, check));
        self
    }

    fn covered_by(self, flags: &[&str]) -> Self {
        let covered = flags.iter().copied().map(Flag::new).collect();
        Self { covered: Some(covered), ..self }
    }

    fn judged(&self) -> Judgement {
        judge_result(&Case {
            task: &self.task,
            outcome: &self.outcome,
            worker_confidence: self.worker,
            policy: &self.policy,
            policy_version: 3,
            budget: Money::new(500, Currency::Usd).unwrap(),
            source: Some(&a_source()),
            pictures: &[],
            sponsor: self.sponsor,
            earlier: &[],
            paid: &[],
            now: morning(),
            hold_first: self.hold_first,
            covered: self.covered.as_ref(),
        })
    }

    /// What becomes of it, and what a human is asked.
    fn found(&self) -> (VerdictKind, Vec<String>) {
        let verdict = self.judged().verdict;
        (verdict.kind, verdict.flags.iter().map(|flag| flag.as_str().to_owned()).collect())
    }

    fn reasons(&self) -> String {
        self.judged().verdict.reasons.join("\n")
    }

    /// The same, where another try may follow.
    fn not_the_last(mut self) -> Self {
        self.task.last_resort = false;
        self
    }
}

fn flags(names: &[&str]) -> Vec<String> {
    names.iter().copied().map(str::to_owned).collect()
}

/// [J-7]
#[test]
fn what_is_poor_goes_to_a_human_on_the_last_try_with_the_reason() {
    let poor = || LastTry { worker: Confidence::share(5, 10), ..last_try(FAITHFUL) };
    assert_eq!(poor().found(), (VerdictKind::Escalate, flags(&["band:low", "tries:last"])));
    assert!(!poor().reasons().is_empty(), "why is shown");
    assert_eq!(poor().not_the_last().found(), (VerdictKind::Reject, Vec::new()));
    let among_the_first = LastTry { hold_first: true, ..poor() };
    let asked = flags(&["band:low", "hold_first", "tries:last"]);
    assert_eq!(among_the_first.found(), (VerdictKind::Escalate, asked));
}

/// [J-7]
#[test]
fn what_breaks_a_criterion_goes_to_a_human_on_the_last_try_by_its_name() {
    let unmet = || last_try(FAITHFUL).must("lumen", Check::MustMention("Lumen".to_owned()));
    let (kind, asked) = unmet().found();
    assert_eq!(kind, VerdictKind::Escalate);
    assert!(
        asked.contains(&"tries:last".to_owned()) && asked.contains(&"unmet:lumen".to_owned()),
        "{asked:?}"
    );
    assert!(unmet().reasons().contains("criterion lumen: must mention \"Lumen\""), "{}", unmet().reasons());
    assert_eq!(unmet().not_the_last().found(), (VerdictKind::Reject, Vec::new()));
}

/// [J-7]
#[test]
fn a_good_last_try_asks_nobody() {
    assert_eq!(last_try(FAITHFUL).found(), (VerdictKind::Approve, Vec::new()));
    let fair = LastTry { worker: Confidence::share(8, 10), ..last_try(FAITHFUL) };
    assert_eq!(fair.found(), (VerdictKind::Escalate, flags(&["band:medium"])));
}

/// [J-7] What may not be, and what is not there, is no human's to let pass.
#[test]
fn the_last_try_softens_no_other_rule() {
    let failure =
        WorkOutcome::Failure { code: "deadline".to_owned(), message: "too slow".to_owned(), retryable: true };
    let mut poor_purse = a_policy();
    poor_purse.caps.per_effect = Some(cents(1));
    let long = format!("{} {FAITHFUL}", "It runs as one binary of six megabytes. ".repeat(8));
    let mut unjudged = last_try(FAITHFUL);
    unjudged.task.criteria = Vec::<Criterion>::new();
    let mut of_another_shape = last_try(FAITHFUL);
    of_another_shape.task.kind = TaskKind::Research;
    let order = an_order(1, 100, "for the drawings");
    for (refused, reason) in [
        (LastTry { outcome: failure, ..last_try(FAITHFUL) }, "worker deadline"),
        (last_try(&long), "platform:x.length"),
        (LastTry { policy: poor_purse, ..last_try(FAITHFUL) }, "budget"),
        (LastTry { sponsor: Some("Lumen Labs"), ..last_try(FAITHFUL) }, "honesty:sponsor"),
        (last_try(FAITHFUL).must("ai", Check::DisclosesAi), "criterion ai"),
        (last_try(FAITHFUL).must("ad", Check::DisclosesSponsor), "criterion ad"),
        (last_try(FAITHFUL).must("order", Check::Pays(order)), "criterion order"),
        (unjudged, "criteria: "),
        (of_another_shape, "shape: "),
    ] {
        assert_eq!(refused.found(), (VerdictKind::Reject, Vec::new()), "{reason}");
        assert!(refused.reasons().contains(reason), "{reason}: {}", refused.reasons());
    }
}

/// [J-7]
#[test]
fn an_approval_covers_the_criteria_that_were_seen_to_be_unmet_and_no_others() {
    let unmet = || last_try(FAITHFUL).must("lumen", Check::MustMention("Lumen".to_owned()));
    let seen = ["band:low", "tries:last", "unmet:lumen"];
    assert_eq!(unmet().covered_by(&seen).found().0, VerdictKind::Approve);
    let further = unmet().must("image", Check::CarriesImage).covered_by(&seen);
    let (kind, asked) = further.found();
    assert_eq!(kind, VerdictKind::Escalate);
    assert!(asked.contains(&"unmet:image".to_owned()), "{asked:?}");
    // Nobody has seen it before: an approval for another reason lets no criterion pass.
    assert_eq!(unmet().covered_by(&["hold_first"]).found().0, VerdictKind::Escalate);
    assert_eq!(unmet().not_the_last().covered_by(&["hold_first"]).found().0, VerdictKind::Reject);
}
