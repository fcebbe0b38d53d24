//! Two tenants side by side whose agents, campaigns, tasks, effects and texts are named and worded alike.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use chimera_domain::{Agent, Bucket, CampaignId, CampaignStatus, TenantId};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{a_campaign, a_tenant, an_agent};

/// What a post with a link costs, in cents.
const POST: i64 = 20;

fn other_tenant() -> TenantId {
    TenantId::new("globex").unwrap()
}

/// Both tenants' campaigns, the same to the letter.
async fn world_of_two(posts: u32, budget: i64) -> SwarmWorld {
    let world = SwarmWorld::new();
    world.put_agent(Agent { tenant: other_tenant(), ..an_agent() });
    world.start(a_campaign().posts(posts).budget(budget)).await;
    world.start(a_campaign().of_tenant(other_tenant()).posts(posts).budget(budget)).await;
    world
}

fn texts_of(world: &SwarmWorld, tenant: &TenantId) -> Vec<String> {
    let mut texts: Vec<String> =
        world.published().into_iter().filter(|post| post.tenant == *tenant).map(|post| post.text).collect();
    texts.sort();
    texts
}

fn used_by(world: &SwarmWorld, tenant: &TenantId) -> i64 {
    world.used(tenant, &Bucket::Campaign { campaign: CampaignId::new("c-1").unwrap() })
}

/// [P-9] [E-8]
#[tokio::test]
async fn two_tenants_with_the_same_names_publish_the_same_and_never_meet() {
    let world = world_of_two(2, 1_000).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let (one, other) = (texts_of(&world, &a_tenant()), texts_of(&world, &other_tenant()));
    assert_eq!(
        (one.len(), &one),
        (2, &other),
        "what one has said is no news to the other\n{}",
        world.story()
    );
    let effects: BTreeSet<(TenantId, String)> =
        world.effects().into_iter().map(|effect| (effect.tenant, effect.id.to_string())).collect();
    assert_eq!(effects.len(), 4, "{effects:?}");
    for tenant in [a_tenant(), other_tenant()] {
        assert_eq!(used_by(&world, &tenant), 2 * POST, "{tenant}\n{}", world.story());
    }
    assert!(world.campaigns().iter().all(|campaign| campaign.status == CampaignStatus::Finished));
    world.assert_promises();
}

/// [M-2]
#[tokio::test]
async fn a_tenants_money_is_its_own() {
    let world = world_of_two(3, 2 * POST + 5).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    for tenant in [a_tenant(), other_tenant()] {
        assert_eq!(texts_of(&world, &tenant).len(), 2, "{tenant}\n{}", world.story());
        assert_eq!(used_by(&world, &tenant), 2 * POST, "{tenant}\n{}", world.story());
    }
    world.assert_promises();
}

/// [F-6] [E-5]
#[tokio::test]
async fn a_tenants_kill_switch_stops_no_other_tenant() {
    let world = world_of_two(2, 1_000).await;
    world.change_policy(|policy| policy.killed = true).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    assert!(texts_of(&world, &a_tenant()).is_empty(), "{}", world.story());
    assert_eq!(texts_of(&world, &other_tenant()).len(), 2, "{}", world.story());

    world.change_policy(|policy| policy.killed = false).await;
    world.run_for(std::time::Duration::from_secs(30 * 60)).await;
    world.approve_all_reviews().await;
    assert_eq!(texts_of(&world, &a_tenant()), texts_of(&world, &other_tenant()), "{}", world.story());
    world.assert_promises();
}
