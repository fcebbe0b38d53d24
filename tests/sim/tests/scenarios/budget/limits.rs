//! Limits that the policy sets for whole campaigns: their money, what running them costs, who sees their first posts.

use chimera_domain::{CampaignStatus, Check, Money, Task, TaskStatus, limits};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{a_campaign, cents, must};
use chimera_testkit::{Fault, Faults};

/// What one attempt may cost to run.
const ATTEMPT: i64 = limits::ATTEMPT_COST_MINOR;

async fn run(world: &SwarmWorld, posts: u32) {
    world.start(a_campaign().posts(posts)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
}

fn running_cost(world: &SwarmWorld) -> i64 {
    world.tasks().iter().map(|task| task.cost.minor()).sum()
}

/// [M-10]
#[tokio::test]
async fn a_brief_cannot_ask_for_more_than_the_policy_allows_a_campaign() {
    let world = SwarmWorld::new();
    world.change_policy(|policy| policy.caps.per_campaign = Some(cents(2 * 20 + 5))).await;
    run(&world, 3).await;

    assert_eq!(world.published().len(), 2, "{}", world.story());
    assert_eq!(world.campaign_used(), 2 * 20, "{}", world.story());
    world.assert_promises();
}

///
#[tokio::test]
async fn the_policy_may_hold_more_first_posts_than_the_brief_asks_for() {
    for (policys, briefs, held) in [(2, 0, 2), (1, 2, 2), (0, 0, 0)] {
        let world = SwarmWorld::new();
        world.change_policy(|policy| policy.hold_first = policys).await;
        world.start(a_campaign().posts(2).hold_first(briefs)).await;
        world.run_until_quiet().await;
        let waiting = world.open_reviews();
        let first =
            waiting.iter().filter(|review| review.row.flags.iter().any(|flag| flag.as_str() == "hold_first"));
        assert_eq!(first.count(), held, "policy {policys}, brief {briefs}\n{}", world.story());
        world.approve_all_reviews().await;
        world.assert_promises();
    }
}

/// [M-12]
#[tokio::test]
async fn a_plan_settles_once_what_its_tasks_cost_to_run() {
    let world = SwarmWorld::new();
    world.answers_cost(1);
    world.change_policy(|policy| policy.caps.operating = Some(cents(4 * ATTEMPT))).await;
    run(&world, 3).await;

    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    let plan = world.plans().remove(0);
    assert_eq!(plan.estimate, cents(4 * ATTEMPT), "one attempt for each of four tasks");
    assert!(running_cost(&world) >= 4, "each task was answered at a cent\n{}", world.story());
    assert_eq!(plan.settled.map(Money::minor), Some(running_cost(&world)), "{}", world.story());
    world.assert_promises();
}

/// [M-12]
#[tokio::test]
async fn a_plan_that_may_cost_too_much_to_run_is_not_opened() {
    let world = SwarmWorld::new();
    world.change_policy(|policy| policy.caps.operating = Some(cents(4 * ATTEMPT - 1))).await;
    run(&world, 3).await;

    assert_eq!(world.status(), CampaignStatus::Stopped, "{}", world.story());
    assert!(world.tasks().is_empty(), "{}", world.story());
    let reason = world.campaigns().remove(0).reason.unwrap_or_default();
    assert!(reason.starts_with("over budget: operating: 0.20 USD"), "{reason}");
    world.assert_promises();
}

/// Three posts that no attempt can make right, at the highest price an attempt may have.
async fn hopeless(seed: u64, faults: Faults, limit: i64) -> SwarmWorld {
    let world = SwarmWorld::with(seed, faults);
    world.answers_cost(ATTEMPT);
    world.change_policy(|policy| policy.caps.operating = Some(cents(limit))).await;
    let impossible = must("impossible", Check::CarriesImage);
    world.start(a_campaign().posts(3).criterion(impossible)).await;
    world.run_until_quiet().await;
    // Nor does anybody let them pass as they are.
    while let Some(review) = world.open_reviews().pop() {
        world.decide(&review, Answer::Reject("not without an image")).await;
        world.run_until_quiet().await;
    }
    world
}

/// [M-12]
#[tokio::test]
async fn a_retry_that_there_is_no_room_for_is_not_opened() {
    for (room, attempts) in [(0, 3), (1, 4), (3, 6)] {
        let world = hopeless(1, Faults::none(), (4 + room) * ATTEMPT).await;
        let writes: Vec<_> = world.tasks().into_iter().filter(|task| task.kind.acts()).collect();
        let opened: u32 = writes.iter().map(|task| task.attempt).sum();
        assert_eq!(opened, attempts, "room for {room}\n{}", world.story());
        assert_eq!(running_cost(&world), (4 + room) * ATTEMPT, "{}", world.story());
        let reasons: Vec<String> = writes.into_iter().filter_map(|task| task.reason).collect();
        assert!(reasons.iter().any(|why| why.starts_with("over budget: operating")), "{reasons:?}");
        assert_eq!(world.tasks_in(TaskStatus::Failed).len(), 3, "{}", world.story());
        world.assert_promises();
    }
}

/// [M-12]
#[tokio::test]
async fn planners_side_by_side_never_open_the_same_room() {
    for seed in 0..6 {
        let faults = Faults::seeded(seed)
            .interleaved()
            .duplicate_messages()
            .percent("planner", "write*", 20, Fault::Contention)
            .percent("planner", "write*", 20, Fault::LostReply);
        let limit = 6 * ATTEMPT;
        let world = hopeless(seed, faults, limit).await;
        assert!(running_cost(&world) <= limit, "seed {seed}: {}\n{}", running_cost(&world), world.story());
        world.assert_promises();
    }
}

#[tokio::test]
async fn what_running_costs_can_be_seen_to_pass_its_limit() {
    let world = SwarmWorld::new();
    run(&world, 1).await;
    assert_eq!(world.broken_promises(), Vec::<String>::new(), "{}", world.story());
    let task = world.tasks().remove(0);
    world.force(Task { cost: cents(5_001), ..task });
    let broken = world.broken_promises().join("\n");
    assert!(broken.contains("operating: running campaign c-1 cost 5001 cents"), "{broken}");
    assert!(broken.contains("and settled 0"), "{broken}");
}
