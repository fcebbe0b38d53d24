//! What agents watch: begun with the campaign that reacts, and shown.

use axum::http::StatusCode;
use chimera_domain::{Campaign, CampaignStatus, Row, Task, TaskStatus, Watch, limits};
use chimera_testkit::Faults;
use chimera_testkit::builders::{a_campaign, a_task, an_agent_id};
use serde_json::{Value, json};

use crate::world::{World, a_brief};

fn a_reacting_brief() -> Value {
    let mut brief = a_brief();
    brief["react"] = json!({ "mentions": 2, "trends": 1, "for_s": 3_600 });
    brief
}

fn watches(world: &World) -> Vec<Watch> {
    world.cloud.rows().unwrap().into_iter().filter_map(|row| row.row.into_watch()).collect()
}

/// [PE-1]
#[tokio::test]
async fn a_campaign_that_reacts_is_watched_for_from_the_first_moment() {
    let world = World::new();
    let before = world.cloud.history().len();
    let answer = world.start("key-1", &a_reacting_brief()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let watch = watches(&world).remove(0);
    assert_eq!(json!(watch.campaigns), json!([answer.body["id"]]));
    assert_eq!((watch.agent, watch.due_at), (an_agent_id(), Some(world.now())));
    let writes = world.cloud.history().split_off(before);
    assert!(writes.len() == 3 && writes.iter().all(|write| write.transaction == writes[0].transaction));

    let second = world.start("key-2", &a_reacting_brief()).await;
    let watch = watches(&world).remove(0);
    assert_eq!(json!(watch.campaigns), json!([answer.body["id"], second.body["id"]]), "the oldest first");
    world.start("key-2", &a_reacting_brief()).await;
    assert_eq!(watches(&world).remove(0), watch, "the same request again changes nothing");
}

#[tokio::test]
async fn a_campaign_that_does_not_react_is_watched_for_by_nobody() {
    let world = World::new();
    assert_eq!(world.start("key-1", &a_brief()).await.status, StatusCode::CREATED);
    assert!(watches(&world).is_empty());
    let shown = world.get("/agents/mira/watch").await;
    assert_eq!((shown.status, &shown.body["campaigns"]), (StatusCode::OK, &json!([])));
    assert_eq!(shown.body["due_at"], Value::Null);
    world.get("/agents/nobody/watch").await.is(StatusCode::NOT_FOUND, "not_found");
}

/// [PE-1]
#[tokio::test]
async fn campaigns_that_begin_at_the_same_time_are_all_watched_for() {
    let world = World::with(Faults::seeded(3).interleaved());
    let brief = a_reacting_brief();
    let keys = ["key-1", "key-2", "key-3"];
    let answers = futures::future::join_all(keys.map(|key| world.start(key, &brief))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::CREATED));
    let mut watched = watches(&world).remove(0).campaigns;
    let mut accepted: Vec<_> =
        answers.iter().map(|answer| answer.body["id"].as_str().unwrap().to_owned()).collect();
    watched.sort();
    accepted.sort();
    assert_eq!(json!(watched), json!(accepted));
}

/// [PE-14]
#[tokio::test]
async fn no_more_campaigns_react_than_one_look_can_read() {
    let world = World::new();
    for number in 0..limits::CAMPAIGNS_PER_WATCH {
        let answer = world.start(&format!("key-{number}"), &a_reacting_brief()).await;
        assert_eq!(answer.status, StatusCode::CREATED);
    }
    let refused = world.start("one-more", &a_reacting_brief()).await;
    refused.is(StatusCode::UNPROCESSABLE_ENTITY, "too_many_reacting");
    assert_eq!(watches(&world)[0].campaigns.len(), limits::CAMPAIGNS_PER_WATCH);

    let one = watches(&world)[0].campaigns[3].clone();
    world.post(&format!("/campaigns/{one}/cancel"), &json!({})).await;
    let accepted = world.start("one-more", &a_reacting_brief()).await;
    assert_eq!(accepted.status, StatusCode::CREATED, "what is over makes room: {}", accepted.body);
    assert!(!watches(&world)[0].campaigns.contains(&one));
}

#[tokio::test]
async fn viewers_see_what_was_looked_at_and_when() {
    let world = World::new();
    let answer = world.start("key-1", &a_reacting_brief()).await;
    let looked = Watch {
        newest_mention: Some("17".to_owned()),
        looked_at: Some(world.now()),
        failures: 2,
        ..watches(&world).remove(0)
    };
    world.cloud.force(looked).unwrap();
    let headers = world.headers(&["viewer"], "acme");
    let shown = world.send("GET", "/agents/mira/watch", headers, "").await;
    assert_eq!((shown.status, shown.header("etag").as_str()), (StatusCode::OK, "\"2\""));
    assert_eq!(shown.body["newest_mention"], "17");
    assert_eq!(shown.body["looked_at"], json!(world.now()));
    assert_eq!((&shown.body["failures"], &shown.body["campaigns"]), (&json!(2), &json!([answer.body["id"]])));
    assert_eq!(shown.body.get("tenant"), None);
}

/// [PE-1]
#[tokio::test]
async fn a_campaign_that_is_taken_up_again_is_watched_for_again() {
    let world = World::new();
    let stopped = a_campaign().reacts(1, 0).build();
    world.cloud.force(Campaign { status: CampaignStatus::Stopped, due_at: None, ..stopped }).unwrap();
    world.cloud.force(Task { status: TaskStatus::Failed, ..a_task() }).unwrap();
    assert!(watches(&world).is_empty());
    let answer = world.post("/campaigns/c-1/tasks/write-1/retry", &json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(json!(watches(&world)[0].campaigns), json!(["c-1"]));
    assert!(world.cloud.rows().unwrap().iter().any(|row| matches!(row.row, Row::Watch(_))));
}
