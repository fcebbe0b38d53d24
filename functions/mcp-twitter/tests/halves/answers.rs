//! What the platform answers, and what the caller hears.

use serde_json::{Value, json};

use super::{NOVA, deletion, intent, platform};

/// [E-11]
#[tokio::test]
async fn each_answer_of_the_platform_becomes_what_the_system_should_do() {
    let answers = [
        ("duplicate", 403, "duplicate content", Some(false)),
        ("rate_limited", 429, "Too Many Requests", Some(true)),
        ("account_suspended", 403, "your account is suspended", Some(false)),
        ("credentials_refused", 401, "Unauthorized", Some(false)),
        ("credentials_refused", 403, "Forbidden", Some(false)),
        ("text_too_long", 400, "the text is too long", Some(false)),
        ("not_found", 404, "no such post", Some(false)),
        ("platform_refused", 418, "", Some(false)),
        ("", 500, "", None),
        ("", 503, "over capacity", None),
        ("", 408, "", None),
    ];
    for (code, status, detail, retryable) in answers {
        let error = json!({ "status": status, "detail": detail, "retry_after_s": 90 });
        let platform = platform(json!({ "errors": { "unlucky": error, "delete: ": error } }));
        let mut reply = intent("an unlucky reply");
        reply["in_reply_to"] = json!("1800");
        let deletion = deletion(&platform.post("g0", "lucky").await, NOVA);
        let told = [
            platform.post("g1", "an unlucky post").await,
            platform.call(NOVA, "post_reply", "g2", &reply).await,
            platform.call(NOVA, "post_delete", "g3", &deletion).await,
        ];
        for told in told {
            let Some(retryable) = retryable else {
                assert_eq!(told, json!({ "state": "in_flight" }), "{status} {detail}");
                continue;
            };
            assert_eq!(told["state"], "refused", "{status} {detail}");
            assert_eq!(told["refusal"]["code"], code, "{status} {detail}");
            assert_eq!(told["refusal"]["retryable"], retryable, "{status} {detail}");
            assert_eq!(told["retry_after_s"], if retryable { json!(90) } else { Value::Null }, "{told}");
        }
        assert_eq!(platform.search("").await.len(), 1, "{status} {detail}");
    }
}
