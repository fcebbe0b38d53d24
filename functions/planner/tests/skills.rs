//! Pictures, payments and memories: what the planner draws, what it waits for and what it copies into tasks.
#![expect(clippy::unwrap_used, reason = "what cannot be made fails the test")]

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::ports::MessageHandler as _;
use chimera_domain::{
    Approving, Artifact, Binding, Campaign, CampaignStatus, Check, Committed, Digest, Effect, EffectId,
    EffectStatus, Grant, Outcome, Picture, PlanMessage, ResultId, Review, ReviewId, Row, SignedGrant, Task,
    TaskKind, TaskStatus, WorkOutcome, limits,
};
use chimera_model::ScriptedModel;
use chimera_testkit::builders::{
    a_campaign, a_source, a_task, a_tenant, a_usage, a_verdict, an_agent, an_agent_id, an_intent, an_order,
    cents, morning, must, task_id,
};
use chimera_testkit::{Faults, MemoryCloud, SeededIds, VirtualClock};
use planner::Planner;

struct World {
    cloud: MemoryCloud,
    clock: VirtualClock,
}

impl World {
    fn new(campaign: Campaign) -> Self {
        let clock = VirtualClock::default();
        let cloud = MemoryCloud::new(clock.clone(), Faults::none());
        cloud.force(an_agent()).unwrap();
        cloud.force(campaign).unwrap();
        Self { cloud, clock }
    }

    /// A campaign at work with these tasks.
    fn at_work(tasks: impl IntoIterator<Item = Task>) -> Self {
        let campaign = a_campaign().posts(2).build();
        let world = Self::new(Campaign { status: CampaignStatus::Active, plan: 1, ..campaign });
        tasks.into_iter().for_each(|task| world.cloud.force(task).unwrap());
        world
    }

    async fn look(&self) {
        let cloud = self.cloud.as_function("planner");
        let planner = Planner::new(cloud, ScriptedModel::new(), self.clock.clone(), SeededIds::new(1));
        let message = PlanMessage { tenant: a_tenant(), campaign: self.campaign().id };
        let batch = planner.open(std::slice::from_ref(&message)).await.unwrap();
        planner.handle(message, &batch, Duration::from_secs(60)).await.unwrap();
    }

    fn rows<R>(&self, pick: fn(Row) -> Option<R>) -> Vec<R> {
        self.cloud.rows().unwrap().into_iter().filter_map(|stored| pick(stored.row)).collect()
    }

    fn campaign(&self) -> Campaign {
        self.rows(Row::into_campaign).pop().unwrap()
    }

    fn task(&self, id: &str) -> Task {
        self.rows(Row::into_task).into_iter().find(|task| task.id.as_str() == id).unwrap()
    }
}

fn committed(artifact: Artifact) -> Option<Committed> {
    let outcome = WorkOutcome::Artifact { artifact };
    let (result, digest) = (ResultId::new("r").unwrap(), outcome.digest());
    Some(Committed { result, digest, outcome, verdict: a_verdict(), usage: Some(a_usage()) })
}

fn research() -> Task {
    Task {
        id: task_id("research-1"),
        kind: TaskKind::Research,
        status: TaskStatus::Approved,
        depends_on: Vec::new(),
        binding: Binding::Feed { url: "https://feed.example".to_owned(), want: 1 },
        source: None,
        committed: committed(Artifact::Notes { sources: vec![a_source()] }),
        ..a_task()
    }
}

fn a_picture(alt_text: &str) -> Picture {
    Picture {
        digest: Digest::of_bytes(alt_text.as_bytes()),
        mime: "image/png".to_owned(),
        width: 512,
        height: 512,
        alt_text: alt_text.to_owned(),
        model: "sandbox-1".to_owned(),
        character: None,
        duration_ms: None,
    }
}

fn illustrate(status: TaskStatus) -> Task {
    let is_made = status == TaskStatus::Approved;
    Task {
        id: task_id("illustrate-1"),
        kind: TaskKind::Illustrate,
        status,
        criteria: Vec::new(),
        committed: committed(Artifact::Image { image: a_picture("A bridge") }).filter(|_| is_made),
        ..a_task()
    }
}

fn waiting_write() -> Task {
    let depends_on = vec![task_id("research-1"), task_id("illustrate-1")];
    Task { status: TaskStatus::Blocked, source: None, opened_at: None, depends_on, ..a_task() }
}

/// A write task that published, `after_s` seconds past the morning.
fn written(n: i64, status: EffectStatus) -> (Task, Effect) {
    let task = task_id(&format!("write-{n}"));
    let id = EffectId::of(&task, 1);
    let intent = an_intent(&format!("Post {n}"));
    let grant = Grant {
        id: format!("grant-{n}"),
        key: "k".to_owned(),
        tenant: a_tenant(),
        agent: an_agent_id(),
        campaign: a_campaign().build().id,
        effect: id.clone(),
        audience: "twitter@test".to_owned(),
        tool: "post_create".to_owned(),
        arguments: intent.digest(),
        max_cost: cents(20),
        policy_version: 1,
        expires_at: morning(),
    };
    let approving = Approving {
        task: task.clone(),
        attempt: 1,
        intent,
        idempotency_key: uuid::Uuid::nil(),
        flags: BTreeSet::new(),
        review: None,
        unique: Vec::new(),
        buckets: Vec::new(),
        undoes: None,
    };
    let approved = Effect::approved(SignedGrant { grant, signature: "s".to_owned() }, approving, morning());
    let outcome = Outcome { external_id: format!("p-{n}"), url: None, cost: cents(2) };
    let effect = Effect {
        status,
        outcome: (status == EffectStatus::Done).then_some(outcome),
        ended_at: status.is_final().then(|| morning() + Duration::from_secs(n.unsigned_abs())),
        ..approved
    };
    (Task { id: task, status: TaskStatus::Approved, effect: Some(id), ..a_task() }, effect)
}

fn remember(after: &[&Task]) -> Task {
    Task {
        id: task_id("remember-1"),
        kind: TaskKind::Remember,
        status: TaskStatus::Blocked,
        criteria: Vec::new(),
        depends_on: after.iter().map(|task| task.id.clone()).collect(),
        binding: Binding::Campaign,
        source: None,
        opened_at: None,
        ..a_task()
    }
}

/// [K-2] [K-3] [K-5] [K-7] [K-8]
#[tokio::test]
async fn a_plan_has_what_the_brief_asks_for_and_sets_aside_what_pictures_cost() {
    let order = an_order(7, 300, "The banner");
    let forbidden = must("no-rival", Check::MustNotMention("Kestrel".to_owned()));
    let asked = a_campaign().posts(2).illustrations(1).pays(order.clone()).remembers();
    let world = World::new(
        asked.criterion(forbidden.clone()).criterion(must("short", Check::MaxLength(200))).build(),
    );
    world.look().await;
    assert_eq!(world.campaign().status, CampaignStatus::Active, "{:?}", world.campaign().reason);
    let kinds: Vec<TaskKind> = world.rows(Row::into_task).iter().map(|task| task.kind).collect();
    for (kind, count) in [
        (TaskKind::Research, 1),
        (TaskKind::Write, 2),
        (TaskKind::Illustrate, 1),
        (TaskKind::Transact, 1),
        (TaskKind::Remember, 1),
    ] {
        assert_eq!(kinds.iter().filter(|found| **found == kind).count(), count, "{kind:?}");
    }
    let transact = world.task("transact-1");
    assert_eq!(
        (transact.status, transact.binding),
        (TaskStatus::Open, Binding::Payment { order: order.clone() })
    );
    assert_eq!(transact.criteria[0].check, Check::Pays(order));
    assert!(world.task("write-1").recall && !world.task("research-1").recall);
    assert_eq!(world.task("illustrate-1").criteria, [forbidden], "its description goes out with a post");
    let plan = world.rows(Row::into_plan).pop().unwrap();
    let expected = 5 * limits::ATTEMPT_COST_MINOR + limits::ILLUSTRATE_COST_MINOR;
    assert_eq!(plan.estimate, cents(expected));
}

/// [K-6]
#[tokio::test]
async fn a_post_opens_with_the_committed_picture_of_its_own_source() {
    let world = World::at_work([research(), illustrate(TaskStatus::Approved), waiting_write()]);
    world.look().await;
    let write = world.task("write-1");
    assert_eq!((write.status, write.pictures), (TaskStatus::Open, vec![a_picture("A bridge")]));
    assert_eq!(write.source, Some(a_source()));

    let of_another = Binding::SourceOf { task: task_id("research-1"), index: 5 };
    let strange = Task { binding: of_another, ..illustrate(TaskStatus::Approved) };
    let world = World::at_work([research(), strange, waiting_write()]);
    world.look().await;
    assert_eq!(world.task("write-1").pictures, []);
}

/// [K-3]
#[tokio::test]
async fn a_post_waits_for_its_picture_and_goes_on_without_one_that_failed_or_was_dropped() {
    for held in [TaskStatus::Open, TaskStatus::Held] {
        let world = World::at_work([research(), illustrate(held), waiting_write()]);
        world.look().await;
        assert_eq!(world.task("write-1").status, TaskStatus::Blocked, "{held}");
    }
    for ended in [TaskStatus::Failed, TaskStatus::Dropped] {
        let world = World::at_work([research(), illustrate(ended), waiting_write()]);
        world.look().await;
        let write = world.task("write-1");
        assert_eq!((write.status, write.pictures.len()), (TaskStatus::Open, 0), "{ended}");
    }
}

#[tokio::test]
async fn a_post_and_its_picture_that_have_no_source_are_dropped_by_one_version_of_the_plan() {
    let beyond = Binding::SourceOf { task: task_id("research-1"), index: 1 };
    let picture =
        Task { binding: beyond.clone(), source: None, opened_at: None, ..illustrate(TaskStatus::Blocked) };
    let write = Task { binding: beyond, ..waiting_write() };
    let world = World::at_work([research(), picture, write]);
    world.look().await;
    for id in ["illustrate-1", "write-1"] {
        let task = world.task(id);
        let told = task.reason.unwrap_or_default();
        assert_eq!((task.status, told.as_str()), (TaskStatus::Dropped, "research-1 found 1 usable source"));
    }
    assert_eq!(world.rows(Row::into_plan).len(), 1);
}

/// [K-7]
#[tokio::test]
async fn memories_wait_until_every_post_has_ended_and_know_the_newest_first() {
    let (one, first) = written(1, EffectStatus::Done);
    let (two, second) = written(2, EffectStatus::Done);
    let (three, third) = written(3, EffectStatus::Failed);
    let four = Task { id: task_id("write-4"), status: TaskStatus::Failed, ..a_task() };
    let remember = remember(&[&one, &two, &three, &four]);
    let world = World::at_work([one, two, three, four, remember]);
    world.cloud.force(first).unwrap();
    world
        .cloud
        .force(Effect { status: EffectStatus::Unconfirmed, ended_at: None, ..second.clone() })
        .unwrap();
    world.cloud.force(third).unwrap();
    world.look().await;
    assert_eq!(world.task("remember-1").status, TaskStatus::Blocked, "one post may still come");

    world.cloud.force(second).unwrap();
    world.look().await;
    let opened = world.task("remember-1");
    let published: Vec<_> =
        opened.published.iter().map(|post| (post.post_id.as_str(), post.text.as_str())).collect();
    assert_eq!(published, [("p-2", "Post 2"), ("p-1", "Post 1")]);
    assert_eq!((opened.status, opened.published[0].task.as_str()), (TaskStatus::Open, "write-2"));
}

/// [K-7]
#[tokio::test]
async fn a_post_that_was_taken_back_is_not_remembered_and_one_that_may_be_is_waited_for() {
    let (one, kept) = written(1, EffectStatus::Done);
    let (two, regretted) = written(2, EffectStatus::Done);
    let undo = |status: EffectStatus| {
        let (_, effect) = written(2, status);
        let id = EffectId::new("write-2-e1-undo").unwrap();
        Effect { id, undoes: Some(regretted.id.clone()), ..effect }
    };
    let remember = remember(&[&one, &two]);
    let at_work = async |status: EffectStatus| {
        let world = World::at_work([one.clone(), two.clone(), remember.clone()]);
        for effect in [kept.clone(), regretted.clone(), undo(status)] {
            world.cloud.force(effect).unwrap();
        }
        world.look().await;
        world
    };
    let waiting = at_work(EffectStatus::Approved).await;
    assert_eq!(waiting.task("remember-1").status, TaskStatus::Blocked);

    // It was rejected, whether or not it could be deleted.
    for ended in [EffectStatus::Done, EffectStatus::Failed] {
        let opened = at_work(ended).await.task("remember-1");
        let ids: Vec<String> = opened.published.into_iter().map(|post| post.post_id).collect();
        assert_eq!(ids, ["p-1"], "{ended}");
    }
}

/// [K-7] The platform is asked by its own ids: one that it does not know would be no question.
#[tokio::test]
async fn a_post_that_only_a_human_vouches_for_is_not_looked_at() {
    let (one, known) = written(1, EffectStatus::Done);
    let (two, vouched) = written(2, EffectStatus::Done);
    let asked = ReviewId::of(vouched.id.as_str(), "u0");
    let seen = Outcome { external_id: asked.to_string(), url: None, cost: cents(2) };
    let remember = remember(&[&one, &two]);
    let world = World::at_work([one, two, remember]);
    world.cloud.force(known).unwrap();
    world.cloud.force(Effect { asked: Some(asked), outcome: Some(seen), ..vouched }).unwrap();
    world.look().await;
    let ids: Vec<String> = world.task("remember-1").published.into_iter().map(|post| post.post_id).collect();
    assert_eq!(ids, ["p-1"]);
}

/// [K-7]
#[tokio::test]
async fn where_nothing_was_published_nothing_is_remembered() {
    let failed = Task { id: task_id("write-1"), status: TaskStatus::Failed, ..a_task() };
    let remember = remember(&[&failed]);
    let world = World::at_work([failed, remember]);
    world.look().await;
    let dropped = world.task("remember-1");
    let told = dropped.reason.unwrap_or_default();
    assert_eq!((dropped.status, told.as_str()), (TaskStatus::Dropped, "nothing was published"));
    assert_eq!(world.campaign().status, CampaignStatus::Finished);
    assert_eq!(world.rows::<Review>(Row::into_review).len(), 0);
}

/// [K-7]
#[tokio::test]
async fn a_task_that_looks_at_many_posts_still_fits_its_row() {
    let (mut tasks, mut effects) = (Vec::new(), Vec::new());
    for n in 1..=150 {
        let (task, mut effect) = written(n, EffectStatus::Done);
        effect.intent = an_intent(&"x".repeat(600));
        tasks.push(task);
        effects.push(effect);
    }
    let remember = remember(&tasks.iter().collect::<Vec<_>>());
    let world = World::at_work(tasks.into_iter().chain([remember]));
    effects.into_iter().for_each(|effect| world.cloud.force(effect).unwrap());
    world.look().await;
    let opened = world.task("remember-1");
    assert_eq!(opened.published[0].post_id, "p-150");
    assert!(opened.published.len() <= limits::PUBLISHED_POSTS);
    let bytes = serde_json::to_vec(&opened).unwrap().len();
    assert!(bytes < limits::ROW_BYTES, "{bytes}");
}
