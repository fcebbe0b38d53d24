//! Disguises undone: one canonical reading of a text, in which words are as a reader sees them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::look_alike::{emoji_word, look_alike};
use crate::normalise::{is_ignorable, straighten};
use crate::vocabulary::{Vocabulary, skeleton};

/// A text as the screen reads it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Lower case, disguises undone, words parted by single spaces.
    pub canonical: String,
    /// Spelled-out letters that are no known words: glued together, looked through for parts of words.
    pub runs: Vec<String>,
}

/// Undoes entities, overridden direction, look-alikes, emoji for words, joined, spaced, stretched, masked and leet words.
#[must_use]
pub fn read(text: &str, vocabulary: &Vocabulary) -> Reading {
    let decoded = decode_entities(text);
    let folded = fold(&restore_direction(&decoded));
    let mut reader = Reader { vocabulary, reading: Reading::default(), letters: Vec::new(), is_spaced: false };
    for token in folded.split_whitespace() {
        reader.take(token);
    }
    reader.end_run();
    reader.reading
}

/// `&#118;ote` as `vote`.
fn decode_entities(text: &str) -> String {
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
fn restore_direction(text: &str) -> String {
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
const GAP: &str = "\u{1}";

/// Plain lower-case letters; hashtags and camel case parted; emoji that stand for words spelled out.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 16);
    for token in text.split([' ', '\n', '\t', '\u{a0}', '\u{3000}']) {
        if token.is_empty() {
            folded.push_str(GAP);
            folded.push(' ');
            continue;
        }
        let parted;
        let token = if is_camel(token) {
            parted = part_camel(token);
            &parted
        } else {
            token
        };
        for c in token.chars() {
            fold_char(c, &mut folded);
        }
        folded.push(' ');
    }
    folded
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

struct Reader<'a> {
    vocabulary: &'a Vocabulary,
    reading: Reading,
    /// Tokens of one letter each that came in a row.
    letters: Vec<char>,
    /// Whether words were spelled out before.
    is_spaced: bool,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) {
        if token == GAP {
            return self.end_run();
        }
        let mut inside = token.chars().filter(|c| c.is_alphanumeric());
        match (inside.next(), inside.next()) {
            (Some(letter), None) if token.chars().count() <= 3 && !token.starts_with(['$', '#']) => {
                self.letters.push(letter);
            }
            (None, _) if !self.letters.is_empty() && token.chars().count() <= 2 => {}
            _ => {
                self.end_run();
                if token.is_ascii() && self.vocabulary.knows(token) {
                    self.push(token);
                } else {
                    self.repair(token);
                }
            }
        }
    }

    /// Letters that were spaced out become words again; fewer than three in a row are left as they are.
    fn end_run(&mut self) {
        let letters = std::mem::take(&mut self.letters);
        let is_spaced = letters.len() >= 3 || letters.len() == 2 && self.is_spaced;
        self.is_spaced |= letters.len() >= 4;
        if !is_spaced {
            for letter in letters {
                self.push(letter.encode_utf8(&mut [0; 4]));
            }
            return;
        }
        let glued: String = letters.iter().collect();
        self.glued(&unleet(&glued, 'i'));
    }

    fn glued(&mut self, glued: &str) {
        let words = self.parted_run(glued);
        words.iter().for_each(|word| self.push(word));
    }

    /// The words of spelled-out letters. What is no known word is kept for the search for parts of words.
    fn parted_run(&mut self, glued: &str) -> Vec<String> {
        let words = self.vocabulary.part(glued).unwrap_or_else(|| vec![glued.to_owned()]);
        if !words.iter().all(|word| self.vocabulary.knows(word)) {
            self.reading.runs.push(glued.to_owned());
        }
        words
    }

    fn push(&mut self, word: &str) {
        if !self.reading.canonical.is_empty() {
            self.reading.canonical.push(' ');
        }
        self.reading.canonical.push_str(word);
    }

    /// A token that is not known as it stands.
    fn repair(&mut self, token: &str) {
        let is_edge = |c: char| !(c.is_alphanumeric() || matches!(c, '@' | '$' | '*'));
        let core = token.trim_end_matches(|c: char| is_edge(c) || matches!(c, '@' | '$' | '*'));
        let tail = &token[core.len()..];
        let head_len = core.len() - core.trim_start_matches(is_edge).len();
        let (head, core) = core.split_at(head_len);
        if core.is_empty() || core.starts_with("http") || core.starts_with('@') && !head.is_empty() {
            return self.push(token);
        }
        if let Some(repaired) = self.repaired(core, head.ends_with('#')) {
            self.push(&format!("{head}{repaired}{tail}"));
        } else {
            self.push(token);
        }
    }

    fn repaired(&mut self, core: &str, is_hashtag: bool) -> Option<String> {
        let v = self.vocabulary;
        if v.knows(core) {
            return None;
        }
        if core.chars().all(|c| c.is_alphabetic() || c == '\'') {
            return self.word(core, is_hashtag);
        }
        if core.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '%' | '$' | ':' | '/')) {
            return None;
        }
        let groups: Vec<&str> =
            core.split(|c: char| !c.is_alphanumeric()).filter(|g| !g.is_empty()).collect();
        if groups.len() >= 3
            && groups.iter().filter(|group| group.chars().count() == 1).count() * 4 >= groups.len() * 3
        {
            let glued = unleet(&groups.concat(), 'i');
            return Some(self.parted_run(&glued).join(" "));
        }
        if groups.len() >= 2 && groups.iter().all(|group| v.knows(group)) {
            return core.contains('/').then(|| groups.join(" / "));
        }
        let letters: String = groups.concat();
        if letters.len() >= 4 && v.knows(&letters) {
            return Some(letters);
        }
        for one in ['i', 'l'] {
            let read = unleet(core, one);
            let read: String = read.chars().filter(|c| c.is_alphanumeric()).collect();
            if read.chars().all(char::is_alphabetic) {
                if v.knows(&read) {
                    return Some(read);
                }
                if let Some(word) = self.stretched(&read) {
                    return Some(word);
                }
            }
        }
        if core.contains('*')
            && let Some(word) = v.with_vowels(&skeleton(&letters))
        {
            return Some(word.to_owned());
        }
        let is_digit_inside = core.as_bytes().windows(3).any(|w| {
            w[0].is_ascii_alphabetic()
                && !w[1].is_ascii_alphabetic()
                && w[1] != b'\''
                && w[1] != b'-'
                && w[2].is_ascii_alphabetic()
        });
        if groups.len() == 1 && is_digit_inside {
            let read = unleet(core, 'i');
            return Some(self.word(&read, is_hashtag).unwrap_or(read));
        }
        None
    }

    /// A word of letters only that is not known.
    fn word(&self, word: &str, is_hashtag: bool) -> Option<String> {
        if let Some(word) = self.stretched(word) {
            return Some(word);
        }
        if !word.is_ascii() {
            return None;
        }
        if word.len() >= 2 && !word.contains(['a', 'e', 'i', 'o', 'u', '\'']) {
            return self.vocabulary.with_vowels(word).map(str::to_owned);
        }
        // Most words that are not known are names; only what is too long for one is parted.
        if word.len() >= if is_hashtag { 6 } else { 10 } {
            let words = self.vocabulary.part(word).filter(|words| words.len() > 1)?;
            let known: usize = words.iter().filter(|word| self.vocabulary.knows(word)).map(String::len).sum();
            // A name that happens to begin with a word is left whole.
            return (known * 3 >= word.len() * 2).then(|| words.join(" "));
        }
        None
    }

    /// The known word of which letters were repeated.
    fn stretched(&self, word: &str) -> Option<String> {
        let letters: Vec<char> = word.chars().collect();
        if !letters.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let kept = |from: usize, keep: usize| {
            let mut kept = String::with_capacity(word.len());
            for run in letters.chunk_by(|a, b| a == b) {
                kept.extend(run.iter().take(if run.len() >= from { keep } else { run.len() }));
            }
            kept
        };
        let found = [kept(3, 2), kept(3, 1), kept(2, 1)].into_iter().find(|word| self.vocabulary.knows(word));
        found.or_else(|| {
            letters.windows(3).any(|run| run[0] == run[1] && run[1] == run[2]).then(|| kept(3, 1))
        })
    }
}

/// Digits and signs back to the letters they stand for. `one` is what a 1 stands for.
fn unleet(word: &str, one: char) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => one,
        '|' => 'l',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '2' => 'z',
        other => other,
    };
    word.chars().map(letter).collect()
}
