//! A new plan version while work is under way: what it changes or drops is fenced, what it keeps is left alone.

use chimera_domain::{EffectStatus, ReviewStatus, Task, TaskId, TaskKind, TaskStatus};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{a_campaign, an_agent_id};
use planner::Changes;

fn id(task: &Task) -> TaskId {
    task.id.clone()
}

fn writes(world: &SwarmWorld) -> Vec<Task> {
    world.tasks().into_iter().filter(|task| task.kind == TaskKind::Write).collect()
}

#[tokio::test]
async fn a_replan_fences_what_it_changes_and_leaves_the_others() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(3)).await;
    let all_open = |world: &SwarmWorld| {
        let writes = writes(world);
        writes.len() == 3 && writes.iter().all(|task| task.status == TaskStatus::Open)
    };
    assert!(world.run_until(all_open).await);
    let [dropped, changed, kept] = writes(&world).try_into().expect("three posts are wanted");

    let changes = Changes {
        reason: "the news moved on".to_owned(),
        dropped: vec![(id(&dropped), "no longer news".to_owned())],
        changed: vec![(id(&changed), "Say it shorter".to_owned())],
        ..Changes::default()
    };
    world.replan(&changes).await;
    world.run_until_quiet().await;

    let after =
        |of: &Task| writes(&world).into_iter().find(|task| task.id == of.id).expect("no row is deleted");
    assert_eq!(after(&dropped).status, TaskStatus::Dropped);
    assert_eq!(
        (after(&changed).status, after(&changed).attempt),
        (TaskStatus::Approved, 2),
        "{}",
        world.story()
    );
    assert_eq!((after(&kept).status, after(&kept).attempt), (TaskStatus::Approved, 1), "{}", world.story());
    assert_eq!(after(&changed).goal, "Say it shorter");
    let newest = world.plans().into_iter().max_by_key(|plan| plan.number).expect("there is a plan");
    assert_eq!((newest.parent, newest.diff.kept), (1, 2), "{newest:?}");
    assert_eq!((newest.diff.dropped, newest.diff.changed), (vec![id(&dropped)], vec![id(&changed)]));
    assert_eq!(world.published().len(), 2);
    world.assert_promises();
}

#[tokio::test]
async fn a_replan_supersedes_the_review_of_a_task_it_drops() {
    let world = SwarmWorld::new();
    world.start(a_campaign().posts(1).hold_first(1)).await;
    world.run_until_quiet().await;
    let [held] = writes(&world).try_into().expect("one post is wanted");
    assert_eq!(held.status, TaskStatus::Held);

    world
        .replan(&Changes { dropped: vec![(id(&held), "no longer news".to_owned())], ..Changes::default() })
        .await;
    world.run_until_quiet().await;

    assert_eq!(world.reviews_in(ReviewStatus::Superseded).len(), 1, "{}", world.story());
    assert!(world.published().is_empty());
    world.assert_promises();
}

#[tokio::test]
async fn a_replan_withdraws_an_effect_nobody_has_claimed_and_its_money_goes_back() {
    let world = SwarmWorld::new();
    world.change_policy(|policy| policy.agents.entry(an_agent_id()).or_default().pacing_s = 36_000).await;
    world.start(a_campaign().posts(2)).await;
    assert!(world.run_until(|world| !world.effects_in(EffectStatus::Done).is_empty()).await);
    world.run_until(|world| world.effects().len() == 2).await;
    let [waiting] =
        world.effects_in(EffectStatus::Approved).try_into().expect("the second post waits for its slot");

    world
        .replan(&Changes { dropped: vec![(waiting.task, "no longer news".to_owned())], ..Changes::default() })
        .await;
    world.run_until_quiet().await;

    assert_eq!(world.effects_in(EffectStatus::Void).len(), 1, "{}", world.story());
    assert_eq!(world.published().len(), 1);
    assert_eq!(world.campaign_used(), 20);
    world.assert_promises();
}
