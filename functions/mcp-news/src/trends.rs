//! What many speak of at once: articles about the same thing, grouped.

use std::collections::BTreeSet;

use chimera_domain::Timestamp;
use chimera_policy::headlines::{same_story, shared_words};
use schemars::JsonSchema;
use serde::Serialize;

use crate::article::Article;

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
    let titles: Vec<&str> = articles.iter().map(|article| article.title.as_str()).collect();
    let groups = same_story(&titles);
    let mut found: Vec<Trend> = groups.iter().filter_map(|group| trend(articles, group)).collect();
    found.sort_by(|a, b| {
        b.score.cmp(&a.score).then(b.last_at.cmp(&a.last_at)).then(a.headline.cmp(&b.headline))
    });
    found
}

fn trend(articles: &[Article], group: &[usize]) -> Option<Trend> {
    let own: Vec<&Article> = group.iter().filter_map(|at| articles.get(*at)).collect();
    let newest = own.first()?;
    let sources: BTreeSet<&str> = own.iter().map(|article| article.source.as_str()).collect();
    let titles: Vec<&str> = own.iter().map(|article| article.title.as_str()).collect();
    let half = |count: usize, full: usize| count.min(full) * 5_000 / full;
    let score = half(own.len(), FULL.0) + half(sources.len(), FULL.1);
    Some(Trend {
        headline: newest.title.clone(),
        terms: shared_words(&titles, TERMS),
        topic: newest.topic.clone(),
        region: newest.region.clone(),
        articles: own.iter().map(|article| article.id.clone()).collect(),
        sources: sources.into_iter().map(str::to_owned).collect(),
        first_at: own.iter().map(|article| article.published_at).min()?,
        last_at: own.iter().map(|article| article.published_at).max()?,
        score: u32::try_from(score).unwrap_or(10_000),
    })
}
