//! What is asked, what is said, and what is owed: labelled lists, and the rules on whole cases.

use chimera_policy::honesty::{asks_about_nature, claims_human, discloses, discloses_sponsor};

fn labelled(list: &'static str) -> impl Iterator<Item = (char, &'static str)> {
    let lines =
        list.lines().filter(|line| !line.is_empty() && !line.starts_with('#') && line[1..].starts_with(' '));
    lines.filter_map(|line| line.chars().next().map(|label| (label, line[2..].trim())))
}

/// [H-1]
#[test]
fn who_asks_what_it_is_is_heard() {
    let list = include_str!("../corpus/honesty/mentions.txt");
    let mut counts = [0, 0];
    for (label, mention) in labelled(list).filter(|(label, _)| matches!(label, '+' | '-')) {
        let asks = label == '+';
        assert_eq!(asks_about_nature(mention), asks, "{mention}");
        counts[usize::from(asks)] += 1;
    }
    assert!(counts[0] >= 60 && counts[1] >= 120, "{counts:?}");
}

/// [H-1] [H-2]
#[test]
fn a_disclosure_is_plain_and_a_denial_is_none() {
    let list = include_str!("../corpus/honesty/statements.txt");
    for (label, text) in labelled(list).filter(|(label, _)| matches!(label, 'A' | 'H' | '-')) {
        assert_eq!(discloses(text), label == 'A', "discloses: {text}");
        assert_eq!(claims_human(text), label == 'H', "claims to be human: {text}");
    }
}

/// [H-3]
#[test]
fn what_is_paid_for_says_so_in_words_of_its_own() {
    for said in [
        "Great tool. #ad",
        "#Ad Great tool",
        "Great tool #Sponsored",
        "Paid partnership with Lumen Labs: a great tool",
        "Great tool. Paid partnership.",
        "Ad: great tool",
        "[Ad] great tool",
        "This post is sponsored by Lumen Labs",
        "Sponsored: great tool",
        "Great tool #PaidPartnership",
        "Great tool. Thanks to our sponsor Lumen Labs.",
    ] {
        assert!(discloses_sponsor(said), "{said}");
    }
    for silent in [
        "Great tool",
        "Great tool, add it to your list",
        "Great tool #adventure",
        "This is not an ad.",
        "This post is not sponsored by anyone",
        "No paid partnership here",
        "They call it a “paid partnership” in the text",
        "The museum has a new sponsor",
    ] {
        assert!(!discloses_sponsor(silent), "{silent}");
    }
}
