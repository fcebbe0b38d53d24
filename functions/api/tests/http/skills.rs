//! What a brief asks for beside posts, and how it is shown.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::StatusCode;
use chimera_domain::{
    Artifact, Binding, Committed, Digest, Picture, Published, Remembered, ResultId, Task, TaskKind,
    TaskStatus, VideoTier, WorkOutcome,
};
use chimera_testkit::builders::{a_campaign, a_task, a_verdict, task_id};
use serde_json::{Value, json};

use crate::world::{World, a_brief};

fn order(recipient: &str) -> Value {
    let amount = json!({"minor": 300, "currency": "USD"});
    json!({"recipient": recipient, "name": "Iris", "amount": amount, "reason": "The banner"})
}

fn an_address() -> String {
    format!("0x{}", "a1".repeat(20))
}

fn a_picture() -> Picture {
    Picture {
        digest: Digest::of_bytes(b"a bridge"),
        mime: "image/png".to_owned(),
        width: 1_024,
        height: 1_024,
        alt_text: "A bridge at dawn".to_owned(),
        model: "sandbox-1".to_owned(),
        character: None,
        duration_ms: None,
    }
}

fn committed(artifact: Artifact) -> Option<Committed> {
    let outcome = WorkOutcome::Artifact { artifact };
    let (result, digest) = (ResultId::new("r").unwrap(), outcome.digest());
    Some(Committed { result, digest, outcome, verdict: a_verdict(), usage: None })
}

async fn receipt(world: &World, task: &str) -> Value {
    let path = format!("/tasks/c-1/{task}/receipt");
    let answer = world.send("GET", &path, world.headers(&["viewer"], "acme"), Body::empty()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body["task"].clone()
}

/// [K-3] [K-4]
#[tokio::test]
async fn a_brief_may_ask_for_pictures_payments_and_memories() {
    let world = World::new();
    let mut brief = a_brief();
    brief["illustrations"] = json!(1);
    brief["payments"] = json!([order(&an_address())]);
    brief["remember"] = json!(true);
    let answer = world.start("key-1", &brief).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    for field in ["illustrations", "payments", "remember"] {
        assert_eq!(answer.body["brief"][field], brief[field], "{field}");
    }
}

/// [K-3]
#[tokio::test]
async fn a_brief_may_ask_for_clips_of_posts_that_have_no_picture() {
    let world = World::new();
    let mut brief = a_brief();
    brief["films"] = json!(1);
    let answer = world.start("key-1", &brief).await;
    assert_eq!((answer.status, &answer.body["brief"]["films"]), (StatusCode::CREATED, &json!(1)));
    brief["films"] = brief["posts"].clone();
    brief["illustrations"] = json!(1);
    let refused = world.start("key-2", &brief).await;
    refused.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_brief");
    let told = refused.body["detail"].as_str().unwrap();
    assert!(
        told.starts_with("illustrations and films together must be at most the number of posts"),
        "{told}"
    );
}

/// [K-4]
#[tokio::test]
async fn a_payment_to_no_address_is_refused_with_its_place() {
    let world = World::new();
    let mut brief = a_brief();
    brief["payments"] = json!([order(&an_address()), order("iris.eth")]);
    let answer = world.start("key-1", &brief).await;
    answer.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_brief");
    assert_eq!(answer.body["detail"], "payment 2: recipient must be 0x and 40 hex digits");
}

/// [K-6] [L-3]
#[tokio::test]
async fn a_picture_is_shown_where_it_was_made_and_where_it_is_published() {
    let world = World::new();
    world.cloud.force(a_campaign().build()).unwrap();
    let pictures = vec![a_picture()];
    world.cloud.force(Task { pictures, ..a_task() }).unwrap();
    let illustrate = Task {
        id: task_id("illustrate-1"),
        kind: TaskKind::Illustrate,
        status: TaskStatus::Approved,
        committed: committed(Artifact::Image { image: a_picture() }),
        ..a_task()
    };
    world.cloud.force(illustrate).unwrap();
    assert_eq!(receipt(&world, "write-1").await["pictures"], json!([a_picture()]));
    let made = receipt(&world, "illustrate-1").await;
    assert_eq!(
        (&made["kind"], &made["made"]["image"]["alt_text"]),
        (&json!("illustrate"), &json!("A bridge at dawn"))
    );
    let shown = world.get("/campaigns/c-1").await;
    let write = shown.body["tasks"].as_array().unwrap().iter().find(|task| task["id"] == "write-1").unwrap();
    assert_eq!(write["pictures"][0]["digest"], json!(a_picture().digest));
}

/// [K-6] [K-16] [L-3]
#[tokio::test]
async fn a_clip_is_shown_with_its_tier_where_it_was_made() {
    let world = World::new();
    world.cloud.force(a_campaign().build()).unwrap();
    let video = Picture { duration_ms: Some(2_000), ..a_picture() };
    let film = Task {
        id: task_id("film-1"),
        kind: TaskKind::Film,
        tier: Some(VideoTier::Standard),
        status: TaskStatus::Approved,
        committed: committed(Artifact::Video { video: video.clone() }),
        ..a_task()
    };
    world.cloud.force(film).unwrap();
    let made = receipt(&world, "film-1").await;
    assert_eq!((&made["kind"], &made["tier"]), (&json!("film"), &json!("standard")));
    assert_eq!(made["made"]["video"], json!(video));
    let shown = world.get("/campaigns/c-1").await;
    assert_eq!(shown.body["tasks"][0]["tier"], "standard");
    assert_eq!(receipt(&world, "film-1").await.get("pictures"), Some(&json!([])));
}

/// [K-5] [K-11] [L-3]
#[tokio::test]
async fn a_receipt_says_what_was_ordered_and_what_is_remembered() {
    let world = World::new();
    world.cloud.force(a_campaign().build()).unwrap();
    let ordered = order(&an_address());
    let transact = Task {
        id: task_id("transact-1"),
        kind: TaskKind::Transact,
        binding: Binding::Payment { order: serde_json::from_value(ordered.clone()).unwrap() },
        ..a_task()
    };
    world.cloud.force(transact).unwrap();
    let text = "Lantern reads logs.".to_owned();
    let post = Published {
        post_id: "p-1".to_owned(),
        url: None,
        text: text.clone(),
        task: task_id("write-1"),
        flags: BTreeSet::new(),
    };
    let remember = Task {
        id: task_id("remember-1"),
        kind: TaskKind::Remember,
        binding: Binding::Campaign,
        published: vec![post],
        committed: committed(Artifact::Memory { notes: vec![Remembered { id: "m-1".to_owned(), text }] }),
        ..a_task()
    };
    world.cloud.force(remember).unwrap();
    assert_eq!(receipt(&world, "transact-1").await["payment"], ordered);
    let remembered = receipt(&world, "remember-1").await;
    assert_eq!(remembered["looked_at"][0]["post_id"], "p-1");
    assert_eq!(remembered["made"]["notes"][0]["text"], "Lantern reads logs.");
}
