//! [PE-21] News of some hours, grouped by what they are about (FR2.2).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chimera_domain::{Confidence, Headline, Timestamp};

use crate::words::telling;

/// What counts as now.
const WINDOW: Duration = Duration::from_secs(4 * 60 * 60);
/// Telling words that two titles share when they are about the same thing, at least; and the least share of the shorter one's,
/// in percent.
const SHARED: (usize, usize) = (2, 40);
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
    /// Ids of its articles, the newest first.
    pub articles: Vec<String>,
    /// Who wrote about it, each once.
    pub sources: Vec<String>,
    /// How much it is a trend: half by articles, half by sources.
    pub strength: Confidence,
}

/// The alerts among headlines, the strongest first.
#[must_use]
pub fn cluster(headlines: &[Headline], now: Timestamp) -> Vec<Cluster> {
    let recent = headlines.iter().filter(|headline| headline.at <= now && headline.at > now - WINDOW);
    let mut recent: Vec<(&Headline, BTreeSet<String>)> =
        recent.map(|headline| (headline, telling(&headline.title))).collect();
    recent.sort_by(|(a, _), (b, _)| (b.at, &a.id).cmp(&(a.at, &b.id)));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for at in 0..recent.len() {
        // Joined to every group it touches, which become one: the order of titles does not matter.
        let touches =
            |group: &Vec<usize>| group.iter().any(|other| is_same(&recent[at].1, &recent[*other].1));
        let (joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(touches);
        groups = apart;
        let mut group: Vec<usize> = joined.into_iter().flatten().chain([at]).collect();
        group.sort_unstable();
        groups.push(group);
    }
    let mut found: Vec<Cluster> = groups.iter().filter_map(|group| alert(&recent, group)).collect();
    found.sort_by(|a, b| b.strength.cmp(&a.strength).then_with(|| a.articles.cmp(&b.articles)));
    found
}

fn is_same(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let shared = one.intersection(other).count();
    shared >= SHARED.0 && shared * 100 >= one.len().min(other.len()) * SHARED.1
}

fn alert(recent: &[(&Headline, BTreeSet<String>)], group: &[usize]) -> Option<Cluster> {
    let of = || group.iter().filter_map(|at| recent.get(*at));
    let mut sources: Vec<String> = of().map(|(headline, _)| headline.source.clone()).collect();
    sources.sort();
    sources.dedup();
    if group.len() < LEAST.0 || sources.len() < LEAST.1 {
        return None;
    }
    let mut counted: BTreeMap<&String, usize> = BTreeMap::new();
    of().flat_map(|(_, words)| words).for_each(|word| *counted.entry(word).or_default() += 1);
    let mut terms: Vec<(&String, usize)> = counted.into_iter().filter(|(_, count)| *count >= 2).collect();
    terms.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let half = |count: usize, full: usize| 5_000 * count.min(full) / full;
    let strength = u16::try_from(half(group.len(), FULL.0) + half(sources.len(), FULL.1)).ok()?;
    Some(Cluster {
        headline: of().next().map(|(headline, _)| headline.title.clone())?,
        terms: terms.into_iter().take(TERMS).map(|(word, _)| word.clone()).collect(),
        articles: of().map(|(headline, _)| headline.id.clone()).collect(),
        sources,
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
