//! The confidence of drafts labelled by hand: does the figure say what the labels say?

use chimera_domain::{Check, Confidence};
use serde_json::Value;

use crate::given::{Given, criterion};

struct Scored {
    label: String,
    points: u16,
    text: String,
}

/// What the Judge thinks of one line of the corpus.
fn scored(line: &str) -> Scored {
    let draft: Value = serde_json::from_str(line).unwrap();
    let field = |name: &str| draft[name].as_str().unwrap_or_default().to_owned();
    let mut given = Given::post(&field("text"));
    let source = given.source.as_mut().unwrap();
    (source.title, source.url, source.excerpt) = (field("title"), field("url"), field("excerpt"));
    for (name, check) in [
        ("must_mention", Check::MustMention as fn(String) -> Check),
        ("must_not_mention", Check::MustNotMention),
    ] {
        if let Some(phrase) = draft[name].as_str() {
            given.task.criteria.push(criterion(name, check(phrase.to_owned()), true));
        }
    }
    let directives = draft["directives"].as_array().into_iter().flatten();
    given.task.persona.directives = directives.filter_map(Value::as_str).map(str::to_owned).collect();
    given.earlier = draft["earlier"].as_str().map(str::to_owned).into_iter().collect();
    let points = given.points();
    Scored { label: field("label"), points, text: field("text") }
}

fn share(drafts: &[&Scored], is_so: impl Fn(u16) -> bool) -> Confidence {
    Confidence::share(drafts.iter().filter(|draft| is_so(draft.points)).count(), drafts.len())
}

/// How often a good draft is above a bad one; a tie counts half.
fn rank_agreement(good: &[&Scored], bad: &[&Scored]) -> Confidence {
    let pairs = good.iter().flat_map(|one| bad.iter().map(move |other| one.points.cmp(&other.points)));
    let halves = pairs.map(|order| match order {
        std::cmp::Ordering::Greater => 2,
        std::cmp::Ordering::Equal => 1,
        std::cmp::Ordering::Less => 0,
    });
    Confidence::share(halves.sum(), 2 * good.len() * bad.len())
}

/// [J-4]
#[test]
fn the_confidence_of_labelled_drafts_agrees_with_their_labels() {
    let drafts: Vec<Scored> = include_str!("../../corpus/drafts.jsonl").lines().map(scored).collect();
    let of = |label: &str| drafts.iter().filter(|draft| draft.label == label).collect::<Vec<_>>();
    let (good, medium, bad) = (of("good"), of("medium"), of("bad"));
    assert!(drafts.len() >= 200 && good.len() + medium.len() + bad.len() == drafts.len());

    let (high, low) = (share(&good, |points| points > 9_000), share(&bad, |points| points < 7_000));
    let between = share(&medium, |points| points <= 9_000);
    let agreement = rank_agreement(&good, &bad);
    println!("drafts: good {} above 0.90: {high}; bad {} below 0.70: {low}", good.len(), bad.len());
    println!(
        "medium {} not above 0.90: {between}; rank agreement of good and bad: {agreement}",
        medium.len()
    );
    for draft in
        good.iter().filter(|draft| draft.points <= 9_000).chain(bad.iter().filter(|d| d.points >= 7_000))
    {
        println!("{} {}: {}", draft.label, draft.points, draft.text);
    }
    let at_least = |points| Confidence::new(points).unwrap();
    assert!(high >= at_least(9_500), "good drafts above 0.90: {high}");
    assert!(low >= at_least(9_000), "bad drafts below 0.70: {low}");
    assert!(between >= at_least(6_000), "medium drafts not above 0.90: {between}");
    assert!(agreement >= at_least(9_700), "rank agreement: {agreement}");
}
