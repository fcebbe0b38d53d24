//! Rounds: where everything is done and the goal is not met, what is missing is planned again.

use chimera_domain::{CampaignStatus, PlanCause, Review, Stored, TaskKind, TaskStatus};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{FEED, a_campaign};
use chimera_testkit::{Article, Feed};

use crate::twenty_tools::twenty_tools;

/// Sources enough for every round.
async fn rich_world() -> SwarmWorld {
    let world = SwarmWorld::new();
    world.forget_topics().await;
    world.platform.serve(FEED, twenty_tools());
    world
}

fn written(world: &SwarmWorld) -> usize {
    world.tasks().iter().filter(|task| task.kind == TaskKind::Write).count()
}

/// [PL-16]
#[tokio::test]
async fn a_goal_that_is_met_ends_in_one_round() {
    let world = rich_world().await;
    world.start(a_campaign().posts(2).rounds(3)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    let [plan] = world.plans().try_into().unwrap();
    let goal = plan.goal.unwrap();
    assert!(goal.met && goal.why.contains("2 of 2"), "{goal:?}");
    world.assert_promises();
}

/// [PL-16] [PL-17]
#[tokio::test]
async fn what_is_missing_is_planned_again_from_sources_nobody_has_written_about() {
    let world = rich_world().await;
    world.start(a_campaign().posts(3).rounds(3).hold_first(1)).await;
    world.run_until_quiet().await;
    // A human has the last word about one of them: nothing takes its place.
    let is_about_first = |review: &Stored<Review>| review.row.subject.task().as_str() == "write-1";
    while let Some(review) = world.open_reviews().into_iter().find(is_about_first) {
        assert!(world.decide(&review, Answer::Reject("not this one")).await);
        world.run_until_quiet().await;
    }
    world.approve_all_reviews().await;
    world.run_until_quiet().await;

    assert_eq!(world.published().len(), 3, "{}", world.story());
    let rounds: Vec<_> = world.plans().into_iter().filter(|plan| plan.cause == PlanCause::Round).collect();
    assert_eq!(rounds.len(), 1, "{}", world.story());
    assert!(rounds[0].reason.contains("2 of 3"), "{}", rounds[0].reason);
    assert_eq!(written(&world), 4);
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-16]
#[tokio::test]
async fn rounds_end_at_their_limit() {
    let world = SwarmWorld::new();
    world.forget_topics().await;
    let one =
        vec![Article::new("only", "Only one tool", "There is one tool here and it does one thing, slowly.")];
    world.platform.serve(FEED, Feed::with_articles("One", one));
    world.start(a_campaign().posts(3).rounds(2)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    world.run_until_quiet().await;

    assert!(world.published().len() <= 1, "{}", world.story());
    let rounds = world.plans().into_iter().filter(|plan| plan.cause == PlanCause::Round).count();
    assert_eq!(rounds, 1, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert!(world.tasks().iter().all(|task| task.status.is_final()));
    assert!(world.tasks().iter().any(|task| task.status == TaskStatus::Dropped));
    world.assert_promises();
}
