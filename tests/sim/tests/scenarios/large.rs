//! A campaign as large as one can be: two hundred tasks, one of which reads the feed.

use std::collections::BTreeSet;

use chimera_domain::{CampaignStatus, Review, ReviewId, ReviewStatus, Task, TaskStatus, limits};
use chimera_sim::SwarmWorld;
use chimera_testkit::Feed;
use chimera_testkit::builders::{FEED, a_campaign, cents, task_id};

async fn largest(world: &SwarmWorld, articles: usize) {
    world.change_policy(|policy| policy.caps.per_agent_day = Some(cents(1_000_000))).await;
    world.platform.serve(FEED, Feed::gazette(articles));
    world.start(a_campaign().posts(limits::POSTS_PER_CAMPAIGN).budget(1_000_000)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
}

#[tokio::test]
async fn the_largest_campaign_publishes_a_post_about_every_article() {
    let world = SwarmWorld::new();
    largest(&world, 199).await;

    assert_eq!(world.tasks().len(), limits::TASKS_PER_PLAN, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert_eq!(world.tasks_in(TaskStatus::Approved).len(), limits::TASKS_PER_PLAN, "{}", world.story());
    let openings: BTreeSet<String> = world
        .texts()
        .iter()
        .map(|text| text.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!((world.published().len(), openings.len()), (199, 199), "{:?}", world.texts());
    world.assert_promises();
}

#[tokio::test]
async fn the_largest_campaign_ends_with_what_a_small_feed_holds() {
    let world = SwarmWorld::new();
    largest(&world, 6).await;

    assert_eq!(world.published().len(), 6, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert_eq!(world.tasks_in(TaskStatus::Dropped).len(), 193);
    world.assert_promises();
}

/// [P-11]
#[tokio::test]
async fn a_campaign_of_large_rows_is_cleared_within_what_a_transaction_may_write() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1).hold_first(1)).await;
    world.run_until_quiet().await;
    let held = world.tasks_in(TaskStatus::Held).remove(0);
    let asked = world.open_reviews().remove(0).row;
    let filling = "x".repeat(limits::ROW_BYTES - 16 * 1024);
    for n in 0..30 {
        let id = task_id(&format!("large-{n}"));
        let review = ReviewId::of(id.as_str(), "1");
        let mut question = Review { id: review.clone(), ..asked.clone() };
        question.verdict.reasons = vec![filling.clone()];
        world.force(question);
        world.force(Task { id, review: Some(review), goal: filling.clone(), ..held.clone() });
    }
    world.cancel().await;
    world.run_until_quiet().await;

    assert!(world.tasks_in(TaskStatus::Held).is_empty(), "{}", world.story());
    assert_eq!(world.reviews_in(ReviewStatus::Superseded).len(), 31, "{}", world.story());
}
