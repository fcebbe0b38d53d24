//! Plain text from outside: sentences, words, widths.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use unicode_segmentation::UnicodeSegmentation as _;

/// Behind a line of so many characters a small letter goes on with a sentence that was wrapped.
const WRAPPED_LINE: RangeInclusive<usize> = 50..=120;

/// A URL counts this much, however long it is.
const URL_WIDTH: usize = 23;

/// Shortened words whose full stop ends no sentence.
const ABBREVIATIONS: [&str; 28] = [
    "e.g.", "i.e.", "mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "no.", "fig.", "inc.", "ltd.", "co.",
    "corp.", "jr.", "sr.", "approx.", "ca.", "cf.", "jan.", "feb.", "aug.", "sept.", "oct.", "nov.", "dec.",
    "z.b.",
];

/// Words that carry no content of their own.
const STOP_WORDS: [&str; 116] = [
    "a", "about", "after", "all", "also", "am", "among", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "before", "being", "between", "both", "but", "by", "can", "could", "did", "do",
    "does", "each", "even", "every", "few", "for", "from", "get", "got", "had", "has", "have", "he", "her",
    "here", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "like", "may", "me",
    "might", "more", "most", "much", "must", "my", "no", "nor", "not", "now", "of", "on", "one", "only",
    "or", "other", "our", "out", "over", "own", "said", "same", "she", "should", "so", "some", "such",
    "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "through",
    "to", "too", "under", "up", "us", "very", "was", "we", "were", "what", "when", "where", "which", "while",
    "who", "will", "with", "would", "you", "your", "use", "using",
];

/// What pages say about themselves, not about their subject.
const BOILERPLATE: [&str; 24] = [
    "submitted by",
    "[link]",
    "[comments]",
    "read more",
    "continue reading",
    "keep reading",
    "appeared first on",
    "click here",
    "subscribe",
    "sign up",
    "share this",
    "all rights reserved",
    "©",
    "cookie",
    "photo by",
    "photo credit",
    "image credit",
    "image:",
    "see also",
    "newsletter",
    "advertisement",
    "sponsored by",
    "follow us",
    "leave a comment",
];

/// The paragraphs of the text, white space collapsed, list marks taken away.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut last_width = 0;
    for raw in text.lines() {
        let line = raw.split_whitespace().collect::<Vec<_>>().join(" ");
        let (marked, line) = without_list_mark(&line);
        let goes_on = line.chars().next().is_some_and(char::is_lowercase);
        let joins = !marked && goes_on && WRAPPED_LINE.contains(&last_width);
        match found.last_mut() {
            Some(paragraph) if joins => {
                paragraph.push(' ');
                paragraph.push_str(line);
            }
            _ if !line.is_empty() => found.push(line.to_owned()),
            _ => {}
        }
        last_width = line.chars().count();
    }
    found
}

fn without_list_mark(line: &str) -> (bool, &str) {
    match ["* ", "- ", "• ", "– ", "# ", "## ", "### ", "> "].iter().find_map(|mark| line.strip_prefix(mark))
    {
        Some(rest) => (true, rest.trim()),
        None => (false, line.trim()),
    }
}

/// The sentences of one paragraph, in order.
pub(crate) fn sentences(paragraph: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, piece) in paragraph.split_sentence_bound_indices() {
        let end = at + piece.len();
        if end < paragraph.len() && ends_in_abbreviation(paragraph[start..end].trim_end()) {
            continue;
        }
        let sentence = paragraph[start..end].trim();
        if !sentence.is_empty() {
            found.push(sentence);
        }
        start = end;
    }
    found
}

fn ends_in_abbreviation(text: &str) -> bool {
    let mut tokens = text.rsplit([' ', '(']);
    let (Some(last), before) = (tokens.next(), tokens.next()) else { return false };
    let letters: Vec<&str> = last.trim_end_matches('.').split('.').collect();
    let dotted = last.ends_with('.')
        && letters.iter().all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic));
    // One letter is an initial behind a name or title only: "written in C." ends a sentence.
    let initial = letters.len() > 1 || before.is_none_or(|word| word.starts_with(char::is_uppercase));
    (dotted && initial) || ABBREVIATIONS.contains(&last.to_lowercase().as_str())
}

/// Whether the sentence ends as a sentence does, and is no heading or line of a list.
pub(crate) fn is_finished(sentence: &str) -> bool {
    let bare = sentence.trim_end_matches(['"', '”', '’', '\'', ')', ']', '»', '」']);
    bare.ends_with(['.', '!', '?', '…', '。', '！', '？', '؟', '।'])
}

/// Whether the sentence is about the page instead of its subject.
pub(crate) fn is_boilerplate(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    BOILERPLATE.iter().any(|mark| lower.contains(mark)) || lower.starts_with("via ")
}

/// The words, in lower case.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.unicode_words().map(str::to_lowercase).collect()
}

/// The words that carry content, in lower case, each once.
pub(crate) fn content_words(text: &str) -> BTreeSet<String> {
    words(text).into_iter().filter(|word| is_content(word)).collect()
}

fn is_content(word: &str) -> bool {
    let long = word.chars().count() >= 3 || word.chars().any(|c| c.is_ascii_digit() || !c.is_ascii());
    long && !STOP_WORDS.contains(&word)
}

/// Whether `phrase` stands in the text as whole words, ignoring case.
pub(crate) fn mentions(text: &str, phrase: &str) -> bool {
    let wanted = words(phrase);
    if wanted.is_empty() {
        return text.to_lowercase().contains(&phrase.to_lowercase());
    }
    words(text).windows(wanted.len()).any(|run| run == wanted)
}

/// The text's length as the platform counts it: a URL 23, a code point 1 or, beyond the alphabets and general
/// punctuation, 2.
pub(crate) fn width(text: &str) -> usize {
    text.split_inclusive(char::is_whitespace).map(token_width).sum()
}

fn token_width(token: &str) -> usize {
    let link = ["https://", "http://"].iter().filter_map(|scheme| token.find(scheme)).min();
    let Some(at) = link else {
        let plain = token.chars().map(char_width).sum();
        return if looks_like_link(token) { URL_WIDTH.max(plain) } else { plain };
    };
    let trailing: usize = token.chars().rev().take_while(|c| c.is_whitespace()).map(char_width).sum();
    token[..at].chars().map(char_width).sum::<usize>() + URL_WIDTH + trailing
}

/// Whether the platform may make a link of it, as of `node.js`.
fn looks_like_link(token: &str) -> bool {
    let mut parts = token.split('.').map(|part| part.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
    let Some(mut before) = parts.next() else { return false };
    for part in parts {
        let letters = part.chars().take_while(char::is_ascii_alphabetic).count();
        if !before.is_empty() && letters >= 2 {
            return true;
        }
        before = part;
    }
    false
}

fn char_width(c: char) -> usize {
    let narrow = matches!(c, '\0'..='\u{10ff}' | '\u{2000}'..='\u{200d}' | '\u{2010}'..='\u{201f}' | '\u{2032}'..='\u{2037}');
    if narrow { 1 } else { 2 }
}

/// The text cut after a word so that it has at most `max` characters, an ellipsis where something was cut.
pub(crate) fn clip(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let room: String = text.chars().take(max.saturating_sub(1)).collect();
    let cut = room.rfind(char::is_whitespace).unwrap_or(room.len());
    format!("{}…", room[..cut].trim_end_matches([' ', ',', ';', ':', '-', '–', '—']))
}

/// Every phrase in quotation marks that follows `marker` in the text, ignoring case.
pub(crate) fn quoted_after(text: &str, marker: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    // Lower case may change the length of a few letters; then the text itself is not indexable by its positions.
    let text = if lower.len() == text.len() { text } else { lower.as_str() };
    let mut found = Vec::new();
    for (at, _) in lower.match_indices(marker) {
        let mut parts = text[at + marker.len()..].split(['"', '“', '”']).skip(1);
        if let Some(phrase) = parts.next().map(str::trim).filter(|phrase| !phrase.is_empty()) {
            found.push(phrase.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviation_ends_no_sentence() {
        let text = "Files go through a relay (e.g. Postbox). Dr. A. Ott wrote it in the U.S. Navy yard. It is in C. It works.";
        assert_eq!(
            sentences(text),
            [
                "Files go through a relay (e.g. Postbox).",
                "Dr. A. Ott wrote it in the U.S. Navy yard.",
                "It is in C.",
                "It works."
            ]
        );
    }

    #[test]
    fn wrapped_lines_are_joined_and_lists_are_not() {
        let text = "A line that is long enough to have been wrapped by a\nprogram goes on.\n\nHeading\n* one thing\n* two things";
        assert_eq!(
            paragraphs(text),
            [
                "A line that is long enough to have been wrapped by a program goes on.",
                "Heading",
                "one thing",
                "two things"
            ]
        );
    }

    #[test]
    fn a_link_counts_twenty_three_and_an_emoji_two() {
        assert_eq!(width("https://example.org/a/very/long/path/that/goes/on/and/on"), 23);
        assert_eq!(width("abc https://example.org/x\n"), 28);
        assert_eq!(width("“é” 🎉日"), 8);
        assert_eq!((width("node.js"), width("e.g. this."), width("v2.5")), (23, 10, 4));
    }

    #[test]
    fn words_are_mentioned_as_words_only() {
        assert!(mentions("The Beta is out", "beta"));
        assert!(!mentions("alphabetacism", "beta"));
        assert!(mentions("now in closed beta, again", "closed beta"));
    }

    #[test]
    fn quoted_words_are_found_behind_their_marker() {
        let text = r#"criterion no-beta: must not mention "beta"; Must not mention “closed preview”"#;
        assert_eq!(quoted_after(text, "must not mention"), ["beta", "closed preview"]);
    }
}
