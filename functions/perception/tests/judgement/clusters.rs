//! Which headlines are about the same thing.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::{Headline, Timestamp};
use perception::{Cluster, cluster};
use serde::Deserialize;

use crate::{Figures, Split, read, share};

/// When every window begins, in seconds.
const BEGINNING: i64 = 1_800_000_000;
/// Minutes after which all of a window has come out and none of it is too old.
const ALL: i64 = 200;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    split: Split,
    window: String,
    id: String,
    title: String,
    source: String,
    at_min: i64,
    /// What it is about; nothing where no other headline is.
    group: String,
}

/// The windows of a part, the headlines of each in the order in which they came out.
fn windows(split: Split) -> Vec<Vec<Case>> {
    let mut windows: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    let cases: Vec<Case> = read(include_str!("../../corpus/clusters.jsonl"));
    for case in cases.into_iter().filter(|case| case.split == split) {
        windows.entry(case.window.clone()).or_default().push(case);
    }
    let mut windows: Vec<Vec<Case>> = windows.into_values().collect();
    windows.iter_mut().for_each(|window| window.sort_by_key(|case| case.at_min));
    windows
}

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_second(BEGINNING + 60 * minute).unwrap()
}

fn alerts(told: &[Case], at_min: i64) -> Vec<Cluster> {
    let headline = |case: &Case| Headline {
        id: case.id.clone(),
        title: case.title.clone(),
        source: case.source.clone(),
        place: "any/any".to_owned(),
        at: minute(case.at_min),
    };
    cluster(&told.iter().map(headline).collect::<Vec<_>>(), minute(at_min))
}

/// The stories of a window that several sources tell, with the ids of their headlines.
fn stories(window: &[Case]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut stories: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for case in window.iter().filter(|case| !case.group.is_empty()) {
        let (ids, sources) = stories.entry(&case.group).or_default();
        ids.insert(&case.id);
        sources.insert(&case.source);
    }
    let told = stories.into_iter().filter(|(_, (_, sources))| sources.len() > 1);
    told.map(|(group, (ids, _))| (group, ids)).collect()
}

/// Each two headlines of a window: whether they are about the same thing, and whether they are in one alert.
fn count_pairs(window: &[Case], figures: &mut Figures) {
    let (stories, alerts) = (stories(window), alerts(window, ALL));
    let alert_of = |case: &Case| alerts.iter().position(|alert| alert.articles.contains(&case.id));
    for (at, one) in window.iter().enumerate() {
        for other in &window[..at] {
            let is_same = one.group == other.group && stories.contains_key(one.group.as_str());
            figures.count(is_same, alert_of(one).is_some() && alert_of(one) == alert_of(other));
        }
    }
}

/// [PE-23] [PE-25]
#[test]
fn headlines_about_the_same_thing_are_one_alert_and_others_are_none() {
    let mut held_out = 0.0;
    for split in [Split::Dev, Split::HeldOut] {
        let (mut figures, windows) = (Figures::default(), windows(split));
        windows.iter().for_each(|window| count_pairs(window, &mut figures));
        held_out = figures.f1();
        let headlines: usize = windows.iter().map(Vec::len).sum();
        println!("clusters {split}: F1 {held_out:.2} of pairs, {headlines} headlines, {figures}");
    }
    assert!(held_out >= 0.85, "{held_out}");
}

/// [PE-21]
#[test]
fn one_source_alone_never_makes_an_alert() {
    let mut seen = 0;
    for window in [Split::Dev, Split::HeldOut].into_iter().flat_map(windows) {
        for alert in alerts(&window, ALL) {
            assert!(alert.sources.len() > 1 && alert.articles.len() > 1, "{alert:?}");
            assert!(!alert.terms.is_empty() && alert.strength.basis_points() > 0, "{alert:?}");
            seen += 1;
        }
        let told_by_one: Vec<Case> =
            window.iter().map(|case| Case { source: "One Paper".to_owned(), ..case.clone() }).collect();
        assert!(alerts(&told_by_one, ALL).is_empty());
    }
    assert!(seen > 60, "{seen}");
}

/// [PE-21] Headline by headline, as perception hears of them: an alert of which an article was told before is the same.
#[test]
fn a_story_that_grows_is_told_of_once() {
    let (mut told_of, mut found, mut there) = (0, 0, 0);
    for window in windows(Split::HeldOut) {
        let stories = stories(&window);
        there += stories.len();
        let (mut told, mut seen): (BTreeSet<String>, BTreeSet<&str>) = Default::default();
        for (at, case) in window.iter().enumerate() {
            for alert in alerts(&window[..=at], case.at_min) {
                if alert.articles.iter().all(|article| !told.contains(article)) {
                    told_of += 1;
                    let is_part = |ids: &BTreeSet<&str>| {
                        alert.articles.iter().all(|article| ids.contains(article.as_str()))
                    };
                    seen.extend(stories.iter().filter(|(_, ids)| is_part(ids)).map(|(group, _)| *group));
                }
                told.extend(alert.articles);
            }
        }
        found += seen.len();
    }
    println!("clusters held_out, headline by headline: {told_of} alerts, {found} of {there} stories");
    assert!(told_of <= there, "{told_of} alerts of {there} stories");
    assert!(share(found, there) >= 0.80, "{found} of {there}");
}

#[test]
fn the_order_in_which_headlines_are_given_does_not_matter() {
    for window in windows(Split::HeldOut) {
        let turned: Vec<Case> = window.iter().rev().cloned().collect();
        assert_eq!(alerts(&window, ALL), alerts(&turned, ALL));
    }
}

#[test]
fn the_corpus_is_large_enough() {
    let count = |split| windows(split).iter().map(Vec::len).sum::<usize>();
    assert!(count(Split::Dev) + count(Split::HeldOut) >= 220 && count(Split::HeldOut) >= 100);
    assert!(windows(Split::HeldOut).len() >= 5);
}
