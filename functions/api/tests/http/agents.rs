//! Agents and the policy.

use axum::http::StatusCode;
use chimera_testkit::builders::a_policy;
use serde_json::{Value, json};

use crate::world::World;

const SOUL: &str =
    "---\nname: Nora\nid: nora\nvoice_traits: [calm]\ndirectives: [Name the tool.]\n---\nRepairs laptops.\n";

async fn put_soul(world: &World, path: &str, text: &str) -> crate::world::Answer {
    let mut headers = world.headers(&["operator"], "acme");
    headers.push(("content-type".to_owned(), "text/markdown; charset=utf-8".to_owned()));
    world.send("PUT", path, headers, text.to_owned()).await
}

async fn put_policy(world: &World, policy: &Value, if_match: Option<&str>) -> crate::world::Answer {
    let mut headers = world.headers(&["admin"], "acme");
    headers.extend(if_match.map(|tag| ("if-match".to_owned(), tag.to_owned())));
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    world.send("PUT", "/policy", headers, policy.to_string()).await
}

#[tokio::test]
async fn a_soul_is_put_changed_and_shown() {
    let world = World::new();
    let made = put_soul(&world, "/agents/nora", SOUL).await;
    assert_eq!((made.status, made.header("etag").as_str()), (StatusCode::CREATED, "\"1\""));
    let same = put_soul(&world, "/agents/nora", SOUL).await;
    assert_eq!((same.status, same.header("etag").as_str()), (StatusCode::OK, "\"1\""));
    let changed = put_soul(&world, "/agents/nora", &SOUL.replace("calm", "loud")).await;
    assert_eq!((changed.status, changed.header("etag").as_str()), (StatusCode::OK, "\"2\""));
    let shown = world.get("/agents/nora").await;
    assert_eq!(shown.body["voice_traits"], json!(["loud"]));
    assert_eq!(shown.body["backstory"], "Repairs laptops.");
}

#[tokio::test]
async fn a_soul_of_another_agent_is_refused() {
    let world = World::new();
    let answer = put_soul(&world, "/agents/someone", SOUL).await;
    answer.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_soul");
    let unknown = put_soul(&world, "/agents/nora", &SOUL.replace("id: nora", "id: nora\nmood: good")).await;
    unknown.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_soul");
}

#[tokio::test]
async fn a_policy_is_replaced_only_as_it_was_seen() {
    let world = World::new();
    let standard = world.get("/policy").await;
    assert_eq!((standard.header("etag").as_str(), &standard.body), ("\"0\"", &json!(a_policy())));
    let put = put_policy(&world, &standard.body, Some("\"0\"")).await;
    assert_eq!((put.status, put.header("etag").as_str()), (StatusCode::OK, "\"1\""));
    let stale = put_policy(&world, &standard.body, Some("\"0\"")).await;
    stale.is(StatusCode::PRECONDITION_FAILED, "precondition_failed");
    let blind = put_policy(&world, &standard.body, None).await;
    assert_eq!((blind.status, blind.header("etag").as_str()), (StatusCode::OK, "\"2\""));
}

#[tokio::test]
async fn an_unsound_policy_is_refused() {
    let world = World::new();
    let mut reversed = json!(a_policy());
    reversed["thresholds"] = json!({"approve": 5_000, "hold": 9_000});
    put_policy(&world, &reversed, None).await.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_policy");
    let mut unknown = json!(a_policy());
    unknown["tenant"] = json!("other");
    put_policy(&world, &unknown, None).await.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body");
}
