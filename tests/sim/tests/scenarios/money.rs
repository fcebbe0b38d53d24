//! Caps hold in any interleaving; what is not spent comes back.

use chimera_domain::{Bucket, CampaignStatus, Caps, EffectStatus};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{FEED, a_campaign, a_tenant, an_agent_id, cents};
use chimera_testkit::{Fault, Faults, Mode};

use crate::twenty_tools::twenty_tools;

/// What a post with a link costs, in cents.
const POST: i64 = 20;

async fn spend(world: &SwarmWorld, campaign: &str, posts: u32, budget: i64) {
    world.start(a_campaign().named(campaign).posts(posts).budget(budget)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
}

#[tokio::test]
async fn a_campaign_spends_what_its_posts_cost() {
    let world = SwarmWorld::new();
    spend(&world, "c-1", 2, 1_000).await;

    assert_eq!(world.published().len(), 2, "{}", world.story());
    assert_eq!(world.campaign_used(), 2 * POST, "{}", world.story());
    world.assert_promises();
}

/// [M-2]
#[tokio::test]
async fn a_campaign_never_spends_more_than_its_budget() {
    let world = SwarmWorld::new();
    spend(&world, "c-1", 3, 2 * POST + 5).await;

    assert_eq!(world.published().len(), 2, "{}", world.story());
    assert_eq!(world.campaign_used(), 2 * POST);
    world.assert_promises();
}

#[tokio::test]
async fn a_budget_that_fits_exactly_is_enough() {
    let world = SwarmWorld::new();
    spend(&world, "c-1", 2, 2 * POST).await;

    assert_eq!(world.published().len(), 2, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [M-2] [M-5]
#[tokio::test]
async fn a_budget_one_cent_short_publishes_nothing() {
    let world = SwarmWorld::new();
    spend(&world, "c-1", 1, POST - 1).await;

    assert!(world.published().is_empty(), "{}", world.story());
    assert_eq!(world.campaign_used(), 0);
    world.assert_promises();
}

#[tokio::test]
async fn an_agents_day_is_capped_across_campaigns() {
    let world = SwarmWorld::new();
    world.change_policy(|policy| policy.caps.per_agent_day = Some(cents(2 * POST))).await;
    world.start(a_campaign().named("c-1").posts(2).seed(5)).await;
    world.start(a_campaign().named("c-2").posts(2).seed(6)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let day = Bucket::AgentDay { agent: an_agent_id(), day: "2026-03-02".to_owned() };
    assert!(world.used(&a_tenant(), &day) <= 2 * POST, "{}", world.story());
    assert!(world.published().len() <= 2, "{}", world.story());
    world.assert_promises();
}

/// [M-2]
#[tokio::test]
async fn caps_hold_with_many_effects_and_conflicts() {
    for seed in 0..5 {
        let faults = Faults::seeded(seed)
            .interleaved()
            .duplicate_messages()
            .percent("judge", "write*", 30, Fault::Contention)
            .percent("publisher", "write*", 20, Fault::LostReply);
        let world = SwarmWorld::with(seed, faults);
        world.change_policy(|policy| policy.caps.per_agent_day = Some(cents(5 * POST))).await;
        for campaign in ["c-1", "c-2", "c-3"] {
            world.start(a_campaign().named(campaign).posts(3).budget(2 * POST + 3).seed(seed)).await;
        }
        world.run_until_quiet().await;
        world.approve_all_reviews().await;

        assert!(world.published().len() <= 5, "seed {seed}\n{}", world.story());
        world.assert_promises();
    }
}

#[tokio::test]
async fn without_the_condition_on_buckets_the_budget_would_be_exceeded() {
    let world = SwarmWorld::with(1, Faults::none().ignore_conditions_on("bucket"));
    spend(&world, "c-1", 3, 2 * POST + 5).await;

    let broken = world.broken_promises().join("\n");
    assert!(broken.contains("campaign c-1 used"), "the check cannot fail:\n{}", world.story());
}

/// [M-3]
#[tokio::test]
async fn what_a_refused_post_had_reserved_can_be_spent_again() {
    let world = SwarmWorld::new();
    world.platform.next(Mode::Refuse("account_suspended", false));
    spend(&world, "c-1", 1, POST).await;

    let failed = world.effects_in(EffectStatus::Failed).len();
    assert_eq!(failed, 1, "{}", world.story());
    let published = i64::try_from(world.published().len()).unwrap();
    assert_eq!(world.campaign_used(), published * POST, "{}", world.story());
    world.assert_promises();
}

/// [M-5]
#[tokio::test]
async fn a_task_that_nothing_is_left_for_fails_and_says_so() {
    let world = SwarmWorld::new();
    spend(&world, "c-1", 1, POST - 1).await;

    let reasons: Vec<String> = world.tasks().into_iter().filter_map(|task| task.reason).collect();
    assert!(reasons.iter().any(|reason| reason.starts_with("over budget")), "{reasons:?}");
    assert!(world.open_reviews().is_empty(), "no human is asked to approve what cannot be paid");
    world.assert_promises();
}

/// A world in which twenty posts were approved, and the caps changed while their campaign was paused.
async fn resumed_under(change: impl FnOnce(&mut Caps)) -> SwarmWorld {
    let world = SwarmWorld::new();
    world.platform.serve(FEED, twenty_tools());
    world.forbid_posts().await;
    world.start(a_campaign().posts(20)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    assert_eq!(world.effects_in(EffectStatus::Approved).len(), 20, "{}", world.story());
    assert_eq!(world.campaign_used(), 20 * POST, "{}", world.story());

    world.pause().await;
    world.change_policy(|policy| change(&mut policy.caps)).await;
    world.allow_posts().await;
    world.resume().await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    world
}

/// [M-2]
#[tokio::test]
async fn a_cap_that_is_lowered_holds_for_what_was_approved_before() {
    let world = resumed_under(|caps| caps.per_agent_day = Some(cents(7 * POST))).await;

    let day = Bucket::AgentDay { agent: an_agent_id(), day: "2026-03-02".to_owned() };
    assert!(world.used(&a_tenant(), &day) <= 7 * POST, "{}", world.story());
    assert_eq!(world.published().len(), 7, "{}", world.story());
    let voided = world.effects_in(EffectStatus::Void);
    let reasons: Vec<String> =
        voided.into_iter().filter_map(|effect| effect.refusal).map(|refusal| refusal.message).collect();
    assert!(reasons.iter().any(|reason| reason.starts_with("over budget")), "{reasons:?}");
    world.assert_promises();
}

/// [M-2]
#[tokio::test]
async fn a_cap_that_is_new_holds_for_what_was_approved_before() {
    let world = resumed_under(|caps| caps.per_tenant_day = Some(cents(7 * POST))).await;

    let day = Bucket::TenantDay { day: "2026-03-02".to_owned() };
    assert_eq!(world.used(&a_tenant(), &day), 7 * POST, "{}", world.story());
    assert_eq!(world.published().len(), 7, "{}", world.story());
    world.assert_promises();
}
