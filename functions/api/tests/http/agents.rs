//! Agents.

use axum::http::StatusCode;
use serde_json::json;

use crate::world::World;

const SOUL: &str =
    "---\nname: Nora\nid: nora\nvoice_traits: [calm]\ndirectives: [Name the tool.]\n---\nRepairs laptops.\n";

async fn put_soul(world: &World, path: &str, text: &str) -> crate::world::Answer {
    let mut headers = world.headers(&["operator"], "acme");
    headers.push(("content-type".to_owned(), "text/markdown; charset=utf-8".to_owned()));
    world.send("PUT", path, headers, text.to_owned()).await
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
