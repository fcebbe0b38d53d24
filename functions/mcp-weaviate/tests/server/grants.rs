//! Nothing is remembered without a grant for exactly that.

use mcp_weaviate::Capacity;
use serde_json::{Value, json};

use super::{Mind, NOVA, episode, mind, mind_of};

fn arguments(memories: Value) -> Value {
    json!({ "account": "nova", "memories": memories })
}

async fn code(mind: &Mind, call: Value) -> String {
    mind.code("memories_keep", call).await
}

/// [W-7] [E-1]
#[tokio::test]
async fn nothing_is_kept_without_a_grant_for_exactly_these_memories() {
    let mind = mind(json!({}));
    let sound = arguments(json!([episode("k1", "My secret recipe.")]));
    let mut bare = mind.granted(NOVA, &sound);
    bare.as_object_mut().unwrap().remove("grant");
    assert_eq!(code(&mind, bare).await, "invalid_input");

    let mut changed = mind.granted(NOVA, &sound);
    changed["memories"][0]["text"] = json!("I am a banker.");
    assert_eq!(code(&mind, changed).await, "grant_arguments");

    let mut more = mind.granted(NOVA, &sound);
    more["memories"].as_array_mut().unwrap().push(episode("k2", "Another."));
    assert_eq!(code(&mind, more).await, "grant_arguments");

    let mut forged = mind.granted(NOVA, &sound);
    forged["grant"]["grant"]["max_cost"]["minor"] = json!(1);
    assert_eq!(code(&mind, forged).await, "grant_invalid");

    let mut elsewhere = mind.granted(("t1", "luna"), &sound);
    elsewhere["account"] = json!("nova");
    assert_eq!(code(&mind, elsewhere).await, "grant_account");

    assert_eq!(mind.recent(NOVA).await, Vec::<String>::new());
}

/// [W-1] [E-8] Whose memory it becomes is the grant's to say, and nothing in the arguments could.
#[tokio::test]
async fn a_grant_remembers_for_its_own_tenant_alone() {
    let mind = mind(json!({}));
    let mut named = mind.granted(NOVA, &arguments(json!([episode("k1", "Mine.")])));
    named["tenant"] = json!("t2");
    assert_eq!(code(&mind, named).await, "invalid_input");
    mind.remember(("t2", "nova"), "k1", "Theirs.").await;
    assert_eq!(mind.recent(NOVA).await, Vec::<String>::new());
    assert_eq!(mind.recent(("t2", "nova")).await, ["Theirs."]);
}

/// [W-7] [E-2]
#[tokio::test]
async fn a_used_grant_answers_what_came_of_it_and_keeps_nothing_more() {
    let mind = mind(json!({}));
    let sound = arguments(json!([episode("k1", "one"), episode("k2", "two")]));
    let call = mind.granted(NOVA, &sound);
    let first = mind.call("memories_keep", call.clone()).await;
    assert_eq!(first["state"], "done");
    assert_eq!(first["outcome"]["cost"], json!({ "minor": 0, "currency": "USD" }));
    let ids = first["outcome"]["external_id"].as_str().unwrap();
    let found = mind.get(NOVA, &["k1", "k2"]).await;
    let both: Vec<&str> = found.iter().map(|memory| memory["id"].as_str().unwrap()).collect();
    assert_eq!(ids, both.join(","), "each is named, in order");
    assert_eq!(mind.call("memories_keep", call.clone()).await, first);
    let forget = json!({ "tenant": "t1", "agent": "nova", "ids": [both[0]], "idempotency_key": "f1" });
    mind.call("memory_forget", forget).await;
    assert_eq!(mind.call("memories_keep", call).await, first, "what was forgotten is not kept again");
    assert_eq!(mind.recent(NOVA).await, ["two"]);
}

/// [E-2] [E-14]
#[tokio::test]
async fn a_voided_grant_keeps_nothing() {
    let mind = mind(json!({}));
    let call = mind.granted(NOVA, &arguments(json!([episode("k1", "one")])));
    let voided = mind.call("effect_void", json!({ "grant": call["grant"] })).await;
    assert_eq!(voided["state"], "void");
    assert_eq!(mind.call("memories_keep", call).await["state"], "void");
    assert_eq!(mind.recent(NOVA).await, Vec::<String>::new());
}

/// [W-7]
#[tokio::test]
async fn what_could_be_kept_in_part_only_is_refused_before_its_grant_is_burnt() {
    let mind = mind(json!({}));
    for memories in [
        json!([]),
        json!([episode("k1", "1"), episode("k2", "2"), episode("k3", "3"), episode("k4", "4")]),
        json!([episode("k1", "1"), episode("k1", "2")]),
        json!([episode("k1", "1"), episode("k2", " \n ")]),
    ] {
        let call = mind.granted(NOVA, &arguments(memories.clone()));
        assert_eq!(code(&mind, call.clone()).await, "invalid_input", "{memories}");
        let outcome = mind.call("effect_outcome", json!({ "grant": call["grant"] })).await;
        assert_eq!(outcome["state"], "unused", "{memories}");
    }
    assert_eq!(mind.recent(NOVA).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_full_memory_says_how_far_it_came() {
    let mind = mind_of(json!({}), Capacity { objects: 1, ..Capacity::STANDARD }, false);
    let told = mind.keep(NOVA, json!([episode("k1", "one"), episode("k2", "two")])).await;
    assert_eq!(told["refusal"]["code"], "policy_violation", "{told}");
    let message = told["refusal"]["message"].as_str().unwrap();
    assert!(message.starts_with("1 of 2 memories are kept; k2: there is no room"), "{message}");
}

/// [T-7]
#[tokio::test]
async fn a_server_in_dry_run_burns_the_grant_and_keeps_nothing() {
    let mind = mind_of(json!({}), Capacity::STANDARD, true);
    let told = mind.keep(NOVA, json!([episode("k1", "one")])).await;
    assert_eq!((&told["state"], &told["refusal"]["code"]), (&json!("refused"), &json!("dry_run")));
    assert_eq!(mind.recent(NOVA).await, Vec::<String>::new());
}

/// [W-7]
#[tokio::test]
async fn the_read_half_offers_nothing_that_could_change_a_memory() {
    let mind = mind(json!({}));
    let tools = mind.read.tools();
    let read_only = |tool: &Value| tool["annotations"]["readOnlyHint"] == true;
    assert!(tools.iter().map(|tool| json!(tool)).all(|tool| read_only(&tool)));
    for tool in ["memories_keep", "memory_forget", "weaviate-objects-upsert", "effect_void"] {
        assert!(tools.iter().all(|offered| offered.name != tool), "{tool}");
    }
}
