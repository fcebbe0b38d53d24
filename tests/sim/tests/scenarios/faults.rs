//! Whatever goes wrong on the way, the same posts are published, once.

use chimera_domain::{CampaignStatus, TaskStatus};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::a_campaign;
use chimera_testkit::{Fault, Faults};

/// Calls of one function in one small campaign; a story that makes more is not small.
const MOST_CALLS: u32 = 1_000;

async fn run(seed: u64, faults: Faults, posts: u32, hold_first: u32) -> SwarmWorld {
    let world = SwarmWorld::with(seed, faults);
    world.start(a_campaign().posts(posts).hold_first(hold_first)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    world
}

async fn undisturbed(posts: u32) -> Vec<String> {
    let world = run(1, Faults::none(), posts, 0).await;
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    world.texts()
}

fn assert_same(world: &SwarmWorld, texts: &[String], what: &str) {
    assert_eq!(world.texts(), texts, "{what}\n{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{what}\n{}", world.story());
    world.assert_promises();
}

#[tokio::test]
async fn every_message_delivered_twice_publishes_the_same() {
    let texts = undisturbed(3).await;
    for seed in 0..5 {
        let world = run(seed, Faults::seeded(seed).duplicate_messages(), 3, 0).await;
        assert_same(&world, &texts, "duplicates");
    }
}

#[tokio::test]
async fn records_in_any_order_publish_the_same() {
    let texts = undisturbed(3).await;
    for seed in 0..10 {
        let world = run(seed, Faults::seeded(seed).reorder_streams(), 3, 0).await;
        assert_same(&world, &texts, "reordered");
    }
}

#[tokio::test]
async fn functions_that_run_at_the_same_time_publish_the_same() {
    let texts = undisturbed(3).await;
    for seed in 0..12 {
        let faults = Faults::seeded(seed).interleaved().duplicate_messages().reorder_streams();
        let world = run(seed, faults, 3, 0).await;
        assert_same(&world, &texts, "interleaved");
    }
}

/// [F-1]
#[tokio::test]
async fn the_clock_alone_is_enough() {
    let texts = undisturbed(2).await;
    let world = run(1, Faults::none().without_stream(), 2, 0).await;
    assert_same(&world, &texts, "without stream");
}

/// [F-1]
#[tokio::test]
async fn the_clock_alone_is_enough_for_reviews() {
    let texts = undisturbed(2).await;
    let world = run(1, Faults::none().without_stream(), 2, 1).await;
    assert_same(&world, &texts, "without stream, held");
}

/// [F-1]
#[tokio::test]
async fn the_stream_alone_is_enough() {
    let texts = undisturbed(3).await;
    let world = run(1, Faults::none().without_clock(), 3, 0).await;
    assert_same(&world, &texts, "without clock");
}

/// [F-1]
#[tokio::test]
async fn the_stream_alone_is_enough_for_reviews() {
    let texts = undisturbed(2).await;
    let world = run(1, Faults::none().without_clock(), 2, 1).await;
    assert_same(&world, &texts, "without clock, held");
}

/// [F-1]
#[tokio::test]
async fn forgotten_messages_are_sent_again() {
    let texts = undisturbed(2).await;
    for count in 1..=6 {
        let world = run(1, Faults::none().forget_follow_ups(count), 2, 0).await;
        assert_same(&world, &texts, "forgotten");
    }
}

/// Runs one campaign for each call that `function` makes to `port`, with that call going wrong.
async fn at_every_call(function: &str, port: &str, fault: Fault) {
    let texts = undisturbed(1).await;
    let mut n = 1;
    while n <= MOST_CALLS {
        let world = run(1, Faults::none().nth(function, port, n, fault), 1, 1).await;
        if world.faults.fired() == 0 {
            assert!(n > 1, "{function} never calls {port}");
            return;
        }
        assert_same(&world, &texts, &format!("{fault:?} at call {n} of {function} to {port}"));
        // The later calls of the clock are all alike.
        n += 1 + n / 30;
    }
    assert_eq!(function, "", "{function} makes more than {MOST_CALLS} calls");
}

macro_rules! at_every_call {
    ($($name:ident: $function:literal $port:literal $fault:ident;)+) => {
        $(#[tokio::test]
        async fn $name() {
            at_every_call($function, $port, Fault::$fault).await;
        })+
    };
}

at_every_call! {
    the_planner_loses_a_reply: "planner" "write*" LostReply;
    the_judge_loses_a_reply: "judge" "write*" LostReply;
    the_publisher_loses_a_reply: "publisher" "write*" LostReply;
    the_dispatcher_loses_a_reply: "dispatcher" "write*" LostReply;
    the_escalation_loses_a_reply: "escalation" "write*" LostReply;
    the_auditor_loses_a_reply: "auditor" "put" LostReply;
    the_worker_loses_a_reply: "worker" "send_review" LostReply;
    the_dispatcher_loses_a_sends_reply_to_the_planner: "dispatcher" "plan" LostReply;
    the_dispatcher_loses_a_sends_reply_to_a_worker: "dispatcher" "work" LostReply;
    the_dispatcher_loses_a_sends_reply_to_the_publisher: "dispatcher" "publish" LostReply;
    the_dispatcher_loses_a_workflows_reply: "dispatcher" "start_review" LostReply;
    the_dispatcher_loses_a_completions_reply: "dispatcher" "complete" LostReply;
    the_judge_meets_contention: "judge" "write*" Contention;
    the_publisher_meets_contention: "publisher" "write*" Contention;
    the_planner_meets_contention: "planner" "write*" Contention;
    the_planner_dies_before_a_call: "planner" "*" CrashBefore;
    the_planner_dies_after_a_call: "planner" "*" CrashAfter;
    the_worker_dies_before_a_call: "worker" "*" CrashBefore;
    the_worker_dies_after_a_call: "worker" "*" CrashAfter;
    the_judge_dies_before_a_call: "judge" "*" CrashBefore;
    the_judge_dies_after_a_call: "judge" "*" CrashAfter;
    the_publisher_dies_before_a_call: "publisher" "*" CrashBefore;
    the_publisher_dies_after_a_call: "publisher" "*" CrashAfter;
    the_dispatcher_dies_before_a_call: "dispatcher" "*" CrashBefore;
    the_dispatcher_dies_after_a_call: "dispatcher" "*" CrashAfter;
    the_escalation_dies_before_a_call: "escalation" "*" CrashBefore;
    the_escalation_dies_after_a_call: "escalation" "*" CrashAfter;
    the_auditor_dies_after_a_call: "auditor" "*" CrashAfter;
}

/// [Q-3]
#[tokio::test]
async fn a_worker_that_always_dies_leaves_a_dead_letter_and_a_failed_task() {
    let world = SwarmWorld::with(
        1,
        Faults::none().always("worker", "news_headlines", Fault::CrashBefore).without_clock(),
    );
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;

    assert!(!world.dead_letters().is_empty(), "{}", world.story());
    let letter = world.dead_letters().remove(0);
    assert_eq!(letter.origin, "TaskQueue");
    assert!(world.story().contains("open -> failed"), "{}", world.story());
    assert!(world.tasks_in(TaskStatus::Approved).is_empty());
    assert!(world.published().is_empty());
    world.assert_promises();
}

/// [Q-1] [Q-3]
#[tokio::test]
async fn a_message_nobody_can_read_becomes_a_dead_letter() {
    let world = SwarmWorld::new();
    world.cloud.send(chimera_testkit::Queue::Review, r#"{"v":99,"body":{}}"#.to_owned());
    world.run_until_quiet().await;

    assert_eq!(world.dead_letters().len(), 1, "{}", world.story());
    world.assert_promises();
}

#[tokio::test]
async fn random_worlds_keep_every_promise() {
    for seed in 0..15 {
        let faults = Faults::seeded(seed)
            .interleaved()
            .reorder_streams()
            .duplicate_messages()
            .percent("*", "write*", 10, Fault::LostReply)
            .percent("*", "write*", 10, Fault::Contention)
            .percent("*", "*", 2, Fault::CrashBefore)
            .percent("*", "*", 2, Fault::CrashAfter);
        let world = run(seed, faults, 3, 1).await;
        world.faults.stop();
        world.run_until_quiet().await;
        world.approve_all_reviews().await;

        assert!(world.status().is_over(), "seed {seed}: {:?}\n{}", world.status(), world.story());
        world.assert_promises();
    }
}
