//! What an agent said before, in whichever campaign, is not said again without a human.

use std::time::Duration;

use chimera_domain::{CampaignId, Confidence, EffectStatus, Thresholds};
use chimera_sim::SwarmWorld;
use chimera_testkit::a_text;

use crate::budget::answers::{answer, approve_whatever_can_be_paid, judge_all, put_campaign, put_tasks};

/// The same text but for its last word.
fn nearly(text: &str) -> String {
    let (rest, _) = text.rsplit_once(' ').unwrap_or((text, ""));
    format!("{rest} sunflower")
}

/// New texts are approved, and those that resemble earlier ones are held.
async fn a_world_that_compares(window_days: u32) -> SwarmWorld {
    let world = SwarmWorld::new();
    approve_whatever_can_be_paid(&world).await;
    world
        .change_policy(|policy| {
            policy.near_duplicate.window_days = window_days;
            policy.thresholds = Thresholds { approve: Confidence::share(24, 100), hold: Confidence::ZERO };
        })
        .await;
    world
}

/// One answer in a campaign of its own.
async fn say(world: &SwarmWorld, campaign: &str, text: &str) -> CampaignId {
    let id = put_campaign(world, campaign, 1_000).id;
    let tasks = put_tasks(world, &id, 0..1);
    answer(world, &tasks[0], text);
    judge_all(world).await;
    id
}

/// Ends the story, whatever waits in it.
async fn end(world: &SwarmWorld) {
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    world.assert_promises();
}

/// [M-11]
#[tokio::test]
async fn what_was_nearly_said_in_another_campaign_waits_for_a_human() {
    let world = a_world_that_compares(7).await;
    say(&world, "c-1", &a_text(1)).await;
    assert_eq!(world.effects().len(), 1, "{}", world.story());
    say(&world, "c-2", &nearly(&a_text(1))).await;
    say(&world, "c-3", &a_text(2)).await;

    let held = world.open_reviews();
    assert_eq!(held.len(), 1, "{}", world.story());
    assert_eq!(held[0].row.campaign.as_str(), "c-2");
    let reasons = &held[0].row.verdict.reasons;
    assert!(reasons.iter().any(|reason| reason.starts_with("novelty: ")), "{reasons:?}");
    end(&world).await;
    assert_eq!(world.published().len(), 3, "{}", world.story());
}

/// [M-11]
#[tokio::test]
async fn with_a_window_of_no_days_only_the_campaign_is_compared() {
    let world = a_world_that_compares(0).await;
    say(&world, "c-1", &a_text(1)).await;
    let other = say(&world, "c-2", &nearly(&a_text(1))).await;
    assert_eq!(world.effects().len(), 2, "{}", world.story());
    let asked = world.cloud.meter().of("judge", "latest").calls;
    assert_eq!(asked, 0, "nothing is read for it");

    let again = put_tasks(&world, &other, 1..2);
    answer(&world, &again[0], &nearly(&nearly(&a_text(1))).replace("sunflower", "marigold"));
    judge_all(&world).await;
    assert_eq!(world.open_reviews().len(), 1, "{}", world.story());
    end(&world).await;
}

/// [M-11]
#[tokio::test]
async fn what_was_said_before_the_window_may_be_said_again() {
    for (days, held) in [(6, 1), (7, 0)] {
        let world = a_world_that_compares(7).await;
        say(&world, "c-1", &a_text(1)).await;
        world.run_until_quiet().await;
        world.clock.advance(Duration::from_secs(days * 24 * 60 * 60));
        say(&world, "c-2", &nearly(&a_text(1))).await;
        assert_eq!(world.open_reviews().len(), held, "after {days} days\n{}", world.story());
        end(&world).await;
    }
}

/// [M-11]
#[tokio::test]
async fn what_was_never_published_is_not_held_against_anybody() {
    let world = a_world_that_compares(7).await;
    say(&world, "c-1", &a_text(1)).await;
    world.cancel().await;
    world.run_until_quiet().await;
    assert_eq!(world.effects_in(EffectStatus::Void).len(), 1, "{}", world.story());
    say(&world, "c-2", &nearly(&a_text(1))).await;

    assert!(world.open_reviews().is_empty(), "{}", world.story());
    end(&world).await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
}

/// [M-11]
#[tokio::test]
async fn one_query_is_all_that_an_answer_costs_more() {
    let world = a_world_that_compares(7).await;
    for (at, campaign) in ["c-1", "c-2", "c-3"].into_iter().enumerate() {
        say(&world, campaign, &a_text(at)).await;
    }
    assert_eq!(world.cloud.meter().of("judge", "latest").calls, 3, "{}", world.story());
    end(&world).await;
}
