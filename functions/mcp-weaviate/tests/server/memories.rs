//! Remembering, recalling, the window, and forgetting.

use std::time::Duration;

use chimera_mcp::server::ToolFault;
use mcp_weaviate::{Capacity, WINDOW};
use serde_json::{Value, json};

use super::{NOVA, episode, mind, mind_holding, of, texts};

const HOUR: Duration = WINDOW;
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_is_remembered_is_recalled_with_all_that_was_said_of_it() {
    let mind = mind(json!({}));
    let text = of(
        NOVA,
        json!({
            "kind": "world", "text": "The ferry to Lisbon leaves at nine.", "salience": 80,
            "source_ref": "https://example.org/ferry", "idempotency_key": "task-1/1",
        }),
    );
    let remembered = mind.call("memory_remember", text).await;
    assert_eq!(remembered["long_term"], true);
    assert_eq!(remembered["created_at"], json!(mind.now()));
    mind.remember(NOVA, "k2", "Breakfast was porridge.").await;
    let recalled =
        mind.call("memory_recall", of(NOVA, json!({ "query": "when does the ferry leave", "k": 1 }))).await;
    let memory = &recalled["memories"][0];
    assert_eq!(memory["id"], remembered["id"]);
    assert_eq!(memory["kind"], "world");
    assert_eq!(memory["salience"], 80);
    assert_eq!(memory["source_ref"], "https://example.org/ferry");
    assert!(memory["score"].as_u64().unwrap() > 9_000, "{memory}");
}

/// [W-2]
#[tokio::test]
async fn the_same_key_remembers_once_and_never_something_else() {
    let mind = mind(json!({}));
    let first = mind.call("memory_remember", episode(NOVA, "k1", "Rain all day.")).await;
    mind.clock.advance(SECOND);
    assert_eq!(mind.call("memory_remember", episode(NOVA, "k1", "Rain all day.")).await, first);
    let other = episode(NOVA, "k1", "Sunshine.");
    assert_eq!(mind.code("memory_remember", other).await, "idempotency_mismatch");
    assert_eq!(mind.recall(NOVA, "rain").await, ["Rain all day."]);
}

/// [W-2]
#[tokio::test]
async fn a_memory_whose_answer_got_lost_is_there_once_when_it_is_remembered_again() {
    let mind = mind(json!({ "applied_but_failed": "unlucky" }));
    let call = episode(NOVA, "k1", "An unlucky day.");
    let lost = mind.fault("memory_remember", call.clone()).await;
    assert!(lost.refusal().is_some_and(|it| it.code == "upstream_unavailable" && it.retryable), "{lost:?}");
    mind.clock.advance(SECOND);
    let again = mind.fault("memory_remember", call).await;
    assert!(again.refusal().is_some_and(|it| it.retryable), "the sandbox loses this answer every time");
    assert_eq!(mind.recall(NOVA, "day").await, ["An unlucky day."]);
    assert_eq!(mind.recent(NOVA).await, ["An unlucky day."]);
}

/// [W-3]
#[tokio::test]
async fn the_window_holds_an_hour_newest_first_and_long_term_memory_holds_on() {
    let mind = mind(json!({}));
    mind.remember(NOVA, "k1", "First the tea.").await;
    mind.clock.advance(HOUR / 2);
    mind.remember(NOVA, "k2", "Then the toast.").await;
    assert_eq!(mind.recent(NOVA).await, ["Then the toast.", "First the tea."]);
    mind.clock.advance(HOUR / 2 - SECOND);
    assert_eq!(mind.recent(NOVA).await.len(), 2, "a second is left");
    mind.clock.advance(SECOND);
    assert_eq!(mind.recent(NOVA).await, ["Then the toast."]);
    mind.clock.advance(HOUR);
    assert_eq!(mind.recent(NOVA).await, Vec::<String>::new());
    assert_eq!(mind.recall(NOVA, "tea").await.len(), 2);
}

/// [W-3]
#[tokio::test]
async fn what_is_said_in_passing_is_never_recalled_and_leaves_with_the_window() {
    let mind = mind(json!({}));
    let mut said = episode(NOVA, "k1", "Good morning, everyone.");
    said["salience"] = json!(0);
    assert_eq!(mind.call("memory_remember", said).await["long_term"], false);
    assert_eq!(mind.recent(NOVA).await, ["Good morning, everyone."]);
    assert_eq!(mind.recall(NOVA, "good morning").await, Vec::<String>::new());
    for (key, kind) in [("k2", "persona"), ("k3", "world"), ("k4", "policy")] {
        let mut stays = episode(NOVA, key, kind);
        stays["kind"] = json!(kind);
        stays["salience"] = json!(0);
        assert_eq!(mind.call("memory_remember", stays).await["long_term"], true, "{kind}");
    }
    mind.clock.advance(HOUR);
    assert_eq!(mind.recent(NOVA).await, Vec::<String>::new());
    assert_eq!(mind.recall(NOVA, "persona world policy").await.len(), 3);
}

#[tokio::test]
async fn kinds_time_and_score_narrow_what_is_recalled() {
    let mind = mind(json!({}));
    for (key, kind, text) in [
        ("k1", "persona", "I like green tea."),
        ("k2", "policy", "Never sell tea."),
        ("k3", "world", "Tea grows in Assam."),
    ] {
        let mut new = episode(NOVA, key, text);
        new["kind"] = json!(kind);
        mind.call("memory_remember", new).await;
        mind.clock.advance(SECOND);
    }
    let with = |more: Value| {
        let mut question = json!({ "query": "green tea", "k": 10 });
        question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        mind.recall_with(NOVA, question)
    };
    assert_eq!(with(json!({})).await.len(), 3);
    assert_eq!(with(json!({ "kinds": ["policy"] })).await, ["Never sell tea."]);
    assert_eq!(with(json!({ "kinds": ["policy", "persona"] })).await.len(), 2);
    let since = mind.now().checked_sub(SECOND).unwrap();
    assert_eq!(with(json!({ "since": since })).await, ["Tea grows in Assam."]);
    assert_eq!(with(json!({ "min_score": 8_000 })).await, ["I like green tea."]);
    assert_eq!(with(json!({ "k": 1 })).await, ["I like green tea."]);
    let recent = mind.call("memory_recent", of(NOVA, json!({ "limit": 5, "kinds": ["world"] }))).await;
    assert_eq!(texts(&recent), ["Tea grows in Assam."]);
}

/// [W-4]
#[tokio::test]
async fn of_texts_that_fit_equally_the_fresh_one_and_the_one_that_matters_come_first() {
    let mind = mind(json!({}));
    let of_salience = |key: &str, salience: u8| {
        let mut new = episode(NOVA, key, "The bakery opens at six.");
        new["salience"] = json!(salience);
        new
    };
    let old = mind.call("memory_remember", of_salience("old", 50)).await;
    mind.clock.advance(Duration::from_secs(30 * 24 * 3_600));
    let fresh = mind.call("memory_remember", of_salience("fresh", 50)).await;
    let great = mind.call("memory_remember", of_salience("great", 90)).await;
    let recalled = mind.call("memory_recall", of(NOVA, json!({ "query": "bakery", "k": 3 }))).await;
    let ids: Vec<&Value> =
        recalled["memories"].as_array().unwrap().iter().map(|memory| &memory["id"]).collect();
    assert_eq!(ids, [&great["id"], &fresh["id"], &old["id"]]);
}

#[tokio::test]
async fn what_is_forgotten_is_gone_and_its_key_does_not_bring_it_back() {
    let mind = mind(json!({}));
    let tea = mind.remember(NOVA, "k1", "A secret tea.").await;
    mind.remember(NOVA, "k2", "An open secret.").await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let forget = of(NOVA, json!({ "ids": [tea, nobody, tea], "idempotency_key": "f1" }));
    let forgotten = mind.call("memory_forget", forget.clone()).await;
    assert_eq!(forgotten, json!({ "forgotten": [tea], "unknown": [nobody] }));
    assert_eq!(mind.call("memory_forget", forget).await, forgotten, "the same call has the same answer");
    assert_eq!(mind.recall(NOVA, "secret tea").await, ["An open secret."]);
    assert_eq!(mind.recent(NOVA).await, ["An open secret."]);
    let again = of(NOVA, json!({ "ids": [tea], "idempotency_key": "f2" }));
    assert_eq!(mind.call("memory_forget", again).await["unknown"], json!([tea]));
    mind.call("memory_remember", episode(NOVA, "k1", "A secret tea.")).await;
    assert_eq!(mind.recall(NOVA, "secret tea").await, ["An open secret."], "an old answer remembers nothing");
}

#[tokio::test]
async fn a_full_memory_refuses_and_forgetting_makes_room() {
    let mind = mind_holding(json!({}), Capacity { objects: 2, ..Capacity::STANDARD });
    let first = mind.remember(NOVA, "k1", "one").await;
    mind.remember(NOVA, "k2", "two").await;
    assert_eq!(mind.code("memory_remember", episode(NOVA, "k3", "three")).await, "policy_violation");
    let mut said = episode(NOVA, "k4", "in passing");
    said["salience"] = json!(0);
    mind.call("memory_remember", said).await;
    mind.call("memory_forget", of(NOVA, json!({ "ids": [first], "idempotency_key": "f1" }))).await;
    mind.remember(NOVA, "k3", "three").await;
    assert_eq!(mind.recall(NOVA, "two three").await.len(), 2);
}

#[tokio::test]
async fn an_agent_that_remembers_nothing_recalls_nothing() {
    let mind = mind(json!({}));
    assert_eq!(mind.recall(NOVA, "anything").await, Vec::<String>::new());
    assert_eq!(mind.recent(NOVA).await, Vec::<String>::new());
}

#[tokio::test]
async fn bad_arguments_are_refused_and_nothing_is_remembered() {
    let mind = mind(json!({}));
    let with = |field: &str, value: Value| {
        let mut call = episode(NOVA, "k1", "text");
        call[field] = value;
        call
    };
    for (field, value) in [
        ("text", json!("")),
        ("text", json!(" \n ")),
        ("text", json!("x".repeat(8_001))),
        ("kind", json!("dream")),
        ("salience", json!(101)),
        ("salience", json!(-1)),
        ("salience", json!(0.5)),
        ("tenant", json!("a#b")),
        ("agent", json!("")),
        ("idempotency_key", json!("")),
        ("idempotency_key", json!("x".repeat(129))),
        ("mood", json!("good")),
    ] {
        let call = with(field, value.clone());
        assert_eq!(mind.code("memory_remember", call).await, "invalid_input", "{field} {value}");
    }
    mind.call("memory_remember", with("text", json!("ü".repeat(8_000)))).await;
    assert_eq!(mind.recent(NOVA).await.len(), 1);
    for question in [
        json!({ "query": "", "k": 1 }),
        json!({ "query": "x", "k": 0 }),
        json!({ "query": "x", "k": 51 }),
        json!({ "query": "x", "k": 1, "alpha": 10_001 }),
        json!({ "query": "x", "k": 1, "since": "yesterday" }),
        json!({ "query": "x" }),
    ] {
        assert_eq!(
            mind.code("memory_recall", of(NOVA, question.clone())).await,
            "invalid_input",
            "{question}"
        );
    }
}

#[tokio::test]
async fn a_hit_that_comes_twice_is_recalled_once() {
    let mind = mind(json!({ "duplicate": "echo" }));
    mind.remember(NOVA, "k1", "an echo in the valley").await;
    assert_eq!(mind.recall(NOVA, "echo").await, ["an echo in the valley"]);
}

/// [W-6]
#[tokio::test]
async fn a_failing_database_is_told_as_what_it_means() {
    let mind = mind(json!({ "errors": {
        "limited": { "status": 429, "message": "too many requests", "retry_after_s": 9 },
        "down": { "status": 503, "message": "shutting down" },
    } }));
    let limited = mind.fault("memory_recall", of(NOVA, json!({ "query": "limited", "k": 1 }))).await;
    let waits =
        matches!(&limited, ToolFault::Wait { refusal, retry_after_s: 9 } if refusal.code == "rate_limited");
    assert!(waits, "{limited:?}");
    let down = mind.fault("memory_remember", episode(NOVA, "k1", "down")).await;
    assert!(down.refusal().is_some_and(|it| it.code == "upstream_unavailable" && it.retryable), "{down:?}");
    assert_eq!(mind.recent(NOVA).await, Vec::<String>::new());
}
