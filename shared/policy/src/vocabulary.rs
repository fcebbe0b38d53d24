//! Words the screen knows, the frequent ones first: what a disguised word is repaired to.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use crate::classes::Classes;

/// The words of the corpus and of the word classes, one a line, the frequent ones first. Written by `make train-policy`.
const SHIPPED: &str = include_str!("../model/vocabulary.txt");

/// Longer words are not in it, so longer pieces need not be looked up.
const LONGEST: usize = 18;
/// What a piece of two letters costs beyond its rank when letters are parted into words: few of them are words.
const SHORT_PIECE: f32 = 3.0;

/// What a piece costs that is no known word, and each of its letters.
const UNKNOWN: f32 = 14.0;
const UNKNOWN_LETTER: f32 = 3.0;

/// A map for short keys that no stranger chooses: they are ours, a fast hash does.
pub(crate) type ShortMap<K, V> = HashMap<K, V, BuildHasherDefault<Fnv>>;

/// FNV-1a.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// Known words with their ranks, and the most frequent word of each consonant skeleton.
#[derive(Debug, Default)]
pub struct Vocabulary {
    ranks: ShortMap<Box<str>, u32>,
    skeletons: ShortMap<Box<str>, Box<str>>,
}

impl Vocabulary {
    /// The vocabulary of `words`, the frequent ones first.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut vocabulary = Self::default();
        for (rank, word) in (0..).zip(words) {
            vocabulary.ranks.entry(word.into()).or_insert(rank);
            let bare = skeleton(word);
            if bare.len() >= 2 && bare.len() < word.len() {
                vocabulary.skeletons.entry(bare.into()).or_insert_with(|| word.into());
            }
        }
        vocabulary
    }

    /// The one that is shipped.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::new(SHIPPED.lines()));
        &VOCABULARY
    }

    /// Whether the word, or the word without a common ending, is known.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.ranks.contains_key(word)
            || ["'s", "s", "ed", "d", "ing", "ly", "er", "n't", "'ll", "'re", "'ve"].iter().any(|ending| {
                word.strip_suffix(ending).is_some_and(|head| head.len() >= 3 && self.ranks.contains_key(head))
            })
    }

    /// The most frequent word that has these consonants.
    pub(crate) fn with_vowels(&self, consonants: &str) -> Option<&str> {
        self.skeletons.get(consonants).map(AsRef::as_ref)
    }

    /// The words that the glued letters consist of: the split of the fewest and most frequent ones. Letters between them
    /// that are no known word stay together.
    pub(crate) fn part(&self, glued: &str) -> Option<Vec<String>> {
        if !glued.is_ascii() || glued.len() > 400 {
            return None;
        }
        // For each end, the cheapest way there: its cost and where the last word begins.
        let mut best: Vec<Option<(f32, usize)>> = vec![None; glued.len() + 1];
        best[0] = Some((0.0, 0));
        for end in 1..=glued.len() {
            for start in end.saturating_sub(LONGEST)..end {
                let Some((so_far, _)) = best[start] else { continue };
                let cost = self.cost(&glued[start..end]);
                if best[end].is_none_or(|(other, _)| so_far + cost < other) {
                    best[end] = Some((so_far + cost, start));
                }
            }
        }
        let mut words = Vec::new();
        let mut end = glued.len();
        while end > 0 {
            let (_, start) = best[end]?;
            words.push(glued[start..end].to_owned());
            end = start;
        }
        words.reverse();
        Some(words)
    }

    fn cost(&self, word: &str) -> f32 {
        let unknown = UNKNOWN + UNKNOWN_LETTER * word.len() as f32;
        let Some(rank) = self.ranks.get(word).or_else(|| self.ranks.get(word.strip_suffix('s')?)) else {
            return unknown;
        };
        // The logarithm of the rank, as far as its bits tell: the same on every machine.
        let log = (u32::BITS - rank.leading_zeros()) as f32 * 0.7;
        match word.len() {
            1 if matches!(word, "a" | "i") => log + 2.0 * SHORT_PIECE,
            1 => unknown,
            2 => log + SHORT_PIECE + 1.5,
            _ => log + 3.0,
        }
    }
}

/// The words of the word classes, which belong into a vocabulary.
pub fn class_words() -> impl Iterator<Item = &'static str> {
    Classes::every_word()
}

/// The word without its vowels, except a leading one.
pub(crate) fn skeleton(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_alphabetic() && !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')).collect()
}
