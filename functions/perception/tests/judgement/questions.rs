//! Who asks the account something.

use std::collections::{BTreeMap, BTreeSet};

use perception::is_direct_question;
use serde::Deserialize;

use crate::{Figures, Split, read};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    split: Split,
    asks: bool,
    text: String,
}

fn cases() -> Vec<Case> {
    read(include_str!("../../corpus/questions.jsonl"))
}

/// [PE-24] [PE-25]
#[test]
fn who_asks_the_account_is_heard_and_few_others_are() {
    let mut figures: BTreeMap<Split, Figures> = BTreeMap::new();
    for Case { split, asks, text } in cases() {
        let judged = is_direct_question(&text);
        figures.entry(split).or_default().count(asks, judged);
        if split == Split::Dev && judged != asks {
            println!("  dev, wrongly {judged}: {text}");
        }
    }
    for (split, figures) in &figures {
        println!("questions {split}: {figures}");
        assert!(figures.is_balanced(), "{split}: {figures}");
    }
    let held_out = figures[&Split::HeldOut];
    assert!(held_out.precision() >= 0.90, "{held_out}");
    assert!(held_out.recall() >= 0.90, "{held_out}");
}

#[test]
fn the_corpus_is_large_enough_and_no_text_is_in_it_twice() {
    let cases = cases();
    let texts: BTreeSet<String> = cases.iter().map(|case| case.text.to_lowercase()).collect();
    assert_eq!(texts.len(), cases.len());
    let held_out = cases.iter().filter(|case| case.split == Split::HeldOut).count();
    assert!(cases.len() >= 250 && held_out >= 120, "{} of which {held_out}", cases.len());
}

/// [PE-24]
#[test]
fn no_text_is_too_odd_to_be_judged() {
    let long = "why? ".repeat(5_000);
    for text in ["", "?", "???", "¿?", "@a @b ?", "\"\"?", "\u{202e}?", "…?", ",,,?", ":", "@", &long] {
        let judged = is_direct_question(text);
        assert_eq!(judged, is_direct_question(text), "{text:?}");
    }
    assert!(!is_direct_question("?") && !is_direct_question("@a @b ?"));
}
