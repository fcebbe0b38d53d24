//! Many approvals at once against money for some of them. `CHIMERA_APPROVALS` says how many.

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::{Bucket, CampaignStatus, EffectStatus, Task, TaskStatus};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{a_tenant, an_agent_id, cents};
use chimera_testkit::{Fault, Faults, Queue};
use futures::future::{join, join_all};

use crate::budget::answers::{
    POST, answer_all, approvals, approve_whatever_can_be_paid, judge_all, over_budget, put_campaign,
    put_tasks,
};

fn minor(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX) * POST
}

/// What an agent's day holds.
fn used_on(world: &SwarmWorld, day: &str) -> i64 {
    world.used(&a_tenant(), &Bucket::AgentDay { agent: an_agent_id(), day: day.to_owned() })
}

/// Judges that share everything, while writes collide and replies get lost.
fn disturbed(seed: u64) -> Faults {
    Faults::seeded(seed).interleaved().percent("judge", "write*", 8, Fault::Contention).percent(
        "judge",
        "write*",
        5,
        Fault::LostReply,
    )
}

/// Everything goes on, undisturbed, to its end.
async fn end(world: &SwarmWorld) {
    world.faults.stop();
    world.run_until_quiet().await;
}

fn assert_published(world: &SwarmWorld, count: usize) {
    assert_eq!(world.published().len(), count, "{}", world.story());
    assert_eq!(world.effects_in(EffectStatus::Done).len(), count, "{}", world.story());
    world.assert_promises();
}

/// [M-2]
#[tokio::test]
async fn money_for_k_approves_exactly_k() {
    for seed in 0..2 {
        let (all, k) = (approvals(), approvals() / 3);
        let world = SwarmWorld::with(seed, disturbed(seed));
        approve_whatever_can_be_paid(&world).await;
        let campaign = put_campaign(&world, "c-1", minor(k) + POST - 1);
        answer_all(&world, &put_tasks(&world, &campaign.id, 0..all));
        judge_all(&world).await;

        assert!(world.faults.fired() > 0, "nothing went wrong");
        assert_eq!(world.effects().len(), k, "seed {seed}\n{}", world.story());
        assert_eq!(world.campaign_used(), minor(k), "seed {seed}\n{}", world.story());
        end(&world).await;
        assert_published(&world, k);
        assert_eq!(world.campaign_used(), minor(k), "seed {seed}\n{}", world.story());
        assert_eq!(world.tasks_in(TaskStatus::Failed).len(), all - k, "{}", world.story());
        assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    }
}

/// [M-2]
#[tokio::test]
async fn campaigns_that_share_a_day_approve_exactly_what_the_day_allows() {
    let (each, k) = (approvals() / 5, approvals() / 4);
    let world = SwarmWorld::with(3, disturbed(3));
    approve_whatever_can_be_paid(&world).await;
    world.change_policy(|policy| policy.caps.per_agent_day = Some(cents(minor(k) + 1))).await;
    for (at, name) in ["c-1", "c-2", "c-3", "c-4", "c-5"].into_iter().enumerate() {
        let campaign = put_campaign(&world, name, minor(each));
        answer_all(&world, &put_tasks(&world, &campaign.id, at * each..(at + 1) * each));
    }
    judge_all(&world).await;

    assert_eq!(world.effects().len(), k, "{}", world.story());
    assert_eq!(used_on(&world, "2026-03-02"), minor(k), "{}", world.story());
    end(&world).await;
    assert_published(&world, k);
}

/// [M-3]
#[tokio::test]
async fn a_crash_between_reserving_and_settling_frees_nothing_twice_and_loses_nothing() {
    let (all, k) = (approvals() / 4, approvals() / 8);
    let faults = disturbed(4)
        .percent("judge", "write*", 4, Fault::CrashAfter)
        .percent("publisher", "write*", 5, Fault::CrashAfter)
        .percent("publisher", "write*", 5, Fault::CrashBefore);
    let world = SwarmWorld::with(4, faults);
    approve_whatever_can_be_paid(&world).await;
    let campaign = put_campaign(&world, "c-1", minor(k));
    answer_all(&world, &put_tasks(&world, &campaign.id, 0..all));
    judge_all(&world).await;
    assert_eq!(world.effects().len(), k, "{}", world.story());
    world.run_until_quiet().await;
    end(&world).await;

    assert_published(&world, k);
    assert_eq!(world.campaign_used(), minor(k), "{}", world.story());
}

/// Turns after which every Judge that was called waits at its commit.
const TURNS: usize = 5_000;

/// Delivers a few batches whose commits wait until `meanwhile` has happened.
async fn judge_across(world: &SwarmWorld, meanwhile: impl Future<Output = ()>) {
    world.faults.hold("judge", "write_money");
    let change = async {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        meanwhile.await;
        world.faults.let_go();
    };
    join(join_all((0..4).map(|_| world.deliver(Queue::Review, 10))), change).await;
}

/// [M-2]
#[tokio::test]
async fn each_day_keeps_its_cap_while_approvals_and_claims_cross_midnight() {
    let (half, k) = (approvals() / 2, approvals() / 3);
    let world = SwarmWorld::with(5, disturbed(5));
    approve_whatever_can_be_paid(&world).await;
    world.change_policy(|policy| policy.caps.per_agent_day = Some(cents(minor(k)))).await;
    let campaign = put_campaign(&world, "c-1", minor(10 * half));
    answer_all(&world, &put_tasks(&world, &campaign.id, 0..half));
    world.deliver(Queue::Review, 10).await;
    judge_across(&world, async { world.clock.advance(Duration::from_secs(16 * 60 * 60)) }).await;
    judge_all(&world).await;
    let days: BTreeSet<String> = world.effects().into_iter().map(|effect| effect.reservation.day).collect();
    assert_eq!(days.len(), 2, "approvals of both days\n{}", world.story());
    let has_begun = |world: &SwarmWorld| !world.published().is_empty();
    assert!(world.run_until(has_begun).await, "{}", world.story());
    answer_all(&world, &put_tasks(&world, &campaign.id, half..2 * half));
    judge_all(&world).await;
    end(&world).await;

    let done = world.effects_in(EffectStatus::Done);
    for day in ["2026-03-02", "2026-03-03"] {
        let of_it = done.iter().filter(|effect| effect.reservation.day == day).count();
        assert!(of_it <= k, "{day}: {of_it}\n{}", world.story());
        assert_eq!(used_on(&world, day), minor(of_it), "{day}\n{}", world.story());
    }
    assert_eq!(used_on(&world, "2026-03-03"), minor(k), "{}", world.story());
    assert_published(&world, done.len());
}

/// Some are approved under one cap, which then changes while others are about to be.
async fn under_changing_caps(first: usize, then: usize) -> SwarmWorld {
    let half = approvals() / 2;
    let world = SwarmWorld::with(6, disturbed(6));
    approve_whatever_can_be_paid(&world).await;
    let cap = async |count: usize| {
        world.change_policy(|policy| policy.caps.per_agent_day = Some(cents(minor(count) + 1))).await;
    };
    cap(first).await;
    let campaign = put_campaign(&world, "c-1", minor(10 * half));
    answer_all(&world, &put_tasks(&world, &campaign.id, 0..half));
    judge_across(&world, cap(then)).await;
    judge_all(&world).await;
    answer_all(&world, &put_tasks(&world, &campaign.id, half..2 * half));
    judge_all(&world).await;
    end(&world).await;
    world
}

/// [M-2]
#[tokio::test]
async fn a_cap_that_is_lowered_while_approvals_are_under_way_is_kept() {
    let (first, then) = (approvals() / 4, approvals() / 10);
    let world = under_changing_caps(first, then).await;
    assert_eq!(used_on(&world, "2026-03-02"), minor(then), "{}", world.story());
    assert_published(&world, then);
}

/// [M-2]
#[tokio::test]
async fn a_cap_that_is_raised_while_approvals_are_under_way_is_used_to_the_last() {
    let (first, then) = (approvals() / 10, approvals() / 4);
    let world = under_changing_caps(first, then).await;
    assert_eq!(used_on(&world, "2026-03-02"), minor(then), "{}", world.story());
    assert_published(&world, then);
}

/// [M-2] [M-5]
#[tokio::test]
async fn what_is_asked_for_again_under_a_higher_limit_is_approved_as_far_as_that_goes() {
    let (all, k, more) = (approvals() / 2, approvals() / 8, approvals() / 10);
    let world = SwarmWorld::with(7, disturbed(7));
    approve_whatever_can_be_paid(&world).await;
    let campaign = put_campaign(&world, "c-1", minor(k));
    let tasks = put_tasks(&world, &campaign.id, 0..all);
    answer_all(&world, &tasks);
    judge_all(&world).await;
    assert_eq!(world.effects().len(), k, "{}", world.story());

    let mut raised = world.campaigns().remove(0);
    raised.brief.budget = cents(minor(k + more));
    world.force(raised);
    let again: Vec<Task> = over_budget(&world)
        .into_iter()
        .map(|task| Task { status: TaskStatus::Open, attempt: task.attempt + 1, reason: None, ..task })
        .collect();
    again.iter().for_each(|task| world.force(task.clone()));
    // The answers to the first attempts come once more: nobody waits for them.
    answer_all(&world, &tasks);
    answer_all(&world, &again);
    judge_all(&world).await;

    assert_eq!(world.effects().len(), k + more, "{}", world.story());
    assert_eq!(world.campaign_used(), minor(k + more), "{}", world.story());
    end(&world).await;
    assert_published(&world, k + more);
}
