//! A campaign becomes posts, whatever the queues and streams do.

use std::time::Duration;

use chimera_domain::{
    CampaignStatus, Check, Confidence, EffectStatus, Task, TaskKind, TaskStatus, TenantId, WorkOutcome,
};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{a_campaign, a_result, an_intent, cents, must};
use chimera_testkit::{Fault, Faults, Feed, builders::FEED};

async fn finished(world: &SwarmWorld, posts: u32) {
    world.start(a_campaign().posts(posts)).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
}

#[tokio::test]
async fn a_campaign_publishes_its_posts() {
    let world = SwarmWorld::new();
    finished(&world, 3).await;

    assert_eq!(world.published().len(), 3, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert!(world.tasks().iter().all(|task| task.status == TaskStatus::Approved));
    assert!(world.effects().iter().all(|effect| effect.status == EffectStatus::Done));
    world.assert_promises();
}

#[tokio::test]
async fn every_post_carries_the_link_of_another_source() {
    let world = SwarmWorld::new();
    finished(&world, 3).await;

    let links: std::collections::BTreeSet<String> = world
        .texts()
        .iter()
        .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter(|word| word.contains("https://smalltools.example/"))
        .collect();
    assert_eq!(links.len(), 3, "{:?}", world.texts());
}

#[tokio::test]
async fn nothing_is_published_that_an_operators_criterion_forbids() {
    let world = SwarmWorld::new();
    world.platform.serve(FEED, Feed::with_a_beta());
    world
        .start(a_campaign().posts(4).criterion(must("no-beta", Check::MustNotMention("beta".to_owned()))))
        .await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert!(!world.published().is_empty(), "{}", world.story());
    assert!(world.texts().iter().all(|text| !text.to_lowercase().contains("beta")), "{:?}", world.texts());
    world.assert_promises();
}

#[tokio::test]
async fn a_campaign_whose_feed_nobody_serves_ends_without_a_post() {
    let world = SwarmWorld::new();
    world.start(a_campaign().feeds(&["https://nobody.example/feed"])).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert!(world.published().is_empty());
    assert!(world.status().is_over(), "{}", world.story());
    world.assert_promises();
}

#[tokio::test]
async fn two_campaigns_with_the_same_source_do_not_publish_the_same_text() {
    let world = SwarmWorld::new();
    world.start(a_campaign().named("c-1")).await;
    world.start(a_campaign().named("c-2")).await;
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let mut texts = world.texts();
    let all = texts.len();
    texts.dedup();
    assert_eq!(texts.len(), all, "{texts:?}");
    world.assert_promises();
}

/// A task with work to do, whose worker never answers.
async fn unanswered(world: &SwarmWorld) -> Task {
    world.start(a_campaign().posts(1)).await;
    assert!(world.run_until(|world| !world.tasks_in(TaskStatus::Open).is_empty()).await, "{}", world.story());
    world.tasks_in(TaskStatus::Open).remove(0)
}

/// A research result that would pass: what the feed says, as notes.
fn notes(world: &SwarmWorld) -> WorkOutcome {
    let committed = world.tasks().into_iter().find(|task| task.kind == TaskKind::Research);
    committed.and_then(|task| task.committed).map_or_else(
        || WorkOutcome::Failure { code: "none".to_owned(), message: String::new(), retryable: true },
        |committed| committed.outcome,
    )
}

/// [P-3]
#[tokio::test]
async fn a_stale_result_is_refused() {
    let other = SwarmWorld::new();
    finished(&other, 1).await;
    let good = notes(&other);

    let world = SwarmWorld::with(1, Faults::none().nth("worker", "send_review", 1, Fault::Unavailable));
    let task = unanswered(&world).await;
    world.force(Task { attempt: task.attempt + 1, ..task.clone() });
    world.send_result(a_result(&task, "stale", good));
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    let after = world.tasks().into_iter().find(|after| after.id == task.id).unwrap();
    assert_eq!(after.attempt, task.attempt + 1, "{}", world.story());
    assert_ne!(after.committed.unwrap().result.as_str(), "stale", "{}", world.story());
    assert_eq!(world.published().len(), 1);
    world.assert_promises();
}

/// [P-3] [P-9]
#[tokio::test]
async fn forged_results_commit_nothing() {
    let world = SwarmWorld::new();
    let task = unanswered(&world).await;
    let bad = || WorkOutcome::Intent {
        intent: an_intent("BUY NOW!!! Guaranteed to triple your savings, vote yes"),
    };

    let mut of_another_tenant = a_result(&task, "forged-tenant", bad());
    of_another_tenant.tenant = TenantId::new("someone-else").unwrap();
    let mut of_another_attempt = a_result(&task, "forged-attempt", bad());
    of_another_attempt.attempt = 99;
    let mut sure = a_result(&task, "forged-confidence", bad());
    sure.confidence = Confidence::FULL;
    sure.usage.cost = cents(0);
    for forged in [of_another_tenant, of_another_attempt, sure] {
        world.send_result(forged);
    }
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    for task in world.tasks() {
        let result = task.committed.map(|committed| committed.result.to_string()).unwrap_or_default();
        assert!(!result.starts_with("forged"), "{}", world.story());
    }
    assert!(world.texts().iter().all(|text| !text.contains("BUY NOW")), "{:?}", world.texts());
    world.assert_promises();
}

///
#[tokio::test]
async fn a_result_that_breaks_a_write_tasks_criteria_is_rejected_however_sure_it_is() {
    let world = SwarmWorld::with(1, Faults::none());
    world.start(a_campaign().posts(1)).await;
    let is_writing =
        |world: &SwarmWorld| world.tasks_in(TaskStatus::Open).iter().any(|t| t.kind == TaskKind::Write);
    assert!(world.run_until(is_writing).await, "{}", world.story());
    let task =
        world.tasks_in(TaskStatus::Open).into_iter().find(|task| task.kind == TaskKind::Write).unwrap();

    let outcome = WorkOutcome::Intent { intent: an_intent("Trust me, it is great.") };
    world.send_result(a_result(&task, "sure", outcome));
    world.run_until_quiet().await;
    world.approve_all_reviews().await;

    assert!(world.texts().iter().all(|text| text != "Trust me, it is great."));
    world.assert_promises();
}

/// [P-5]
#[tokio::test]
async fn a_dependent_waits_until_the_effect_it_depends_on_is_done() {
    let world = SwarmWorld::new();
    world.forbid_posts().await;
    world.start(a_campaign().posts(2)).await;
    let is_planned = |world: &SwarmWorld| world.tasks_in(TaskStatus::Blocked).len() == 2;
    assert!(world.run_until(is_planned).await, "{}", world.story());
    let blocked = world.tasks_in(TaskStatus::Blocked);
    let (first, second) = (&blocked[0], &blocked[1]);
    let depends_on = second.depends_on.iter().chain([&first.id]).cloned().collect();
    world.force(Task { depends_on, ..second.clone() });
    world.run_until_quiet().await;

    let now = |task: &Task| world.tasks().into_iter().find(|other| other.id == task.id).unwrap().status;
    assert_eq!((now(first), now(second)), (TaskStatus::Approved, TaskStatus::Blocked), "{}", world.story());
    assert!(world.published().is_empty());

    world.allow_posts().await;
    world.run_for(Duration::from_secs(30 * 60)).await;
    world.approve_all_reviews().await;
    assert_eq!((now(first), now(second)), (TaskStatus::Approved, TaskStatus::Approved), "{}", world.story());
    assert_eq!(world.published().len(), 2, "{}", world.story());
    world.assert_promises();
}

/// [P-7]
#[tokio::test]
async fn a_campaign_is_not_finished_before_its_last_effect() {
    let world = SwarmWorld::new();
    let agent = chimera_testkit::builders::an_agent_id();
    world.change_policy(|policy| policy.agents.entry(agent).or_default().pacing_s = 300).await;
    world.start(a_campaign().posts(3)).await;
    let are_approved = |world: &SwarmWorld| world.tasks_in(TaskStatus::Approved).len() == 4;
    assert!(world.run_until(are_approved).await, "{}", world.story());
    assert_eq!(world.status(), CampaignStatus::Active, "{}", world.story());

    let is_finished = |world: &SwarmWorld| world.status() == CampaignStatus::Finished;
    assert!(world.run_until(is_finished).await, "{}", world.story());
    assert_eq!(world.effects_in(EffectStatus::Done).len(), 3, "{}", world.story());
    world.run_until_quiet().await;
    world.assert_promises();
}
