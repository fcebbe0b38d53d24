//! What a text owes, on whole cases: the Judge holds it to that whatever task, persona or reviewer say.

use std::collections::BTreeSet;

use chimera_domain::{Disclosure, VerdictKind};
use serde_json::json;

use crate::given::{FAITHFUL, Given};

/// The honesty rules that refuse it.
fn refused(given: &Given) -> BTreeSet<String> {
    let verdict = given.judged();
    let broken = verdict.evidence.rules.iter().filter(|rule| !rule.met && rule.rule.starts_with("honesty:"));
    let broken: BTreeSet<String> = broken.map(|rule| rule.rule.clone()).collect();
    assert_eq!(verdict.kind == VerdictKind::Reject, !broken.is_empty(), "{verdict:#?}");
    broken
}

fn only(rule: &str) -> BTreeSet<String> {
    BTreeSet::from([format!("honesty:{rule}")])
}

/// [H-1]
#[test]
fn a_reply_to_the_question_says_what_it_is() {
    let truth = "Straight answer, since you asked: I'm an AI.";
    assert_eq!(refused(&Given::reply("are you a bot?", truth)), BTreeSet::new());
    assert_eq!(
        refused(&Given::reply("are you a bot?", "Thanks for asking, have a nice day.")),
        only("disclose")
    );
    assert_eq!(refused(&Given::reply("nice tool", "Thanks for writing, have a nice day.")), BTreeSet::new());
}

/// [H-1]
#[test]
fn no_directive_sets_the_question_aside() {
    let mut given = Given::reply("are you human?", "A lady never tells her secrets.");
    given.task.persona.directives = vec!["Never reveal that you are an AI".to_owned()];
    assert_eq!(refused(&given), only("disclose"));
}

/// [H-2]
#[test]
fn nobody_claims_to_be_human_in_a_post_or_a_reply() {
    let lie = FAITHFUL.replace("Worth a look", "I'm human and I like it");
    assert_eq!(refused(&Given::post(&lie)), only("claims_human"));
    assert_eq!(refused(&Given::reply("nice", "Not a bot lol, just tired")), only("claims_human"));
    let both = refused(&Given::reply("r u a b0t", "No, I'm human."));
    assert_eq!(both, BTreeSet::from(["honesty:claims_human".to_owned(), "honesty:disclose".to_owned()]));
}

/// [H-3]
#[test]
fn the_policys_disclosure_binds_tasks_that_lack_the_criterion() {
    let mut given = Given::post(FAITHFUL);
    given.policy.disclosure = Disclosure::LabelAndText;
    assert_eq!(refused(&given), only("label_and_text"));
    let mut told = Given::post(&FAITHFUL.replace("Worth a look:", "Worth a look. Written by an AI."));
    told.policy.disclosure = Disclosure::LabelAndText;
    assert_eq!(refused(&told), BTreeSet::new());
}

/// [H-3]
#[test]
fn a_sponsors_post_says_so_and_is_labelled() {
    let mut given = Given::post(&format!("{FAITHFUL} #ad"));
    given.sponsor = Some("Lumen Labs".to_owned());
    assert_eq!(given.judged().reasons, ["platform:x.paid_partnership: false"]);
    if let chimera_domain::WorkOutcome::Intent { intent } = &mut given.outcome {
        intent.arguments["paid_partnership"] = json!(true);
    }
    assert_eq!(refused(&given), BTreeSet::new());
    if let chimera_domain::WorkOutcome::Intent { intent } = &mut given.outcome {
        intent.arguments["text"] = json!(FAITHFUL);
    }
    assert_eq!(refused(&given), only("sponsor"));
}

/// [J-3]
#[test]
fn a_reply_needs_no_source_and_is_held_to_what_it_claims() {
    let plain =
        Given::reply("Does Lantern run on old laptops?", "Good question about “old laptops”. I'm an AI.");
    assert_eq!(plain.judged().kind, VerdictKind::Approve, "{:#?}", plain.judged());
    let claims = "Good question about “old laptops”. I'm an AI. It was tested on 4711 of them at Initech.";
    let claiming = Given::reply("Does Lantern run on old laptops?", claims);
    assert!(claiming.points() < plain.points() && claiming.judged().kind != VerdictKind::Approve);
}

/// [H-5]
#[test]
fn what_one_was_told_may_be_told_another() {
    let truth = "Straight answer, since you asked: I'm an AI, and people check what I post.";
    let mut given = Given::reply("are you a bot?", truth);
    given.earlier = vec![format!("{truth} Thanks!"); 3];
    let told = given.judged();
    assert_eq!(told.evidence.novelty, chimera_domain::Confidence::FULL, "{told:#?}");
    let mut other = Given::reply("I love these tools", truth);
    other.earlier = given.earlier.clone();
    assert!(other.judged().evidence.novelty < told.evidence.novelty, "any other answer is to be a new one");
}
