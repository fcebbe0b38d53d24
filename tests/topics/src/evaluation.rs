//! What the screen does on labelled posts: recall by topic, false alarms, disguises, time.

use chimera_domain::{Currency, Policy, Topic};
use chimera_policy::{Screened, screen};
use serde::Serialize;

use crate::corpus::{Kind, Post};
use crate::evasion::DISGUISES;

/// Recall of each topic, at least.
pub const BAR_RECALL: f64 = 0.95;
/// False alarms on ordinary posts, at most.
pub const BAR_ORDINARY: f64 = 0.02;
/// False alarms on near misses, at most.
pub const BAR_NEAR_MISS: f64 = 0.10;
/// Mean time of a post in microseconds of its thread, at most.
pub const BAR_MICROS: f64 = 200.0;

/// A share of posts with its 95 % interval (Wilson).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// How many.
    pub hits: usize,
    /// Of how many.
    pub of: usize,
}

impl Share {
    /// The share; none of none is none.
    #[must_use]
    pub fn value(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.hits as f64 / self.of as f64 }
    }

    /// The interval.
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.959_964;
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (self.of as f64, self.value());
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = self.interval();
        write!(
            to,
            "{:5.1} % of {:4}  ({:.1} to {:.1})",
            100.0 * self.value(),
            self.of,
            100.0 * low,
            100.0 * high
        )
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct Line {
    /// What is measured.
    pub name: String,
    /// What was found.
    pub share: Share,
    /// The bar, and whether it is met, if there is one.
    pub bar: Option<(String, bool)>,
}

/// One post and what became of it.
#[derive(Debug, Serialize)]
pub struct Item {
    /// The post's id.
    pub id: String,
    /// The topics that the screen named.
    pub topics: Vec<String>,
    /// Whether a human would see it before it is published.
    pub held: bool,
    /// What was seen, by topic.
    pub seen: Vec<(String, String)>,
    /// The model's scores: the four topics, then any.
    pub scores: Vec<f32>,
}

/// The policy that is asked: the standard one.
#[must_use]
pub fn policy() -> Policy {
    Policy::standard(Currency::Usd)
}

/// Whether a human would see the text.
#[must_use]
pub fn is_held(screened: &Screened) -> bool {
    !screened.flags.is_empty()
}

/// What the screen says of each post.
#[must_use]
pub fn screen_posts(posts: &[Post]) -> Vec<Screened> {
    let policy = policy();
    posts.iter().map(|post| screen(&post.text, &policy)).collect()
}

/// The table: recall of each topic, false alarms, disguises.
#[must_use]
pub fn table(posts: &[Post], screened: &[Screened]) -> Vec<Line> {
    let share = |of: &dyn Fn(&Post) -> bool, hit: &dyn Fn(&Screened) -> bool| {
        let chosen: Vec<&Screened> =
            posts.iter().zip(screened).filter(|(post, _)| of(post)).map(|(_, s)| s).collect();
        Share { hits: chosen.iter().filter(|screened| hit(screened)).count(), of: chosen.len() }
    };
    let mut lines = Vec::new();
    for topic in Topic::ALL {
        let flag = format!("topic:{}", topic.name());
        let all = share(&|post| post.topics.contains(&topic), &is_held);
        lines.push(at_least(format!("{} held", topic.name()), all, BAR_RECALL));
        for (name, kind) in [("direct", Kind::Direct), ("oblique", Kind::Oblique)] {
            let part = share(&|post| post.topics.contains(&topic) && post.kind == kind, &is_held);
            lines.push(Line { name: format!("  {name}"), share: part, bar: None });
        }
        let named =
            share(&|post| post.topics.contains(&topic), &|s| s.flags.iter().any(|f| f.as_str() == flag));
        lines.push(Line { name: "  under this name".to_owned(), share: named, bar: None });
    }
    for (name, kind, bar) in
        [("ordinary", Kind::Ordinary, BAR_ORDINARY), ("near miss", Kind::NearMiss, BAR_NEAR_MISS)]
    {
        let held = share(&|post| post.kind == kind, &is_held);
        let bar = Some((format!("<= {:.0} %", bar * 100.0), held.value() <= bar));
        lines.push(Line { name: format!("{name} held in error"), share: held, bar });
    }
    lines.extend(disguised(posts, screened));
    lines
}

fn at_least(name: String, share: Share, bar: f64) -> Line {
    let is_met = share.of == 0 || share.value() >= bar;
    Line { name, share, bar: Some((format!(">= {:.0} %", bar * 100.0), is_met)) }
}

/// Of the sensitive posts held as they stand: how many are held in each disguise.
fn disguised(posts: &[Post], screened: &[Screened]) -> Vec<Line> {
    let policy = policy();
    let caught: Vec<&Post> = posts
        .iter()
        .zip(screened)
        .filter(|(post, screened)| post.is_sensitive() && is_held(screened))
        .map(|(post, _)| post)
        .collect();
    DISGUISES
        .iter()
        .map(|disguise| {
            let worn: Vec<String> = caught
                .iter()
                .map(|post| (post, (disguise.wear)(&post.text)))
                .filter(|(post, worn)| *worn != post.text)
                .map(|(_, worn)| worn)
                .collect();
            let hits = worn.iter().filter(|text| is_held(&screen(text, &policy))).count();
            at_least(format!("in disguise: {}", disguise.name), Share { hits, of: worn.len() }, disguise.bar)
        })
        .collect()
}

/// Mean processor time of one post, in microseconds.
#[must_use]
pub fn mean_micros(posts: &[Post]) -> f64 {
    const ROUNDS: usize = 5;
    let policy = policy();
    let before = thread_nanos();
    let started = std::time::Instant::now();
    let mut held = 0;
    for _ in 0..ROUNDS {
        held += posts.iter().filter(|post| is_held(&screen(&post.text, &policy))).count();
    }
    std::hint::black_box(held);
    let nanos = match (before, thread_nanos()) {
        (Some(before), Some(after)) => (after - before) as f64,
        _ => started.elapsed().as_nanos() as f64,
    };
    nanos / 1_000.0 / (ROUNDS * posts.len().max(1)) as f64
}

/// What this thread has used of the processor, where the system says so.
fn thread_nanos() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        let (low, high) = Share { hits: 95, of: 100 }.interval();
        assert!((low - 0.888).abs() < 0.001 && (high - 0.978).abs() < 0.001, "{low} {high}");
        assert_eq!(Share { hits: 0, of: 0 }.interval(), (0.0, 1.0));
    }
}
