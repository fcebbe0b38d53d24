//! The anomaly rules on labelled histories (`corpus/histories.jsonl`): what they find, and how often they cry wolf.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use chimera_domain::{Currency, Money, Timestamp};
use chimera_policy::anomaly::{Anomaly, Paid, anomalies};
use jiff::SignedDuration;
use serde_json::Value;

const CORPUS: &str = include_str!("../corpus/histories.jsonl");

/// Of a hundred histories of a kind, the rules find at least this many.
const LEAST_FOUND: usize = 95;
/// Of a hundred normal payments, at most this many are asked about.
const MOST_FALSE_ALARMS: usize = 5;

struct History {
    id: String,
    kind: String,
    paid: Vec<Paid>,
    proposed: Paid,
    single: Option<Money>,
}

fn cents(value: &Value) -> Option<Money> {
    value.as_i64().map(|minor| Money::new(minor, Currency::Usd).unwrap())
}

fn paid(minutes_ago: i64, recipient: &Value, amount: &Value) -> Paid {
    let now: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
    Paid {
        at: now - SignedDuration::from_mins(minutes_ago),
        recipient: recipient.as_str().unwrap().to_owned(),
        amount: cents(amount).unwrap(),
    }
}

fn history(line: &str) -> History {
    let row: Value = serde_json::from_str(line).unwrap();
    let entries = row["paid"].as_array().unwrap().iter();
    History {
        id: row["id"].as_str().unwrap().to_owned(),
        kind: row["kind"].as_str().unwrap().to_owned(),
        paid: entries.map(|entry| paid(entry[0].as_i64().unwrap(), &entry[1], &entry[2])).collect(),
        proposed: paid(0, &row["proposed"][0], &row["proposed"][1]),
        single: cents(&row["single"]),
    }
}

fn found(history: &History) -> Vec<Anomaly> {
    let found = anomalies(&history.proposed, &history.paid, history.single);
    found.into_iter().map(|finding| finding.anomaly).collect()
}

/// [M-9]
#[test]
fn anomalies_are_found_and_normal_payments_are_let_pass() {
    // By kind: how many there are, how many are as they should be, and which are not.
    let mut figures: BTreeMap<String, (usize, usize, Vec<String>)> = BTreeMap::new();
    for history in CORPUS.lines().map(history) {
        let found = found(&history);
        let is_right = match Anomaly::ALL.into_iter().find(|anomaly| anomaly.name() == history.kind) {
            Some(anomaly) => found.contains(&anomaly),
            None => found.is_empty(),
        };
        let (all, right, wrong) = figures.entry(history.kind.clone()).or_default();
        *all += 1;
        *right += usize::from(is_right);
        if !is_right {
            wrong.push(format!("{} {found:?}", history.id));
        }
    }
    for (kind, (all, right, wrong)) in &figures {
        println!("histories: {kind}: {right} of {all} as they should be; not so: {wrong:?}");
    }
    for anomaly in Anomaly::ALL {
        let (all, right, wrong) = &figures[anomaly.name()];
        assert!(*all >= 30, "{anomaly:?}: {all} histories say little");
        assert!(right * 100 >= all * LEAST_FOUND, "{anomaly:?}: {right} of {all}, missed {wrong:?}");
    }
    let (all, right, wrong) = &figures["normal"];
    assert!(*all >= 100, "{all} histories say little");
    assert!((all - right) * 100 <= all * MOST_FALSE_ALARMS, "false alarms: {wrong:?}");
    assert_eq!(figures.len(), Anomaly::ALL.len() + 1, "a kind that no rule is for: {:?}", figures.keys());
}

/// [M-9]
#[test]
fn a_finding_says_what_was_seen() {
    let earlier: Vec<Paid> =
        (1..6).map(|week| paid(week * 7 * 24 * 60, &"ines".into(), &10_000.into())).collect();
    let proposed = paid(0, &"ines".into(), &250_000.into());
    let seen: Vec<String> =
        anomalies(&proposed, &earlier, None).into_iter().map(|finding| finding.seen).collect();
    assert_eq!(seen, ["2500.00 USD, where 300.00 USD is the most that is usual"]);
    let stranger = paid(0, &"nobody".into(), &10_000.into());
    let seen: Vec<String> =
        anomalies(&stranger, &earlier, None).into_iter().map(|finding| finding.seen).collect();
    assert_eq!(seen, ["nobody was never paid before"]);
}

/// [M-9]
#[test]
fn each_payment_that_passes_alone_is_seen_where_they_pass_together() {
    let limit = Money::new(10_000, Currency::Usd).unwrap();
    let earlier: Vec<Paid> = (2..9).map(|day| paid(day * 24 * 60, &"ines".into(), &9_000.into())).collect();
    let second = paid(0, &"ines".into(), &9_000.into());
    assert_eq!(anomalies(&second, &earlier, Some(limit)), [], "one a day is the habit");
    let mut earlier = earlier;
    earlier.push(paid(30, &"Ines 2".into(), &9_000.into()));
    let found: Vec<Anomaly> =
        anomalies(&second, &earlier, Some(limit)).into_iter().map(|finding| finding.anomaly).collect();
    assert_eq!(found, [Anomaly::Splitting]);
}
