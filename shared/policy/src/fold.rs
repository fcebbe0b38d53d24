//! A text's characters as they are seen: entities decoded, direction restored, look-alikes and pictures replaced, camel case
//! parted.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::look_alike::{emoji_word, look_alike};
use crate::normalise::{is_ignorable, straighten};

/// `&#118;ote` as `vote`.
pub(crate) fn decode_entities(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity =
            rest[1..].find(';').filter(|end| *end <= 8).and_then(|end| Some((entity(&rest[1..=end])?, end)));
        match entity {
            Some((c, end)) => {
                decoded.push(c);
                rest = &rest[end + 2..];
            }
            None => {
                decoded.push('&');
                rest = &rest[1..];
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" | "rsquo" | "lsquo" => Some('\''),
        "nbsp" => Some(' '),
        "shy" | "zwnj" | "zwj" => Some('\u{200b}'),
        _ => None,
    }
}

/// Text that a control character makes run from right to left, in the order in which it is seen.
pub(crate) fn restore_direction(text: &str) -> String {
    const OVERRIDE: char = '\u{202e}';
    let mut parts = text.split(OVERRIDE);
    let mut restored = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['\u{202c}', '\u{2069}', '\n']).unwrap_or(part.len());
        restored.extend(part[..end].chars().rev());
        restored.push_str(&part[end..]);
    }
    restored
}

/// A wider gap than one space: between words whose letters are spaced out.
pub(crate) const GAP: &str = "\u{1}";

/// Plain lower-case letters; camel case parted, with how many words that gave; emoji that stand for words spelled out.
pub(crate) fn fold(text: &str) -> (String, usize) {
    let mut folded = String::with_capacity(text.len() + 16);
    let mut humps = 0;
    for token in text.split([' ', '\n', '\t', '\u{a0}', '\u{3000}']) {
        if token.is_empty() {
            folded.push_str(GAP);
            folded.push(' ');
            continue;
        }
        let parted;
        let token = if is_camel(token) {
            parted = part_camel(token);
            humps += parted.split(' ').count();
            &parted
        } else {
            token
        };
        for c in token.chars() {
            fold_char(c, &mut folded);
        }
        folded.push(' ');
    }
    (folded, humps)
}

fn fold_char(c: char, folded: &mut String) {
    if c.is_ascii() {
        folded.push(c.to_ascii_lowercase());
        return;
    }
    if let Some(words) = emoji_word(c) {
        folded.push(' ');
        folded.push_str(words);
        folded.push(' ');
        return;
    }
    for part in std::iter::once(c).nfkd().filter(|c| !is_ignorable(*c) && !is_combining_mark(*c)) {
        folded.extend(part.to_lowercase().map(straighten).map(look_alike));
    }
}

/// Whether capitals inside mark words (`VoteBlue`, not `eLeCtIoN`).
fn is_camel(token: &str) -> bool {
    let humps = token
        .as_bytes()
        .windows(2)
        .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let letters = token.bytes().filter(u8::is_ascii_alphabetic).count();
    let humps = humps.count();
    humps > 0 && letters >= (humps + 1) * 3 - usize::from(humps > 1)
}

fn part_camel(token: &str) -> String {
    let mut parted = String::with_capacity(token.len() + 8);
    let mut before = ' ';
    for c in token.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            parted.push(' ');
        }
        parted.push(c);
        before = c;
    }
    parted
}
