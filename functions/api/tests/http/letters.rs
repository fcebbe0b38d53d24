//! Dead letters are redriven once.

use axum::body::Body;
use axum::http::StatusCode;
use chimera_domain::ports::{StateReader as _, StateReaderExt as _, StateWriter as _};
use chimera_domain::{
    Campaign, CampaignId, CampaignStatus, DeadLetter, Digest, Row, RowKey, Task, TaskStatus, Transaction,
    WriterId,
};
use chimera_runtime::auth::Role;
use chimera_testkit::Faults;
use chimera_testkit::builders::{a_campaign, a_task, a_tenant, morning};
use serde_json::json;

use crate::world::{Answer, World};

const REDRIVE: &str = "/dead-letters/c-1/m-1/redrive";

fn world_with(status: TaskStatus, campaign: CampaignStatus) -> World {
    let world = World::new();
    fill(&world, status, campaign);
    world
}

fn fill(world: &World, status: TaskStatus, campaign: CampaignStatus) {
    let mut row = a_campaign().build();
    row.status = campaign;
    let (id, tenant) = (row.id.clone(), row.tenant.clone());
    world.cloud.force(row).unwrap();
    let mut task = a_task();
    task.status = status;
    let letter = DeadLetter {
        id: "m-1".to_owned(),
        tenant: Some(tenant),
        campaign: Some(id),
        task: Some(task.id.clone()),
        origin: "TaskQueue".to_owned(),
        body: "secret".to_owned(),
        bytes: 6,
        digest: Digest::of_bytes(b"secret"),
        reason: "delivered 5 times".to_owned(),
        receives: Some(6),
        at: morning(),
        redriven_at: None,
    };
    world.cloud.force(task).unwrap();
    world.cloud.force(letter).unwrap();
}

fn task(world: &World) -> Task {
    world.cloud.rows().unwrap().into_iter().find_map(|row| row.row.into_task()).unwrap()
}

#[tokio::test]
async fn a_redriven_letter_gives_its_task_the_next_attempt_once() {
    let world = world_with(TaskStatus::Failed, CampaignStatus::Active);
    let answer = world.post(REDRIVE, &json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(
        (&answer.body["task"]["status"], &answer.body["task"]["attempt"]),
        (&json!("open"), &json!(2))
    );
    world.post(REDRIVE, &json!({})).await.is(StatusCode::CONFLICT, "already_redriven");
    assert_eq!(task(&world).attempt, 2);
}

#[tokio::test]
async fn a_redrive_wakes_its_campaign_unless_that_is_paused() {
    for status in [CampaignStatus::Active, CampaignStatus::Paused] {
        let world = world_with(TaskStatus::Failed, status);
        assert_eq!(world.post(REDRIVE, &json!({})).await.status, StatusCode::OK);
        let campaign = world.campaign("c-1");
        let due_at = (status == CampaignStatus::Active).then_some(world.now());
        assert_eq!((campaign.status, campaign.due_at), (status, due_at));
    }
}

/// Finishes the campaign if its task is final, as the planner does: as both were seen.
async fn finish(world: &World) -> bool {
    let store = world.cloud.as_function("planner");
    let (tenant, id) = (a_tenant(), CampaignId::new("c-1").unwrap());
    let seen = store.campaign(&tenant, &id).await.unwrap().unwrap();
    let task = store.get(&RowKey::task(&tenant, &id, &a_task().id)).await.unwrap();
    if !task.and_then(|row| row.row.into_task()).unwrap().status.is_final() {
        return false;
    }
    let finished = Campaign { status: CampaignStatus::Finished, due_at: None, ..seen.row.clone() };
    let write = Transaction::by(WriterId::new("plan-1")).replace(&seen, finished).unwrap();
    store.write(&write).await.is_ok()
}

/// [P-7] [P-11]
#[tokio::test]
async fn of_a_redrive_and_a_finish_at_the_same_time_the_second_sees_the_first() {
    let (mut before, mut after) = (0, 0);
    for seed in 0..100 {
        let world = World::with(Faults::seeded(seed).interleaved());
        fill(&world, TaskStatus::Failed, CampaignStatus::Active);
        let nothing = json!({});
        let (answer, is_finished) = futures::join!(world.post(REDRIVE, &nothing), finish(&world));
        assert_eq!(answer.status, StatusCode::OK, "seed {seed}: {}", answer.body);
        let (status, task) = (world.campaign("c-1").status, task(&world).status);
        assert_eq!((status, task), (CampaignStatus::Active, TaskStatus::Open), "seed {seed}");
        if is_finished { after += 1 } else { before += 1 }
    }
    assert!(before > 0 && after > 0, "{before} before the finish, {after} after it");
}

#[tokio::test]
async fn a_task_that_goes_on_is_not_redriven() {
    let world = world_with(TaskStatus::Open, CampaignStatus::Active);
    world.post(REDRIVE, &json!({})).await.is(StatusCode::CONFLICT, "illegal_transition");
    let world = world_with(TaskStatus::Failed, CampaignStatus::Cancelled);
    world.post(REDRIVE, &json!({})).await.is(StatusCode::CONFLICT, "campaign_over");
}

#[tokio::test]
async fn letters_are_listed_without_their_bodies() {
    let world = world_with(TaskStatus::Failed, CampaignStatus::Active);
    world.cloud.force(Row::from(nobodys_letter())).unwrap();
    let answer = world.get("/dead-letters").await;
    assert_eq!(answer.body["dead_letters"].as_array().unwrap().len(), 1);
    assert_eq!(answer.body["dead_letters"][0]["id"], "m-1");
    assert!(!answer.body.to_string().contains("secret"));
}

const NOBODYS: &str = "/dead-letters?owner=none";

fn nobodys_letter() -> DeadLetter {
    DeadLetter {
        id: "m-2".to_owned(),
        tenant: None,
        campaign: None,
        task: None,
        origin: "TaskQueueDeadLetters".to_owned(),
        body: "secret".to_owned(),
        bytes: 70_000,
        digest: Digest::of_bytes(b"secret"),
        reason: "unreadable".to_owned(),
        receives: Some(6),
        at: morning(),
        redriven_at: None,
    }
}

fn world_with_nobodys_letter() -> World {
    let world = world_with(TaskStatus::Failed, CampaignStatus::Active);
    world.cloud.force(Row::from(nobodys_letter())).unwrap();
    world
}

async fn ask(world: &World, method: &str, path: &str, role: Role, tenant: &str) -> Answer {
    world.send(method, path, world.headers(&[role.name()], tenant), Body::empty()).await
}

///
#[tokio::test]
async fn what_is_nobodys_is_shown_to_the_operating_tenants_admin_without_its_body() {
    let world = world_with_nobodys_letter();
    let answer = ask(&world, "GET", NOBODYS, Role::Admin, "ops").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let digest = nobodys_letter().digest;
    let shown = json!([{
        "id": "m-2", "campaign": null, "task": null, "origin": "TaskQueueDeadLetters", "reason": "unreadable",
        "receives": 6, "bytes": 70_000, "digest": digest, "at": morning(), "redriven_at": null,
    }]);
    assert_eq!(answer.body["dead_letters"], shown);
    let own = ask(&world, "GET", "/dead-letters", Role::Admin, "ops").await;
    assert_eq!(own.body["dead_letters"], json!([]), "not among its own");
}

///
#[tokio::test]
async fn what_is_nobodys_is_shown_to_nobody_else() {
    let world = world_with_nobodys_letter();
    for role in Role::ALL {
        ask(&world, "GET", NOBODYS, role, "acme").await.is(StatusCode::FORBIDDEN, "forbidden");
        if role != Role::Admin {
            ask(&world, "GET", NOBODYS, role, "ops").await.is(StatusCode::FORBIDDEN, "forbidden");
        }
    }
    let unset = World::operated_by(None, Faults::none());
    for tenant in ["ops", "acme", "SYSTEM"] {
        let answer = ask(&unset, "GET", NOBODYS, Role::Admin, tenant).await;
        answer.is(StatusCode::FORBIDDEN, "forbidden");
        assert!(answer.body["detail"].as_str().unwrap().contains("operating tenant"), "{}", answer.body);
    }
}

///
#[tokio::test]
async fn what_is_nobodys_has_no_task_to_redrive() {
    let world = world_with_nobodys_letter();
    let path = "/dead-letters/-/m-2/redrive";
    let answer = ask(&world, "POST", path, Role::Admin, "ops").await;
    answer.is(StatusCode::CONFLICT, "not_redrivable");
    assert!(answer.body["detail"].as_str().unwrap().contains("nobody's"), "{}", answer.body);
    for (role, tenant) in [(Role::Operator, "ops"), (Role::Admin, "acme")] {
        ask(&world, "POST", path, role, tenant).await.is(StatusCode::NOT_FOUND, "not_found");
    }
}

#[tokio::test]
async fn a_listing_takes_no_other_owner_and_no_other_listing_takes_one() {
    let world = world_with_nobodys_letter();
    for path in [
        "/dead-letters?owner=acme",
        "/dead-letters?owner=",
        "/dead-letters?owner=none&owner=none",
        "/campaigns?owner=none",
    ] {
        let answer = ask(&world, "GET", path, Role::Admin, "ops").await;
        answer.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_query");
    }
    let limited = ask(&world, "GET", "/dead-letters?owner=none&limit=0", Role::Admin, "ops").await;
    limited.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_limit");
}
