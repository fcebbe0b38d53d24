//! Kill switches, quiet hours and pace: each is one write of the policy, and acts at dispatch and at the claim.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use chimera_domain::ports::Clock as _;
use chimera_domain::{
    AgentId, CampaignStatus, EffectStatus, Policy, QuietHours, TaskKind, TaskStatus, Timestamp,
};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{a_campaign, an_agent_id};
use chimera_testkit::{Faults, Queue};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Sets a switch, or takes it back.
type Switch = fn(&mut Policy, bool);

fn of_tenant(policy: &mut Policy, is_set: bool) {
    policy.killed = is_set;
}

fn of_agent(policy: &mut Policy, is_set: bool) {
    policy.agents.entry(an_agent_id()).or_default().killed = is_set;
}

fn of_tool(policy: &mut Policy, is_set: bool) {
    policy.killed_tools = is_set.then(|| "twitter.post_create".to_owned()).into_iter().collect();
}

/// How often the dispatcher has sent tasks to workers.
fn sends(world: &SwarmWorld) -> u64 {
    world.cloud.meter().of("dispatcher", "work").calls
}

fn is_writing(world: &SwarmWorld) -> bool {
    world.tasks_in(TaskStatus::Open).iter().any(|task| task.kind == TaskKind::Write)
}

/// A campaign of three posts at the moment when its write tasks were opened and not yet sent.
async fn about_to_write(world: &SwarmWorld) {
    world.start(a_campaign().posts(3)).await;
    assert!(world.run_until(is_writing).await, "{}", world.story());
}

async fn assert_goes_on_to_its_end(world: &SwarmWorld) {
    world.run_for(30 * MINUTE).await;
    world.approve_all_reviews().await;
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert_eq!(world.published().len(), 3, "{}", world.story());
    assert_eq!(world.ever_published().len(), 3, "nothing twice\n{}", world.story());
    world.assert_promises();
}

/// [E-5] [F-6]
#[tokio::test]
async fn whatever_switch_is_set_nothing_is_published_until_it_is_taken_back() {
    let switches: [(&str, Switch); 3] = [("tenant", of_tenant), ("agent", of_agent), ("tool", of_tool)];
    for (name, switch) in switches {
        let world = SwarmWorld::new();
        about_to_write(&world).await;
        world.change_policy(|policy| switch(policy, true)).await;
        world.run_for(2 * HOUR).await;
        assert!(world.ever_published().is_empty(), "{name}\n{}", world.story());
        assert_eq!(world.platform.executes(), 0, "{name}: no call was made\n{}", world.story());
        assert!(world.effects_in(EffectStatus::Dispatching).is_empty(), "{name}\n{}", world.story());

        world.change_policy(|policy| switch(policy, false)).await;
        assert_goes_on_to_its_end(&world).await;
    }
}

/// [F-6]
#[tokio::test]
async fn a_stopped_agents_tasks_are_not_sent_and_are_sent_at_once_when_it_goes_on() {
    let switches: [(&str, Switch); 2] = [("tenant", of_tenant), ("agent", of_agent)];
    for (name, switch) in switches {
        let world = SwarmWorld::new();
        about_to_write(&world).await;
        let sent = sends(&world);
        world.change_policy(|policy| switch(policy, true)).await;
        world.run_for(8 * HOUR).await;
        assert_eq!(sends(&world), sent, "{name}\n{}", world.story());
        assert_eq!(world.cloud.waiting(Queue::Task), 0, "{name}");

        world.change_policy(|policy| switch(policy, false)).await;
        // Eight hours old, the tasks would not be sent again for another eight by their age alone.
        world.run_for(15 * MINUTE).await;
        assert!(sends(&world) > sent, "{name}\n{}", world.story());
        assert!(world.tasks().iter().all(|task| task.attempt == 1), "{name}\n{}", world.story());
        assert_goes_on_to_its_end(&world).await;
    }
}

/// [F-6] [P-4]
#[tokio::test]
async fn results_in_flight_commit_while_an_agent_is_stopped() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(3)).await;
    let is_sent = |world: &SwarmWorld| is_writing(world) && world.cloud.visible(Queue::Task) > 0;
    assert!(world.run_until(is_sent).await, "{}", world.story());
    world.change_policy(|policy| of_agent(policy, true)).await;
    world.run_for(HOUR).await;
    assert!(!world.effects().is_empty() || !world.open_reviews().is_empty(), "{}", world.story());
    assert_eq!(world.platform.executes(), 0, "{}", world.story());

    world.change_policy(|policy| of_agent(policy, false)).await;
    assert_goes_on_to_its_end(&world).await;
}

#[tokio::test]
async fn another_agents_switch_stops_nothing() {
    let world = SwarmWorld::new();
    let other = AgentId::new("nora").unwrap();
    world.change_policy(|policy| policy.agents.entry(other).or_default().killed = true).await;
    world.start(a_campaign().posts(3)).await;
    assert_goes_on_to_its_end(&world).await;
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(from: &str, to: &str) -> QuietHours {
    QuietHours { from: from.parse().unwrap(), to: to.parse().unwrap(), utc_offset_minutes: 0 }
}

/// Judges three posts in the quiet hours, and gives how many reviews that took.
async fn judged_while_quiet(world: &SwarmWorld) -> usize {
    world.start(a_campaign().posts(3)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    assert_eq!(world.effects_in(EffectStatus::Approved).len(), 3, "{}", world.story());
    assert!(world.ever_published().is_empty(), "{}", world.story());
    world.reviews().len()
}

/// [E-5] [E-6]
#[tokio::test]
async fn what_is_approved_in_quiet_hours_waits_for_their_end_and_asks_nobody_again() {
    let world = SwarmWorld::new();
    world.change_policy(|policy| policy.quiet_hours = Some(hours("08:00", "13:00"))).await;
    let reviews = judged_while_quiet(&world).await;
    let until_ms = time("2026-03-02T12:59:00Z").as_millisecond() - world.clock.now().as_millisecond();
    world.run_for(Duration::from_millis(until_ms.unsigned_abs())).await;
    assert!(world.ever_published().is_empty(), "{}", world.story());

    world.run_for(HOUR).await;
    let posts = world.published();
    assert_eq!(posts.len(), 3, "{}", world.story());
    assert!(posts.iter().all(|post| post.created_at >= time("2026-03-02T13:00:00Z")), "{posts:?}");
    assert!(world.effects().iter().all(|effect| effect.rejudged > 0), "no grant is good for four hours");
    assert!(world.platform.refused().is_empty(), "no expired grant was used");
    assert_eq!(world.reviews().len(), reviews, "nobody was asked again\n{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [E-5]
#[tokio::test]
async fn no_call_begins_that_may_still_act_in_the_quiet_hours() {
    let world = SwarmWorld::new();
    world.clock.set(time("2026-03-02T09:59:45Z"));
    world.change_policy(|policy| policy.quiet_hours = Some(hours("10:00", "13:00"))).await;
    judged_while_quiet(&world).await;
    world.run_for(4 * HOUR).await;

    let posts = world.published();
    assert_eq!(posts.len(), 3, "{}", world.story());
    assert!(posts.iter().all(|post| post.created_at >= time("2026-03-02T13:00:00Z")), "{posts:?}");
    world.assert_promises();
}

/// [E-5]
#[tokio::test]
async fn quiet_hours_pass_midnight_and_an_agents_own_come_before_the_tenants() {
    let world = SwarmWorld::new();
    world.clock.set(time("2026-03-02T23:10:00Z"));
    world
        .change_policy(|policy| {
            policy.quiet_hours = Some(hours("09:00", "10:00"));
            policy.agents.entry(an_agent_id()).or_default().quiet_hours = Some(hours("23:00", "01:30"));
        })
        .await;
    judged_while_quiet(&world).await;
    world.run_for(4 * HOUR).await;

    let posts = world.published();
    assert_eq!(posts.len(), 3, "{}", world.story());
    assert!(posts.iter().all(|post| post.created_at >= time("2026-03-03T01:30:00Z")), "{posts:?}");
    let days = world.effects().into_iter().map(|effect| effect.reservation.day);
    assert!(days.into_iter().all(|day| day == "2026-03-03"), "money is set aside on the day it is spent");
    world.assert_promises();
}

/// [E-5]
#[tokio::test]
async fn an_account_keeps_its_pace_whatever_publishers_run_at_once() {
    for seed in 0..5 {
        let world = SwarmWorld::with(seed, Faults::seeded(seed).interleaved().duplicate_messages());
        world.change_policy(|policy| policy.agents.entry(an_agent_id()).or_default().pacing_s = 300).await;
        for campaign in ["c-1", "c-2"] {
            world.start(a_campaign().named(campaign).posts(2).seed(seed + 10)).await;
        }
        world.run_until_quiet().await;
        world.approve_all_reviews().await;
        world.run_for(3 * HOUR).await;

        let mut times: Vec<i64> =
            world.ever_published().iter().map(|post| post.created_at.as_second()).collect();
        times.sort_unstable();
        assert!(times.len() >= 2, "seed {seed}: too few posts to tell\n{}", world.story());
        let are_apart = times.windows(2).all(|pair| pair[1] - pair[0] >= 300);
        assert!(are_apart, "seed {seed}: {times:?}\n{}", world.story());
        world.assert_promises();
    }
}
