//! Posts, replies, pictures, deletions.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::{Currency, Digest, Money, Outcome};
use chimera_mcp::server::Upstream;
use mcp_twitter::{Mime, NewPost, Outlet, Picture, Renewal};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ACCESS, NOW, Told, Vault, World, bearer, live, nova, nowhere, ok, told, world};

fn post(text: &str) -> NewPost {
    NewPost {
        account: nova(),
        text: text.to_owned(),
        in_reply_to: None,
        made_with_ai: true,
        paid_partnership: false,
        media: Vec::new(),
        key: Uuid::from_u128(1),
    }
}

fn picture(mime: Mime, bytes: &[u8], alt_text: Option<&str>) -> Picture {
    let alt_text = alt_text.map(str::to_owned);
    Picture { digest: Digest::of_bytes(bytes), mime, alt_text, bytes: bytes.to_vec() }
}

fn posted() -> Told {
    told(201, &json!({ "data": { "id": "1445880548472328192", "text": "as the platform shows it" } }))
}

fn done(cents: i64) -> Upstream {
    Upstream::Done(Outcome {
        external_id: "1445880548472328192".to_owned(),
        url: Some("https://x.com/i/web/status/1445880548472328192".to_owned()),
        cost: Money::new(cents, Currency::Usd).unwrap(),
    })
}

/// The refusal's code, whether a new grant may do better, and the wait; none where nobody knows what happened.
fn refusal(told: &Upstream) -> Option<(&str, bool, Option<u32>)> {
    match told {
        Upstream::Refused { refusal, retry_after_s } => {
            Some((refusal.code.as_str(), refusal.retryable, *retry_after_s))
        }
        Upstream::Unknown(_) => None,
        Upstream::Done(outcome) => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn a_post_is_one_request_with_its_labels() {
    let world = world([posted()]).await;
    assert_eq!(world.live.post(post("hello")).await, done(2));
    let seen = world.seen();
    assert_eq!(world.lines(), ["POST /2/tweets"]);
    assert_eq!(seen[0].authorization, bearer(ACCESS));
    assert_eq!(seen[0].content_type.as_deref(), Some("application/json"));
    assert_eq!(seen[0].json(), json!({ "text": "hello", "made_with_ai": true }));
}

#[tokio::test]
async fn a_reply_names_what_it_answers_and_a_paid_one_who_pays() {
    let world = world([posted()]).await;
    let reply = NewPost {
        in_reply_to: Some("1346889436626259968".to_owned()),
        paid_partnership: true,
        ..post("see https://example.org/a")
    };
    assert_eq!(world.live.post(reply).await, done(20));
    let body = json!({
        "text": "see https://example.org/a",
        "made_with_ai": true,
        "paid_partnership": true,
        "reply": { "in_reply_to_tweet_id": "1346889436626259968" },
    });
    assert_eq!(world.seen()[0].json(), body);
}

#[tokio::test]
async fn what_is_no_id_of_the_platforms_is_not_answered() {
    let world = world([]).await;
    let reply = NewPost { in_reply_to: Some("m1".to_owned()), ..post("hello") };
    assert_eq!(refusal(&world.live.post(reply).await), Some(("not_found", false, None)));
    assert!(world.seen().is_empty());
}

#[tokio::test]
async fn pictures_are_uploaded_and_described_before_the_post_shows_them() {
    let uploaded = |id: &str| {
        ok(&json!({ "data": { "id": id, "media_key": format!("3_{id}"), "expires_after_secs": 86400 } }))
    };
    let world =
        world([uploaded("11"), ok(&json!({ "data": { "id": "11" } })), uploaded("12"), posted()]).await;
    let media = vec![picture(Mime::Png, b"png", Some("a lighthouse")), picture(Mime::Webp, b"webp", None)];
    assert_eq!(world.live.post(NewPost { media, ..post("look") }).await, done(2));
    let lines = ["POST /2/media/upload", "POST /2/media/metadata", "POST /2/media/upload", "POST /2/tweets"];
    assert_eq!(world.lines(), lines);
    let seen = world.seen();
    let whole = json!({ "media": BASE64_STANDARD.encode("png"), "media_category": "tweet_image" });
    assert_eq!(seen[0].json(), whole);
    assert_eq!(seen[1].json(), json!({ "id": "11", "metadata": { "alt_text": { "text": "a lighthouse" } } }));
    assert_eq!(seen[2].json()["media"], BASE64_STANDARD.encode("webp"));
    let body = json!({ "text": "look", "made_with_ai": true, "media": { "media_ids": ["11", "12"] } });
    assert_eq!(seen[3].json(), body);
    assert!(seen.iter().all(|seen| seen.authorization == bearer(ACCESS)));
}

#[tokio::test]
async fn a_gif_goes_in_parts_and_is_waited_for() {
    let state = |state: &str| {
        let info = json!({ "state": state, "check_after_secs": 0 });
        ok(&json!({ "data": { "id": "13", "processing_info": info } }))
    };
    let begun = ok(&json!({ "data": { "id": "13", "media_key": "16_13" } }));
    let taken = Told { body: String::new(), ..told(204, &Value::Null) };
    let answers =
        [begun, taken.clone(), taken, state("pending"), state("in_progress"), state("succeeded"), posted()];
    let world = world(answers).await;
    let bytes = vec![7; 2 * 1024 * 1024 + 1];
    let media = vec![picture(Mime::Gif, &bytes, None)];
    assert_eq!(world.live.post(NewPost { media, ..post("it moves") }).await, done(2));
    let lines = [
        "POST /2/media/upload/initialize",
        "POST /2/media/upload/13/append",
        "POST /2/media/upload/13/append",
        "POST /2/media/upload/13/finalize",
        "GET /2/media/upload?command=STATUS&media_id=13",
        "GET /2/media/upload?command=STATUS&media_id=13",
        "POST /2/tweets",
    ];
    assert_eq!(world.lines(), lines);
    let seen = world.seen();
    let announced =
        json!({ "media_category": "tweet_gif", "media_type": "image/gif", "total_bytes": bytes.len() });
    assert_eq!(seen[0].json(), announced);
    assert_eq!(seen[1].json()["segment_index"], 0);
    assert_eq!(seen[2].json(), json!({ "media": BASE64_STANDARD.encode([7]), "segment_index": 1 }));
    assert_eq!(seen[6].json()["media"], json!({ "media_ids": ["13"] }));
}

#[tokio::test]
async fn a_clip_goes_as_a_video_and_a_moving_png_is_refused_before_anything_is_uploaded() {
    let of = |id: &str, state: &str| {
        ok(&json!({ "data": { "id": id, "processing_info": { "state": state, "check_after_secs": 0 } } }))
    };
    let begun = ok(&json!({ "data": { "id": "14", "media_key": "7_14" } }));
    let taken = Told { body: String::new(), ..told(204, &Value::Null) };
    let world = world([begun, taken, of("14", "succeeded"), posted()]).await;
    let media = vec![picture(Mime::Mp4, b"mp4", None)];
    assert_eq!(world.live.post(NewPost { media, ..post("it runs") }).await, done(2));
    let announced = json!({ "media_category": "tweet_video", "media_type": "video/mp4", "total_bytes": 3 });
    assert_eq!(world.seen()[0].json(), announced);

    let world = self::world([]).await;
    let media = vec![picture(Mime::Apng, b"apng", None)];
    let told = world.live.post(NewPost { media, ..post("it would stand still") }).await;
    assert_eq!(refusal(&told), Some(("platform_refused", false, None)));
    assert_eq!(world.lines(), Vec::<String>::new());
}

/// [E-11] While only pictures were uploaded nobody can have seen anything: nothing is unknown.
#[tokio::test]
async fn an_upload_that_failed_posted_nothing() {
    let failed = ok(&json!({ "data": { "id": "13", "processing_info": { "state": "failed" } } }));
    for (answer, code, retryable) in [
        (told(503, &json!({ "title": "Service Unavailable" })), "upstream_unavailable", true),
        (ok(&json!({ "no": "data" })), "upstream_unavailable", true),
        (Told { body: "<html>".to_owned(), ..ok(&Value::Null) }, "upstream_unavailable", true),
        (told(400, &json!({ "detail": "media type unrecognized." })), "platform_refused", false),
        (
            told(403, &json!({ "title": "Forbidden", "type": "about:blank", "detail": "Forbidden" })),
            "credentials_refused",
            false,
        ),
        (failed, "platform_refused", false),
    ] {
        let world = world([answer.clone()]).await;
        let media = vec![picture(Mime::Png, b"png", None)];
        let told = world.live.post(NewPost { media, ..post("look") }).await;
        assert_eq!(refusal(&told), Some((code, retryable, None)), "{answer:?}");
        assert_eq!(world.lines(), ["POST /2/media/upload"], "{answer:?}");
    }
}

fn problem(kind: &str, detail: &str) -> Value {
    json!({ "type": format!("https://api.twitter.com/2/problems/{kind}"), "title": "No", "detail": detail })
}

/// [E-11]
#[tokio::test]
async fn each_answer_to_a_post_has_its_meaning() {
    let errors = |code: u32, message: &str| json!({ "errors": [{ "code": code, "message": message }] });
    let plain = |detail: &str| json!({ "title": "Forbidden", "type": "about:blank", "detail": detail });
    for (status, body, meaning) in [
        (
            403,
            plain("You are not allowed to create a Tweet with duplicate content."),
            Some(("duplicate", false)),
        ),
        (403, errors(187, "Status is a duplicate."), Some(("duplicate", false))),
        (403, errors(186, "Tweet needs to be a bit shorter."), Some(("text_too_long", false))),
        (
            400,
            json!({ "errors": [{ "message": "Your Tweet text is too long." }], "detail": "One or more parameters to your request was invalid.", "title": "Invalid Request", "type": "https://api.twitter.com/2/problems/invalid-request" }),
            Some(("text_too_long", false)),
        ),
        (
            403,
            errors(326, "To protect our users, this account is temporarily locked."),
            Some(("account_suspended", false)),
        ),
        (
            403,
            plain("Your account is suspended and is not permitted to access this feature."),
            Some(("account_suspended", false)),
        ),
        (401, plain("Unauthorized"), Some(("credentials_refused", false))),
        (403, plain("You are not permitted to perform this action."), Some(("credentials_refused", false))),
        (
            403,
            problem("client-forbidden", "Attach the App to a Project."),
            Some(("credentials_refused", false)),
        ),
        (
            403,
            plain("You attempted to reply to a Tweet that is deleted or not visible to you."),
            Some(("not_found", false)),
        ),
        (
            403,
            plain("Reply to this conversation is not allowed because you have not been mentioned."),
            Some(("policy_violation", false)),
        ),
        (402, problem("credits", "No credits are left."), Some(("platform_refused", false))),
        (
            429,
            problem("usage-capped", "Usage cap exceeded: Monthly product cap"),
            Some(("policy_violation", false)),
        ),
        (500, plain("Internal Server Error"), None),
        (503, plain("over capacity"), None),
        (504, json!(null), None),
        (200, json!({ "data": {} }), None),
        (200, json!({ "errors": [{ "title": "?" }] }), None),
        (
            200,
            json!({ "errors": [problem("resource-not-found", "Could not find tweet.")] }),
            Some(("not_found", false)),
        ),
    ] {
        let world = world([told(status, &body)]).await;
        let told = world.live.post(post("hello")).await;
        let meaning = meaning.map(|(code, retryable)| (code, retryable, None));
        assert_eq!(refusal(&told), meaning, "{status} {body}");
        assert_eq!(world.lines(), ["POST /2/tweets"], "never twice");
    }
}

/// [E-11]
#[tokio::test]
async fn a_limit_says_when_it_ends() {
    let limited = Told {
        headers: vec![
            ("x-rate-limit-remaining", "0".to_owned()),
            ("x-rate-limit-reset", (NOW + 90).to_string()),
        ],
        ..told(429, &json!({ "errors": [{ "code": 88, "message": "Rate limit exceeded" }] }))
    };
    let world = world([limited]).await;
    let told = world.live.post(post("hello")).await;
    assert_eq!(refusal(&told), Some(("rate_limited", true, Some(90))));
}

#[tokio::test]
async fn a_post_that_never_left_is_refused_and_can_be_tried_again() {
    let vault = Vault::default();
    vault.put(super::ACCOUNT_SECRET, &json!({ "access_token": ACCESS }));
    let live = live(&nowhere().await, vault, Renewal::Elsewhere);
    assert_eq!(refusal(&live.post(post("hello")).await), Some(("upstream_unavailable", true, None)));
    let told = live.delete(&nova(), "17", Uuid::nil()).await;
    assert_eq!(refusal(&told), Some(("upstream_unavailable", true, None)));
}

async fn deleted(answer: Told) -> (World, Upstream) {
    let world = world([answer]).await;
    let told = world.live.delete(&nova(), "1346889436626259968", Uuid::nil()).await;
    (world, told)
}

/// [E-9]
#[tokio::test]
async fn a_post_that_was_deleted_or_is_not_there_is_gone() {
    for answer in [
        ok(&json!({ "data": { "deleted": true } })),
        told(404, &problem("resource-not-found", "Could not find tweet with id: [17].")),
        told(410, &json!(null)),
    ] {
        let (world, told) = deleted(answer.clone()).await;
        let gone = Outcome {
            external_id: "1346889436626259968".to_owned(),
            url: None,
            cost: Money::new(1, Currency::Usd).unwrap(),
        };
        assert_eq!(told, Upstream::Done(gone), "{answer:?}");
        assert_eq!(world.lines(), ["DELETE /2/tweets/1346889436626259968"]);
        let seen = &world.seen()[0];
        assert_eq!((seen.authorization.as_str(), seen.body.as_str()), (bearer(ACCESS).as_str(), ""));
    }
}

/// [E-9]
#[tokio::test]
async fn a_post_that_was_not_deleted_is_not_said_to_be() {
    for (answer, meaning) in [
        (ok(&json!({ "data": { "deleted": false } })), None),
        (told(500, &json!(null)), None),
        (
            told(403, &json!({ "detail": "You are not authorized to delete this Tweet." })),
            Some(("not_owner", false, None)),
        ),
        (
            told(
                403,
                &json!({ "errors": [{ "code": 183, "message": "You may not delete another user's status." }] }),
            ),
            Some(("not_owner", false, None)),
        ),
    ] {
        let (_, told) = deleted(answer.clone()).await;
        assert_eq!(refusal(&told), meaning, "{answer:?}");
    }
}
