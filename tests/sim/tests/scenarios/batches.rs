//! The approvals of a batch are written together and still end each for itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be read fails the test")]

use std::collections::BTreeSet;

use chimera_domain::{
    EffectStatus, Envelope, ReviewMessage, Task, TaskId, TaskKind, TaskStatus, WorkOutcome,
};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{FEED, a_campaign};
use chimera_testkit::{Fault, Faults, Feed, Queue};

use crate::twenty_tools::{twenty_tools, twenty_tools_that_also_say};

/// A feed of other articles.
const OTHER_FEED: &str = "https://smalltools.example/others.xml";
/// What a post with a link costs, in cents.
const POST: i64 = 20;

/// A world in which ten posts wait for the Judge.
async fn ten_answers(faults: Faults, feed: Feed, budget: i64) -> SwarmWorld {
    let world = SwarmWorld::with(7, faults);
    world.forget_topics().await;
    world.platform.serve(FEED, feed);
    world.start(a_campaign().posts(10).budget(budget)).await;
    let is_planned = |world: &SwarmWorld| writes(world, TaskStatus::Open) == 10;
    assert!(world.run_until(is_planned).await, "{}", world.story());
    world.gather(Queue::Review).await;
    assert_eq!(world.cloud.visible(Queue::Review), 10, "{}", world.story());
    world
}

fn writes(world: &SwarmWorld, status: TaskStatus) -> usize {
    world.tasks_in(status).iter().filter(|task| task.kind == TaskKind::Write).count()
}

fn calls(world: &SwarmWorld) -> u64 {
    world.cloud.meter().of("judge", "write_money").calls
}

async fn settle(world: &SwarmWorld) {
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    world.assert_promises();
}

/// [M-6]
#[tokio::test]
async fn ten_approvals_are_one_write() {
    let world = ten_answers(Faults::none(), twenty_tools(), 1_000).await;
    world.deliver(Queue::Review, 10).await;

    assert_eq!(world.effects().len(), 10, "{}", world.story());
    assert_eq!(calls(&world), 1, "{}", world.story());
    assert_eq!(world.campaign_used(), 10 * POST);
    settle(&world).await;
    assert_eq!(world.published().len(), 10, "{}", world.story());
}

/// [M-2] [M-6]
#[tokio::test]
async fn a_budget_for_three_approves_the_first_three_of_ten() {
    let world = ten_answers(Faults::none(), twenty_tools(), 3 * POST + 5).await;
    world.deliver(Queue::Review, 10).await;

    let mut tasks: Vec<Task> = world.tasks().into_iter().filter(|t| t.kind == TaskKind::Write).collect();
    tasks.sort_by_key(|task| task.ordinal);
    let first: BTreeSet<TaskId> = tasks.into_iter().take(3).map(|task| task.id).collect();
    let approved: BTreeSet<TaskId> = world.effects().into_iter().map(|effect| effect.task).collect();
    assert_eq!(approved, first, "{}", world.story());
    settle(&world).await;
    assert_eq!(world.published().len(), 3, "{}", world.story());
}

/// [M-6] A duplicate of one part, a lost reply of the whole and a crash of one message leave the others as they are.
#[tokio::test]
async fn what_happens_to_one_part_does_not_keep_the_others() {
    for (what, faults) in [
        ("a lost reply", Faults::none().nth("judge", "write_money", 1, Fault::LostReply)),
        ("contention", Faults::none().nth("judge", "write_money", 1, Fault::Contention)),
        ("a crash of one", Faults::none().nth("judge", "query", 4, Fault::CrashBefore)),
        ("a crash before the write", Faults::none().nth("judge", "write_money", 1, Fault::CrashBefore)),
        ("a crash after the write", Faults::none().nth("judge", "write_money", 1, Fault::CrashAfter)),
    ] {
        let world = ten_answers(faults, twenty_tools(), 1_000).await;
        world.deliver(Queue::Review, 10).await;
        if what == "contention" {
            assert_eq!(world.effects().len(), 10, "each was written by itself\n{}", world.story());
        }
        if what == "a crash of one" {
            assert_eq!(world.effects().len(), 9, "{what}\n{}", world.story());
        }
        settle(&world).await;
        assert_eq!(world.effects_in(EffectStatus::Done).len(), 10, "{what}\n{}", world.story());
        assert_eq!(world.campaign_used(), 10 * POST, "{what}");
    }
}

/// What all of them say.
const SAID: &str = "A sponsor paid for forty weekend workshops in quiet mountain villages.";

/// The answers that wait for the Judge come to say nearly the same, each with its own link.
fn all_say_the_same(world: &SwarmWorld) {
    let answers = world.cloud.receive(Queue::Review, 10).into_iter().map(|delivery| {
        world.cloud.delete(Queue::Review, &delivery.id);
        let message: Envelope<ReviewMessage> = serde_json::from_str(&delivery.body).unwrap();
        let ReviewMessage::Result(result) = message.body else { panic!("not an answer") };
        *result
    });
    for mut answer in answers {
        let WorkOutcome::Intent { intent } = &answer.outcome else { panic!("not a post") };
        let text = intent.text().unwrap();
        let link = text.split_whitespace().find(|word| word.starts_with("https://")).unwrap();
        let same = format!("{SAID} {link}");
        answer.outcome = WorkOutcome::Intent { intent: intent.clone().with_text(&same) };
        world.send_result(answer);
    }
}

/// [M-6] Two posts that say nearly the same are not both approved as new because neither saw the other.
#[tokio::test]
async fn near_duplicates_of_one_batch_see_each_other() {
    let world = ten_answers(Faults::none(), twenty_tools_that_also_say(SAID), 1_000).await;
    all_say_the_same(&world);
    world.deliver(Queue::Review, 10).await;

    let approved = world.effects().len();
    assert_eq!(approved, 1, "one says it; the others are not new any more\n{}", world.story());
    world.run_until_quiet().await;
    world.assert_promises();
    world.abandon();
}

/// [M-6] [M-11]
#[tokio::test]
async fn near_duplicates_of_two_campaigns_in_one_batch_see_each_other() {
    let world = SwarmWorld::new();
    let articles = twenty_tools_that_also_say(SAID).articles().to_vec();
    let (some, others) = articles.split_at(10);
    world.platform.serve(FEED, Feed::with_articles("Some", some.to_vec()));
    world.platform.serve(OTHER_FEED, Feed::with_articles("Others", others.to_vec()));
    world.start(a_campaign().posts(1)).await;
    world.start(a_campaign().posts(1).named("c-2").feeds(&[OTHER_FEED])).await;
    assert!(world.run_until(|world| writes(world, TaskStatus::Open) == 2).await, "{}", world.story());
    world.gather(Queue::Review).await;
    assert_eq!(world.cloud.visible(Queue::Review), 2, "{}", world.story());
    all_say_the_same(&world);
    world.deliver(Queue::Review, 10).await;

    assert_eq!(world.effects().len(), 1, "one agent says it once\n{}", world.story());
    world.run_until_quiet().await;
    world.assert_promises();
    world.abandon();
}

/// [M-6] A human has seen them all: novelty decides nothing any more.
#[tokio::test]
async fn near_duplicates_that_a_human_approved_do_not_wait_for_each_other() {
    let world = SwarmWorld::with(7, Faults::none());
    world.platform.serve(FEED, twenty_tools_that_also_say(SAID));
    world.start(a_campaign().posts(10).hold_first(10)).await;
    assert!(world.run_until(|world| writes(world, TaskStatus::Open) == 10).await, "{}", world.story());
    world.gather(Queue::Review).await;
    all_say_the_same(&world);
    world.deliver(Queue::Review, 10).await;
    world.gather(Queue::Review).await;
    assert_eq!(world.open_reviews().len(), 10, "{}", world.story());
    for review in world.open_reviews() {
        assert!(world.decide(&review, Answer::Approve).await);
    }
    world.gather(Queue::Review).await;
    world.deliver(Queue::Review, 10).await;

    assert_eq!(world.effects().len(), 10, "{}", world.story());
    assert_eq!(calls(&world), 1, "{}", world.story());
    settle(&world).await;
}
