//! Until the scoring is there.
use chimera_domain::{Confidence, Headline, Timestamp};

#[derive(Debug)]
pub(crate) struct Goal<'a> {
    pub(crate) text: &'a str,
    pub(crate) published: &'a [&'a str],
    pub(crate) account: &'a str,
}
#[derive(Debug)]
pub(crate) struct Said<'a> {
    pub(crate) text: &'a str,
    pub(crate) answers_ours: bool,
}
#[derive(Debug)]
pub(crate) struct Scored {
    pub(crate) score: Confidence,
    pub(crate) why: String,
}
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) headline: String,
    pub(crate) terms: Vec<String>,
    pub(crate) articles: Vec<String>,
    pub(crate) sources: Vec<String>,
    pub(crate) strength: Confidence,
}
pub(crate) fn relevance(goal: &Goal<'_>, said: &Said<'_>) -> Scored {
    let hit = said.answers_ours || goal.text.contains(said.text) || goal.published.contains(&goal.account);
    Scored { score: if hit { Confidence::FULL } else { Confidence::ZERO }, why: String::new() }
}
pub(crate) fn is_direct_question(text: &str) -> bool {
    text.ends_with('?')
}
pub(crate) fn cluster(headlines: &[Headline], now: Timestamp) -> Vec<Cluster> {
    let of = |h: &Headline| Cluster {
        headline: format!("{} {now}", h.title),
        terms: vec![],
        articles: vec![h.id.clone()],
        sources: vec![],
        strength: Confidence::ZERO,
    };
    headlines.iter().map(of).collect()
}
