//! Keyword search: BM25F, which weighs a rare word above a frequent one and a short text above a long one.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::words::terms;

/// How fast repeating a word stops counting.
pub(crate) const K1: f64 = 1.2;
/// How much a text's length counts.
pub(crate) const B: f64 = 0.75;

/// A field of a document: its weight and its text.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    pub(crate) weight: f64,
    pub(crate) text: Cow<'a, str>,
}

/// The score of each document for the query, 0 where they share no word. Every document has the same fields in the same
/// order.
pub(crate) fn scores(query: &str, documents: &[Vec<Field<'_>>]) -> Vec<f64> {
    let asked: Vec<String> = terms(query).into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let counted: Vec<Vec<Counted>> = documents.iter().map(|fields| count(&asked, fields)).collect();
    let averages = averages(&counted);
    let rarities: Vec<f64> = (0..asked.len()).map(|term| rarity(term, &counted)).collect();
    let score = |document: &Vec<Counted>| {
        let of = |term: usize| {
            let often = frequency(term, document, &averages);
            rarities[term] * often / (K1 + often)
        };
        (0..asked.len()).map(of).sum()
    };
    counted.iter().map(score).collect()
}

/// How often each term is in one field.
struct Counted {
    weight: f64,
    length: f64,
    times: Vec<f64>,
}

fn count(asked: &[String], fields: &[Field<'_>]) -> Vec<Counted> {
    let count = |field: &Field<'_>| {
        let words = terms(&field.text);
        let mut times = vec![0.0; asked.len()];
        for word in &words {
            if let Ok(term) = asked.binary_search(word) {
                times[term] += 1.0;
            }
        }
        Counted { weight: field.weight, length: number(words.len()), times }
    };
    fields.iter().map(count).collect()
}

/// Average length of each field, at least one word.
fn averages(counted: &[Vec<Counted>]) -> Vec<f64> {
    let fields = counted.first().map_or(0, Vec::len);
    let average = |field: usize| {
        let all: f64 =
            counted.iter().filter_map(|document| document.get(field)).map(|field| field.length).sum();
        (all / number(counted.len())).max(1.0)
    };
    (0..fields).map(average).collect()
}

/// How much a term tells: the fewer documents have it, the more.
fn rarity(term: usize, counted: &[Vec<Counted>]) -> f64 {
    let has = |document: &&Vec<Counted>| document.iter().any(|field| field.times[term] > 0.0);
    let (with, all) = (number(counted.iter().filter(has).count()), number(counted.len()));
    (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
}

/// How often a term is in a document, over its fields, each by its weight and length.
fn frequency(term: usize, document: &[Counted], averages: &[f64]) -> f64 {
    let of = |(field, average): (&Counted, &f64)| {
        field.weight * field.times[term] / (1.0 - B + B * field.length / average)
    };
    document.iter().zip(averages).map(of).sum()
}

#[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^52 words or documents")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str, texts: &[&str]) -> Vec<f64> {
        let documents: Vec<_> =
            texts.iter().map(|text| vec![Field { weight: 1.0, text: Cow::Borrowed(*text) }]).collect();
        scores(query, &documents)
    }

    #[test]
    fn a_rare_word_counts_more_than_a_frequent_one() {
        let scores = of("post espresso", &["post post", "espresso", "post tea", "post rain"]);
        assert!(scores[1] > scores[0] && scores[0] > scores[2], "{scores:?}");
    }

    #[test]
    fn a_short_text_counts_more_than_a_long_one_and_no_word_not_at_all() {
        let scores = of("espresso", &["espresso", "espresso in a small cup on a cold morning", "tea"]);
        assert!(scores[0] > scores[1] && scores[1] > 0.0 && scores[2] == 0.0, "{scores:?}");
    }

    #[test]
    fn a_field_counts_by_its_weight() {
        let document = |title: &'static str, text: &'static str| {
            vec![Field { weight: 3.0, text: title.into() }, Field { weight: 1.0, text: text.into() }]
        };
        let scores = scores("espresso", &[document("tea", "espresso"), document("espresso", "tea")]);
        assert!(scores[1] > scores[0], "{scores:?}");
    }

    #[test]
    fn stop_words_and_an_empty_store_find_nothing() {
        assert_eq!(of("who is it", &["it is the one", "who"]), [0.0, 0.0]);
        assert_eq!(of("espresso", &[]), Vec::<f64>::new());
        assert_eq!(of("espresso", &["", ""]), [0.0, 0.0]);
    }
}
