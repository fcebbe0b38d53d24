//! Campaigns are accepted once.

use axum::http::StatusCode;
use chimera_domain::{CampaignStatus, Row, limits};
use chimera_testkit::builders::{a_policy, a_policy_row};
use serde_json::json;

use crate::world::{World, a_brief};

#[tokio::test]
async fn a_campaign_is_accepted_and_due_when_the_stream_has_had_its_time() {
    let world = World::new();
    let answer = world.start("key-1", &a_brief()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let id = answer.body["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("./campaigns/{id}"));
    let campaign = world.campaign(id);
    assert_eq!(campaign.status, CampaignStatus::Planning);
    assert_eq!(campaign.due_at, Some(campaign.created_at + limits::FOLLOW_UP_AFTER));
    let replays = world.cloud.rows().unwrap().into_iter().filter(|row| matches!(row.row, Row::Replay(_)));
    assert_eq!(replays.count(), 1);
}

#[tokio::test]
async fn the_same_request_again_is_answered_with_the_same_campaign() {
    let world = World::new();
    let first = world.start("key-1", &a_brief()).await;
    let again = world.start("key-1", &a_brief()).await;
    assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body));
    let other = world.start("key-2", &a_brief()).await;
    assert_ne!(other.body["id"], first.body["id"]);
}

#[tokio::test]
async fn a_key_with_another_body_is_refused() {
    let world = World::new();
    world.start("key-1", &a_brief()).await;
    let mut changed = a_brief();
    changed["posts"] = json!(2);
    let answer = world.start("key-1", &changed).await;
    answer.is(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused");
}

#[tokio::test]
async fn of_many_requests_with_one_key_one_makes_the_campaign() {
    let world = World::new();
    let brief = a_brief();
    let answers = futures::future::join_all((0..50).map(|_| world.start("key-1", &brief))).await;
    let made = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!(made, 1);
    assert!(answers.iter().all(|answer| answer.body["id"] == answers[0].body["id"]));
}

#[tokio::test]
async fn another_tenants_key_is_another_key() {
    let world = World::new();
    world.start("key-1", &a_brief()).await;
    let mut headers = world.headers(&["operator"], "other");
    headers.push(("idempotency-key".to_owned(), "key-1".to_owned()));
    let answer = world.send("POST", "/campaigns", headers, a_brief().to_string()).await;
    answer.is(StatusCode::UNPROCESSABLE_ENTITY, "unknown_agent");
}

#[tokio::test]
async fn a_budget_is_kept_in_the_policys_currency() {
    let world = World::new();
    let mut policy = a_policy();
    policy.currency = chimera_domain::Currency::Eur;
    policy.caps = chimera_domain::Caps::default();
    world.cloud.force(a_policy_row(policy)).unwrap();
    world.start("key-1", &a_brief()).await.is(StatusCode::UNPROCESSABLE_ENTITY, "wrong_currency");
}

///
#[tokio::test]
async fn replies_need_the_declaration_that_the_platform_approved_them() {
    let world = World::new();
    let mut brief = a_brief();
    brief["replies"] = json!([{"id": "m-1", "author": "nora", "text": "are you a bot?"}]);
    let refused = world.start("key-1", &brief).await;
    refused.is(StatusCode::UNPROCESSABLE_ENTITY, "replies_not_approved");
    assert!(refused.body["detail"].as_str().unwrap().contains("ai_replies_approved"));

    let mut policy = a_policy();
    policy.ai_replies_approved = true;
    world.cloud.force(a_policy_row(policy)).unwrap();
    brief["feeds"] = json!([]);
    brief["posts"] = json!(0);
    let accepted = world.start("key-1", &brief).await;
    assert_eq!(accepted.status, StatusCode::CREATED, "{}", accepted.body);
    assert_eq!(accepted.body["brief"]["replies"], brief["replies"]);
}

/// [J-2]
#[tokio::test]
async fn every_kind_of_criterion_is_taken_from_a_brief() {
    let world = World::new();
    let checks = [
        json!({"max_length": 200}),
        json!({"min_length": 40}),
        json!({"must_mention": "Pail"}),
        json!({"must_not_mention": "beta"}),
        json!({"language": "en"}),
        json!("carries_source"),
        json!("says_more_than_title"),
        json!("fits_persona"),
        json!("carries_image"),
        json!("discloses_ai"),
        json!("discloses_sponsor"),
    ];
    let criterion =
        |(at, check)| json!({"id": format!("c{at}"), "text": "as asked", "mandatory": true, "check": check});
    let mut brief = a_brief();
    brief["criteria"] = checks.into_iter().enumerate().map(criterion).collect();
    brief["sponsor"] = json!("Lumen Labs");
    let answer = world.start("key-1", &brief).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    assert_eq!(answer.body["brief"]["criteria"], brief["criteria"]);
}

#[tokio::test]
async fn a_campaign_is_shown_whole_and_not_sent_twice() {
    let world = World::new();
    let made = world.start("key-1", &a_brief()).await;
    let path = format!("/campaigns/{}", made.body["id"].as_str().unwrap());
    let shown = world.get(&path).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert_eq!(shown.body["spend"]["spent"], json!({"minor": 0, "currency": "USD"}));
    for part in ["plans", "tasks", "effects", "reviews"] {
        assert_eq!(shown.body[part], json!([]), "{part}");
    }
    let mut headers = world.headers(&["viewer"], "acme");
    headers.push(("if-none-match".to_owned(), shown.header("etag")));
    let again = world.send("GET", &path, headers, String::new()).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_campaign_belongs_to_the_trace_of_its_request() {
    let world = World::new();
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4737", "00f067aa0ba902b7");
    let start = async |key: &str, given: &[String]| {
        let mut headers = world.headers(&["operator"], "acme");
        headers.push(("idempotency-key".to_owned(), key.to_owned()));
        headers.extend(given.iter().map(|value| ("traceparent".to_owned(), value.clone())));
        let answer = world.send("POST", "/campaigns", headers, a_brief().to_string()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.body["trace"].as_str().unwrap().to_owned()
    };
    let sound = format!("00-{trace}-{parent}-01");
    assert_eq!(start("key-1", std::slice::from_ref(&sound)).await, trace);
    let other = format!("00-{}-{parent}-01", "a".repeat(32));
    let mut own = std::collections::BTreeSet::new();
    for (n, given) in [vec![], vec![format!("00-{trace}")], vec!["caf\u{e9}".to_owned()], vec![sound, other]]
        .iter()
        .enumerate()
    {
        let made = start(&format!("own-{n}"), given).await;
        assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{made}");
        assert!(own.insert(made), "a trace of its own");
    }
    assert!(!own.contains(trace));
}
