//! Which articles answer a question, best first.

use chimera_domain::Timestamp;
use jiff::SignedDuration;

use crate::article::Article;
use crate::words::{word_set, words};

/// A word of the title counts like this many of the summary.
const TITLE_WEIGHT: u32 = 3;
/// Occurrences of a word in a summary that still count.
const MOST_REPEATS: u32 = 3;

/// In which order answers come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// By how well they answer, then by time.
    #[default]
    Relevance,
    /// By time.
    Newest,
}

/// What is looked for. An empty filter lets everything through.
#[derive(Debug, Default)]
pub(crate) struct Question<'a> {
    pub(crate) query: &'a str,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    pub(crate) sources: &'a [String],
    pub(crate) order: Order,
}

/// The articles that have every word of the query, with how well they answer, in basis points of the best.
pub(crate) fn search(articles: &[Article], question: &Question<'_>) -> Vec<(Article, u32)> {
    let wanted = word_set(question.query);
    let is_asked_for = |article: &&Article| {
        question.from.is_none_or(|from| article.published_at >= from)
            && question.to.is_none_or(|to| article.published_at <= to)
            && (question.sources.is_empty() || question.sources.contains(&article.source))
    };
    let scored = articles.iter().filter(is_asked_for).filter_map(|article| {
        let (title, summary) = (words(&article.title), words(&article.summary));
        let mut score = 0;
        for word in &wanted {
            let in_title = count(&title, word).min(1) * TITLE_WEIGHT;
            let in_summary = count(&summary, word).min(MOST_REPEATS);
            if in_title + in_summary == 0 {
                return None;
            }
            score += in_title + in_summary;
        }
        Some((article.clone(), score))
    });
    let mut found: Vec<(Article, u32)> = if wanted.is_empty() { Vec::new() } else { scored.collect() };
    let best = found.iter().map(|(_, score)| *score).max().unwrap_or(1).max(1);
    for (_, score) in &mut found {
        *score = *score * 10_000 / best;
    }
    found.sort_by(|(a, a_score), (b, b_score)| {
        let by_score = match question.order {
            Order::Relevance => b_score.cmp(a_score),
            Order::Newest => std::cmp::Ordering::Equal,
        };
        by_score.then(b.published_at.cmp(&a.published_at)).then(a.id.cmp(&b.id))
    });
    found
}

/// The articles of the last `hours` before `now`.
pub(crate) fn within(articles: Vec<Article>, now: Timestamp, hours: u32) -> Vec<Article> {
    let from = now - SignedDuration::from_hours(i64::from(hours));
    articles.into_iter().filter(|article| article.published_at > from).collect()
}

fn count(words: &[String], wanted: &str) -> u32 {
    u32::try_from(words.iter().filter(|word| *word == wanted).count()).unwrap_or(u32::MAX)
}
