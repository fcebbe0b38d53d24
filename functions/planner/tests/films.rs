//! Clips: which tier the planner gives each, what it leaves out, and what posts wait for.
#![expect(clippy::unwrap_used, reason = "what cannot be made fails the test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chimera_domain::ports::{Answer, Ask, MessageHandler as _, ModelError, ReasoningModel};
use chimera_domain::{
    Artifact, Binding, Campaign, CampaignStatus, Committed, Digest, Picture, Plan, PlanMessage, Priority,
    ResultId, Row, Task, TaskKind, TaskStatus, VideoTier, WorkOutcome, limits,
};
use chimera_model::ScriptedModel;
use chimera_testkit::builders::{
    CampaignBuilder, a_campaign, a_policy, a_policy_row, a_source, a_task, a_tenant, a_usage, a_verdict,
    an_agent, cents, task_id,
};
use chimera_testkit::{Faults, MemoryCloud, SeededIds, VirtualClock};
use planner::Planner;
use serde_json::{Value, json};

const ATTEMPT: i64 = limits::ATTEMPT_COST_MINOR;

/// The scripted model, and what it was asked.
#[derive(Clone, Default)]
struct Listening(Arc<Mutex<Vec<(&'static str, Value)>>>);

impl ReasoningModel for Listening {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        self.0.lock().unwrap().push((ask.prompt, ask.schema.clone()));
        ScriptedModel::new().ask(ask).await
    }
}

struct World {
    cloud: MemoryCloud,
    clock: VirtualClock,
    model: Listening,
}

impl World {
    fn new(campaign: Campaign, limit: Option<i64>) -> Self {
        let clock = VirtualClock::default();
        let cloud = MemoryCloud::new(clock.clone(), Faults::none());
        let mut policy = a_policy();
        policy.caps.operating = limit.map(cents);
        cloud.force(a_policy_row(policy)).unwrap();
        cloud.force(an_agent()).unwrap();
        cloud.force(campaign).unwrap();
        Self { cloud, clock, model: Listening::default() }
    }

    async fn planned(asked: CampaignBuilder, limit: Option<i64>) -> Self {
        let world = Self::new(asked.build(), limit);
        world.look().await;
        assert_eq!(world.campaign().status, CampaignStatus::Active, "{:?}", world.campaign().reason);
        world
    }

    /// A campaign at work with these tasks.
    async fn at_work(tasks: impl IntoIterator<Item = Task>) -> Self {
        let campaign = a_campaign().posts(1).films(1).build();
        let world = Self::new(Campaign { status: CampaignStatus::Active, plan: 1, ..campaign }, None);
        tasks.into_iter().for_each(|task| world.cloud.force(task).unwrap());
        world.look().await;
        world
    }

    async fn look(&self) {
        let cloud = self.cloud.as_function("planner");
        let planner = Planner::new(cloud, self.model.clone(), self.clock.clone(), SeededIds::new(1));
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

    fn plan(&self) -> Plan {
        self.rows(Row::into_plan).pop().unwrap()
    }

    fn task(&self, id: &str) -> Task {
        self.rows(Row::into_task).into_iter().find(|task| task.id.as_str() == id).unwrap()
    }

    /// The clips by their tasks, each with its tier.
    fn films(&self) -> Vec<(String, Option<VideoTier>)> {
        let films = self.rows(Row::into_task).into_iter().filter(|task| task.kind == TaskKind::Film);
        films.map(|task| (task.id.to_string(), task.tier)).collect()
    }
}

fn film(id: &str, tier: VideoTier) -> (String, Option<VideoTier>) {
    (id.to_owned(), Some(tier))
}

/// [K-2] [K-3] [K-16]
#[tokio::test]
async fn the_planner_chooses_tiers_from_priority_and_budget_and_sets_aside_what_each_costs() {
    let world = World::planned(a_campaign().posts(4).illustrations(1).films(2), None).await;
    let (first, second) = (world.task("film-2"), world.task("film-3"));
    assert_eq!((first.priority, first.tier), (Priority::High, Some(VideoTier::Premium)));
    assert_eq!((second.priority, second.tier), (Priority::Normal, Some(VideoTier::Standard)));
    assert_eq!(world.task("write-2").depends_on, [task_id("research-1"), task_id("film-2")]);
    assert_eq!(world.task("write-4").tier, None);
    assert!(
        world
            .rows(Row::into_task)
            .iter()
            .all(|task| { task.kind == TaskKind::Film || task.priority == Priority::Normal })
    );
    let plan = world.plan();
    let expected = 5 * ATTEMPT + limits::ILLUSTRATE_COST_MINOR + 125 + 45;
    assert_eq!((plan.estimate, plan.reserved), (cents(expected), Some(cents(expected))));
    assert_eq!(plan.reason, "the brief");
}

/// [K-16] [M-12]
#[tokio::test]
async fn little_budget_means_cheaper_clips_and_too_little_means_none_and_never_a_stopped_campaign() {
    use VideoTier::{Draft, Premium, Standard};
    // A feed and two posts.
    let others = 3 * ATTEMPT;
    for (budget, limit, films, left_out) in [
        (1_000, None, vec![film("film-1", Premium), film("film-2", Standard)], 0),
        (1_000, Some(others + 170), vec![film("film-1", Standard), film("film-2", Standard)], 0),
        (1_000, Some(others + 250), vec![film("film-1", Premium), film("film-2", Standard)], 0),
        (1_000, Some(others + 30), vec![film("film-1", Draft), film("film-2", Draft)], 0),
        (1_000, Some(others + 29), vec![film("film-1", Draft)], 1),
        (1_000, Some(others + 14), vec![], 2),
        (1_000, Some(others), vec![], 2),
        (90, None, vec![film("film-1", Standard), film("film-2", Standard)], 0),
        (16, None, vec![film("film-1", Draft)], 1),
        (14, None, vec![], 2),
    ] {
        let world = World::planned(a_campaign().posts(2).films(2).budget(budget), limit).await;
        assert_eq!(world.films(), films, "{budget}, {limit:?}");
        let plan = world.plan();
        let said = format!("{left_out} of 2 clips are left out: too little of the budget is left for them");
        match left_out {
            0 => assert_eq!(plan.reason, "the brief"),
            _ => assert_eq!(plan.reason, format!("the brief; {said}"), "{budget}, {limit:?}"),
        }
        let reserved = plan.reserved.unwrap().minor();
        assert!(limit.is_none_or(|limit| reserved <= limit), "{reserved} of {limit:?}");
        let write = world.task("write-2");
        assert_eq!(write.depends_on.contains(&task_id("film-2")), films.len() == 2, "{write:?}");
        assert_eq!(plan.diff.added.len(), 3 + films.len());
    }
}

/// [PL-8] A question of before stays as it was: clips are asked for by a prompt of their own.
#[tokio::test]
async fn only_a_brief_with_clips_is_planned_with_the_prompt_that_knows_of_them() {
    let kinds = |schema: &Value| schema["properties"]["tasks"]["items"]["properties"].clone();
    let plain = World::planned(a_campaign().posts(2).illustrations(1), None).await;
    let (prompt, schema) = plain.model.0.lock().unwrap()[0].clone();
    let asked = json!(["research", "write", "reply", "illustrate", "transact", "remember"]);
    assert_eq!((prompt, &kinds(&schema)["kind"]["enum"]), ("planner-1", &asked));
    assert_eq!(kinds(&schema).get("priority"), None);

    let filmed = World::planned(a_campaign().posts(2).films(1), None).await;
    let (prompt, schema) = filmed.model.0.lock().unwrap()[0].clone();
    assert_eq!((prompt, &kinds(&schema)["kind"]["enum"][6]), ("planner-4", &json!("film")));
    assert_eq!(kinds(&schema)["priority"]["enum"], json!(["high", "normal"]));
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

fn a_picture(of: &str) -> Picture {
    Picture {
        digest: Digest::of_bytes(of.as_bytes()),
        mime: "image/png".to_owned(),
        width: 480,
        height: 272,
        alt_text: of.to_owned(),
        model: "sandbox-1".to_owned(),
        character: Some(an_agent().id),
        duration_ms: None,
    }
}

fn a_clip(of: &str) -> Picture {
    Picture { mime: "image/apng".to_owned(), duration_ms: Some(2_000), ..a_picture(of) }
}

/// A task that makes this for the post.
fn making(id: &str, status: TaskStatus, artifact: Artifact) -> Task {
    let kind = match artifact {
        Artifact::Video { .. } => TaskKind::Film,
        _ => TaskKind::Illustrate,
    };
    let is_made = status == TaskStatus::Approved;
    let tier = (kind == TaskKind::Film).then_some(VideoTier::Standard);
    let committed = committed(artifact).filter(|_| is_made);
    Task { id: task_id(id), kind, status, tier, criteria: Vec::new(), committed, ..a_task() }
}

fn filming(status: TaskStatus) -> Task {
    making("film-1", status, Artifact::Video { video: a_clip("one") })
}

fn waiting_for(parents: &[&str]) -> Task {
    let depends_on = ["research-1"].iter().chain(parents).map(|id| task_id(id)).collect();
    Task { status: TaskStatus::Blocked, source: None, opened_at: None, depends_on, ..a_task() }
}

/// [K-3] [K-6]
#[tokio::test]
async fn a_post_waits_for_its_clip_and_goes_on_without_one_that_failed_or_was_dropped() {
    for held in [TaskStatus::Open, TaskStatus::Held] {
        let world = World::at_work([research(), filming(held), waiting_for(&["film-1"])]).await;
        assert_eq!(world.task("write-1").status, TaskStatus::Blocked, "{held}");
    }
    for (ended, clips) in [
        (TaskStatus::Approved, vec![a_clip("one")]),
        (TaskStatus::Failed, vec![]),
        (TaskStatus::Dropped, vec![]),
    ] {
        let world = World::at_work([research(), filming(ended), waiting_for(&["film-1"])]).await;
        let write = world.task("write-1");
        assert_eq!((write.status, write.pictures), (TaskStatus::Open, clips), "{ended}");
    }
}

/// [X-10] Whatever a model has planned for one post.
#[tokio::test]
async fn a_post_gets_one_clip_and_no_picture_beside_it() {
    let approved = TaskStatus::Approved;
    let world = World::at_work([
        research(),
        making("illustrate-1", approved, Artifact::Image { image: a_picture("still") }),
        filming(approved),
        making("film-2", approved, Artifact::Video { video: a_clip("two") }),
        waiting_for(&["illustrate-1", "film-1", "film-2"]),
    ])
    .await;
    let write = world.task("write-1");
    assert_eq!((write.status, write.pictures), (TaskStatus::Open, vec![a_clip("one")]));
}

/// [K-2] [M-12]
#[tokio::test]
async fn another_attempt_at_a_clip_needs_room_for_its_tier_and_a_post_is_not_lost_where_there_is_none() {
    let rejected = Task { attempt: 1, tries: 1, ..filming(TaskStatus::Rejected) };
    let rows = || [research(), rejected.clone(), waiting_for(&["film-1"])];
    let campaign = Campaign { status: CampaignStatus::Active, plan: 1, ..a_campaign().films(1).build() };
    // The post that waits has its attempt set aside.
    for (limit, status) in [(ATTEMPT + 45, TaskStatus::Open), (ATTEMPT + 44, TaskStatus::Failed)] {
        let world = World::new(campaign.clone(), Some(limit));
        rows().into_iter().for_each(|task| world.cloud.force(task).unwrap());
        world.look().await;
        assert_eq!(world.task("film-1").status, status, "{limit}");
        let write = if status == TaskStatus::Open { TaskStatus::Blocked } else { TaskStatus::Open };
        assert_eq!(world.task("write-1").status, write, "{limit}");
    }
}
