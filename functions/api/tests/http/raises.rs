//! Over a limit: a person raises it, and what failed is tried again.

use axum::http::StatusCode;
use chimera_domain::ports::MoneyWriter as _;
use chimera_domain::{
    Bucket, CampaignId, CampaignStatus, Effect, EffectId, EffectStatus, LedgerEntry, MoneyTransaction, Plan,
    PlanDiff, PlanStatus, Reservation, Review, ReviewStatus, Subject, Task, TaskStatus, Transaction,
    WriterId,
};
use chimera_testkit::builders::{a_campaign, a_task, a_tenant, cents, morning, task_id};
use chimera_testkit::{Fault, Faults};
use serde_json::{Value, json};

use crate::world::{Answer, World, a_review, an_effect};

const BUDGET: &str = "/campaigns/c-1/budget";
const RETRY: &str = "/campaigns/c-1/tasks/write-1/retry";

fn plan(status: PlanStatus) -> Plan {
    Plan {
        tenant: a_tenant(),
        campaign: CampaignId::new("c-1").unwrap(),
        number: 1,
        parent: 0,
        cause: chimera_domain::PlanCause::Brief,
        reason: "the first plan".to_owned(),
        diff: PlanDiff::default(),
        estimate: cents(0),
        goal: None,
        drawing: None,
        reserved: None,
        settled: None,
        rejected: None,
        status,
        created_at: morning(),
    }
}

/// A campaign in this status with one task in that one.
fn fill(world: &World, campaign: CampaignStatus, task: TaskStatus) {
    let mut row = a_campaign().build();
    row.status = campaign;
    row.plan = 1;
    row.finished_at = campaign.is_over().then_some(morning());
    row.reason = campaign.is_over().then(|| "over".to_owned());
    row.due_at = (!campaign.is_over()).then_some(morning());
    world.cloud.force(row).unwrap();
    let is_settled = campaign == CampaignStatus::Finished;
    world.cloud.force(plan(if is_settled { PlanStatus::Settled } else { PlanStatus::Open })).unwrap();
    let reason = (task == TaskStatus::Failed).then(|| "over budget".to_owned());
    world.cloud.force(Task { status: task, tries: 3, reason, ..a_task() }).unwrap();
}

fn world_with(campaign: CampaignStatus, task: TaskStatus) -> World {
    let world = World::new();
    fill(&world, campaign, task);
    world
}

/// Reserves this much in the campaign's bucket.
async fn reserve(world: &World, minor: i64) {
    let campaign = CampaignId::new("c-1").unwrap();
    let buckets = vec![Bucket::Campaign { campaign: campaign.clone() }];
    let reservation = Reservation { number: 1, amount: cents(minor), day: "2026-03-02".to_owned(), buckets };
    let effect = EffectId::new("write-9-e1").unwrap();
    let entry = LedgerEntry::Reserve { campaign, effect, reservation: reservation.clone(), at: morning() };
    let write = MoneyTransaction::from(Transaction::by(WriterId::new("test")))
        .reserve(&a_tenant(), &entry, &reservation, &[cents(1_000_000)])
        .unwrap();
    world.cloud.write_money(&write).await.unwrap();
}

async fn put(world: &World, body: &Value) -> Answer {
    world.send("PUT", BUDGET, world.headers(&["finance"], "acme"), body.to_string()).await
}

fn dollars(minor: i64) -> Value {
    json!({"budget": {"minor": minor, "currency": "USD"}})
}

fn task(world: &World) -> Task {
    let rows = world.cloud.rows().unwrap().into_iter();
    rows.filter_map(|row| row.row.into_task()).find(|task| task.id == a_task().id).unwrap()
}

fn plan_status(world: &World) -> PlanStatus {
    let rows = world.cloud.rows().unwrap().into_iter();
    rows.filter_map(|row| row.row.into_plan()).next().unwrap().status
}

/// [M-13] [P-12]
#[tokio::test]
async fn a_budget_is_raised_and_lowered_down_to_what_is_used() {
    let world = world_with(CampaignStatus::Active, TaskStatus::Open);
    reserve(&world, 300).await;
    for minor in [5_000, 300] {
        let answer = put(&world, &dollars(minor)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(
            (&answer.body["budget"]["minor"], &answer.body["used"]["minor"]),
            (&json!(minor), &json!(300))
        );
        assert_eq!(world.campaign("c-1").brief.budget, cents(minor));
    }
    let below = put(&world, &dollars(299)).await;
    below.is(StatusCode::CONFLICT, "budget_below_used");
    assert_eq!(below.body["used"], json!({"minor": 300, "currency": "USD"}));
    assert_eq!(world.campaign("c-1").brief.budget, cents(300));
    let rows = world.cloud.rows().unwrap();
    let row = rows.iter().find(|row| matches!(row.row, chimera_domain::Row::Campaign(_))).unwrap();
    assert!(row.writer.as_str().starts_with("budget-ada-"), "{}", row.writer);
}

/// [M-13]
#[tokio::test]
async fn a_cancelled_campaign_is_given_money_as_long_as_a_post_of_it_may_be_taken_back() {
    let world = world_with(CampaignStatus::Cancelled, TaskStatus::Approved);
    let subject =
        Subject::Published { effect: EffectId::new("write-1-e1").unwrap(), task: task_id("write-1") };
    let asked = |status| Review { status, subject: subject.clone(), ..a_review("r-1") };
    let undo =
        |status| Effect { undoes: EffectId::new("write-1-e1").ok(), ..an_effect("write-1-e1-undo", status) };
    world.cloud.force(asked(ReviewStatus::Open)).unwrap();
    assert_eq!(put(&world, &dollars(5_000)).await.status, StatusCode::OK);
    world.cloud.force(asked(ReviewStatus::Closed)).unwrap();
    put(&world, &dollars(6_000)).await.is(StatusCode::CONFLICT, "campaign_over");
    world.cloud.force(undo(EffectStatus::Rejudge)).unwrap();
    assert_eq!(put(&world, &dollars(6_000)).await.status, StatusCode::OK);
    world.cloud.force(undo(EffectStatus::Done)).unwrap();
    put(&world, &dollars(7_000)).await.is(StatusCode::CONFLICT, "campaign_over");
}

/// [M-13]
#[tokio::test]
async fn the_same_budget_again_writes_nothing() {
    let world = world_with(CampaignStatus::Active, TaskStatus::Open);
    put(&world, &dollars(2_000)).await;
    let version = world.version_of("c-1");
    let again = put(&world, &dollars(2_000)).await;
    assert_eq!((again.status, world.version_of("c-1")), (StatusCode::OK, version));
}

/// [M-13]
#[tokio::test]
async fn a_budget_that_is_none_is_refused() {
    let world = world_with(CampaignStatus::Active, TaskStatus::Open);
    for (body, code) in [
        (dollars(0), "invalid_brief"),
        (dollars(-1), "invalid_body"),
        (json!({"budget": {"minor": 0.5, "currency": "USD"}}), "invalid_body"),
        (json!({"budget": {"minor": 5, "currency": "EUR"}}), "wrong_currency"),
        (json!({"budget": 5}), "invalid_body"),
        (json!({"minor": 5, "currency": "USD"}), "invalid_body"),
        (json!({}), "invalid_body"),
    ] {
        put(&world, &body).await.is(StatusCode::UNPROCESSABLE_ENTITY, code);
    }
    assert_eq!(world.campaign("c-1").brief, a_campaign().brief());
    let cancelled = world_with(CampaignStatus::Cancelled, TaskStatus::Dropped);
    put(&cancelled, &dollars(5_000)).await.is(StatusCode::CONFLICT, "campaign_over");
    let unknown = World::new();
    put(&unknown, &dollars(5_000)).await.is(StatusCode::NOT_FOUND, "not_found");
}

/// [P-11]
#[tokio::test]
async fn a_failed_task_gets_its_next_attempt_with_fresh_tries() {
    for status in [CampaignStatus::Active, CampaignStatus::Paused] {
        let world = world_with(status, TaskStatus::Failed);
        let answer = world.post(RETRY, &json!({})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let told = (&answer.body["task"]["status"], &answer.body["task"]["attempt"], &answer.body["dropped"]);
        assert_eq!(told, (&json!("open"), &json!(2), &json!([])));
        let task = task(&world);
        assert_eq!((task.status, task.attempt, task.tries), (TaskStatus::Open, 2, 0));
        assert_eq!((task.reason, task.opened_at), (None, Some(world.now())));
        let campaign = world.campaign("c-1");
        let due_at = (status == CampaignStatus::Active).then_some(world.now());
        assert_eq!((campaign.status, campaign.due_at), (status, due_at));
    }
}

/// [P-11]
#[tokio::test]
async fn a_campaign_that_had_ended_is_at_work_again() {
    for status in [CampaignStatus::Finished, CampaignStatus::Stopped] {
        let world = world_with(status, TaskStatus::Failed);
        let answer = world.post(RETRY, &json!({})).await;
        assert_eq!((answer.status, &answer.body["campaign"]["status"]), (StatusCode::OK, &json!("active")));
        let campaign = world.campaign("c-1");
        assert_eq!((campaign.status, campaign.due_at), (CampaignStatus::Active, Some(world.now())));
        assert_eq!((campaign.finished_at, campaign.reason), (None, None));
        assert_eq!((task(&world).status, plan_status(&world)), (TaskStatus::Open, PlanStatus::Open));
    }
}

/// [P-11]
#[tokio::test]
async fn nothing_else_is_retried() {
    for status in [
        TaskStatus::Blocked,
        TaskStatus::Open,
        TaskStatus::Held,
        TaskStatus::Rejected,
        TaskStatus::Approved,
        TaskStatus::Dropped,
    ] {
        let world = world_with(CampaignStatus::Active, status);
        let answer = world.post(RETRY, &json!({})).await;
        answer.is(StatusCode::CONFLICT, "illegal_transition");
        assert_eq!((&answer.body["current"], task(&world).attempt), (&json!(status), 1));
    }
    let world = world_with(CampaignStatus::Cancelled, TaskStatus::Failed);
    let answer = world.post(RETRY, &json!({})).await;
    answer.is(StatusCode::CONFLICT, "campaign_over");
    assert_eq!(answer.body["current"], "cancelled");
    assert_eq!(task(&world).status, TaskStatus::Failed);
    for path in ["/campaigns/c-1/tasks/write-2/retry", "/campaigns/c-2/tasks/write-1/retry"] {
        world.post(path, &json!({})).await.is(StatusCode::NOT_FOUND, "not_found");
    }
}

/// [P-11]
#[tokio::test]
async fn of_two_retries_one_opens_the_task() {
    let world = World::with(Faults::seeded(5).interleaved());
    fill(&world, CampaignStatus::Finished, TaskStatus::Failed);
    let nothing = json!({});
    let (one, other) = futures::join!(world.post(RETRY, &nothing), world.post(RETRY, &nothing));
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!((statuses, task(&world).attempt), ([StatusCode::OK, StatusCode::CONFLICT], 2));
}

#[tokio::test]
async fn a_retry_whose_reply_is_lost_is_not_made_twice() {
    let world = World::with(Faults::none().nth("api", "write", 1, Fault::LostReply));
    fill(&world, CampaignStatus::Active, TaskStatus::Failed);
    world.post(RETRY, &json!({})).await.is(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    let again = world.post(RETRY, &json!({})).await;
    again.is(StatusCode::CONFLICT, "illegal_transition");
    assert_eq!((&again.body["current"], task(&world).attempt), (&json!("open"), 2));
}

#[tokio::test]
async fn dependents_that_a_later_plan_dropped_are_named() {
    let world = world_with(CampaignStatus::Active, TaskStatus::Failed);
    let dependent = |id: &str, on: &str, status: TaskStatus| Task {
        id: task_id(id),
        depends_on: vec![task_id(on)],
        status,
        ..a_task()
    };
    world.cloud.force(dependent("write-2", "write-1", TaskStatus::Dropped)).unwrap();
    world.cloud.force(dependent("write-3", "write-2", TaskStatus::Dropped)).unwrap();
    world.cloud.force(dependent("write-4", "write-1", TaskStatus::Blocked)).unwrap();
    world.cloud.force(dependent("write-5", "research-1", TaskStatus::Dropped)).unwrap();
    let answer = world.post(RETRY, &json!({})).await;
    assert_eq!(answer.body["dropped"], json!(["write-2", "write-3"]), "{}", answer.body);
    assert!(answer.body["note"].as_str().unwrap().contains("not done again"));
}
