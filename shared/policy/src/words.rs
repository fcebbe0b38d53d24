//! Words, links and stems: what the text rules share.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::normalise::{pattern, plain};

static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\bhttps?://[^\s]+"));

/// The links with a scheme, without the punctuation that follows them.
pub(crate) fn links(text: &str) -> Vec<&str> {
    LINK.find_iter(text).map(|link| trim_link(link.as_str())).collect()
}

/// The text with each link replaced by a space.
pub(crate) fn without_links(text: &str) -> String {
    LINK.replace_all(text, |link: &regex::Captures<'_>| {
        let whole = &link[0];
        format!(" {}", &whole[trim_link(whole).len()..])
    })
    .into_owned()
}

fn trim_link(link: &str) -> &str {
    let trimmed = link.trim_end_matches(['.', ',', ';', ':', '!', '?', '"', '\'', '”', '’', '…', '>', ']']);
    // A closing parenthesis belongs to the link only where it was opened there.
    let mut link = trimmed;
    while link.ends_with(')') && link.matches(')').count() > link.matches('(').count() {
        link = &link[..link.len() - 1];
    }
    link
}

/// The plain words of a text: letters and digits, possessives dropped.
pub(crate) fn words(text: &str) -> Vec<String> {
    plain(text)
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .map(|word| word.trim_matches('\''))
        .map(|word| word.strip_suffix("'s").unwrap_or(word).replace('\'', ""))
        .filter(|word| !word.is_empty())
        .collect()
}

/// The stems of a text's words.
pub(crate) fn stems(text: &str) -> BTreeSet<String> {
    words(text).iter().map(|word| stem(word)).collect()
}

/// A light stem: the endings of number, tense and manner dropped where enough of the word is left.
#[must_use]
pub fn stem(word: &str) -> String {
    const ENDINGS: [(&str, &str); 9] = [
        ("ies", "y"),
        ("ingly", ""),
        ("edly", ""),
        ("ing", ""),
        ("ed", ""),
        ("es", ""),
        ("ly", ""),
        ("s", ""),
        ("e", ""),
    ];
    for (ending, instead) in ENDINGS {
        if let Some(head) = word.strip_suffix(ending)
            && head.chars().count() >= 3
            && !head.ends_with('s')
        {
            let head = head.strip_suffix('e').filter(|h| h.len() >= 3).unwrap_or(head);
            return format!("{head}{instead}");
        }
    }
    word.to_owned()
}

/// Whether `phrase` occurs in `text` as whole words; both plain.
pub(crate) fn has_phrase(text: &str, phrase: &str) -> bool {
    !phrase.is_empty()
        && text.match_indices(phrase).any(|(at, found)| {
            let before = text[..at].chars().next_back();
            let after = text[at + found.len()..].chars().next();
            let joins = |neighbour: Option<char>, edge: Option<char>| {
                neighbour.is_some_and(char::is_alphanumeric) && edge.is_some_and(char::is_alphanumeric)
            };
            !joins(before, found.chars().next()) && !joins(after, found.chars().next_back())
        })
}

/// Whether a word only connects, points or colours: it claims nothing that a source could support.
pub(crate) fn is_ordinary(word: &str) -> bool {
    ORDINARY.contains(word)
}

static ORDINARY: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| include_str!("ordinary.txt").split_whitespace().collect());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_join_the_forms_of_a_word() {
        for (one, other) in [("battery", "batteries"), ("charge", "charging"), ("launches", "launched")] {
            assert_eq!(stem(one), stem(other), "{one} {other}");
        }
    }

    #[test]
    fn a_link_ends_before_its_punctuation() {
        assert_eq!(
            links("see https://a.example/x?y=1). Or (https://b.example/z(1))!"),
            ["https://a.example/x?y=1", "https://b.example/z(1)",]
        );
        assert_eq!(without_links("see https://a.example/x."), "see  .");
    }

    #[test]
    fn a_phrase_is_found_as_whole_words_only() {
        assert!(has_phrase("the new art show", "art"));
        assert!(!has_phrase("the party starts", "art"));
        assert!(has_phrase("we love c++!", "c++"));
    }
}
