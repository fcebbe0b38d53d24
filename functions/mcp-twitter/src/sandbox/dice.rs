//! Chance that is the same every time, and the platform's way of numbering.

use chimera_domain::{Digest, Timestamp};

/// Where the platform's ids begin to count, in milliseconds since 1970.
const ID_EPOCH_MS: i64 = 1_288_834_974_657;
/// Low bits of an id, which tell what happened in one millisecond apart.
const ID_LOW_BITS: u32 = 22;

/// A row of numbers that depends on nothing but the words it was made of.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The numbers of a seed and some words.
    pub(crate) fn of(seed: u64, words: &[&str]) -> Self {
        Self(number(&format!("{seed}\n{}", words.join("\n"))))
    }

    /// The next number, below `sides`; nothing is below none.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        // SplitMix64: every state is followed by another one.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(sides).unwrap_or_default()
    }

    /// The next number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// One of several; the empty text where there is none.
    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = self.below(u64::try_from(of.len()).unwrap_or(u64::MAX));
        usize::try_from(at).ok().and_then(|at| of.get(at)).copied().unwrap_or_default()
    }
}

/// An id of something that happened at `at`: time in the high bits, a hash of what it is in the low ones. Ordered, and the
/// same for the same thing.
pub(crate) fn id_at(at: Timestamp, what: &str) -> String {
    let high = at.as_millisecond().saturating_sub(ID_EPOCH_MS).max(0).unsigned_abs() << ID_LOW_BITS;
    let low = number(what) & ((1 << ID_LOW_BITS) - 1);
    (high | low).to_string()
}

/// The last 32 bits of the words' digest.
fn number(words: &str) -> u64 {
    let digest = Digest::of_bytes(words.as_bytes());
    let hex: String = digest.as_str().chars().rev().take(8).collect();
    u64::from_str_radix(&hex, 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_throw_the_same_numbers() {
        let throw = |seed, word| {
            let mut dice = Dice::of(seed, &[word]);
            [dice.below(1_000), dice.below(1_000), dice.between(5, 9)]
        };
        assert_eq!(throw(1, "a"), throw(1, "a"));
        assert_ne!(throw(1, "a"), throw(2, "a"));
        assert_ne!(throw(1, "a"), throw(1, "b"));
        assert!((5..=9).contains(&throw(1, "a")[2]));
        assert_eq!((Dice::of(1, &[]).below(0), Dice::of(1, &[]).pick(&[])), (0, ""));
    }

    #[test]
    fn later_ids_are_larger() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let number = |id: String| id.parse::<u64>().unwrap();
        let (early, late) = (id_at(at(1_800_000_000), "z"), id_at(at(1_800_000_001), "a"));
        assert!(number(early) < number(late));
    }
}
