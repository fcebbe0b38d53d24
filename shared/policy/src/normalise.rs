//! Views of a text in which common disguises are undone. No single view is enough: a screen looks at all of them.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::look_alike::look_alike;

/// Compiles a pattern that is part of the program.
#[expect(clippy::expect_used, reason = "the pattern is a constant and every one is compiled by a test")]
pub(crate) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern compiles")
}

/// The text in lower case, compatibility forms folded, marks and invisible characters dropped, white space collapsed,
/// quotation marks and dashes straightened.
#[must_use]
pub fn plain(text: &str) -> String {
    let folded: String = text
        .nfkd()
        .filter(|c| !is_ignorable(*c) && !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(straighten)
        .collect();
    collapse(&folded)
}

/// What counts as the same text for uniqueness: the plain words, without punctuation. Two posts that differ in case,
/// spacing or marks only are one.
#[must_use]
pub fn same_text(text: &str) -> String {
    let spaced: String = plain(text).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words = collapse(&spaced);
    // A text of symbols alone still differs from another one.
    if words.is_empty() { text.trim().to_owned() } else { words }
}

/// Every view of the text, the plain one first, without repetition.
#[must_use]
pub fn views(text: &str) -> Vec<String> {
    let base = plain(text);
    let skeleton: String = base.chars().map(look_alike).collect();
    let mut views = vec![
        plain(&split_camel_case(text)),
        leet(&skeleton, 'i'),
        leet(&skeleton, 'l'),
        squeeze(&skeleton),
        join_spaced_letters(&skeleton),
    ];
    if text.contains('\u{202e}') {
        views.push(base.chars().rev().collect());
    }
    views.push(skeleton);
    let mut distinct = vec![base];
    for view in views {
        if !distinct.contains(&view) {
            distinct.push(view);
        }
    }
    distinct
}

/// Runs of letters that were spaced out (`v o t e`, `v.o.t.e`), glued together. Word boundaries inside them are lost.
#[must_use]
pub fn spaced_runs(text: &str) -> Vec<String> {
    let skeleton: String = plain(text).chars().map(look_alike).collect();
    let skeleton = leet(&skeleton, 'i');
    SPACED.find_iter(&skeleton).map(|run| letters_of(run.as_str())).collect()
}

static SPACED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b\p{L}(?:[^\p{L}\p{N}]{1,3}\p{L}){3,}\b"));

/// Characters that are not seen: they must neither hide a word nor split it.
pub(crate) fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

pub(crate) fn straighten(c: char) -> char {
    match c {
        '“' | '”' | '„' | '«' | '»' => '"',
        '‘' | '’' | '‚' => '\'',
        '‐'..='―' | '−' => '-',
        other => other,
    }
}

pub(crate) fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Digits and signs back to the letters they stand for, inside words only. `one` is what a 1 stands for.
fn leet(text: &str, one: char) -> String {
    let words: Vec<String> = text.split(' ').map(|word| leet_word(word, one)).collect();
    words.join(" ")
}

fn leet_word(word: &str, one: char) -> String {
    if !word.chars().any(char::is_alphabetic) {
        return word.to_owned();
    }
    let letters: Vec<char> = word.chars().collect();
    let inside = |at: usize| letters.get(at + 1).is_some_and(|next| next.is_alphanumeric());
    let fold = |(at, c): (usize, &char)| match c {
        '0' => 'o',
        '1' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '!' if inside(at) => 'i',
        '|' if inside(at) => 'l',
        other => *other,
    };
    letters.iter().enumerate().map(fold).collect()
}

/// Letters repeated three times or more become one: `vooote`.
fn squeeze(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut squeezed = String::with_capacity(text.len());
    for run in letters.chunk_by(|a, b| a == b) {
        let keep = if run.len() >= 3 { 1 } else { run.len() };
        squeezed.extend(run.iter().take(keep));
    }
    squeezed
}

fn join_spaced_letters(text: &str) -> String {
    SPACED.replace_all(text, |run: &regex::Captures<'_>| letters_of(&run[0])).into_owned()
}

fn letters_of(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// `#VoteBlue` as `#Vote Blue`.
pub(crate) fn split_camel_case(text: &str) -> String {
    let mut split = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            split.push(' ');
        }
        split.push(c);
        before = c;
    }
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_of_a_word_are_undone_in_some_view() {
        for text in [
            "ELECTION",
            "el\u{200b}ec\u{ad}tion",
            "ｅｌｅｃｔｉｏｎ",
            "еlесtіоn",
            "3l3ct10n",
            "e l e c t i o n",
            "e.l.e.c.t.i.o.n",
            "eleeeection",
            "e\u{301}lection",
            "🅴🅻🅴🅲🆃🅸🅾🅽",
            "\u{202e}noitcele",
        ] {
            assert!(views(text).iter().any(|view| view.contains("election")), "{text:?}: {:?}", views(text));
        }
    }

    #[test]
    fn the_same_text_ignores_case_spacing_and_marks() {
        assert_eq!(same_text("Hello,  World!"), same_text("hello world"));
        assert_ne!(same_text("hello world 1"), same_text("hello world 2"));
        assert_ne!(same_text("👍"), same_text("👎"));
    }
}
