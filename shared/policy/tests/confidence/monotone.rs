//! What lowers the confidence lowers it whatever else is the case, and nobody's opinion raises it.

use chimera_domain::{Check, Confidence, LowBand, MediumBand, VerdictKind};
use proptest::prelude::*;

use crate::given::{FAITHFUL, Given, criterion};

const LINK: &str = "https://smalltools.example/lantern";

/// Sentences that a post may be made of: faithful, foreign, and made up.
const SENTENCES: [&str; 12] = [
    "Lantern 2.0 searches plain log files.",
    "It needs no database beside them.",
    "“It runs as one binary of six megabytes on Linux and macOS”",
    "One binary, six megabytes.",
    "Worth a look this week!",
    "Plain files, quick answers.",
    "My garden is full of tomatoes.",
    "Somebody should print this on mugs.",
    "It beats grep by 40 percent.",
    "Loved at Initech.",
    "“Nothing else comes close”",
    "No emoji were hurt 🎉",
];

/// Claims that no source of these tests holds.
const MADE_UP: [&str; 7] = [
    "It took 45 days.",
    "Thanks to Helios for it.",
    "“Nobody else dares”",
    "See https://other.example/x",
    "Worth 3000000 already.",
    "As Gartner and Forrester say.",
    "Up by 71 percent.",
];

fn a_text() -> impl Strategy<Value = String> {
    let some = proptest::sample::subsequence(SENTENCES.to_vec(), 1..6).prop_shuffle();
    (some, any::<bool>()).prop_map(|(sentences, links)| {
        let told = sentences.join(" ");
        if links { format!("{told} {LINK}") } else { told }
    })
}

fn a_case() -> impl Strategy<Value = Given> {
    let earlier = proptest::collection::vec(a_text(), 0..3);
    (a_text(), earlier, any::<bool>(), 0_u16..=10_000).prop_map(|(text, earlier, is_plain, worker)| {
        let mut given = Given::post(&text);
        given.earlier = earlier;
        if is_plain {
            given.task.persona.directives =
                vec!["No emoji.".to_owned(), "Never use exclamation marks".to_owned()];
        }
        given.worker = Confidence::new(worker.max(5_000)).unwrap();
        given
    })
}

fn text_of(given: &Given) -> String {
    match &given.outcome {
        chimera_domain::WorkOutcome::Intent { intent } => intent.text().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// The same case with another text.
fn saying(given: &Given, text: &str) -> Given {
    Given {
        task: given.task.clone(),
        worker: given.worker,
        policy: given.policy.clone(),
        source: given.source.clone(),
        earlier: given.earlier.clone(),
        ..Given::post(text)
    }
}

proptest! {
    /// [J-3]
    #[test]
    fn without_its_source_no_post_is_better(mut given in a_case()) {
        let before = given.points();
        given.source = None;
        prop_assert!(given.points() <= before);
    }

    /// [J-3]
    #[test]
    fn a_made_up_claim_makes_no_post_better(given in a_case(), claim in proptest::sample::select(&MADE_UP[..])) {
        let (before, text) = (given.points(), text_of(&given));
        let after = saying(&given, &format!("{text} {claim}"));
        prop_assert!(after.points() <= before, "{text} + {claim}: {} > {before}", after.points());
    }

    /// [J-3]
    #[test]
    fn a_broken_criterion_makes_no_post_better(mut given in a_case(), mandatory: bool) {
        let before = given.points();
        given.task.criteria.push(criterion("never", Check::MustMention("zyzzyva".to_owned()), mandatory));
        prop_assert!(given.points() <= before);
    }

    /// [J-3]
    #[test]
    fn an_earlier_text_makes_no_post_better(mut given in a_case(), earlier in a_text()) {
        let before = given.points();
        given.earlier.push(earlier);
        prop_assert!(given.points() <= before);
    }

    /// [J-3]
    #[test]
    fn saying_an_earlier_text_again_makes_no_post_better(mut given in a_case()) {
        given.earlier.clear();
        let text = text_of(&given);
        let before = given.points();
        given.earlier.push(text);
        prop_assert!(given.points() < before || before == 0);
    }

    /// [J-3]
    #[test]
    fn a_lower_opinion_lowers_and_a_higher_one_approves_nothing(mut given in a_case(), opinion in 0_u16..=10_000) {
        given.worker = Confidence::FULL;
        let alone = given.judged();
        given.worker = Confidence::new(opinion).unwrap();
        let with = given.judged();
        prop_assert_eq!(with.confidence, alone.confidence.lowered_to(given.worker));
        if alone.kind != VerdictKind::Approve {
            prop_assert_ne!(with.kind, VerdictKind::Approve);
        }
    }

    /// [J-3]
    #[test]
    fn no_opinion_turns_what_is_held_into_an_approval_under_either_switch(
        mut given in a_case(),
        opinion in 0_u16..=10_000,
        straight: bool,
    ) {
        given.policy.low_band = if straight { LowBand::Human } else { LowBand::Retry };
        given.policy.medium_band = MediumBand::Hold;
        given.worker = Confidence::FULL;
        let is_approved = given.judged().kind == VerdictKind::Approve;
        given.worker = Confidence::new(opinion).unwrap();
        prop_assert!(is_approved || given.judged().kind != VerdictKind::Approve);
    }
}

/// [J-3]
#[test]
fn each_flaw_of_a_faithful_post_shows() {
    let faithful = Given::post(FAITHFUL).points();
    assert!(faithful > 9_000, "{faithful}");
    for claim in MADE_UP {
        let after = Given::post(&format!("{FAITHFUL} {claim}")).points();
        assert!(after < faithful && after <= 9_000, "{claim}: {after}");
    }
    let mut alone = Given::post(FAITHFUL);
    alone.source = None;
    assert!(alone.points() < 7_000, "{}", alone.points());
    for mandatory in [false, true] {
        let mut broken = Given::post(FAITHFUL);
        broken.task.criteria.push(criterion("tag", Check::MustMention("#tools".to_owned()), mandatory));
        let points = broken.points();
        assert!(points <= 9_000 && (points >= 7_000) != mandatory, "{mandatory}: {points}");
    }
    let mut again = Given::post(FAITHFUL);
    again.earlier.push(format!("Once more. {FAITHFUL}"));
    assert!(again.points() < 7_000, "{}", again.points());
}
