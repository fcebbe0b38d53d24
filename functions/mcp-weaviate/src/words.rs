//! Words of a text, as the keyword search and the embedding see them.

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// English words that say nothing about what a text is about. Sorted.
const STOP_WORDS: [&str; 78] = [
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if",
    "in", "into", "is", "it", "its", "me", "my", "no", "nor", "not", "of", "on", "or", "our", "ours", "she",
    "so", "some", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this",
    "to", "too", "us", "was", "we", "were", "what", "when", "where", "which", "who", "whom", "why", "will",
    "with", "would", "you", "your", "yours",
];

/// The words, in order: compatibility forms, case and Latin accents folded away, a possessive ending cut off. A text
/// without words, such as one of emoji, is read sign by sign.
pub(crate) fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let words: Vec<String> = folded.unicode_words().map(bare).collect();
    if !words.is_empty() {
        return words;
    }
    folded.graphemes(true).filter(|sign| !sign.trim().is_empty()).map(str::to_owned).collect()
}

/// The words that say what a text is about.
pub(crate) fn terms(text: &str) -> Vec<String> {
    let mut terms = words(text);
    terms.retain(|word| !is_stop_word(word));
    terms
}

/// Whether the word says nothing about what a text is about.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// The text with its differences of form removed.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let bare = text.nfkd().filter(|c| !is_accent(*c)).map(|c| if c == '\u{2019}' { '\'' } else { c });
    bare.nfc().collect::<String>().to_lowercase()
}

fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn bare(word: &str) -> String {
    word.strip_suffix("'s").unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_stop_words_can_be_searched() {
        assert!(STOP_WORDS.is_sorted());
        assert!(is_stop_word("the") && !is_stop_word("theme"));
    }

    #[test]
    fn differences_of_form_are_no_differences_of_words() {
        for (one, other) in [
            ("CAFÉ crème", "cafe creme"),
            ("Nova\u{2019}s plan", "nova plan"),
            ("ﬁne", "fine"),
            ("e\u{301}té", "été"),
        ] {
            assert_eq!(words(one), words(other));
        }
    }

    #[test]
    fn every_text_with_signs_has_words() {
        assert_eq!(words("🦀 🎉"), ["🦀", "🎉"]);
        assert_eq!(words("日本"), ["日", "本"]);
        assert_eq!(terms("what is the plan"), ["plan"]);
        assert!(words(" \n").is_empty());
    }
}
