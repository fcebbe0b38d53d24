//! The platform's own rules, as far as the sandbox keeps them. Whether a text *should* be posted is the Judge's.

use std::sync::LazyLock;

use chimera_domain::{Currency, Money};
use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// Weighted length of the longest post.
pub const POST_LENGTH: usize = 280;
/// Every URL is replaced by a short link of this length.
const URL_LENGTH: usize = 23;
/// Cents a post with a link costs.
const LINK_CENTS: i64 = 20;
/// Cents any other post costs: $0.015 rounded up.
const PLAIN_CENTS: i64 = 2;
/// Cents a deletion costs.
const DELETION_CENTS: i64 = 1;

/// Length as the platform counts it: a URL is 23, Latin and most alphabets 1 a character, the rest (CJK, emoji) 2 a character as read. The sandbox counts for itself, as the
/// platform does; the Judge's own count is an upper bound of it.
#[must_use]
pub fn weighted_length(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let urls: Vec<_> = urls(&text).collect();
    let of_urls: usize = urls.iter().map(|url| weight(url)).sum();
    weight(&text) - of_urls + urls.len() * URL_LENGTH
}

/// What a post of this text costs.
#[must_use]
pub fn price(text: &str) -> Money {
    let cents = if urls(text).next().is_some() { LINK_CENTS } else { PLAIN_CENTS };
    Money::new(cents, Currency::Usd).unwrap_or(Money::zero(Currency::Usd))
}

/// What a deletion costs.
#[must_use]
pub fn deletion_price() -> Money {
    Money::new(DELETION_CENTS, Currency::Usd).unwrap_or(Money::zero(Currency::Usd))
}

fn urls(text: &str) -> impl Iterator<Item = &str> {
    static URL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?i)\bhttps?://[^\s<>"]*[^\s<>".,;:!?'()\[\]]"#).ok());
    URL.iter().flat_map(move |url| url.find_iter(text)).map(|found| found.as_str())
}

fn weight(text: &str) -> usize {
    text.graphemes(true).map(grapheme_weight).sum()
}

fn grapheme_weight(grapheme: &str) -> usize {
    let heavy = grapheme.chars().any(|c| char_weight(c) == 2);
    if heavy { 2 } else { grapheme.chars().map(char_weight).sum() }
}

fn char_weight(c: char) -> usize {
    match u32::from(c) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_as_the_platform_counts_it() {
        assert_eq!(weighted_length("hello"), 5);
        assert_eq!(weighted_length("日本"), 4);
        assert_eq!(weighted_length("👨‍👩‍👧"), 2);
        let long = format!("see https://example.org/{} now", "x".repeat(200));
        assert_eq!(weighted_length(&long), 4 + 23 + 4);
        assert_eq!(weighted_length("see https://example.org/a."), 4 + 23 + 1);
        assert_eq!(weighted_length(""), 0);
    }

    #[test]
    fn a_link_makes_a_post_dearer() {
        assert_eq!(price("no link").minor(), 2);
        assert_eq!(price("a link https://example.org/").minor(), 20);
    }
}
