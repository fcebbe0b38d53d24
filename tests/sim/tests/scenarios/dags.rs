//! Random plans come to an end, in order and within their limits, whatever goes wrong and whoever interferes.
#![expect(clippy::panic, reason = "a test that cannot go on has failed")]

use chimera_sim::{DagTally, DagTrial, Grown, Missing, grow, shrunk};

fn trial(seed: u64, most: usize) -> DagTrial {
    DagTrial { seed, most, is_full: false, missing: None }
}

/// Fails with the shortest story there is.
async fn must_be_clean(trial: DagTrial, grown: Grown) {
    if grown.is_clean() {
        return;
    }
    let (trial, grown) = Box::pin(shrunk(trial)).await.unwrap_or((trial, grown));
    let lines: Vec<&str> = grown.story.lines().collect();
    let end = lines.get(lines.len().saturating_sub(150)..).unwrap_or_default().join("\n");
    panic!("{end}\n\n{}\n{trial:?}: {}", grown.told(), grown.tally);
}

/// [P-2] [P-3] [P-4] [P-5] [P-6] [P-7] [P-11] [F-1] [M-12]
#[tokio::test]
async fn random_plans_end_in_order_and_within_their_limits() {
    let mut tally = DagTally::default();
    for seed in 1..=60 {
        let grown = Box::pin(grow(trial(seed, 40))).await;
        tally.add(grown.tally.clone());
        must_be_clean(trial(seed, 40), grown).await;
    }
    let has_seen_it_all = tally.flawed > 0
        && tally.stale > 0
        && tally.lost > 0
        && tally.held > 0
        && tally.versions > 0
        && tally.answered > 0
        && tally.faults > 0;
    assert!(has_seen_it_all && tally.approved > 100, "this proves too little: {tally}");
    assert!(tally.ends.contains_key("finished") && tally.ends.contains_key("refused"), "{tally}");
}

/// [P-5] [P-7]
#[tokio::test]
async fn the_largest_plans_end_as_well() {
    for seed in 1_001..=1_003 {
        let trial = DagTrial { is_full: true, ..trial(seed, 200) };
        let grown = Box::pin(grow(trial)).await;
        must_be_clean(trial, grown).await;
    }
}

#[tokio::test]
async fn the_same_seed_tells_the_same_story() {
    let (one, two) = (Box::pin(grow(trial(7, 12))).await, Box::pin(grow(trial(7, 12))).await);
    assert_eq!(one.tally, two.tally);
}

/// How many of some campaigns break this line once something is missing; with it in place none does.
async fn broken_without(missing: Missing, line: &str) -> usize {
    let mut broken = 0;
    for seed in 1..=12 {
        let with = trial(seed, 30);
        let intact = Box::pin(grow(with)).await;
        must_be_clean(with, intact).await;
        let without = Box::pin(grow(DagTrial { missing: Some(missing), ..with })).await;
        broken += usize::from(without.breaks(line));
    }
    broken
}

#[tokio::test]
async fn a_planner_that_overlooks_an_input_opens_tasks_too_early() {
    assert!(broken_without(Missing::Inputs, "inputs").await > 0);
}

#[tokio::test]
async fn a_planner_that_overlooks_effects_opens_tasks_too_early() {
    assert!(broken_without(Missing::Effects, "inputs").await > 0);
}

#[tokio::test]
async fn a_campaign_that_nobody_follows_up_does_not_end() {
    assert!(broken_without(Missing::FollowUp, "ends").await > 0);
}
