//! [PE-21] News of some hours, grouped by what they are about (FR2.2).

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::{Confidence, Headline, Timestamp};
use chimera_policy::headlines::{same_story, shared_words};

/// What counts as now.
const WINDOW: Duration = Duration::from_secs(4 * 60 * 60);
/// Articles and sources of an alert, at least: one of either is none.
const LEAST: (usize, usize) = (2, 2);
/// Articles and sources from which an alert counts as full.
const FULL: (usize, usize) = (6, 4);
/// Words that name an alert.
const TERMS: usize = 5;

/// Articles of several sources about the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The newest article's title.
    pub headline: String,
    /// The words that its titles share, the most frequent first.
    pub terms: Vec<String>,
    /// Ids of its articles, the newest first. The last one is what it goes by: a cluster that grows stays the same.
    pub articles: Vec<String>,
    /// Who wrote about it, each once.
    pub sources: Vec<String>,
    /// How much it is a trend: half by articles, half by sources.
    pub strength: Confidence,
}

/// [PE-21] [PE-23] The alerts among headlines, the strongest first. Headlines of more than four hours ago are none any more, and
/// those of a later time than `now` not yet.
#[must_use]
pub fn cluster(headlines: &[Headline], now: Timestamp) -> Vec<Cluster> {
    let is_news = |headline: &&Headline| headline.at <= now && headline.at > now - WINDOW;
    let mut news: Vec<&Headline> = headlines.iter().filter(is_news).collect();
    news.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
    news.dedup_by(|a, b| a.id == b.id);
    let titles: Vec<&str> = news.iter().map(|headline| headline.title.as_str()).collect();
    let of_group = |group: &Vec<usize>| {
        let told: Vec<&Headline> = group.iter().filter_map(|at| news.get(*at)).copied().collect();
        alert(&told)
    };
    let mut found: Vec<Cluster> = same_story(&titles).iter().filter_map(of_group).collect();
    found.sort_by(|a, b| b.strength.cmp(&a.strength).then_with(|| a.articles.cmp(&b.articles)));
    found
}

/// What the headlines of one story, the newest first, come to.
fn alert(told: &[&Headline]) -> Option<Cluster> {
    let sources: BTreeSet<&str> = told.iter().map(|headline| headline.source.as_str()).collect();
    if told.len() < LEAST.0 || sources.len() < LEAST.1 {
        return None;
    }
    let titles: Vec<&str> = told.iter().map(|headline| headline.title.as_str()).collect();
    let half = |count: usize, full: usize| 5_000 * count.min(full) / full;
    let strength = u16::try_from(half(told.len(), FULL.0) + half(sources.len(), FULL.1)).ok()?;
    Some(Cluster {
        headline: told.first()?.title.clone(),
        terms: shared_words(&titles, TERMS),
        articles: told.iter().map(|headline| headline.id.clone()).collect(),
        sources: sources.into_iter().map(str::to_owned).collect(),
        strength: Confidence::new(strength).unwrap_or(Confidence::ZERO),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headline(id: &str, source: &str, title: &str, minute: i64) -> Headline {
        Headline {
            id: id.to_owned(),
            title: title.to_owned(),
            source: source.to_owned(),
            place: "any/any".to_owned(),
            at: Timestamp::from_second(1_800_000_000 + minute * 60).unwrap(),
        }
    }

    fn alerts(headlines: &[Headline], minute: i64) -> Vec<Vec<String>> {
        let now = Timestamp::from_second(1_800_000_000 + minute * 60).unwrap();
        cluster(headlines, now).into_iter().map(|cluster| cluster.articles).collect()
    }

    /// [PE-21]
    #[test]
    fn several_sources_make_an_alert_and_one_does_not() {
        let told = [
            headline("a", "Wire", "Harbour opens a library of tools", 0),
            headline("b", "Quay", "Library of tools is short of drills", 30),
            headline("c", "Quay", "Glass reef found off the cape", 40),
            headline("d", "Quay", "Glass reef off the cape is older than thought", 50),
        ];
        assert_eq!(alerts(&told, 60), [["b", "a"]], "the reef has one source");
        assert!(alerts(&told, 10).is_empty(), "nothing is known before it came out");
        assert!(alerts(&told, 5 * 60).is_empty(), "news of five hours ago are none");
    }

    /// [PE-23]
    #[test]
    fn two_stories_of_one_town_are_two_alerts() {
        let told = [
            headline("a", "Wire", "Fire in Port Linden warehouse injures two", 0),
            headline("b", "Wire", "Port Linden opera names new director", 5),
            headline("c", "Quay", "Two hurt in Port Linden warehouse blaze", 10),
            headline("d", "Quay", "Elena Sartori is the new director of Port Linden opera", 20),
        ];
        assert_eq!(alerts(&told, 60), [["c", "a"], ["d", "b"]]);
    }

    /// [PE-21]
    #[test]
    fn a_trend_that_grows_keeps_its_earliest_article_last() {
        let mut told = vec![
            headline("a", "Wire", "Harbour opens a library of tools", 0),
            headline("b", "Quay", "Library of tools is short of drills", 30),
        ];
        let before = alerts(&told, 60);
        told.push(headline("e", "Ledger", "A library of tools for Harlow, too", 70));
        let after = alerts(&told, 80);
        assert_eq!(before[0].last(), after[0].last());
        assert_eq!(after[0].len(), 3);
    }
}
