//! Embeddings without a model: hashed n-grams of words and letters. The same text has the same embedding everywhere, and
//! texts that share words, or parts of words, are near.

use std::collections::HashMap;
use std::fmt;

use crate::words;

/// Numbers in an embedding: half a kilobyte an object, and unrelated texts are still well apart (a cosine of about
/// 1/√512 = 0.04).
pub const DIMENSIONS: usize = 512;

/// Weight of a word that says what the text is about; of two such words in a row; of a part of one; of any other word.
const WORD: f64 = 1.0;
const PAIR: f64 = 0.5;
const PART: f64 = 0.3;
const STOP_WORD: f64 = 0.1;
/// Letters of a part of a word, its boundaries counted as letters.
const PARTS: std::ops::RangeInclusive<usize> = 3..=5;
/// The largest number of an embedding.
const LARGEST: f64 = 127.0;

/// Where a text is in the space of texts: a direction, in 512 numbers of one byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Embedding(Box<[i8; DIMENSIONS]>);

impl Embedding {
    /// The embedding of a text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let mut sums = vec![0.0; DIMENSIONS];
        for (feature, (weight, times)) in features(text) {
            let (place, sign) = placed(feature);
            sums[place] += sign * weight * f64::from(times).sqrt();
        }
        Self::scaled(&sums)
    }

    /// An embedding made elsewhere; none where it has another length or a number that is none.
    #[must_use]
    pub fn of_values(values: &[f32]) -> Option<Self> {
        let fits = values.len() == DIMENSIONS && values.iter().all(|value| value.is_finite());
        fits.then(|| Self::scaled(&values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>()))
    }

    /// What [`Embedding::to_bytes`] gave.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; DIMENSIONS] = bytes.try_into().ok()?;
        Some(Self(Box::new(bytes.map(|byte| i8::from_le_bytes([byte])))))
    }

    /// The numbers, one byte each.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().map(|value| value.to_le_bytes()[0]).collect()
    }

    /// The same direction, of length 1; all zero where the text had no words.
    #[must_use]
    pub fn to_unit(&self) -> Vec<f32> {
        let length = f64::from(self.dot(self)).sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a coordinate needs no more digits than the wire has"
        )]
        let unit = self.0.iter().map(|value| (f64::from(*value) * scale) as f32).collect();
        unit
    }

    /// How near two texts are: 1 for the same direction, 0 for unrelated ones.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f64 {
        let lengths = (f64::from(self.dot(self)) * f64::from(other.dot(other))).sqrt();
        if lengths > 0.0 { f64::from(self.dot(other)) / lengths } else { 0.0 }
    }

    fn dot(&self, other: &Self) -> i32 {
        self.0.iter().zip(other.0.iter()).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
    }

    fn scaled(sums: &[f64]) -> Self {
        let largest = sums.iter().fold(0.0_f64, |largest, sum| largest.max(sum.abs()));
        let mut values = Box::new([0; DIMENSIONS]);
        if largest > 0.0 {
            for (value, sum) in values.iter_mut().zip(sums) {
                #[expect(clippy::cast_possible_truncation, reason = "it is between -127 and 127")]
                let rounded = (sum / largest * LARGEST).round() as i8;
                *value = rounded;
            }
        }
        Self(values)
    }
}

impl fmt::Debug for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedding({DIMENSIONS})")
    }
}

/// Hash of each n-gram, with its weight and how often it occurs.
fn features(text: &str) -> HashMap<u64, (f64, u32)> {
    let mut features = HashMap::new();
    let mut add = |kind: u8, gram: &str, weight: f64| {
        let (_, times) = features.entry(hash(kind, gram)).or_insert((weight, 0));
        *times += 1;
    };
    let mut before: Option<String> = None;
    for word in words::words(text) {
        if words::is_stop_word(&word) {
            add(b'w', &word, STOP_WORD);
            continue;
        }
        add(b'w', &word, WORD);
        for part in parts(&word) {
            add(b'p', &part, PART);
        }
        if let Some(before) = before {
            add(b'2', &format!("{before} {word}"), PAIR);
        }
        before = Some(word);
    }
    features
}

/// Each run of three to five letters of the word between its boundaries.
fn parts(word: &str) -> Vec<String> {
    let letters: Vec<char> = std::iter::once('<').chain(word.chars()).chain(std::iter::once('>')).collect();
    PARTS
        .flat_map(|len| letters.windows(len).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>())
        .collect()
}

/// FNV-1a, its bits mixed well enough to take place and sign from.
fn hash(kind: u8, gram: &str) -> u64 {
    let bytes = std::iter::once(kind).chain(gram.bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

fn placed(hash: u64) -> (usize, f64) {
    let place = usize::try_from(hash % DIMENSIONS as u64).unwrap_or_default();
    (place, if hash >> 63 == 0 { 1.0 } else { -1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(one: &str, other: &str) -> f64 {
        Embedding::of_text(one).cosine(&Embedding::of_text(other))
    }

    #[test]
    fn the_embedding_of_a_text_does_not_depend_on_the_machine() {
        let bytes = Embedding::of_text("Small tools do one thing well.").to_bytes();
        assert_eq!(Embedding::of_text("small tools do ONE thing well").to_bytes(), bytes);
        assert_eq!(Embedding::of_bytes(&bytes).unwrap().to_bytes(), bytes);
        assert_eq!(Embedding::of_bytes(&bytes[1..]), None);
    }

    #[test]
    fn texts_that_share_words_or_parts_of_words_are_near() {
        assert!(near("a review of mechanical keyboards", "a review of mechanical keyboards") > 0.999);
        assert!(near("mechanical keyboards", "the keyboard was mechanic") > 0.35);
        assert!(near("mechanical keyboards", "sourdough bread") < 0.15);
        assert_eq!(near("anything", ""), 0.0);
    }

    #[test]
    fn a_unit_vector_has_length_one_and_comes_back() {
        let embedding = Embedding::of_text("Nova likes rainy mornings.");
        let unit = embedding.to_unit();
        let length: f32 = unit.iter().map(|value| value * value).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
        assert!(embedding.cosine(&Embedding::of_values(&unit).unwrap()) > 0.999);
        assert_eq!(Embedding::of_values(&unit[1..]), None);
        assert_eq!(Embedding::of_values(&[f32::NAN; DIMENSIONS]), None);
    }
}
