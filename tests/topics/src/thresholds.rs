//! Where a score begins to ask a human: as low as false alarms allow.

use chimera_domain::Topic;
use chimera_policy::screen::SURE_WORDS;
use chimera_policy::semantic::OUTPUTS;

use crate::corpus::{Kind, Post};

/// Alarms on posts of no topic that are put up with.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// Share of ordinary posts.
    pub ordinary: f64,
    /// Share of near misses.
    pub near_miss: f64,
}

/// A post that was scored by a model that had not seen it.
#[derive(Debug)]
pub struct Scored<'a> {
    /// The post.
    pub post: &'a Post,
    /// Its scores.
    pub scores: [f32; OUTPUTS],
    /// Words that were seen, by topic.
    pub words: [usize; Topic::ALL.len()],
}

/// Where scores begin to ask.
#[derive(Debug, Clone, Copy)]
pub struct Thresholds {
    /// For each output.
    pub outputs: [f32; OUTPUTS],
    /// How far below it a score may be for a seen word to ask all the same.
    pub slack: f32,
}

impl Thresholds {
    /// Whether a human is asked about the post.
    #[must_use]
    pub fn hold(&self, one: &Scored<'_>) -> bool {
        self.hold_by_words(one) || self.hold_by_scores(one)
    }

    /// Whether the words ask.
    #[must_use]
    pub fn hold_by_words(&self, one: &Scored<'_>) -> bool {
        let is_near = |output: usize| one.scores[output] >= self.outputs[output] - self.slack;
        let mut seen = one.words.iter().enumerate().filter(|(_, words)| **words > 0);
        one.words.iter().any(|words| *words >= SURE_WORDS)
            || seen.any(|(topic, _)| is_near(topic) || is_near(OUTPUTS - 1))
    }

    /// Whether the model asks.
    #[must_use]
    pub fn hold_by_scores(&self, one: &Scored<'_>) -> bool {
        one.scores.iter().zip(&self.outputs).any(|(score, threshold)| score >= threshold)
    }
}

/// Slacks that are tried: from a word that hardly counts to one that asks alone.
const SLACKS: [f32; 2] = [1.0, 1.5];

/// The thresholds that hold the most sensitive posts within what is allowed.
#[must_use]
pub fn choose(scored: &[Scored<'_>], allowed: Allowed) -> Thresholds {
    let all = SLACKS.map(|slack| Thresholds { outputs: choose_outputs(scored, slack, allowed), slack });
    let best = all.iter().max_by_key(|thresholds| worth(scored, thresholds));
    best.copied().unwrap_or(Thresholds { outputs: [0.0; OUTPUTS], slack: 100.0 })
}

/// Every output gets the same share of the alarms at first; then each is moved by itself as long as that helps.
fn choose_outputs(scored: &[Scored<'_>], slack: f32, allowed: Allowed) -> [f32; OUTPUTS] {
    let mut steps: [Vec<f32>; OUTPUTS] = std::array::from_fn(|output| {
        let mut scores: Vec<f32> =
            scored.iter().filter(|one| !one.post.is_sensitive()).map(|one| one.scores[output]).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        scores
    });
    for steps in &mut steps {
        steps.truncate(200);
    }
    let at = |places: &[usize; OUTPUTS]| Thresholds {
        outputs: std::array::from_fn(|output| {
            steps[output].get(places[output]).map_or(f32::MAX, |score| score + 1e-4)
        }),
        slack,
    };
    let mut places = [0_usize; OUTPUTS];
    let last = steps.iter().map(Vec::len).min().unwrap_or(0).saturating_sub(1);
    for place in 0..last {
        if !fits(scored, &at(&[place; OUTPUTS]), allowed) {
            break;
        }
        places = [place; OUTPUTS];
    }
    let mut best = worth(scored, &at(&places));
    for _ in 0..40 {
        let mut better = None;
        for up in 0..OUTPUTS {
            for (more, down, less) in trades(up) {
                let mut tried = places;
                tried[up] = (tried[up] + more).min(last);
                if let Some(down) = down {
                    tried[down] = tried[down].saturating_sub(less);
                }
                let thresholds = at(&tried);
                if fits(scored, &thresholds, allowed) && worth(scored, &thresholds) > best {
                    best = worth(scored, &thresholds);
                    better = Some(tried);
                }
            }
        }
        let Some(better) = better else { break };
        places = better;
    }
    at(&places).outputs
}

/// More alarms for one output, and fewer for one other or none.
fn trades(up: usize) -> impl Iterator<Item = (usize, Option<usize>, usize)> {
    let others = (0..OUTPUTS).filter(move |other| *other != up).map(Some).chain([None]);
    others.flat_map(|down| {
        [1, 2, 4, 8].into_iter().flat_map(move |more| [1, 2, 4, 8].map(|less| (more, down, less)))
    })
}

fn fits(scored: &[Scored<'_>], thresholds: &Thresholds, allowed: Allowed) -> bool {
    let share = |kind: Kind| {
        let of: Vec<&Scored<'_>> = scored.iter().filter(|one| one.post.kind == kind).collect();
        of.iter().filter(|one| thresholds.hold(one)).count() as f64 / of.len().max(1) as f64
    };
    share(Kind::Ordinary) <= allowed.ordinary && share(Kind::NearMiss) <= allowed.near_miss
}

/// Sensitive posts held.
fn worth(scored: &[Scored<'_>], thresholds: &Thresholds) -> usize {
    scored.iter().filter(|one| one.post.is_sensitive() && thresholds.hold(one)).count()
}
