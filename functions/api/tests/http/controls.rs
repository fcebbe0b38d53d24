//! Pause, resume, cancel.

use axum::http::StatusCode;
use chimera_domain::CampaignStatus;
use chimera_testkit::builders::a_campaign;
use serde_json::json;

use crate::world::{World, an_effect};

fn world_with(status: CampaignStatus) -> World {
    let world = World::new();
    let mut campaign = a_campaign().build();
    campaign.status = status;
    world.cloud.force(campaign).unwrap();
    world
}

#[tokio::test]
async fn a_paused_campaign_is_not_due_and_says_what_is_under_way() {
    let world = world_with(CampaignStatus::Active);
    world.cloud.force(an_effect("write-1-e1", chimera_domain::EffectStatus::Dispatching)).unwrap();
    world.cloud.force(an_effect("write-2-e1", chimera_domain::EffectStatus::Approved)).unwrap();
    let answer = world.post("/campaigns/c-1/pause", &json!({})).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["status"], "paused");
    let under_way: Vec<&str> =
        answer.body["dispatching"].as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(under_way, ["write-1-e1"]);
    assert_eq!(world.campaign("c-1").due_at, None);
}

#[tokio::test]
async fn to_pause_twice_is_to_pause() {
    let world = world_with(CampaignStatus::Active);
    world.post("/campaigns/c-1/pause", &json!({})).await;
    let version = world.version_of("c-1");
    let again = world.post("/campaigns/c-1/pause", &json!({})).await;
    assert_eq!((again.status, world.version_of("c-1")), (StatusCode::OK, version));
}

#[tokio::test]
async fn a_resumed_campaign_is_due_now() {
    let world = world_with(CampaignStatus::Paused);
    let answer = world.post("/campaigns/c-1/resume", &json!({})).await;
    assert_eq!((answer.status, &answer.body["status"]), (StatusCode::OK, &json!("active")));
    assert_eq!(world.campaign("c-1").due_at, Some(world.now()));
}

#[tokio::test]
async fn a_cancelled_campaign_is_due_now_and_says_why() {
    let world = world_with(CampaignStatus::Active);
    let answer = world.post("/campaigns/c-1/cancel", &json!({"reason": "Wrong product."})).await;
    assert_eq!((answer.status, &answer.body["status"]), (StatusCode::OK, &json!("cancelled")));
    let campaign = world.campaign("c-1");
    assert_eq!((campaign.due_at, campaign.reason.as_deref()), (Some(world.now()), Some("Wrong product.")));
}

#[tokio::test]
async fn what_the_status_does_not_allow_is_refused_with_the_status() {
    for (status, event) in [
        (CampaignStatus::Planning, "pause"),
        (CampaignStatus::Finished, "pause"),
        (CampaignStatus::Cancelled, "resume"),
        (CampaignStatus::Finished, "cancel"),
    ] {
        let world = world_with(status);
        let answer = world.post(&format!("/campaigns/c-1/{event}"), &json!({})).await;
        answer.is(StatusCode::CONFLICT, "illegal_transition");
        assert_eq!(answer.body["current"], status.name());
    }
}
