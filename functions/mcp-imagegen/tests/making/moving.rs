//! Clips.

use chimera_domain::{VideoTier, limits};
use mcp_imagegen::is_labelled;
use serde_json::{Value, json};

use super::{House, call, house, with};

/// What a write server takes of one medium: 1 MiB in base64.
const PUBLISHABLE: usize = 768 * 1024;

fn clip(key: &str, tier: &str) -> Value {
    let mut clip = with(call(key), "tier", json!(tier));
    for field in ["width", "height"] {
        clip.as_object_mut().unwrap().remove(field);
    }
    clip
}

async fn film(house: &House, call: Value) -> Value {
    house.server.call_checked("video_generate", call).await.unwrap()
}

/// The pictures of a clip, as a viewer shows them.
fn frames(apng: &[u8]) -> (u32, Vec<Vec<u8>>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(apng)).read_info().unwrap();
    let count = reader.info().animation_control().unwrap().num_frames;
    let mut shown: Vec<u8> = Vec::new();
    let mut frames = Vec::new();
    for _ in 0..count {
        let mut changes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut changes).unwrap();
        if shown.is_empty() {
            shown.clone_from(&changes);
        }
        for (pixel, change) in shown.as_chunks_mut::<4>().0.iter_mut().zip(changes.as_chunks::<4>().0) {
            if change[3] != 0 {
                *pixel = *change;
            }
        }
        frames.push(shown.clone());
    }
    (count, frames)
}

/// [I-2]
#[tokio::test]
async fn each_tier_is_a_labelled_clip_that_moves_and_costs_its_price() {
    let house = house();
    for (tier, size, count, price) in
        [("draft", (320, 176), 8, 10), ("standard", (480, 272), 12, 40), ("premium", (640, 368), 16, 120)]
    {
        let made = film(&house, clip(tier, tier)).await;
        assert_eq!((&made["mime"], &made["model"]), (&json!("image/apng"), &json!("sandbox-animator-1")));
        assert_eq!((&made["width"], &made["height"]), (&json!(size.0), &json!(size.1)));
        assert_eq!(made["motion"], json!({ "frames": count, "duration_ms": 2_000 }));
        assert_eq!(made["cost"], json!({ "minor": price, "currency": "USD" }));
        let bytes = house.bytes("t1", &made["digest"]).await;
        assert!(is_labelled(&bytes));
        let (told, frames) = frames(&bytes);
        assert_eq!((told, frames.len()), (count, count as usize));
        assert!(frames.windows(2).any(|pair| pair[0] != pair[1]), "{tier} moves");
        assert!(
            frames.iter().flatten().skip(3).step_by(4).all(|alpha| *alpha == 255),
            "nothing shows through"
        );
    }
}

/// [K-2] What the planner sets aside for a clip is what it costs.
#[tokio::test]
async fn each_tier_costs_what_is_set_aside_for_it() {
    let house = house();
    for tier in VideoTier::ALL {
        let made = film(&house, clip(tier.name(), tier.name())).await;
        assert_eq!(made["cost"]["minor"], json!(tier.clip_cost()), "{tier:?}");
        let length = made["motion"]["duration_ms"].as_u64().unwrap();
        assert!((1..=u64::from(limits::CLIP_MS)).contains(&length), "{length}");
    }
}

/// [I-3]
#[tokio::test]
async fn a_clip_is_the_same_for_the_same_and_bought_once() {
    let (one, two) = (house(), house());
    let made = film(&one, clip("k", "draft")).await;
    assert_eq!(film(&one, clip("k", "draft")).await, made);
    assert_eq!(one.drawn(), 1);
    assert_eq!(film(&two, clip("other", "draft")).await["digest"], made["digest"]);
    assert_ne!(film(&two, with(clip("k2", "draft"), "seed", json!(8))).await["digest"], made["digest"]);
    assert_eq!(one.refusal("video_generate", clip("k", "premium")).await, "idempotency_mismatch");
}

#[tokio::test]
async fn the_dearest_clip_of_any_scene_can_be_published() {
    let house = house();
    for prompt in ["mountain hike", "city at night", "the sea", "planets", "a garden", "fashion week"] {
        let made = film(&house, with(clip(prompt, "premium"), "prompt", json!(prompt))).await;
        let bytes = made["bytes"].as_u64().unwrap();
        assert!(bytes < PUBLISHABLE as u64, "{prompt}: {bytes} bytes");
    }
}

/// [I-1]
#[tokio::test]
async fn there_is_no_clip_without_a_character_or_of_an_unknown_tier() {
    let house = house();
    let mut without = clip("k", "draft");
    without.as_object_mut().unwrap().remove("character");
    assert_eq!(house.refusal("video_generate", without).await, "invalid_input");
    assert_eq!(house.refusal("video_generate", clip("k", "cinema")).await, "invalid_input");
    let blocked = with(clip("k", "draft"), "prompt", json!("gore"));
    assert_eq!(house.refusal("video_generate", blocked).await, "policy_violation");
}
