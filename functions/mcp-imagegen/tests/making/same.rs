//! What makes a picture the same, and what another.

use mcp_imagegen::seed_of;
use serde_json::json;

use super::{call, house, with};

/// The largest picture of the usual size.
const LARGEST: usize = 200 * 1024;
/// One prompt for each scene.
const SCENES: [&str; 6] = [
    "a walk in the mountains",
    "city street at night",
    "sailing on the sea",
    "the future of robots",
    "a flower garden in spring",
    "fashion week",
];

/// [I-3]
#[tokio::test]
async fn the_same_words_seed_and_character_give_the_same_bytes() {
    // Two houses: nothing is remembered from one to the other.
    let (one, two) = (house(), house());
    let (first, second) = (one.make(call("task-1/1")).await, two.make(call("task-9/9")).await);
    assert_eq!(first["digest"], second["digest"]);
    assert_eq!(one.bytes("t1", &first["digest"]).await, two.bytes("t1", &second["digest"]).await);
}

/// [I-3]
#[tokio::test]
async fn other_words_seeds_characters_and_styles_give_other_pictures() {
    let house = house();
    let nova = |reference: &str| json!({ "id": "nova", "reference": reference });
    let mut digests = vec![house.make(call("k")).await["digest"].clone()];
    for (key, field, value) in [
        ("k1", "seed", json!(8)),
        ("k2", "prompt", json!("a walk in the hills at noon")),
        ("k3", "character", json!({ "id": "zoe", "reference": "a calm woman with glasses" })),
        ("k4", "character", nova("long hair and headphones")),
        ("k5", "character", nova(&format!("sha256:{}", "0".repeat(64)))),
        ("k6", "style", json!("pastel")),
        ("k7", "style", json!("night")),
        ("k8", "style", json!("mono")),
        ("k9", "negative_prompt", json!("mountains")),
        ("k10", "width", json!(272)),
    ] {
        digests.push(house.make(with(call(key), field, value)).await["digest"].clone());
    }
    let count = digests.len();
    digests.sort_by_key(ToString::to_string);
    digests.dedup();
    assert_eq!(digests.len(), count);
}

/// The colours that cover most of a picture's lower middle, where the character's clothes are.
fn colours(png: &[u8]) -> Vec<[u8; 3]> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let mut colours: Vec<[u8; 3]> = pixels.as_chunks().0.to_vec();
    colours.sort_unstable();
    colours.dedup();
    colours
}

/// [I-3] Consistency of characters: who is in it can be told from the picture alone.
#[tokio::test]
async fn a_characters_own_colours_are_in_all_its_pictures_and_not_in_others() {
    let house = house();
    let mut shared: Option<Vec<[u8; 3]>> = None;
    for (n, prompt) in SCENES.iter().enumerate() {
        let asked = with(with(call(&format!("n{n}")), "prompt", json!(prompt)), "seed", json!(n));
        let here = colours(&house.bytes("t1", &house.make(asked).await["digest"]).await);
        let common = shared.map(|shared| shared.into_iter().filter(|colour| here.contains(colour)).collect());
        shared = Some(common.unwrap_or(here));
    }
    let shared = shared.unwrap();
    assert!(shared.len() >= 4, "skin, hair, cloth and mark recur: {shared:?}");
    let other = with(call("z"), "character", json!({ "id": "zoe", "reference": "short hair" }));
    let other = colours(&house.bytes("t1", &house.make(other).await["digest"]).await);
    assert!(shared.iter().any(|colour| !other.contains(colour)), "another character has other colours");
}

#[tokio::test]
async fn a_picture_of_the_usual_size_is_small_whatever_it_shows() {
    let house = house();
    for (n, prompt) in SCENES.iter().enumerate() {
        let mut asked = with(call(&format!("n{n}")), "prompt", json!(prompt));
        for field in ["width", "height", "seed"] {
            asked.as_object_mut().unwrap().remove(field);
        }
        let made = house.make(asked).await;
        assert_eq!((&made["width"], &made["height"]), (&json!(704), &json!(400)));
        assert_eq!(made["seed"], json!(seed_of(&format!("n{n}"))));
        let bytes = house.bytes("t1", &made["digest"]).await;
        assert!((10_000..LARGEST).contains(&bytes.len()), "{prompt}: {} bytes", bytes.len());
        assert!(colours(&bytes).len() > 200, "{prompt}: there is something to see");
    }
}

#[tokio::test]
async fn every_size_that_may_be_asked_for_can_be_drawn_and_fetched() {
    let house = house();
    let sizes = [(256, 2_048, SCENES.as_slice()), (2_048, 256, &SCENES), (2_048, 2_048, &SCENES[3..4])];
    for (width, height, prompts) in sizes {
        for prompt in prompts {
            let asked = with(call(&format!("{width} {height} {prompt}")), "prompt", json!(prompt));
            let made = house.make(with(with(asked, "width", json!(width)), "height", json!(height))).await;
            assert_eq!((&made["width"], &made["height"]), (&json!(width), &json!(height)));
            assert!(!house.bytes("t1", &made["digest"]).await.is_empty());
        }
    }
}
