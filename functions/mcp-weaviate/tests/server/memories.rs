//! Remembering, recalling, the window, and forgetting.

use std::time::Duration;

use chimera_mcp::server::ToolFault;
use mcp_weaviate::{Capacity, WINDOW};
use serde_json::{Value, json};

use super::{NOVA, episode, id_of, mind, mind_of, of, texts};

const HOUR: Duration = WINDOW;
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_is_remembered_is_recalled_with_all_that_was_said_of_it() {
    let mind = mind(json!({}));
    let text = json!({
        "key": "task-1/1", "kind": "world", "text": "The ferry to Lisbon leaves at nine.", "salience": 80,
        "source_ref": "https://example.org/ferry",
    });
    let id = mind.remember_as(NOVA, text).await;
    assert_eq!(id, id_of(NOVA, "task-1/1"));
    mind.remember(NOVA, "k2", "Breakfast was porridge.").await;
    let recalled =
        mind.call("memory_recall", of(NOVA, json!({ "query": "when does the ferry leave", "k": 1 }))).await;
    let memory = &recalled["memories"][0];
    assert_eq!(memory["id"], json!(id));
    assert_eq!((&memory["long_term"], &memory["created_at"]), (&json!(true), &json!(mind.now())));
    assert_eq!(memory["kind"], "world");
    assert_eq!(memory["salience"], 80);
    assert_eq!(memory["source_ref"], "https://example.org/ferry");
    assert!(memory["score"].as_u64().unwrap() > 9_000, "{memory}");
}

/// [W-2]
#[tokio::test]
async fn the_same_key_remembers_once_and_another_text_takes_the_place_of_the_first() {
    let mind = mind(json!({}));
    let first = mind.remember(NOVA, "k1", "Rain all day.").await;
    let before = mind.get(NOVA, &["k1"]).await;
    mind.clock.advance(SECOND);
    assert_eq!(mind.remember(NOVA, "k1", "Rain all day.").await, first);
    assert_eq!(mind.get(NOVA, &["k1"]).await, before, "nothing of it has changed");
    let renewed = json!({ "key": "k1", "kind": "episodic", "text": "Sunshine.", "salience": 70 });
    assert_eq!(mind.remember_as(NOVA, renewed).await, first);
    let after = mind.get(NOVA, &["k1"]).await;
    assert_eq!((&after[0]["text"], &after[0]["salience"]), (&json!("Sunshine."), &json!(70)));
    assert_eq!(after[0]["created_at"], before[0]["created_at"], "it is as old as it was");
    assert_eq!(mind.recall(NOVA, "rain and sunshine").await, ["Sunshine."], "there is one");
    assert_eq!(mind.recent(NOVA).await, ["Sunshine."]);
    let said = json!({ "key": "k1", "kind": "episodic", "text": "Hm.", "salience": 0 });
    assert_eq!(mind.refused(said).await, "idempotency_mismatch", "what stays does not become what passes");
}

/// [W-2] [W-7]
#[tokio::test]
async fn a_memory_whose_answer_got_lost_is_there_once_when_it_is_kept_again() {
    let mind = mind(json!({ "applied_but_failed": "unlucky" }));
    let lost = mind.keep(NOVA, json!([episode("k1", "An unlucky day.")])).await;
    assert_eq!(lost["state"], "in_flight", "nobody knows");
    assert_eq!(mind.get(NOVA, &["k1"]).await[0]["text"], "An unlucky day.", "but it can be looked up");
    mind.clock.advance(SECOND);
    let again = mind.keep(NOVA, json!([episode("k1", "An unlucky day.")])).await;
    assert_eq!(again["state"], "in_flight", "the sandbox loses this answer every time");
    assert_eq!(mind.recall(NOVA, "day").await, ["An unlucky day."]);
    assert_eq!(mind.recent(NOVA).await, ["An unlucky day."]);
}

#[tokio::test]
async fn what_stands_under_keys_is_told_in_their_order_and_what_has_passed_is_not() {
    let mind = mind(json!({}));
    mind.remember(NOVA, "k1", "one").await;
    mind.remember(NOVA, "k2", "two").await;
    mind.remember_as(NOVA, json!({ "key": "k3", "kind": "episodic", "text": "passing", "salience": 0 }))
        .await;
    let keys = async |asked: &[&str]| -> Vec<Value> {
        mind.get(NOVA, asked).await.iter().map(|memory| memory["key"].clone()).collect()
    };
    assert_eq!(keys(&["k3", "k9", "k2", "k1"]).await, ["k3", "k2", "k1"]);
    mind.clock.advance(HOUR);
    assert_eq!(keys(&["k3", "k2"]).await, ["k2"]);
    let none = of(NOVA, json!({ "keys": [] }));
    assert_eq!(mind.code("memories_get", none).await, "invalid_input");
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
    let mut said = episode("k1", "Good morning, everyone.");
    said["salience"] = json!(0);
    mind.remember_as(NOVA, said).await;
    assert_eq!(mind.get(NOVA, &["k1"]).await[0]["long_term"], false);
    assert_eq!(mind.recent(NOVA).await, ["Good morning, everyone."]);
    assert_eq!(mind.recall(NOVA, "good morning").await, Vec::<String>::new());
    for (key, kind) in [("k2", "persona"), ("k3", "world"), ("k4", "policy")] {
        let mut stays = episode(key, kind);
        stays["kind"] = json!(kind);
        stays["salience"] = json!(0);
        mind.remember_as(NOVA, stays).await;
        assert_eq!(mind.get(NOVA, &[key]).await[0]["long_term"], true, "{kind}");
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
        let mut new = episode(key, text);
        new["kind"] = json!(kind);
        mind.remember_as(NOVA, new).await;
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
        let mut new = episode(key, "The bakery opens at six.");
        new["salience"] = json!(salience);
        new
    };
    let old = mind.remember_as(NOVA, of_salience("old", 50)).await;
    mind.clock.advance(Duration::from_secs(30 * 24 * 3_600));
    let fresh = mind.remember_as(NOVA, of_salience("fresh", 50)).await;
    let great = mind.remember_as(NOVA, of_salience("great", 90)).await;
    let recalled = mind.call("memory_recall", of(NOVA, json!({ "query": "bakery", "k": 3 }))).await;
    let ids: Vec<&Value> =
        recalled["memories"].as_array().unwrap().iter().map(|memory| &memory["id"]).collect();
    assert_eq!(ids, [&json!(great), &json!(fresh), &json!(old)]);
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
    assert_eq!(mind.refused(episode("k1", "A secret tea.")).await, "policy_violation", "it was forgotten");
    assert_eq!(mind.recall(NOVA, "secret tea").await, ["An open secret."]);
    assert_eq!(mind.get(NOVA, &["k1"]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_full_memory_refuses_and_forgetting_makes_room() {
    let mind = mind_of(json!({}), Capacity { objects: 2, ..Capacity::STANDARD }, false);
    let first = mind.remember(NOVA, "k1", "one").await;
    mind.remember(NOVA, "k2", "two").await;
    assert_eq!(mind.refused(episode("k3", "three")).await, "policy_violation");
    let mut said = episode("k4", "in passing");
    said["salience"] = json!(0);
    mind.remember_as(NOVA, said).await;
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
        let mut memory = episode("k1", "text");
        memory[field] = value;
        memory
    };
    for (field, value) in [
        ("text", json!("")),
        ("text", json!(" \n ")),
        ("text", json!("x".repeat(8_001))),
        ("kind", json!("dream")),
        ("salience", json!(101)),
        ("salience", json!(-1)),
        ("salience", json!(0.5)),
        ("source_ref", json!("")),
        ("key", json!("")),
        ("key", json!("x".repeat(129))),
        ("mood", json!("good")),
    ] {
        let memory = with(field, value.clone());
        assert_eq!(mind.refused(memory).await, "invalid_input", "{field} {value}");
    }
    mind.remember_as(NOVA, with("text", json!("ü".repeat(8_000)))).await;
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
    let wait = mind.keep(NOVA, json!([episode("k1", "limited")])).await;
    assert_eq!((&wait["state"], &wait["retry_after_s"]), (&json!("refused"), &json!(9)), "{wait}");
    let down = mind.keep(NOVA, json!([episode("k1", "down")])).await;
    assert_eq!(down["state"], "in_flight", "it may have been kept");
    assert_eq!(mind.recent(NOVA).await, Vec::<String>::new());
}
