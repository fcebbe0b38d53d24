//! The second signal: a linear model for each topic, trained beforehand, that scores a whole text.

use std::sync::LazyLock;

use chimera_domain::Topic;

use crate::features::{BUCKET_BITS, Features};

/// The model that is shipped, as `make train-policy` writes it.
const SHIPPED: &[u8] = include_bytes!("../model/topics.bin");

/// What the file begins with.
const MAGIC: &[u8; 8] = b"topics 2";
/// Outputs: the four topics, and whether any of them is there at all.
pub const OUTPUTS: usize = 5;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// A distance of this or more takes another byte.
const FURTHER: u8 = 255;

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

/// A linear model: weights as signed bytes with a scale for each output.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    weights: Vec<[i8; OUTPUTS]>,
    scales: [f32; OUTPUTS],
    biases: [f32; OUTPUTS],
    thresholds: [f32; OUTPUTS],
    slack: f32,
}

impl Model {
    /// The one that is shipped; one without an opinion where the file is not as it should be.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static MODEL: LazyLock<Model> = LazyLock::new(|| Model::read(SHIPPED).unwrap_or_else(Model::silent));
        &MODEL
    }

    /// A model that never asks and rules nothing out, so that words ask alone.
    fn silent() -> Self {
        Self {
            weights: vec![[0; OUTPUTS]; BUCKETS],
            scales: [0.0; OUTPUTS],
            biases: [0.0; OUTPUTS],
            thresholds: [f32::MAX; OUTPUTS],
            slack: f32::MAX,
        }
    }

    /// Makes a model of the outputs that keeps the `most` heaviest buckets. `slack` is how far below its threshold a score
    /// may be for a seen word to ask all the same.
    #[must_use]
    pub fn new(outputs: &[Output; OUTPUTS], slack: f32, most: usize) -> Self {
        let scales = std::array::from_fn(|output: usize| {
            let largest =
                outputs[output].weights.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
            if largest > 0.0 { largest / 127.0 } else { 1.0 }
        });
        let rounded = |bucket: usize, output: usize| {
            let weight = outputs[output].weights.get(bucket).copied().unwrap_or_default();
            (weight / scales[output]).round().clamp(-127.0, 127.0) as i8
        };
        let mut weights: Vec<[i8; OUTPUTS]> =
            (0..BUCKETS).map(|bucket| std::array::from_fn(|output| rounded(bucket, output))).collect();
        let weight_of = |bucket: &usize| {
            outputs
                .iter()
                .map(|output| output.weights.get(*bucket).map_or(0.0, |weight| weight.abs()))
                .fold(0.0, f32::max)
        };
        let mut heaviest: Vec<usize> = (0..BUCKETS).collect();
        heaviest.sort_by(|a, b| weight_of(b).total_cmp(&weight_of(a)).then(a.cmp(b)));
        heaviest.into_iter().skip(most).for_each(|bucket| weights[bucket] = [0; OUTPUTS]);
        Self {
            weights,
            scales,
            biases: std::array::from_fn(|output| outputs[output].bias),
            thresholds: std::array::from_fn(|output| outputs[output].threshold),
            slack,
        }
    }

    /// The written form: numbers, then each bucket that has weights, as its distance from the one before.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for number in self.scales.iter().chain(&self.biases).chain(&self.thresholds).chain([&self.slack]) {
            bytes.extend(number.to_le_bytes());
        }
        let mut last = 0;
        for (bucket, weights) in
            self.weights.iter().enumerate().filter(|(_, weights)| **weights != [0; OUTPUTS])
        {
            let mut distance = bucket - last;
            last = bucket;
            while distance >= usize::from(FURTHER) {
                bytes.push(FURTHER);
                distance -= usize::from(FURTHER);
            }
            bytes.push(u8::try_from(distance).unwrap_or(FURTHER));
            bytes.extend(weights.map(i8::cast_unsigned));
        }
        bytes
    }

    /// Reads the written form, if it is whole.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut numbers = bytes.strip_prefix(MAGIC)?.chunks_exact(4);
        let mut number = || Some(f32::from_le_bytes(numbers.next()?.try_into().ok()?));
        let mut five = || -> Option<[f32; OUTPUTS]> {
            let mut five = [0.0; OUTPUTS];
            for value in &mut five {
                *value = number()?;
            }
            Some(five)
        };
        let mut model = Self { scales: five()?, biases: five()?, thresholds: five()?, ..Self::silent() };
        model.slack = number()?;
        let mut rest = bytes.get(MAGIC.len() + (3 * OUTPUTS + 1) * 4..)?;
        let mut bucket = 0;
        while let Some((distance, after)) = rest.split_first() {
            bucket += usize::from(*distance);
            rest = after;
            if *distance < FURTHER {
                let (weights, after) = rest.split_first_chunk::<OUTPUTS>()?;
                *model.weights.get_mut(bucket)? = weights.map(u8::cast_signed);
                rest = after;
            }
        }
        Some(model)
    }

    /// The score of each output.
    #[must_use]
    pub fn scores(&self, features: &Features) -> [f32; OUTPUTS] {
        let mut sums = [0.0_f32; OUTPUTS];
        for (bucket, value) in &features.values {
            for (sum, weight) in sums.iter_mut().zip(self.weights.get(*bucket as usize).into_iter().flatten())
            {
                *sum += f32::from(*weight) * value;
            }
        }
        std::array::from_fn(|output| sums[output] * self.scales[output] + self.biases[output])
    }

    /// What the model says of a text with these features.
    #[must_use]
    pub fn opinion(&self, features: &Features) -> Opinion {
        let scores = self.scores(features);
        let over: [f32; OUTPUTS] = std::array::from_fn(|output| scores[output] - self.thresholds[output]);
        let mut topics: Vec<(Topic, f32)> =
            Topic::ALL.into_iter().zip(over).filter(|(_, over)| *over >= 0.0).collect();
        if topics.is_empty() && over[OUTPUTS - 1] >= 0.0 {
            // Something is there: the nearest topic names it.
            let nearest = Topic::ALL.into_iter().zip(over).max_by(|a, b| a.1.total_cmp(&b.1));
            topics.extend(nearest.map(|(topic, _)| (topic, over[OUTPUTS - 1])));
        }
        topics.iter_mut().for_each(|(_, over)| *over = sure(*over));
        Opinion { topics, over, slack: self.slack }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        let output = |at: usize| {
            let mut weights = vec![0.0; BUCKETS];
            weights[at] = 2.0;
            weights[at + 254] = -1.0;
            weights[BUCKETS - 1] = 0.5;
            Output { weights, bias: -1.0, threshold: 0.5 }
        };
        Model::new(&[output(0), output(1), output(700), output(1400), output(3)], 1.5, BUCKETS)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let model = model();
        assert!(Model::read(&model.write()).is_some_and(|read| read == model));
        assert_eq!(Model::read(b"nonsense"), None);
        assert_eq!(Model::read(&model.write()[..40]), None);
    }

    #[test]
    fn the_topic_that_is_over_its_threshold_is_named() {
        let opinion = model().opinion(&Features { values: vec![(0, 1.0)] });
        assert_eq!(opinion.topics.iter().map(|(topic, _)| *topic).collect::<Vec<_>>(), [Topic::Politics]);
        assert!(!opinion.rules_out(Topic::Politics));
    }

    #[test]
    fn where_only_the_whole_is_over_the_nearest_topic_names_it() {
        let opinion = model().opinion(&Features { values: vec![(3, 1.0), (700, 0.6)] });
        assert_eq!(
            opinion.topics.iter().map(|(topic, _)| *topic).collect::<Vec<_>>(),
            [Topic::FinancialAdvice]
        );
    }

    #[test]
    fn the_shipped_model_is_whole() {
        assert!(Model::read(SHIPPED).is_some());
    }
}
