//! What many speak of at once: articles about the same thing, grouped.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::article::Article;
use crate::words::word_set;

/// Telling words that two titles share when they are about the same thing, at least.
const SHARED_WORDS: usize = 2;
/// And the least share of the shorter title's words, in percent.
const SHARED_PERCENT: usize = 40;
/// Articles of a trend, at least: one is no trend.
const LEAST_ARTICLES: usize = 2;
/// Articles and sources from which a trend counts as full.
const FULL: (usize, usize) = (6, 4);
/// Words that name a trend.
const TERMS: usize = 5;

/// Something that several articles are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Trend {
    /// The newest article's title.
    pub headline: String,
    /// The words that its articles share, the most frequent first.
    pub terms: Vec<String>,
    /// What it is about.
    pub topic: String,
    /// Where it happens.
    pub region: String,
    /// Ids of its articles, the newest first.
    pub articles: Vec<String>,
    /// Who wrote about it.
    pub sources: Vec<String>,
    /// When the first article came, RFC 3339.
    #[schemars(with = "String")]
    pub first_at: Timestamp,
    /// When the last one came, RFC 3339.
    #[schemars(with = "String")]
    pub last_at: Timestamp,
    /// How much it is a trend, in basis points: half by articles, half by sources.
    #[schemars(range(max = 10_000))]
    pub score: u32,
}

/// The trends among `articles`, which come newest first: the strongest first.
#[must_use]
pub fn trends(articles: &[Article]) -> Vec<Trend> {
    let words: Vec<BTreeSet<String>> = articles.iter().map(|article| word_set(&article.title)).collect();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for at in 0..articles.len() {
        // Joined to every group it touches, which become one: the order of articles does not matter.
        let touches = |group: &Vec<usize>| group.iter().any(|other| is_same(&words[at], &words[*other]));
        let (mut joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(touches);
        groups = apart;
        let mut group: Vec<usize> = joined.drain(..).flatten().collect();
        group.push(at);
        group.sort_unstable();
        groups.push(group);
    }
    let mut found: Vec<Trend> = groups
        .iter()
        .filter(|group| group.len() >= LEAST_ARTICLES)
        .filter_map(|group| trend(articles, &words, group))
        .collect();
    found.sort_by(|a, b| {
        b.score.cmp(&a.score).then(b.last_at.cmp(&a.last_at)).then(a.headline.cmp(&b.headline))
    });
    found
}

fn is_same(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let shared = one.intersection(other).count();
    let shorter = one.len().min(other.len());
    shared >= SHARED_WORDS && shared * 100 >= shorter * SHARED_PERCENT
}

fn trend(articles: &[Article], words: &[BTreeSet<String>], group: &[usize]) -> Option<Trend> {
    let newest = articles.get(*group.first()?)?;
    let own: Vec<&Article> = group.iter().filter_map(|at| articles.get(*at)).collect();
    let sources: BTreeSet<&str> = own.iter().map(|article| article.source.as_str()).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in group.iter().filter_map(|at| words.get(*at)).flatten() {
        *counts.entry(word).or_default() += 1;
    }
    let mut terms: Vec<(&str, usize)> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
    terms.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let half = |count: usize, full: usize| count.min(full) * 5_000 / full;
    let score = half(own.len(), FULL.0) + half(sources.len(), FULL.1);
    Some(Trend {
        headline: newest.title.clone(),
        terms: terms.into_iter().take(TERMS).map(|(word, _)| word.to_owned()).collect(),
        topic: newest.topic.clone(),
        region: newest.region.clone(),
        articles: own.iter().map(|article| article.id.clone()).collect(),
        sources: sources.into_iter().map(str::to_owned).collect(),
        first_at: own.iter().map(|article| article.published_at).min()?,
        last_at: own.iter().map(|article| article.published_at).max()?,
        score: u32::try_from(score).unwrap_or(10_000),
    })
}
