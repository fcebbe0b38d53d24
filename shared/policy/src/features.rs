//! What the model sees of a text: words, word pairs, letters, word classes and how they stand together.

use std::hash::Hasher;
use std::sync::LazyLock;

use crate::classes::{Class, Classes};
use crate::vocabulary::{Fnv, ShortMap};
use crate::words::stem;

/// Buckets that features are hashed into, as a power of two.
pub const BUCKET_BITS: u32 = 18;

/// Tokens that are looked at: longer texts are scored in pieces.
pub(crate) const MAX_TOKENS: usize = 160;
/// How far apart two words may stand to make a pair.
const PAIR_REACH: usize = 4;
/// How far apart two classes may stand to count as near.
const NEAR: usize = 5;
/// Letters of a piece of a word.
const PIECES: std::ops::RangeInclusive<usize> = 3..=5;

/// Kinds of features. Within a kind the values have the length of its weight, however many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Word,
    Stem,
    Pair,
    Near,
    Piece,
    Class,
    ClassPair,
    ClassNear,
    ClassBeside,
    Shape,
    Form,
    Group,
    Outer,
}

/// Each kind's length.
const LENGTHS: [f32; 13] = [1.0, 1.0, 0.7, 0.6, 0.8, 0.8, 0.4, 0.4, 0.4, 0.7, 0.7, 1.0, 0.3];

/// A text as buckets with values.
#[derive(Debug, Default)]
pub struct Features {
    /// Bucket and value; a bucket may come twice.
    pub values: Vec<(u32, f32)>,
}

/// Small words that hold a sentence together: how they stand tells a claim from a caption.
const FUNCTION: &str = "a an the i me my mine we us our you your yours he him his she her they them their it its this that these those who what \
    which whose when where why how and or but if so because than then as at by for from in into of off on onto out over to under up with without about \
    after before until while is am are was were be been being do does did done have has had will would can could should must might may not no nor never \
    none nothing nobody just only even still yet already again ever always once all any some every each both few more most other another such same too very \
    im ive id ill youre youve youll hes shes theyre its dont doesnt didnt cant couldnt wont wouldnt shouldnt isnt arent wasnt werent havent hasnt aint \
    i'm i've i'd i'll you're you've you'll he's she's they're it's that's don't doesn't didn't can't couldn't won't wouldn't shouldn't isn't aren't wasn't \
    haven't hasn't ain't let's there there's here now # ? ! . , \"";

/// A token of the canonical reading.
struct Token<'a> {
    word: &'a str,
    stem: String,
    classes: Vec<Class>,
    is_function: bool,
}

/// The features of a canonical reading.
#[must_use]
pub fn features(canonical: &str) -> Features {
    let tokens = tokens(canonical);
    let mut found: Vec<(Kind, u64)> = Vec::with_capacity(1024);
    let mut text = String::with_capacity(64);
    words(&tokens, &mut found);
    pieces(&tokens, &mut text, &mut found);
    classes(&tokens, &mut found);
    shapes(&tokens, &mut found);
    form(canonical, &tokens, &mut found);
    groups(&tokens, &mut found);
    weighed(found)
}

/// Each feature once, its value such that the kind has its length.
fn weighed(mut found: Vec<(Kind, u64)>) -> Features {
    found.sort_unstable_by_key(|(kind, hash)| (*kind as u8, *hash));
    found.dedup();
    let mut values = Vec::with_capacity(found.len());
    for same in found.chunk_by(|a, b| a.0 == b.0) {
        let value = LENGTHS[same[0].0 as usize] / (same.len() as f32).sqrt();
        values.extend(same.iter().map(|(_, hash)| (bucket(*hash), value)));
    }
    Features { values }
}

fn bucket(hash: u64) -> u32 {
    // The upper bits of FNV are the better mixed ones.
    ((hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> (64 - BUCKET_BITS)) as u32
}

fn hash(kind: Kind, parts: &[&str]) -> (Kind, u64) {
    let mut fnv = Fnv::default();
    fnv.write_u8(kind as u8);
    for part in parts {
        fnv.write(part.as_bytes());
        fnv.write_u8(0xff);
    }
    (kind, fnv.finish())
}

fn hash_classes(kind: Kind, one: Class, other: Class, word: &str) -> (Kind, u64) {
    let mut fnv = Fnv::default();
    fnv.write_u8(kind as u8);
    fnv.write(&one.to_le_bytes());
    fnv.write(&other.to_le_bytes());
    fnv.write(word.as_bytes());
    (kind, fnv.finish())
}

/// Words and signs; figures are one word by their kind.
fn tokens(canonical: &str) -> Vec<Token<'_>> {
    let mut words: Vec<&str> = Vec::with_capacity(64);
    let mut rest = canonical;
    while let Some(first) = rest.chars().next() {
        if words.len() >= MAX_TOKENS {
            break;
        }
        let is_figure = first.is_ascii_digit()
            || matches!(first, '$' | '£' | '€' | '₹')
                && rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        let end = if is_figure {
            rest[first.len_utf8()..]
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ',' | '%')))
                .map_or(rest.len(), |at| at + first.len_utf8())
        } else if first.is_alphanumeric() {
            rest.find(|c: char| !(c.is_alphanumeric() || c == '\'')).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let word = &rest[..end];
        rest = &rest[end..];
        if is_figure {
            words.push(figure(word));
        } else if first.is_alphanumeric() {
            let word = word.trim_matches('\'');
            words.push(word.strip_suffix("'s").filter(|w| w.len() > 2).unwrap_or(word));
        } else if !first.is_whitespace() && !matches!(first, '\'' | '-' | '_' | '*' | '|') {
            words.push(word);
        }
    }
    let known = Classes::shipped();
    (0..words.len())
        .map(|at| {
            let stem = stem(words[at]);
            let mut classes = Vec::new();
            known.of(&words[at..], &stem, &mut classes);
            Token { word: words[at], stem, classes, is_function: is_function(words[at]) }
        })
        .collect()
}

fn is_function(word: &str) -> bool {
    static WORDS: LazyLock<ShortMap<&'static str, ()>> =
        LazyLock::new(|| FUNCTION.split_whitespace().map(|word| (word, ())).collect());
    WORDS.contains_key(word)
}

/// A figure by its kind: money, share, dose, weight, year, thousands, small.
fn figure(text: &str) -> &'static str {
    let text = text.trim_end_matches(['.', ',']);
    let has = |units: &[&str]| units.iter().any(|unit| text.ends_with(unit));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if text.starts_with(['$', '£', '€', '₹']) {
        return if digits >= 3 || has(&["k", "m", "bn"]) { "figure-sum" } else { "figure-price" };
    }
    if text.ends_with('%') {
        return "figure-share";
    }
    if has(&["mg", "mcg", "ml", "iu", "cc"]) {
        return "figure-dose";
    }
    if has(&["kg", "lb", "lbs", "kilos", "st"]) && !text.ends_with("1st") {
        return "figure-weight";
    }
    if has(&["km", "mi", "cm", "mm", "ft", "gb", "mp", "hz", "fps", "w"]) {
        return "figure-measure";
    }
    if has(&["k", "m", "bn", "grand"]) {
        return "figure-thousands";
    }
    if has(&["x"]) {
        return "figure-times";
    }
    if has(&["am", "pm"]) {
        return "figure-hour";
    }
    if has(&["yo", "yr", "yrs"]) {
        return "figure-age";
    }
    match (digits, text.as_bytes().first()) {
        (4, Some(b'1' | b'2')) if text.len() == 4 => "figure-year",
        (0..=1, _) => "figure-one",
        (2, _) => "figure-two",
        (3, _) => "figure-three",
        _ => "figure-many",
    }
}

fn words(tokens: &[Token<'_>], found: &mut Vec<(Kind, u64)>) {
    for (at, token) in tokens.iter().enumerate() {
        found.push(hash(Kind::Word, &[token.word]));
        found.push(hash(Kind::Stem, &[&token.stem]));
        if let Some(next) = tokens.get(at + 1) {
            found.push(hash(Kind::Pair, &[&token.stem, &next.stem]));
        }
        for other in tokens.iter().skip(at + 2).take(PAIR_REACH - 1) {
            if !token.is_function && !other.is_function {
                let (one, two) = if token.stem <= other.stem { (token, other) } else { (other, token) };
                found.push(hash(Kind::Near, &[&one.stem, &two.stem]));
            }
        }
    }
}

fn pieces(tokens: &[Token<'_>], text: &mut String, found: &mut Vec<(Kind, u64)>) {
    for token in tokens.iter().filter(|token| token.word.len() >= 3 && !token.is_function) {
        text.clear();
        text.push('_');
        text.push_str(token.word);
        text.push('_');
        for len in PIECES {
            for at in 0..text.len().saturating_sub(len - 1) {
                if let Some(piece) = text.get(at..at + len) {
                    found.push(hash(Kind::Piece, &[piece]));
                }
            }
        }
    }
}

fn classes(tokens: &[Token<'_>], found: &mut Vec<(Kind, u64)>) {
    let mut all: Vec<Class> = tokens.iter().flat_map(|token| &token.classes).copied().collect();
    all.sort_unstable();
    all.dedup();
    for (at, one) in all.iter().enumerate() {
        found.push(hash_classes(Kind::Class, *one, *one, ""));
        for other in &all[at + 1..] {
            found.push(hash_classes(Kind::ClassPair, *one, *other, ""));
        }
    }
    for (at, token) in tokens.iter().enumerate() {
        for class in &token.classes {
            for other in tokens.iter().skip(at + 1).take(NEAR).flat_map(|other| &other.classes) {
                found.push(hash_classes(Kind::ClassNear, *class, *other, ""));
            }
            if let Some(before) = at.checked_sub(1).map(|before| &tokens[before]) {
                found.push(hash_classes(Kind::ClassBeside, *class, 0, before.word));
            }
            if let Some(after) = tokens.get(at + 1) {
                found.push(hash_classes(Kind::ClassBeside, *class, 1, after.word));
            }
        }
    }
}

/// Three tokens in a row with the words of content left out.
fn shapes(tokens: &[Token<'_>], found: &mut Vec<(Kind, u64)>) {
    let mask = |token: &Token<'_>| -> (u16, u64) {
        if token.is_function || token.word.starts_with("figure") {
            return (1, hash(Kind::Shape, &[token.word]).1);
        }
        (0, 0)
    };
    for row in tokens.windows(3) {
        let mut fnv = Fnv::default();
        let masks = [mask(&row[0]), mask(&row[1]), mask(&row[2])];
        if masks.iter().map(|mask| mask.0).sum::<u16>() < 2 {
            continue;
        }
        for (_, hash) in masks {
            fnv.write_u64(hash);
        }
        found.push((Kind::Shape, fnv.finish()));
    }
}

/// The outer form: length, sentences, signs, who speaks to whom.
fn form(canonical: &str, tokens: &[Token<'_>], found: &mut Vec<(Kind, u64)>) {
    let mut add = |kind: Kind, name: &str, count: usize| {
        let step = match count {
            0..=3 => count,
            4..=6 => 4,
            7..=10 => 7,
            11..=16 => 11,
            17..=24 => 17,
            25..=36 => 25,
            _ => 37,
        };
        found.push(hash(kind, &[name, &step.to_string()]));
    };
    let count = |signs: &[&str]| tokens.iter().filter(|token| signs.contains(&token.word)).count();
    add(Kind::Form, "you", count(&["you", "your", "u", "ur", "you're", "yourself", "youre"]));
    add(Kind::Form, "i", count(&["i", "my", "me", "i'm", "im", "i've", "mine"]));
    add(Kind::Form, "they", count(&["they", "them", "their", "they're", "theyre"]));
    add(Kind::Form, "he", count(&["he", "him", "his", "she", "her"]));
    add(Kind::Form, "we", count(&["we", "us", "our"]));
    add(Kind::Outer, "tokens", tokens.len());
    add(Kind::Outer, "hashtags", count(&["#"]));
    add(Kind::Outer, "asks", count(&["?"]));
    add(Kind::Outer, "shouts", count(&["!"]));
    add(Kind::Outer, "stops", count(&["."]));
    add(Kind::Outer, "quotes", count(&["\""]));
    add(Kind::Outer, "pictures", canonical.chars().filter(|c| !c.is_ascii() && !c.is_alphanumeric()).count());
}

/// How much of each group of classes there is, alone and against everyday things.
fn groups(tokens: &[Token<'_>], found: &mut Vec<(Kind, u64)>) {
    let known = Classes::shipped();
    let names = known.groups();
    let mut tokens_of = vec![0_usize; names.len()];
    let mut classes_of = vec![Vec::new(); names.len()];
    let mut unknown = 0;
    for token in tokens {
        let mut groups: Vec<usize> = token.classes.iter().map(|class| known.group(*class)).collect();
        groups.sort_unstable();
        groups.dedup();
        groups.iter().for_each(|group| tokens_of[*group] += 1);
        for class in &token.classes {
            let of = &mut classes_of[known.group(*class)];
            if !of.contains(class) {
                of.push(*class);
            }
        }
        unknown += usize::from(token.classes.is_empty() && !token.is_function);
    }
    let step = |count: usize| ["0", "1", "2", "3", "4", "5", "6", "7"][count.min(7)];
    let daily = names.len().saturating_sub(1);
    for (group, name) in names.iter().enumerate() {
        for least in 1..=tokens_of[group].min(7) {
            found.push(hash(Kind::Group, &[name, "tokens", step(least)]));
        }
        for least in 1..=classes_of[group].len().min(5) {
            found.push(hash(Kind::Group, &[name, "classes", step(least)]));
        }
        found.push(hash(
            Kind::Group,
            &[name, "against", step(tokens_of[group].min(3)), step(tokens_of[daily].min(3))],
        ));
        let share = tokens_of[group] * 8 / tokens.len().max(1);
        found.push(hash(Kind::Group, &[name, "share", step(share)]));
    }
    found.push(hash(Kind::Group, &["unknown", step(unknown * 8 / tokens.len().max(1))]));
}
