//! Over a limit: a person raises it, and what had failed is tried again.

use chimera_domain::{CampaignStatus, PlanStatus, Task, TaskStatus};
use chimera_sim::SwarmWorld;
use chimera_testkit::Faults;
use chimera_testkit::builders::{a_campaign, cents};

/// What a post with a link costs, in cents.
const POST: i64 = 20;

async fn until_over(world: &SwarmWorld) {
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
}

/// The tasks that failed for want of money.
fn unpaid(world: &SwarmWorld) -> Vec<Task> {
    let failed = world.tasks_in(TaskStatus::Failed).into_iter();
    failed.filter(|task| task.reason.as_deref().is_some_and(|why| why.starts_with("over budget"))).collect()
}

/// [M-5] [M-13] [P-11]
#[tokio::test]
async fn what_failed_over_budget_is_published_once_the_budget_is_raised() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(3).budget(2 * POST + 5)).await;
    until_over(&world).await;
    let failed = unpaid(&world);
    assert_eq!((failed.len(), world.published().len()), (1, 2), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());

    world.raise_budget(3 * POST).await;
    world.retry(&failed[0]).await;
    until_over(&world).await;

    assert_eq!((world.published().len(), world.campaign_used()), (3, 3 * POST), "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert!(world.campaigns()[0].finished_at.is_some());
    let plans: Vec<PlanStatus> = world.plans().into_iter().map(|plan| plan.status).collect();
    assert_eq!(plans, [PlanStatus::Settled], "{}", world.story());
    let task = world.tasks().into_iter().find(|task| task.id == failed[0].id);
    assert_eq!(task.map(|task| (task.status, task.reason)), Some((TaskStatus::Approved, None)));
    world.assert_promises();
}

/// [M-2] [P-11]
#[tokio::test]
async fn a_retry_without_money_fails_again_and_spends_nothing() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1).budget(POST - 1)).await;
    until_over(&world).await;
    world.retry(&unpaid(&world)[0]).await;
    until_over(&world).await;

    assert!(world.published().is_empty(), "{}", world.story());
    assert_eq!((unpaid(&world).len(), world.campaign_used()), (1, 0), "{}", world.story());
    assert_eq!(unpaid(&world)[0].attempt, 2, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [M-2] [M-5]
#[tokio::test]
async fn a_raised_budget_is_kept_to_in_any_interleaving() {
    for seed in 0..5 {
        let world = SwarmWorld::with(seed, Faults::seeded(seed).interleaved().duplicate_messages());
        world.start(a_campaign().posts(4).budget(POST)).await;
        until_over(&world).await;
        assert_eq!(world.published().len(), 1, "seed {seed}\n{}", world.story());

        world.raise_budget(3 * POST + 5).await;
        for task in unpaid(&world) {
            world.retry(&task).await;
        }
        until_over(&world).await;
        assert_eq!(world.published().len(), 3, "seed {seed}\n{}", world.story());
        assert!(world.campaign_used() <= 3 * POST + 5, "seed {seed}\n{}", world.story());
        assert_eq!(world.status(), CampaignStatus::Finished, "seed {seed}\n{}", world.story());
        world.assert_promises();
    }
}

/// [M-5] [P-11]
#[tokio::test]
async fn what_failed_over_a_cap_is_published_once_the_cap_is_raised() {
    let world = SwarmWorld::new();
    world.change_policy(|policy| policy.caps.per_effect = Some(cents(POST - 1))).await;
    world.start(a_campaign().posts(1)).await;
    until_over(&world).await;
    let failed = unpaid(&world);
    assert_eq!(failed.len(), 1, "{}", world.story());

    world.change_policy(|policy| policy.caps.per_effect = Some(cents(POST))).await;
    world.retry(&failed[0]).await;
    until_over(&world).await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}
