//! The second signal: a linear model for each topic, trained beforehand, that scores a whole text.

use std::sync::LazyLock;

use chimera_domain::Topic;

use crate::features::{BUCKET_BITS, Features};

/// The model that is shipped, as `make train-policy` writes it.
const SHIPPED: &[u8] = include_bytes!("../model/topics.bin");

/// What the file begins with.
const MAGIC: &[u8; 8] = b"topics 1";
/// Outputs: the four topics, and whether any of them is there at all.
pub const OUTPUTS: usize = 5;
const HEAD: usize = MAGIC.len() + OUTPUTS * 12 + 4;
const BUCKETS: usize = 1 << BUCKET_BITS;

/// One output before it is written down.
#[derive(Debug, Clone)]
pub struct Output {
    /// A weight for each bucket.
    pub weights: Vec<f32>,
    /// What is added to their sum.
    pub bias: f32,
    /// The score from which on a human is asked.
    pub threshold: f32,
}

/// A model in its written form: weights as signed bytes with a scale for each output.
#[derive(Debug, Clone)]
pub struct Model {
    bytes: std::borrow::Cow<'static, [u8]>,
}

impl Model {
    /// The one that is shipped.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static MODEL: LazyLock<Model> = LazyLock::new(|| Model { bytes: SHIPPED.into() });
        &MODEL
    }

    /// Writes the outputs down, and how far below its threshold a score may be for a seen word to ask all the same.
    #[must_use]
    pub fn write(outputs: &[Output; OUTPUTS], slack: f32) -> Self {
        let mut bytes = MAGIC.to_vec();
        let mut scales = [1.0_f32; OUTPUTS];
        for (output, scale) in outputs.iter().zip(&mut scales) {
            let largest = output.weights.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
            *scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
            for value in [*scale, output.bias, output.threshold] {
                bytes.extend(value.to_le_bytes());
            }
        }
        bytes.extend(slack.to_le_bytes());
        for bucket in 0..BUCKETS {
            for (output, scale) in outputs.iter().zip(scales) {
                let weight = (output.weights[bucket] / scale).round().clamp(-127.0, 127.0) as i8;
                bytes.extend(weight.to_le_bytes());
            }
        }
        Self { bytes: bytes.into() }
    }

    /// The written form.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The score of each output: 0 is as likely as not before the threshold is taken into account.
    #[must_use]
    pub fn scores(&self, features: &Features) -> [f32; OUTPUTS] {
        let mut sums = [0.0_f32; OUTPUTS];
        let Some(weights) = self.bytes.get(HEAD..) else { return sums };
        for (bucket, value) in &features.values {
            let at = *bucket as usize * OUTPUTS;
            for (sum, weight) in sums.iter_mut().zip(weights.get(at..at + OUTPUTS).unwrap_or_default()) {
                *sum += f32::from(weight.cast_signed()) * value;
            }
        }
        std::array::from_fn(|output| sums[output] * self.number(output, 0) + self.number(output, 1))
    }

    fn threshold(&self, output: usize) -> f32 {
        self.number(output, 2)
    }

    fn number(&self, output: usize, which: usize) -> f32 {
        let at = MAGIC.len() + output * 12 + which * 4;
        self.bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0.0, f32::from_le_bytes)
    }

    /// What the model says of a text with these features.
    #[must_use]
    pub fn opinion(&self, features: &Features) -> Opinion {
        if !self.bytes.starts_with(MAGIC) {
            return Opinion { topics: Vec::new(), over: [0.0; OUTPUTS], slack: f32::MAX };
        }
        let scores = self.scores(features);
        let over: [f32; OUTPUTS] = std::array::from_fn(|output| scores[output] - self.threshold(output));
        let mut topics: Vec<(Topic, f32)> = Topic::ALL.into_iter().zip(over).filter(|(_, over)| *over >= 0.0).collect();
        if topics.is_empty() && over[OUTPUTS - 1] >= 0.0 {
            // Something is there: the nearest topic names it.
            let nearest = Topic::ALL.into_iter().zip(over).max_by(|a, b| a.1.total_cmp(&b.1));
            topics.extend(nearest.map(|(topic, _)| (topic, over[OUTPUTS - 1])));
        }
        topics.iter_mut().for_each(|(_, over)| *over = sure(*over));
        Opinion { topics, over, slack: self.number(OUTPUTS, 0) }
    }
}

/// What the model says of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// The topics of which it asks a human, with how sure it is from 0 to 1 (0.5 is where it begins to ask).
    pub topics: Vec<(Topic, f32)>,
    over: [f32; OUTPUTS],
    slack: f32,
}

impl Opinion {
    /// Whether it is so far from the topic, and from any, that one word, which may mean something else, asks nobody.
    #[must_use]
    pub fn rules_out(&self, topic: Topic) -> bool {
        let own = Topic::ALL.iter().position(|one| *one == topic).map_or(f32::MAX, |at| self.over[at]);
        own < -self.slack && self.over[OUTPUTS - 1] < -self.slack
    }
}

/// From a distance to the threshold to 0..1.
fn sure(over: f32) -> f32 {
    1.0 / (1.0 + (-over).exp())
}
