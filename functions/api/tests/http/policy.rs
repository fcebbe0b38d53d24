//! The policy: whole, sound, as it was seen, or not at all.

use axum::http::StatusCode;
use chimera_domain::Policy;
use chimera_testkit::builders::a_policy;
use serde_json::{Value, json};

use crate::world::{Answer, World};

async fn put(world: &World, policy: &Value, if_match: Option<&str>) -> Answer {
    let mut headers = world.headers(&["admin"], "acme");
    headers.extend(if_match.map(|tag| ("if-match".to_owned(), tag.to_owned())));
    world.send("PUT", "/policy", headers, policy.to_string()).await
}

/// The standard policy with another value at a JSON pointer, whose parent is there.
fn with(pointer: &str, value: Value) -> Value {
    let mut policy = json!(a_policy());
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match policy.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        fields => fields[name] = value,
    }
    policy
}

/// A policy in which every field is set.
fn everything() -> Value {
    let usd = |minor: i64| json!({"minor": minor, "currency": "USD"});
    json!({
        "currency": "USD",
        "thresholds": {"approve": 9_500, "hold": 6_000},
        "medium_band": "publish_then_review",
        "low_band": "human",
        "topics": ["politics", "financial_advice"],
        "tenant_topics": {"rivals": ["Kestrel", "the other lamp"]},
        "hold_first": 3,
        "recipients": ["0x00a1"],
        "quiet_hours": {"from": "22:00:00", "to": "07:30:00", "utc_offset_minutes": 120},
        "near_duplicate": {"window_days": 14},
        "disclosure": "label_and_text",
        "ai_replies_approved": true,
        "token_deploy": true,
        "caps": {
            "per_effect": usd(50), "per_campaign": usd(2_000), "per_agent_day": usd(500), "per_tenant_day": usd(1_000),
            "operating": usd(300),
        },
        "ladder": [{"reviewers": ["reviewer", "rita"], "wait_s": 600}, {"reviewers": ["admin"], "wait_s": 3_600}],
        "killed": false,
        "killed_tools": ["twitter.post_delete"],
        "agents": {"mira": {
            "killed": true, "pacing_s": 900,
            "quiet_hours": {"from": "12:00:00", "to": "13:00:00", "utc_offset_minutes": 0},
        }},
    })
}

///
#[tokio::test]
async fn every_field_comes_back_as_it_was_put_with_version_and_digest() {
    let world = World::new();
    let put = put(&world, &everything(), None).await;
    assert_eq!((put.status, put.header("etag").as_str()), (StatusCode::OK, "\"1\""), "{}", put.body);
    let policy: Policy = serde_json::from_value(everything()).unwrap();
    let told = json!({"version": 1, "digest": policy.digest(), "policy": everything()});
    assert_eq!(put.body, told);
    let shown = world.get("/policy").await;
    assert_eq!((shown.header("etag").as_str(), &shown.body), ("\"1\"", &told));
}

///
#[tokio::test]
async fn a_policy_is_replaced_only_as_it_was_seen() {
    let world = World::new();
    let standard = world.get("/policy").await;
    assert_eq!((standard.header("etag").as_str(), &standard.body["version"]), ("\"0\"", &json!(0)));
    let policy = standard.body["policy"].clone();
    assert_eq!(policy, json!(a_policy()));
    let first = put(&world, &policy, Some("\"0\"")).await;
    assert_eq!((first.status, first.header("etag").as_str()), (StatusCode::OK, "\"1\""));
    let stale = put(&world, &with("/killed", json!(true)), Some("\"0\"")).await;
    stale.is(StatusCode::PRECONDITION_FAILED, "precondition_failed");
    assert_eq!(world.get("/policy").await.body["policy"]["killed"], json!(false), "the update was not lost");
    let blind = put(&world, &policy, None).await;
    assert_eq!((blind.status, blind.header("etag").as_str()), (StatusCode::OK, "\"2\""));
}

///
#[tokio::test]
async fn of_many_who_saw_the_same_policy_one_replaces_it() {
    let world = World::with(chimera_testkit::Faults::seeded(3).interleaved());
    put(&world, &json!(a_policy()), None).await;
    let policies: Vec<Value> = (0..20).map(|n| with("/hold_first", json!(n))).collect();
    let answers =
        futures::future::join_all(policies.iter().map(|policy| put(&world, policy, Some("\"1\"")))).await;
    let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == StatusCode::OK).collect();
    assert_eq!(won.len(), 1);
    let lost = answers.iter().filter(|answer| answer.status == StatusCode::PRECONDITION_FAILED).count();
    assert_eq!(lost, 19);
    assert_eq!(world.get("/policy").await.body, won[0].body);
}

/// Everything that is refused: where, what is put there, and where the problem says it is.
fn refused() -> Vec<(&'static str, Value, &'static str)> {
    let money = |minor: Value| json!({"minor": minor, "currency": "USD"});
    let hours =
        |from: &str, to: &str, offset: i64| json!({"from": from, "to": to, "utc_offset_minutes": offset});
    vec![
        // Unknown keys, at every depth.
        ("/tenant", json!("other"), "/tenant"),
        ("/thresholds/maybe", json!(1), "/thresholds/maybe"),
        ("/caps/per_hour", json!(null), "/caps/per_hour"),
        ("/agents/mira", json!({"kiled": true}), "/agents/mira/kiled"),
        ("/quiet_hours", json!({"from": "22:00", "to": "07:00", "zone": "UTC"}), "/quiet_hours/zone"),
        ("/ladder/0", json!({"reviewers": ["a"], "wait_s": 1, "x": 1}), "/ladder/0/x"),
        // Thresholds.
        ("/thresholds", json!({"approve": 7_000, "hold": 9_000}), "/thresholds/hold"),
        ("/thresholds/approve", json!(10_001), "/thresholds/approve"),
        ("/thresholds/approve", json!(-1), "/thresholds/approve"),
        ("/thresholds/approve", json!(0.9), "/thresholds/approve"),
        ("/thresholds/approve", json!("NaN"), "/thresholds/approve"),
        // Money.
        ("/caps/per_effect", money(json!(0.5)), "/caps/per_effect/minor"),
        ("/caps/per_effect", money(json!(1e3)), "/caps/per_effect/minor"),
        ("/caps/per_effect", money(json!("20")), "/caps/per_effect/minor"),
        ("/caps/per_effect", money(json!(-1)), "/caps/per_effect"),
        ("/caps/per_effect", json!(20), "/caps/per_effect"),
        ("/caps/per_campaign", json!({"minor": 1, "currency": "EUR"}), "/caps/per_campaign"),
        ("/caps/per_agent_day", json!({"minor": 1, "currency": "DOGE"}), "/caps/per_agent_day/currency"),
        ("/currency", json!("EUR"), "/currency"),
        // Names and words.
        ("/topics", json!(["politics", "weather"]), "/topics/1"),
        ("/medium_band", json!("guess"), "/medium_band"),
        ("/disclosure", json!("whisper"), "/disclosure"),
        ("/tenant_topics", json!({"Rivals": ["Kestrel"]}), "/tenant_topics/Rivals"),
        ("/tenant_topics", json!({"a/b": ["Kestrel"]}), "/tenant_topics/a~1b"),
        ("/tenant_topics", json!({"rivals": []}), "/tenant_topics/rivals"),
        ("/tenant_topics", json!({"rivals": ["K"]}), "/tenant_topics/rivals"),
        ("/killed_tools", json!(["post_create"]), "/killed_tools"),
        ("/killed_tools", json!(["twitter.post create"]), "/killed_tools"),
        ("/recipients", json!(["two words"]), "/recipients"),
        ("/agents", json!({"no/agent": {}}), "/agents/no~1agent"),
        ("/ladder", json!([]), "/ladder"),
        ("/ladder/0", json!({"reviewers": [], "wait_s": 60}), "/ladder"),
        ("/ladder/0", json!({"reviewers": [" "], "wait_s": 60}), "/ladder"),
        ("/ladder/0", json!({"reviewers": ["a"], "wait_s": 0}), "/ladder"),
        // Times.
        ("/quiet_hours", hours("25:00", "07:00", 0), "/quiet_hours/from"),
        ("/quiet_hours", hours("10 pm", "07:00", 0), "/quiet_hours/from"),
        ("/quiet_hours", hours("22:00", "22:00", 0), "/quiet_hours"),
        ("/quiet_hours", hours("22:00", "07:00", 841), "/quiet_hours"),
        ("/agents/mira", json!({"quiet_hours": hours("22:00", "22:00", 0)}), "/agents/mira/quiet_hours"),
        ("/agents/mira", json!({"pacing_s": -1}), "/agents/mira/pacing_s"),
        ("/near_duplicate", json!({"window_days": 32}), "/near_duplicate/window_days"),
        ("/hold_first", json!(-1), "/hold_first"),
        ("/killed", json!("yes"), "/killed"),
    ]
}

///
#[tokio::test]
async fn what_is_unsound_is_refused_by_its_place_and_changes_nothing() {
    let world = World::new();
    put(&world, &everything(), None).await;
    let before = world.get("/policy").await.body;
    for (place, value, told) in refused() {
        let answer = put(&world, &with(place, value.clone()), None).await;
        let case = format!("{place} {value}: {}", answer.body);
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{case}");
        assert_eq!(answer.body["pointer"], told, "{case}");
        let words = told[1..].replace('/', ".").replace("~1", "/");
        assert!(answer.body["detail"].as_str().unwrap().starts_with(&format!("{words}: ")), "{case}");
        let code = answer.body["code"].as_str().unwrap();
        assert!(["invalid_body", "invalid_policy"].contains(&code), "{case}");
    }
    assert_eq!(world.get("/policy").await.body, before);
}

///
#[tokio::test]
async fn a_number_that_json_does_not_have_is_malformed() {
    let world = World::new();
    let policy = json!(a_policy()).to_string();
    assert!(policy.contains("9000"));
    for number in ["NaN", "Infinity", "-Infinity", "1e999", "09000"] {
        let body = policy.replacen("9000", number, 1);
        let answer = world.send("PUT", "/policy", world.headers(&["admin"], "acme"), body).await;
        answer.is(StatusCode::BAD_REQUEST, "malformed_body");
    }
    let twice = policy.replacen('{', "{\"killed\":true,", 1);
    let answer = world.send("PUT", "/policy", world.headers(&["admin"], "acme"), twice).await;
    answer.is(StatusCode::BAD_REQUEST, "malformed_body");
    assert_eq!(world.get("/policy").await.body["version"], 0);
}

#[tokio::test]
async fn a_part_of_a_policy_is_no_policy() {
    let world = World::new();
    for name in ["currency", "thresholds", "medium_band", "low_band", "topics", "caps", "ladder", "killed"] {
        let mut policy = json!(a_policy());
        policy.as_object_mut().unwrap().remove(name);
        let answer = put(&world, &policy, None).await;
        answer.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body");
        assert!(answer.body["detail"].as_str().unwrap().contains(name), "{}", answer.body);
    }
}

/// [P-12]
#[tokio::test]
async fn who_changed_the_policy_is_kept_with_its_version() {
    let world = World::new();
    put(&world, &json!(a_policy()), None).await;
    let rows = world.cloud.rows().unwrap();
    let row = rows.iter().find(|row| matches!(row.row, chimera_domain::Row::Policy(_))).unwrap();
    assert!(row.writer.as_str().starts_with("policy-ada-"), "{}", row.writer);
}
