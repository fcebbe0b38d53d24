//! Logistic regression with a squared penalty, minimised by L-BFGS. Every step is made of basic arithmetic in a fixed order,
//! so that the same posts give the same weights to the bit.

use chimera_policy::features::{BUCKET_BITS, Features};

/// Buckets and, last, the bias.
const SIZE: usize = (1 << BUCKET_BITS) + 1;
/// Earlier steps that a direction is made of.
const MEMORY: usize = 8;

/// Added to every count, so that what was seen once tells little.
const SMOOTH: f64 = 1.0;

/// How to learn.
#[derive(Debug, Clone, Copy)]
pub struct Learning {
    /// Weight of the penalty.
    pub penalty: f32,
    /// What a positive example counts, a negative one counting 1.
    pub positive: f32,
    /// How much a bucket's own odds count: 0 not at all, 1 alone.
    pub blend: f32,
    /// Steps at most.
    pub steps: usize,
}

/// Weights of the buckets, then the bias. Each bucket counts as much as it tells the two sides apart by itself: what
/// stands as often on either side cannot be learned by heart.
#[must_use]
pub fn learn(examples: &[(&Features, bool, f32)], learning: Learning) -> Vec<f32> {
    let telling = telling(examples, learning.blend);
    let scaled: Vec<(Features, bool, f32)> = examples
        .iter()
        .map(|(features, is_positive, importance)| {
            let values =
                features.values.iter().map(|(bucket, value)| (*bucket, value * telling[*bucket as usize]));
            (Features { values: values.collect() }, *is_positive, *importance)
        })
        .collect();
    let rows: Vec<(&Features, bool, f32)> = scaled.iter().map(|(f, p, i)| (f, *p, *i)).collect();
    let mut weights = minimise(&rows, learning);
    weights.iter_mut().zip(telling).for_each(|(weight, telling)| *weight *= telling);
    weights
}

/// For each bucket how far the odds of the two sides are apart in it, as a logarithm; 1 for the bias.
fn telling(examples: &[(&Features, bool, f32)], blend: f32) -> Vec<f32> {
    let mut counts = vec![[0.0_f64; 2]; SIZE];
    for (features, is_positive, importance) in examples {
        for (bucket, _) in &features.values {
            counts[*bucket as usize][usize::from(*is_positive)] += f64::from(*importance);
        }
    }
    let mut totals = [0.0_f64; 2];
    for (_, is_positive, importance) in examples {
        totals[usize::from(*is_positive)] += f64::from(*importance);
    }
    let base = (totals[1] / totals[0].max(1.0)).max(1e-6);
    let mut telling: Vec<f32> = counts
        .iter()
        .map(|[no, yes]| 1.0 - blend + blend * (ln((yes / base + SMOOTH) / (no + SMOOTH)).abs() as f32))
        .collect();
    telling[SIZE - 1] = 1.0;
    telling
}

fn minimise(examples: &[(&Features, bool, f32)], learning: Learning) -> Vec<f32> {
    let mut weights = vec![0.0_f32; SIZE];
    let (mut loss, mut slope) = loss_and_slope(examples, &weights, learning);
    let mut history: Vec<(Vec<f32>, Vec<f32>, f64)> = Vec::new();
    for _ in 0..learning.steps {
        let direction = direction(&slope, &history);
        let descent = dot(&direction, &slope);
        if descent > -1e-9 {
            break;
        }
        let mut stride = if history.is_empty() { 1.0 / norm(&slope).max(1.0) } else { 1.0 };
        let (next, next_loss, next_slope) = loop {
            let next: Vec<f32> = weights.iter().zip(&direction).map(|(w, d)| w + stride as f32 * d).collect();
            let (next_loss, next_slope) = loss_and_slope(examples, &next, learning);
            if next_loss <= loss + 1e-4 * stride * descent || stride < 1e-8 {
                break (next, next_loss, next_slope);
            }
            stride *= 0.5;
        };
        let moved: Vec<f32> = next.iter().zip(&weights).map(|(a, b)| a - b).collect();
        let bent: Vec<f32> = next_slope.iter().zip(&slope).map(|(a, b)| a - b).collect();
        let curvature = dot(&moved, &bent);
        if curvature > 1e-10 {
            if history.len() == MEMORY {
                history.remove(0);
            }
            history.push((moved, bent, curvature));
        }
        let gained = loss - next_loss;
        (weights, loss, slope) = (next, next_loss, next_slope);
        if gained < 1e-5 * loss.abs() {
            break;
        }
    }
    weights
}

/// The score of an example.
#[must_use]
pub fn score(weights: &[f32], features: &Features) -> f32 {
    features.values.iter().map(|(bucket, value)| weights[*bucket as usize] * value).sum::<f32>()
        + weights[SIZE - 1]
}

fn loss_and_slope(
    examples: &[(&Features, bool, f32)],
    weights: &[f32],
    learning: Learning,
) -> (f64, Vec<f32>) {
    let mut slope: Vec<f32> = weights.iter().map(|weight| weight * learning.penalty).collect();
    slope[SIZE - 1] = 0.0;
    let mut loss = 0.5 * f64::from(learning.penalty) * dot(&weights[..SIZE - 1], &weights[..SIZE - 1]);
    for (features, is_positive, importance) in examples {
        let score = f64::from(score(weights, features));
        let (sign, counts) = if *is_positive { (1.0, learning.positive) } else { (-1.0, 1.0) };
        let counts = f64::from(counts * importance);
        let margin = sign * score;
        // ln(1 + e^-m), kept from overflowing.
        let tail = exp(-margin.abs());
        loss += counts * (ln_1p(tail) + (-margin).max(0.0));
        let chance = if margin > 0.0 { tail / (1.0 + tail) } else { 1.0 / (1.0 + tail) };
        let pull = (-sign * counts * chance) as f32;
        for (bucket, value) in &features.values {
            slope[*bucket as usize] += pull * value;
        }
        slope[SIZE - 1] += pull;
    }
    (loss, slope)
}

/// The two-loop recursion.
fn direction(slope: &[f32], history: &[(Vec<f32>, Vec<f32>, f64)]) -> Vec<f32> {
    let mut direction: Vec<f32> = slope.iter().map(|s| -s).collect();
    let mut shares = Vec::with_capacity(history.len());
    for (moved, bent, curvature) in history.iter().rev() {
        let share = dot(moved, &direction) / curvature;
        add(&mut direction, bent, -share);
        shares.push(share);
    }
    if let Some((_, bent, curvature)) = history.last() {
        let scale = (curvature / dot(bent, bent)) as f32;
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for ((moved, bent, curvature), share) in history.iter().zip(shares.into_iter().rev()) {
        let back = dot(bent, &direction) / curvature;
        add(&mut direction, moved, share - back);
    }
    direction
}

fn add(to: &mut [f32], what: &[f32], times: f64) {
    let times = times as f32;
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}

fn dot(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn norm(of: &[f32]) -> f64 {
    dot(of, of).sqrt()
}

/// e^x for x <= 0: the library's may differ in the last bit from machine to machine.
fn exp(x: f64) -> f64 {
    if x < -40.0 {
        return 0.0;
    }
    // e^x = (e^(x / 2^10))^(2^10), the inner one by its series.
    let small = x / 1024.0;
    let mut power = 1.0 + small * (1.0 + small / 2.0 * (1.0 + small / 3.0 * (1.0 + small / 4.0)));
    for _ in 0..10 {
        power *= power;
    }
    power
}

/// ln x for x > 0.
fn ln(x: f64) -> f64 {
    let (mut x, mut twos) = (x, 0.0);
    while x >= 2.0 {
        x /= 2.0;
        twos += 1.0;
    }
    while x < 1.0 {
        x *= 2.0;
        twos -= 1.0;
    }
    twos * std::f64::consts::LN_2 + ln_1p(x - 1.0)
}

/// ln(1 + x) for 0 <= x <= 1, by the series of the inverse hyperbolic tangent.
fn ln_1p(x: f64) -> f64 {
    let ratio = x / (2.0 + x);
    let square = ratio * ratio;
    let mut sum = 0.0;
    for odd in (0..16).rev() {
        sum = sum * square + 1.0 / f64::from(2 * odd + 1);
    }
    2.0 * ratio * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_and_logarithm_are_right() {
        for x in [0.0, -0.1, -1.0, -5.0, -20.0] {
            assert!((exp(x) - x.exp()).abs() < 1e-9, "{x}");
        }
        for x in [0.0, 0.1, 0.5, 1.0] {
            assert!((ln_1p(x) - x.ln_1p()).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn what_can_be_told_apart_is() {
        let one = Features { values: vec![(1, 1.0), (3, 1.0)] };
        let other = Features { values: vec![(2, 1.0), (3, 1.0)] };
        let learning = Learning { penalty: 0.01, positive: 1.0, blend: 0.5, steps: 50 };
        let weights = learn(&[(&one, true, 1.0), (&other, false, 1.0)], learning);
        assert!(score(&weights, &one) > 1.0 && score(&weights, &other) < -1.0);
    }
}
