//! What a row calls for is found again: by the stream when it changes, by the clock when it waits.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use chimera_domain::ports::Clock as _;
use chimera_domain::{
    Campaign, CampaignStatus, Effect, EffectStatus, Review, ReviewStatus, Row, Timestamp, changed_enough,
};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::Mode;
use chimera_testkit::builders::a_campaign;

/// Whether the row itself waits for time or for somebody's progress; other rows are found through their campaign.
fn waits(row: &Row) -> bool {
    match row {
        Row::Campaign(campaign) => {
            matches!(campaign.status, CampaignStatus::Planning | CampaignStatus::Active)
        }
        Row::Review(review) => matches!(review.status, ReviewStatus::Open | ReviewStatus::Decided),
        Row::Effect(effect) => match effect.status {
            EffectStatus::Approved | EffectStatus::Dispatching | EffectStatus::Rejudge => true,
            // Once a human is asked, the review is what waits.
            EffectStatus::Unconfirmed => effect.asked.is_none(),
            _ => false,
        },
        _ => false,
    }
}

async fn run_and_watch(world: &SwarmWorld) {
    let is_forgotten = |world: &SwarmWorld| {
        let rows = world.cloud.rows().unwrap();
        rows.iter().any(|stored| waits(&stored.row) && stored.row.due_at().is_none())
    };
    assert!(!world.run_until(is_forgotten).await, "{}", world.story());
}

/// [F-5]
#[tokio::test]
async fn what_waits_is_due_at_every_step() {
    let rate_limited = Mode::Refuse("rate_limited", true);
    for mode in [
        Mode::Normal,
        Mode::CrashBeforeOutcome,
        Mode::NeverPosted,
        Mode::Slow(40),
        Mode::Unsent,
        rate_limited,
    ] {
        let world = SwarmWorld::new();
        world.platform.next(mode);
        world.start(a_campaign().posts(2).hold_first(1)).await;
        run_and_watch(&world).await;
        for review in world.open_reviews() {
            assert!(world.decide(&review, Answer::Approve).await);
        }
        run_and_watch(&world).await;
        assert_eq!(world.effects().len(), 2, "{mode:?}\n{}", world.story());
    }
}

/// The row with another due time, where it has one.
fn pushed(row: Row, at: Timestamp) -> Option<Row> {
    match row {
        Row::Campaign(row) => Some(Campaign { due_at: Some(at), swept_at: at, ..*row }.into()),
        Row::Review(row) => Some(Review { due_at: Some(at), ..*row }.into()),
        Row::Effect(row) => Some(Effect { due_at: Some(at), ..*row }.into()),
        _ => None,
    }
}

/// [F-2]
#[tokio::test]
async fn a_due_time_that_moves_is_no_change_to_the_stream() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(2).hold_first(2)).await;
    world.run_until_quiet().await;
    let review = world.open_reviews().remove(0);
    assert!(world.decide(&review, Answer::Approve).await);
    world.run_until_quiet().await;
    assert!(!world.open_reviews().is_empty() && !world.effects().is_empty(), "{}", world.story());

    let at = world.clock.now() + Duration::from_secs(60);
    for stored in world.cloud.rows().unwrap() {
        assert!(changed_enough(None, &stored.row), "a new row is always looked at: {:?}", stored.row.key());
        let Some(later) = pushed(stored.row.clone(), at) else { continue };
        assert_ne!(later, stored.row);
        assert!(!changed_enough(Some(&stored.row), &later), "{:?}", stored.row.key());
    }
}
