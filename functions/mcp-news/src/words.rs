//! The words of a text that say what it is about.

use std::collections::BTreeSet;

use unicode_segmentation::UnicodeSegmentation as _;

/// Shorter words say nothing.
const SHORTEST: usize = 3;
/// Words that every article has.
const COMMON: &[&str] = &[
    "about", "after", "all", "also", "and", "are", "but", "can", "for", "from", "had", "has", "have", "her",
    "his", "how", "into", "its", "more", "new", "not", "now", "off", "one", "our", "out", "over", "said",
    "says", "she", "than", "that", "the", "their", "them", "there", "they", "this", "two", "was", "were",
    "what", "when", "which", "who", "why", "will", "with", "would", "you", "your",
];

/// The telling words of `text`, lower-cased, a plural like its singular, in order.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.unicode_words().map(str::to_lowercase).filter(|word| is_telling(word)).map(singular).collect()
}

/// The same, each once.
pub(crate) fn word_set(text: &str) -> BTreeSet<String> {
    words(text).into_iter().collect()
}

fn is_telling(word: &str) -> bool {
    word.chars().count() >= SHORTEST && COMMON.binary_search(&word).is_err()
}

fn singular(word: String) -> String {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > SHORTEST && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_are_in_order_and_say_nothing() {
        assert!(COMMON.is_sorted());
        assert_eq!(
            words("The two Bridges and their bridge: glass, news!"),
            ["bridge", "bridge", "glass", "news"]
        );
    }
}
