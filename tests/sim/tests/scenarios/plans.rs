//! A plan that an operator approves first: nothing happens before, and then exactly what was seen.

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::{
    CampaignStatus, PlanCause, PlanStatus, Priority, ProposedTask, Task, TaskId, TaskKind, TaskStatus, limits,
};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{FEED, a_campaign, cents};
use chimera_testkit::{Fault, Faults, Feed, Queue};

/// More tasks than one transaction holds.
const MANY_POSTS: u32 = 120;

/// A world whose campaign waits for an operator.
async fn waiting(faults: Faults, posts: u32) -> SwarmWorld {
    let world = SwarmWorld::with(1, faults);
    if posts > 10 {
        world.change_policy(|policy| policy.caps.per_agent_day = Some(cents(1_000_000))).await;
        world.platform.serve(FEED, Feed::gazette(usize::try_from(posts).unwrap_or(usize::MAX)));
    }
    world.start(a_campaign().posts(posts).budget(1_000_000).approved_first()).await;
    world.run_until_quiet().await;
    world
}

async fn finish(world: &SwarmWorld) {
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
}

fn live(world: &SwarmWorld) -> Vec<Task> {
    world.tasks().into_iter().filter(|task| task.status != TaskStatus::Dropped).collect()
}

/// The one draft is the campaign's, all of its tasks are there and wait, and nothing else is left.
fn assert_proposed(world: &SwarmWorld, tasks: usize) {
    assert_eq!(world.status(), CampaignStatus::AwaitingApproval, "{}", world.story());
    let drafts: Vec<u32> = world
        .plans()
        .iter()
        .filter(|plan| plan.status == PlanStatus::Draft)
        .map(|plan| plan.number)
        .collect();
    assert_eq!(drafts, [world.campaigns()[0].plan], "{}", world.story());
    let live = live(world);
    assert_eq!(live.len(), tasks, "{}", world.story());
    assert!(live.iter().all(|task| task.status == TaskStatus::Blocked && task.opened_at.is_none()));
    let known: BTreeSet<&TaskId> = live.iter().map(|task| &task.id).collect();
    let is_whole = |task: &Task| task.depends_on.iter().all(|parent| known.contains(parent));
    assert!(live.iter().all(is_whole), "{}", world.story());
    assert_eq!(
        Queue::ALL.map(|queue| world.cloud.waiting(queue)),
        [0; Queue::ALL.len()],
        "{}",
        world.story()
    );
}

fn drop_post(tasks: &mut Vec<ProposedTask>, id: &str) {
    tasks.retain(|task| task.id.as_str() != id);
}

/// [PL-1] [PL-2]
#[tokio::test]
async fn nothing_goes_out_before_an_operator_has_approved_the_plan() {
    let world = waiting(Faults::none(), 2).await;
    assert_proposed(&world, 3);
    assert!(world.effects().is_empty() && world.ever_published().is_empty());
    assert!(world.tasks().iter().all(|task| task.cost == cents(0)), "{}", world.story());

    assert!(world.approve_plan().await);
    finish(&world).await;
    assert_eq!(world.published().len(), 2, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-1] [F-1]
#[tokio::test]
async fn an_approved_plan_needs_the_stream_or_the_clock_and_not_both() {
    for faults in [Faults::none().without_stream(), Faults::none().without_clock()] {
        let world = waiting(faults, 2).await;
        assert_proposed(&world, 3);
        assert!(world.approve_plan().await);
        finish(&world).await;
        assert_eq!(world.published().len(), 2, "{}", world.story());
        assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
        world.assert_promises();
    }
}

/// [PL-4]
#[tokio::test]
async fn what_an_operator_edited_is_what_runs() {
    let world = waiting(Faults::none(), 3).await;
    let edited = world
        .edit_plan(|tasks| {
            drop_post(tasks, "write-2");
            for task in tasks.iter_mut().filter(|task| task.id.as_str() == "write-3") {
                task.goal = "Write about the smallest of them.".to_owned();
                task.priority = Priority::High;
            }
        })
        .await;
    assert!(edited, "{}", world.story());
    world.run_until_quiet().await;
    assert_proposed(&world, 3);

    assert!(world.approve_plan().await);
    let is_urgent = |world: &SwarmWorld| world.cloud.waiting(Queue::TaskHigh) > 0;
    assert!(world.run_until(is_urgent).await, "{}", world.story());
    finish(&world).await;

    let task = |id: &str| world.tasks().into_iter().find(|task| task.id.as_str() == id).unwrap();
    assert_eq!(task("write-1").status, TaskStatus::Approved);
    assert_eq!((task("write-2").status, task("write-2").attempt), (TaskStatus::Dropped, 1));
    let edited = task("write-3");
    assert!(edited.status == TaskStatus::Approved && edited.attempt >= 2, "{edited:?}\n{}", world.story());
    assert_eq!(edited.goal, "Write about the smallest of them.");
    assert_eq!(world.published().len(), 2, "{}", world.story());
    let plans = world.plans();
    assert_eq!(
        plans.iter().map(|plan| plan.cause).collect::<Vec<_>>(),
        [PlanCause::Brief, PlanCause::Operator]
    );
    assert!(plans.iter().all(|plan| plan.status == PlanStatus::Settled), "{plans:?}");
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-2]
#[tokio::test]
async fn an_approval_of_a_plan_that_was_edited_since_is_refused() {
    let world = waiting(Faults::none(), 2).await;
    let seen = world.waiting_plan().unwrap();
    assert!(world.edit_plan(|tasks| drop_post(tasks, "write-2")).await);
    assert!(!world.approve_seen(&seen).await, "{}", world.story());
    world.run_until_quiet().await;
    assert_proposed(&world, 2);

    let seen = world.waiting_plan().unwrap();
    assert!(world.approve_seen(&seen).await);
    assert!(!world.approve_seen(&seen).await, "{}", world.story());
    finish(&world).await;
    assert_eq!(world.published().len(), 1, "{}", world.story());
    world.assert_promises();
}

/// [PL-8]
#[tokio::test]
async fn a_rejected_plan_is_drawn_again_with_what_was_said_of_it() {
    let world = waiting(Faults::none(), 2).await;
    assert!(world.edit_plan(|tasks| drop_post(tasks, "write-2")).await);
    assert!(world.reject_plan("More about archives.").await);
    world.run_until_quiet().await;
    assert_proposed(&world, 3);

    let (earlier, drawn): (Vec<Task>, Vec<Task>) =
        world.tasks().into_iter().partition(|task| task.status == TaskStatus::Dropped);
    let said: BTreeSet<Option<String>> = earlier.into_iter().map(|task| task.reason).collect();
    let told = ["ada wanted another plan", "dropped by ada"].map(|reason| Some(reason.to_owned()));
    assert_eq!(said, BTreeSet::from(told), "{}", world.story());
    assert!(drawn.iter().all(|task| task.goal.ends_with("More about archives.")), "{drawn:?}");
    assert!(drawn.iter().all(|task| task.id.as_str().ends_with("-p3")), "a task id is used once: {drawn:?}");

    assert!(world.approve_plan().await);
    finish(&world).await;
    assert_eq!(world.published().len(), 2, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.assert_promises();
}

/// [PL-3]
#[tokio::test]
async fn a_plan_that_nobody_approves_in_a_week_ends_its_campaign() {
    let day = Duration::from_secs(24 * 60 * 60);
    let world = waiting(Faults::none(), 2).await;
    world.clock.advance(6 * day);
    world.run_until_quiet().await;
    assert_proposed(&world, 3);
    // Who edits is there.
    assert!(world.edit_plan(|tasks| drop_post(tasks, "write-2")).await);
    world.clock.advance(6 * day);
    world.run_until_quiet().await;
    assert_proposed(&world, 2);

    world.clock.advance(day);
    world.run_until_quiet().await;
    let campaign = world.campaigns().remove(0);
    let why = campaign.reason.as_deref();
    assert_eq!((campaign.status, why), (CampaignStatus::Cancelled, Some("nobody approved the plan")));
    assert_eq!(campaign.due_at, None, "{}", world.story());
    assert_cleared(&world);
}

/// [PL-9]
#[tokio::test]
async fn a_campaign_that_is_cancelled_while_its_plan_waits_leaves_nothing_behind() {
    for posts in [2, MANY_POSTS] {
        let world = waiting(Faults::none(), posts).await;
        world.cancel().await;
        world.run_until_quiet().await;
        assert_eq!(world.status(), CampaignStatus::Cancelled);
        assert_cleared(&world);
    }
}

fn assert_cleared(world: &SwarmWorld) {
    assert!(world.tasks().iter().all(|task| task.status == TaskStatus::Dropped), "{}", world.story());
    assert!(world.plans().iter().all(|plan| plan.status == PlanStatus::Settled), "{}", world.story());
    assert!(world.ever_published().is_empty());
    assert!(world.lines_at_the_end().iter().all(|line| line.broken.is_empty()), "{}", world.story());
}

/// [PL-1]
#[tokio::test]
async fn a_death_between_any_two_writes_of_a_proposal_is_made_good() {
    let tasks = usize::try_from(MANY_POSTS).unwrap() + 1;
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply] {
        let mut n = 1;
        loop {
            let world = waiting(Faults::none().nth("planner", "write*", n, fault), MANY_POSTS).await;
            assert_proposed(&world, tasks);
            if world.faults.fired() == 0 {
                break;
            }
            n += 1;
            assert!(n < 20, "a proposal is a few writes");
        }
        assert!(n > 4, "a draft, two chunks and the campaign: {n}");
    }
}

/// [PL-1]
#[tokio::test]
async fn planners_that_draw_at_the_same_time_propose_one_plan() {
    for seed in 0..6 {
        let faults = Faults::seeded(seed).interleaved().duplicate_messages().reorder_streams();
        let world = waiting(faults, MANY_POSTS).await;
        assert_proposed(&world, usize::try_from(MANY_POSTS).unwrap() + 1);
        assert!(world.approve_plan().await);
        let is_read = |world: &SwarmWorld| {
            world
                .tasks()
                .iter()
                .any(|task| task.kind == TaskKind::Research && task.status == TaskStatus::Approved)
        };
        assert!(world.run_until(is_read).await, "seed {seed}\n{}", world.story());
        let of = world.campaigns()[0].plan;
        assert!(live(&world).iter().all(|task| task.plan == of), "seed {seed}\n{}", world.story());
        world.cancel().await;
        world.run_until_quiet().await;
        world.assert_promises();
    }
}

/// [PL-1] [PL-8]
#[tokio::test]
async fn a_death_while_a_rejected_plan_is_put_away_is_made_good() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter] {
        for n in 1..=4 {
            let world = waiting(Faults::none(), 2).await;
            let faults = world.faults.clone().nth("planner", "write*", n, fault);
            assert!(world.reject_plan("Shorter.").await);
            world.run_until_quiet().await;
            assert!(n > 3 || faults.fired() > 0, "put away in three writes");
            assert_proposed(&world, 3);
            assert_eq!(world.plans().len(), 2, "{}", world.story());
        }
    }
}

/// [PL-3]
#[tokio::test]
async fn while_a_plan_waits_its_campaign_is_due_at_the_deadline_and_not_before() {
    let world = waiting(Faults::none(), 1).await;
    let campaign = world.campaigns().remove(0);
    let drawn = world.plans().remove(0).created_at;
    assert_eq!(campaign.due_at, Some(drawn + limits::APPROVAL_WAIT));
    world.run_for(Duration::from_secs(60 * 60)).await;
    assert_eq!(world.campaigns().remove(0), campaign, "the clock leaves it alone");
}
