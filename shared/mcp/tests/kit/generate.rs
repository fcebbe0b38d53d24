//! What costs money is made once per key.

use std::sync::Arc;

use chimera_mcp::server::{MemoryAnswers, ToolServer};
use serde_json::{Value, json};

use super::http::{Client, ERAS, Era};
use super::tools::{HandClock, Maker, Next};

const TOOL: &str = "thing_make";

fn wish(key: &str, what: &str) -> Value {
    wish_of("t1", key, what)
}

fn wish_of(tenant: &str, key: &str, what: &str) -> Value {
    json!({ "tenant": tenant, "idempotency_key": key, "what": what })
}

/// A client of a maker.
struct World {
    client: Client,
    maker: Maker,
    clock: HandClock,
}

fn world(era: Era) -> World {
    let (maker, clock) = (Maker::new(), HandClock::at(1_000));
    let server = ToolServer::builder("makers")
        .generate(maker.clone(), MemoryAnswers::default())
        .clock(clock.clone())
        .build();
    World { client: Client::of(server.unwrap(), era), maker, clock }
}

/// [T-3]
#[tokio::test]
async fn the_same_key_and_arguments_are_answered_with_what_was_made() {
    for era in ERAS {
        let World { client, maker, .. } = world(era);
        let first = client.answer(TOOL, wish("t-1/1", "a hat")).await;
        assert_eq!(first, json!({ "what": "a hat", "number": 0 }));
        assert_eq!(client.answer(TOOL, wish("t-1/1", "a hat")).await, first);
        assert_eq!(maker.charged(), 1);
        assert_eq!(client.answer(TOOL, wish("t-1/2", "a hat")).await["number"], 1);
    }
}

/// [T-3]
#[tokio::test]
async fn a_key_that_was_used_with_other_arguments_is_refused() {
    let World { client, maker, .. } = world(Era::Modern);
    client.answer(TOOL, wish("t-1/1", "a hat")).await;
    let refusal = client.refusal(TOOL, wish("t-1/1", "a coat")).await;
    assert_eq!((&refusal["code"], &refusal["retryable"]), (&json!("idempotency_mismatch"), &json!(false)));
    assert_eq!(maker.charged(), 1);
}

/// [T-3] [E-8]
#[tokio::test]
async fn one_tenants_keys_are_nothing_to_another() {
    let World { client, .. } = world(Era::Modern);
    client.answer(TOOL, wish("t-1/1", "a hat")).await;
    let theirs = client.answer(TOOL, wish_of("t2", "t-1/1", "a coat")).await;
    assert_eq!(theirs, json!({ "what": "a coat", "number": 1 }));
}

/// [T-3]
#[tokio::test]
async fn a_second_call_while_the_first_is_under_way_is_told_to_wait() {
    let World { client, maker, clock } = world(Era::Modern);
    let client = Arc::new(client);
    maker.then(Next::Wait);
    let first = tokio::spawn({
        let client = Arc::clone(&client);
        async move { client.answer(TOOL, wish("k", "a hat")).await }
    });
    maker.begun.notified().await;
    clock.pass_ms(500);
    let second = client.refusal(TOOL, wish("k", "a hat")).await;
    assert_eq!((&second["code"], &second["retryable"]), (&json!("in_progress"), &json!(true)));
    assert_eq!(second["retry_after_s"], 120);
    maker.go_on.notify_one();
    let made = first.await.unwrap();
    assert_eq!(client.answer(TOOL, wish("k", "a hat")).await, made);
    assert_eq!(maker.charged(), 1);
}

/// [T-3]
#[tokio::test]
async fn a_call_that_never_came_back_is_taken_over_when_its_lease_has_run_out() {
    let World { client, maker, clock } = world(Era::Modern);
    maker.then(Next::Fail);
    assert_eq!(client.error(TOOL, wish("k", "a hat")).await["code"], -32603);
    maker.then(Next::Make);
    clock.pass_ms(119_999);
    assert_eq!(client.code(TOOL, wish("k", "a hat")).await, "in_progress");
    clock.pass_ms(1);
    assert_eq!(client.code(TOOL, wish("k", "a coat")).await, "idempotency_mismatch");
    assert_eq!(client.answer(TOOL, wish("k", "a hat")).await["number"], 1);
    assert_eq!(maker.charged(), 2, "the upstream may have charged for the lost one, and nobody knows");
}

/// [T-3]
#[tokio::test]
async fn a_call_that_was_given_up_keeps_its_key_until_its_lease_has_run_out() {
    let World { client, maker, clock } = world(Era::Modern);
    maker.then(Next::Wait);
    tokio::select! {
        _ = client.answer(TOOL, wish("k", "a hat")) => unreachable!("it waits"),
        () = maker.begun.notified() => {}
    }
    maker.then(Next::Make);
    assert_eq!(client.code(TOOL, wish("k", "a hat")).await, "in_progress");
    clock.pass_ms(120_000);
    assert_eq!(client.answer(TOOL, wish("k", "a hat")).await["what"], "a hat");
}

/// [T-3]
#[tokio::test]
async fn where_two_calls_made_it_the_first_answer_stands() {
    let World { client, maker, clock } = world(Era::Modern);
    let client = Arc::new(client);
    maker.then(Next::Wait);
    let slow = tokio::spawn({
        let client = Arc::clone(&client);
        async move { client.answer(TOOL, wish("k", "a hat")).await }
    });
    maker.begun.notified().await;
    clock.pass_ms(120_000);
    maker.then(Next::Make);
    let overtaker = client.answer(TOOL, wish("k", "a hat")).await;
    maker.go_on.notify_one();
    assert_eq!(slow.await.unwrap(), overtaker);
    assert_eq!(client.answer(TOOL, wish("k", "a hat")).await, overtaker);
}

/// [T-3]
#[tokio::test]
async fn a_refusal_frees_the_key_for_other_arguments_too() {
    let World { client, maker, .. } = world(Era::Modern);
    maker.then(Next::Refuse("policy_violation"));
    assert_eq!(client.code(TOOL, wish("k", "a gun")).await, "policy_violation");
    maker.then(Next::Make);
    assert_eq!(client.answer(TOOL, wish("k", "a hat")).await["what"], "a hat");
    assert_eq!(maker.charged(), 1);
}

/// [T-3]
#[tokio::test]
async fn a_key_is_short_and_a_tenant_is_one() {
    let World { client, maker, .. } = world(Era::Modern);
    for wrong in [
        wish("", "a hat"),
        wish(&"k".repeat(129), "a hat"),
        wish_of("t1#x", "k", "a hat"),
        json!({ "tenant": "t1", "what": "a hat" }),
        json!({ "idempotency_key": "k", "what": "a hat" }),
    ] {
        assert_eq!(client.code(TOOL, wrong.clone()).await, "invalid_input", "{wrong}");
    }
    client.answer(TOOL, wish(&"k".repeat(128), "a hat")).await;
    assert_eq!(maker.charged(), 1);
}

/// [T-1] [T-3]
#[tokio::test]
async fn an_answer_that_breaks_its_schema_is_not_the_keys_for_good() {
    let World { client, maker, clock } = world(Era::Modern);
    maker.then(Next::Babble);
    assert_eq!(client.error(TOOL, wish("k", "a hat")).await["code"], -32603);
    maker.then(Next::Make);
    assert_eq!(client.code(TOOL, wish("k", "a hat")).await, "in_progress");
    clock.pass_ms(120_000);
    assert_eq!(client.answer(TOOL, wish("k", "a hat")).await["what"], "a hat");
}

/// [T-3]
#[tokio::test(start_paused = true)]
async fn a_call_is_given_up_when_another_may_take_its_key_over() {
    let World { client, maker, .. } = world(Era::Modern);
    maker.then(Next::Wait);
    let giving_up = client.error(TOOL, wish("k", "a hat"));
    let error = tokio::time::timeout(std::time::Duration::from_secs(121), giving_up).await.unwrap();
    assert_eq!(error["code"], -32603);
    assert_eq!(maker.charged(), 0);
}
