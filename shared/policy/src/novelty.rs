//! How far a post is from what was published before.

use std::collections::BTreeSet;

use chimera_domain::Confidence;

use crate::words::{without_links, words};

/// Words per shingle: long enough that ordinary phrases rarely collide.
const SHINGLE: usize = 3;
/// How much of an earlier text any other one in the same voice repeats, in basis points: openers, hashtags, names.
const HARMLESS: usize = 4_500;

/// The distance of `text` from the nearest of `earlier`: certainty up to a harmless overlap, none where it repeats the
/// whole of one. Nothing that is added to a repetition makes it new.
#[must_use]
pub fn novelty(text: &str, earlier: &[&str]) -> Confidence {
    let own = shingles(text);
    let nearest = earlier.iter().map(|other| overlap(&own, &shingles(other))).max().unwrap_or(0);
    let beyond = nearest.saturating_sub(HARMLESS);
    Confidence::share(10_000 - HARMLESS - beyond, 10_000 - HARMLESS)
}

fn shingles(text: &str) -> BTreeSet<Vec<String>> {
    let words = words(&without_links(text));
    if words.len() < SHINGLE {
        return BTreeSet::from([words]);
    }
    words.windows(SHINGLE).map(<[String]>::to_vec).collect()
}

/// How much of the earlier text is repeated, in basis points.
fn overlap(own: &BTreeSet<Vec<String>>, earlier: &BTreeSet<Vec<String>>) -> usize {
    let common = own.intersection(earlier).count();
    (common * 10_000).checked_div(earlier.len()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identical_text_is_not_new_and_another_one_is() {
        let text = "A solar workshop opens in Porto this Friday https://a.example/1";
        assert_eq!(
            novelty(text, &["something else", "a solar workshop opens in Porto, this friday!"]),
            Confidence::ZERO
        );
        assert_eq!(novelty(text, &["Bread prices and a bakery in Lyon"]), Confidence::FULL);
        assert_eq!(novelty(text, &[]), Confidence::FULL);
    }

    #[test]
    fn a_rewording_lies_between() {
        let close = novelty(
            "A solar workshop opens in Porto this Friday for everyone",
            &["A solar workshop opens in Porto this Friday for neighbours"],
        );
        assert!(close > Confidence::ZERO && close < Confidence::FULL, "{close}");
    }
}
