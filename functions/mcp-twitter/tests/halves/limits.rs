//! What the platform takes, and how much of it.

use serde_json::json;

use super::{NOVA, deletion, intent, platform};

#[tokio::test]
async fn the_platform_refuses_what_the_platform_refuses() {
    let platform = platform(json!({}));
    assert_eq!(platform.post("g1", "same").await["state"], "done");
    assert_eq!(platform.post("g2", "same").await["refusal"]["code"], "duplicate");
    let long = platform.post("g3", &"長".repeat(141)).await;
    assert_eq!(long["refusal"]["code"], "text_too_long");
    for n in 2..100 {
        assert_eq!(platform.post(&format!("m{n}"), &format!("post {n}")).await["state"], "done", "{n}");
    }
    let limited = platform.post("g4", "one too many").await;
    assert_eq!(
        (&limited["refusal"]["code"], &limited["refusal"]["retryable"], &limited["retry_after_s"]),
        (&json!("rate_limited"), &json!(true), &json!(10))
    );
    platform.time.forward(9);
    assert_eq!(platform.post("g5", "one too many").await["state"], "done");
    assert_eq!(platform.post("g6", "and another").await["refusal"]["code"], "rate_limited");
}

#[tokio::test]
async fn three_hundred_posts_in_three_hours_are_the_most() {
    let platform = platform(json!({}));
    let mut posted = 0;
    let mut limited = json!(null);
    for tried in 0..2_000 {
        let told = platform.post(&format!("g{tried}"), &format!("post {tried}")).await;
        match told["retry_after_s"].as_u64() {
            None => posted += u32::from(told["state"] == "done"),
            // The quarter of an hour is over soon, the three hours are not.
            Some(seconds) if seconds <= 10 => platform.time.forward(9),
            Some(_) => {
                limited = told;
                break;
            }
        }
    }
    assert_eq!(limited["refusal"]["code"], "rate_limited");
    assert!((300..420).contains(&posted), "{posted}");
}

#[tokio::test]
async fn fifty_deletions_in_a_quarter_of_an_hour_are_the_most() {
    let platform = platform(json!({}));
    let posted = platform.post("g0", "kept").await;
    for n in 0..50 {
        let never = json!({ "account": "nova", "post_id": format!("{n}") });
        assert_eq!(platform.call(NOVA, "post_delete", &format!("d{n}"), &never).await["state"], "done");
    }
    let arguments = deletion(&posted, NOVA);
    let limited = platform.call(NOVA, "post_delete", "d50", &arguments).await;
    assert_eq!(
        (&limited["refusal"]["code"], &limited["retry_after_s"]),
        (&json!("rate_limited"), &json!(19))
    );
    assert_eq!(platform.search("kept").await.len(), 1);
    platform.time.forward(18);
    assert_eq!(platform.call(NOVA, "post_delete", "d51", &arguments).await["state"], "done");
    assert!(platform.search("kept").await.is_empty());
}

/// [E-11]
#[tokio::test]
async fn the_platform_may_take_for_a_repetition_what_was_never_said() {
    let platform = platform(json!({ "duplicate": "déjà vu" }));
    let told = platform.post("g1", "a déjà vu of a post").await;
    assert_eq!((&told["state"], &told["refusal"]["code"]), (&json!("refused"), &json!("duplicate")));
    assert_eq!(platform.post("g2", "another post").await["state"], "done");
    let mut reply = intent("a déjà vu of a reply");
    reply["in_reply_to"] = json!("1800");
    let told = platform.call(NOVA, "post_reply", "g3", &reply).await;
    assert_eq!(told["refusal"]["code"], "duplicate");
    assert_eq!(platform.search("").await.len(), 1);
}
