//! Dead letters are redriven once.

use axum::http::StatusCode;
use chimera_domain::{CampaignStatus, DeadLetter, Digest, Row, TaskStatus};
use chimera_testkit::builders::{a_campaign, a_task, morning};
use serde_json::json;

use crate::world::World;

const REDRIVE: &str = "/dead-letters/c-1/m-1/redrive";

fn world_with(status: TaskStatus, campaign: CampaignStatus) -> World {
    let world = World::new();
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
        digest: Digest::of_bytes(b"secret"),
        reason: "delivered 5 times".to_owned(),
        at: morning(),
        redriven_at: None,
    };
    world.cloud.force(task).unwrap();
    world.cloud.force(letter).unwrap();
    world
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
    let tasks = world.cloud.rows().unwrap().into_iter().filter_map(|row| row.row.into_task());
    assert_eq!(tasks.map(|task| task.attempt).collect::<Vec<_>>(), [2]);
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
    world.cloud.force(Row::from(a_system_letter())).unwrap();
    let answer = world.get("/dead-letters").await;
    assert_eq!(answer.body["dead_letters"].as_array().unwrap().len(), 1);
    assert!(!answer.body.to_string().contains("secret"));
}

/// A letter of no tenant is shown to none.
fn a_system_letter() -> DeadLetter {
    DeadLetter {
        id: "m-2".to_owned(),
        tenant: None,
        campaign: None,
        task: None,
        origin: "stream".to_owned(),
        body: String::new(),
        digest: Digest::of_bytes(b""),
        reason: "unreadable".to_owned(),
        at: morning(),
        redriven_at: None,
    }
}
