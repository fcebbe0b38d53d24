//! Whose a message is that nobody can read.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chimera_domain::{DeadLetter, Owner, Task, TaskStatus};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::a_campaign;
use chimera_testkit::{Faults, Queue};

const GARBLED: &str = r#"{"v":1,"body":{"task":"#;

fn owner(task: &Task) -> Owner {
    Owner {
        tenant: task.tenant.clone(),
        campaign: task.campaign.clone(),
        task: Some((task.id.clone(), task.attempt)),
    }
}

/// A campaign's first task, whose message waits on its queue.
async fn sent(world: &SwarmWorld) -> Task {
    world.start(a_campaign().posts(1)).await;
    let is_sent = |world: &SwarmWorld| world.cloud.visible(Queue::Task) > 0;
    assert!(world.run_until(is_sent).await, "{}", world.story());
    world.tasks_in(TaskStatus::Open).remove(0)
}

fn now(world: &SwarmWorld, task: &Task) -> Task {
    world.tasks().into_iter().find(|now| now.id == task.id).unwrap()
}

fn only_letter(world: &SwarmWorld) -> DeadLetter {
    let mut letters = world.dead_letters();
    assert_eq!(letters.len(), 1, "{}", world.story());
    letters.remove(0)
}

/// [Q-4]
#[tokio::test]
async fn a_message_that_cannot_be_read_fails_the_task_that_is_named_beside_it() {
    let world = SwarmWorld::with(1, Faults::none().without_clock());
    let task = sent(&world).await;
    // On its way the body is garbled; what was written beside it is as it was sent.
    let delivery = world.cloud.receive(Queue::Task, 1).remove(0);
    world.cloud.delete(Queue::Task, &delivery.id);
    assert_eq!(delivery.owner, Some(owner(&task).to_string()));
    world.cloud.send_owned(Queue::Task, GARBLED.to_owned(), delivery.owner.unwrap());
    world.run_until_quiet().await;

    let letter = only_letter(&world);
    assert_eq!((letter.tenant, letter.campaign), (Some(task.tenant.clone()), Some(task.campaign.clone())));
    assert_eq!((letter.task.as_ref(), letter.bytes), (Some(&task.id), GARBLED.len()));
    assert_eq!(now(&world, &task).status, TaskStatus::Failed, "{}", world.story());
    world.assert_promises();
}

/// [Q-4]
#[tokio::test]
async fn a_letter_about_another_attempt_is_kept_and_fails_nothing() {
    let world = SwarmWorld::new();
    let task = sent(&world).await;
    let other = Owner { task: Some((task.id.clone(), task.attempt + 1)), ..owner(&task) };
    world.cloud.send_owned(Queue::Task, GARBLED.to_owned(), other.to_string());
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert_eq!(only_letter(&world).task, Some(task.id.clone()));
    assert_eq!(now(&world, &task).status, TaskStatus::Approved, "{}", world.story());
    assert_eq!(world.published().len(), 1);
    world.assert_promises();
}

/// [Q-4] [A-9]
#[tokio::test]
async fn a_letter_of_a_campaign_that_is_not_there_or_of_no_owner_is_nobodys() {
    for owner in [Some("acme/no-such-campaign/write-1/1"), Some("no owner"), None] {
        let world = SwarmWorld::new();
        let task = sent(&world).await;
        match owner {
            Some(owner) => world.cloud.send_owned(Queue::Task, GARBLED.to_owned(), owner.to_owned()),
            None => world.cloud.send(Queue::Task, GARBLED.to_owned()),
        }
        world.run_until_quiet().await;
        world.approve_all_reviews().await;

        let letter = only_letter(&world);
        assert_eq!((letter.tenant, letter.campaign, letter.task), (None, None, None), "{owner:?}");
        assert_eq!(now(&world, &task).status, TaskStatus::Approved, "{}", world.story());
        world.assert_promises();
    }
}
