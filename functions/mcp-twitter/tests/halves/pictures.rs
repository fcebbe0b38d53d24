//! Posts with pictures.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::Digest;
use serde_json::{Value, json};

use super::{granted, intent, platform};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\npicture";
const GIF: &[u8] = b"GIF89a-moving";
const APNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\0acTL\0\0\0\0moving";
const MP4: &[u8] = b"\0\0\0\x18ftypmp42-moving";

fn named(bytes: &[u8], mime: &str) -> Value {
    json!({ "digest": Digest::of_bytes(bytes), "mime": mime, "alt_text": "what it shows" })
}

/// An intent with these pictures, and a call with a grant for it and these bytes.
fn call(id: &str, text: &str, media: &[(&[u8], &str)]) -> Value {
    let mut arguments = intent(text);
    arguments["media"] = media.iter().map(|(bytes, mime)| named(bytes, mime)).collect();
    let mut call = granted(id, &arguments);
    for (at, (bytes, _)) in media.iter().enumerate() {
        call["media"][at]["bytes_base64"] = json!(BASE64_STANDARD.encode(bytes));
    }
    call
}

/// [E-1]
#[tokio::test]
async fn media_bytes_must_be_those_that_were_approved() {
    let platform = platform(json!({}));
    let mut swapped = call("g1", "with a picture", &[(PNG, "image/png")]);
    swapped["media"][0]["bytes_base64"] = json!(BASE64_STANDARD.encode(b"\x89PNG\r\n\x1a\nanother"));
    assert_eq!(platform.refusal(swapped).await, "media_mismatch");
    let mut without = call("g1", "with a picture", &[(PNG, "image/png")]);
    without["media"][0].as_object_mut().unwrap().remove("bytes_base64");
    assert_eq!(platform.refusal(without).await, "invalid_input");
    let mut described = call("g1", "with a picture", &[(PNG, "image/png")]);
    described["media"][0]["alt_text"] = json!("something else");
    assert_eq!(platform.refusal(described).await, "grant_arguments");
    let approved = call("g1", "with a picture", &[(PNG, "image/png")]);
    assert_eq!(platform.write.call_checked("post_create", approved).await.unwrap()["state"], "done");
}

#[tokio::test]
async fn a_posts_pictures_can_be_seen_without_their_bytes() {
    let platform = platform(json!({}));
    let two = call("g1", "two pictures", &[(PNG, "image/png"), (b"\xff\xd8\xff\xe0jpeg", "image/jpeg")]);
    platform.write.call_checked("post_create", two).await.unwrap();
    let seen = &platform.search("two pictures").await[0]["media"];
    assert_eq!(seen[0], named(PNG, "image/png"));
    assert_eq!(seen[1]["mime"], "image/jpeg");
    assert_eq!(seen.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_picture_is_not_posted_as_what_it_is_not() {
    let platform = platform(json!({}));
    let lied = call("g1", "no picture", &[(PNG, "image/jpeg")]);
    let told = platform.write.call_checked("post_create", lied).await.unwrap();
    assert_eq!((&told["state"], &told["refusal"]["code"]), (&json!("refused"), &json!("media_mismatch")));
    assert_eq!(told["refusal"]["retryable"], false);
    let kind = call("g2", "a document", &[(b"%PDF-1.7", "application/pdf")]);
    assert_eq!(platform.refusal(kind).await, "invalid_input");
    assert!(platform.search("").await.is_empty());
}

#[tokio::test]
async fn four_pictures_or_one_that_moves_and_the_grant_stays_whole_otherwise() {
    let platform = platform(json!({}));
    let five: Vec<Vec<u8>> = (0..5).map(|n| [PNG, &[n]].concat()).collect();
    let of = |pictures: &[Vec<u8>], id: &str| {
        let media: Vec<(&[u8], &str)> =
            pictures.iter().map(|bytes| (bytes.as_slice(), "image/png")).collect();
        call(id, "many", &media)
    };
    assert_eq!(platform.refusal(of(&five, "g1")).await, "invalid_input");
    let mixed = call("g2", "mixed", &[(GIF, "image/gif"), (PNG, "image/png")]);
    assert_eq!(platform.refusal(mixed.clone()).await, "invalid_input");
    // It was not burnt.
    let outcome = json!({ "grant": mixed["grant"] });
    let outcome = platform.write.call_checked("effect_outcome", outcome).await.unwrap();
    assert_eq!(outcome, json!({ "state": "unused" }));
    let four = platform.write.call_checked("post_create", of(&five[..4], "g3")).await.unwrap();
    let moving = call("g4", "moving", &[(GIF, "image/gif")]);
    let clips = call("g5", "two clips", &[(MP4, "video/mp4"), (GIF, "image/gif")]);
    assert_eq!(platform.refusal(clips).await, "invalid_input");
    for (id, bytes, mime) in [("g6", MP4, "video/mp4"), ("g7", APNG, "image/apng")] {
        let clip = call(id, mime, &[(bytes, mime)]);
        assert_eq!(
            platform.write.call_checked("post_create", clip).await.unwrap()["state"],
            "done",
            "{mime}"
        );
    }
    let still = call("g8", "it does not move", &[(PNG, "image/apng")]);
    let told = platform.write.call_checked("post_create", still).await.unwrap();
    assert_eq!(told["refusal"]["code"], "media_mismatch");
    let moving = platform.write.call_checked("post_create", moving).await.unwrap();
    assert_eq!((&four["state"], &moving["state"]), (&json!("done"), &json!("done")));
}
