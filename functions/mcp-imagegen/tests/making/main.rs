//! The server over its sandbox, as an MCP client would call it.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod failures;
mod kept;
mod moving;
mod same;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chimera_domain::ports::Clock;
use chimera_domain::{Digest, Timestamp};
use chimera_mcp::server::{CallContext, MemoryAnswers, Resources as _, ToolFault, ToolServer};
use mcp_imagegen::{
    AI_LABEL, Drawn, Faults, ImageProvider, ImageResources, MemoryImages, Model, Refused, Sandbox, Studio,
    Tier, Wanted, is_labelled, server,
};
use serde_json::{Value, json};

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_secs()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// The sandbox, and how often it drew.
#[derive(Clone, Default)]
struct Counting {
    sandbox: Sandbox,
    drawn: Arc<AtomicI64>,
}

impl ImageProvider for Counting {
    fn models(&self) -> Vec<Model> {
        self.sandbox.models()
    }

    fn looks_at_pictures(&self) -> bool {
        self.sandbox.looks_at_pictures()
    }

    async fn draw(&self, wanted: &Wanted, reference: Option<&[u8]>) -> Result<Drawn, Refused> {
        self.drawn.fetch_add(1, Ordering::SeqCst);
        self.sandbox.draw(wanted, reference).await
    }

    async fn film(&self, wanted: &Wanted, tier: Tier) -> Result<Drawn, Refused> {
        self.drawn.fetch_add(1, Ordering::SeqCst);
        self.sandbox.film(wanted, tier).await
    }
}

/// A server with everything that is behind it.
struct House {
    server: ToolServer,
    images: MemoryImages,
    provider: Counting,
    clock: Hand,
}

fn house() -> House {
    failing(json!({}))
}

fn failing(faults: Value) -> House {
    over(MemoryImages::default(), faults)
}

fn over(images: MemoryImages, faults: Value) -> House {
    let (provider, clock) = (Counting::default(), Hand::default());
    let faults: Faults = serde_json::from_value(faults).unwrap();
    let studio = Studio::new(provider.clone(), images.clone(), clock.clone()).failing(faults);
    let server = server(studio, MemoryAnswers::default(), clock.clone()).unwrap();
    House { server, images, provider, clock }
}

/// A call for a picture; every test changes what it is about.
fn call(key: &str) -> Value {
    json!({
        "tenant": "t1",
        "agent": "nova",
        "prompt": "a walk in the hills",
        "width": 256,
        "height": 256,
        "seed": 7,
        "character": { "id": "nova", "reference": "a calm woman with glasses" },
        "idempotency_key": key,
    })
}

/// The call with one argument changed.
fn with(mut call: Value, field: &str, value: Value) -> Value {
    call[field] = value;
    call
}

impl House {
    async fn make(&self, call: Value) -> Value {
        self.server.call_checked("image_generate", call).await.unwrap()
    }

    async fn fault(&self, tool: &str, call: Value) -> ToolFault {
        self.server.call_checked(tool, call).await.unwrap_err()
    }

    async fn refusal(&self, tool: &str, call: Value) -> String {
        let fault = self.fault(tool, call).await;
        fault.refusal().map_or_else(|| panic!("{fault:?}"), |refusal| refusal.code.clone())
    }

    async fn bytes(&self, tenant: &str, digest: &Value) -> Vec<u8> {
        let found =
            self.server.call_checked("image_get", json!({ "tenant": tenant, "digest": digest })).await;
        BASE64_STANDARD.decode(found.unwrap()["bytes_base64"].as_str().unwrap()).unwrap()
    }

    fn drawn(&self) -> i64 {
        self.provider.drawn.load(Ordering::SeqCst)
    }
}

/// [I-2]
#[tokio::test]
async fn a_picture_is_made_labelled_kept_and_told_about() {
    let house = house();
    let made = house.make(call("task-1/1")).await;
    let bytes = house.bytes("t1", &made["digest"]).await;
    assert_eq!(made["digest"], json!(Digest::of_bytes(&bytes)));
    assert_eq!(made["bytes"], json!(bytes.len()));
    assert_eq!(
        (&made["mime"], &made["width"], &made["height"]),
        (&json!("image/png"), &json!(256), &json!(256))
    );
    assert_eq!((&made["seed"], &made["model"]), (&json!(7), &json!("sandbox-painter-1")));
    assert_eq!(made["cost"], json!({ "minor": 4, "currency": "USD" }));
    assert_eq!((&made["ai_label"], is_labelled(&bytes)), (&json!(AI_LABEL), true));
    assert_eq!(made["alt_text"], "Made with AI: a walk in the hills");
}

/// [I-1]
#[tokio::test]
async fn there_is_no_picture_without_a_character() {
    let house = house();
    let mut without = call("k");
    without.as_object_mut().unwrap().remove("character");
    assert_eq!(house.refusal("image_generate", without).await, "invalid_input");
    for character in [
        json!({ "id": "nova" }),
        json!({ "id": "nova", "reference": "" }),
        json!({ "id": "nova", "reference": "  " }),
        json!({ "id": "", "reference": "a woman" }),
        json!({ "id": "nova", "reference": "sha256:12" }),
    ] {
        let call = with(call("k"), "character", character.clone());
        assert_eq!(house.refusal("image_generate", call).await, "invalid_input", "{character}");
    }
    assert_eq!(house.drawn(), 0);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_drawn() {
    let house = house();
    for (field, value) in [
        ("prompt", json!("")),
        ("prompt", json!(" \n ")),
        ("prompt", json!("x".repeat(1_025))),
        ("negative_prompt", json!("")),
        ("width", json!(240)),
        ("width", json!(2_064)),
        ("width", json!(300)),
        ("height", json!(0)),
        ("seed", json!(858_993_460)),
        ("seed", json!(-1)),
        ("style", json!("baroque")),
        ("tenant", json!("t1#t2")),
        ("idempotency_key", json!("")),
        ("campaign", json!("c1")),
    ] {
        let call = with(call("k"), field, value.clone());
        assert_eq!(house.refusal("image_generate", call).await, "invalid_input", "{field} {value}");
    }
    assert_eq!(house.drawn(), 0);
    house.make(with(call("k"), "prompt", json!("x".repeat(1_024)))).await;
}

#[tokio::test]
async fn a_prompt_against_content_policy_is_refused() {
    let house = house();
    let asked = with(call("k"), "prompt", json!("a nude by the sea"));
    assert_eq!(house.refusal("image_generate", asked).await, "policy_violation");
    assert!(house.images.all().is_empty());
    // What must not be seen may be named.
    house.make(with(call("k"), "negative_prompt", json!("nude"))).await;
}

/// [M-1]
#[tokio::test]
async fn the_models_tell_their_prices_and_pictures_cost_them() {
    let house = house();
    let told = house.server.call_checked("image_models", json!({})).await.unwrap();
    let prices = |model: usize| -> Vec<i64> {
        let offers = told["models"][model]["offers"].as_array().unwrap();
        offers.iter().map(|offer| offer["price"]["minor"].as_i64().unwrap()).collect()
    };
    assert_eq!((prices(0), prices(1)), (vec![4, 6, 6, 8], vec![10, 40, 120]));
    for (key, side, quality, price) in [
        ("a", 1024, "standard", 4),
        ("b", 1040, "standard", 6),
        ("c", 1024, "premium", 6),
        ("d", 1040, "premium", 8),
    ] {
        let call = with(with(call(key), "width", json!(side)), "height", json!(side));
        let made = house.make(with(call, "quality", json!(quality))).await;
        assert_eq!(made["cost"]["minor"], price, "{side} {quality}");
    }
}

/// [I-5]
#[tokio::test]
async fn what_is_known_about_a_picture_can_be_read_by_its_address() {
    let house = house();
    let made = house.make(call("k")).await;
    let studio = Studio::new(Sandbox::default(), house.images.clone(), house.clock.clone());
    let shelf = ImageResources::new(Arc::new(studio));
    let read = |tenant: &str| {
        let uri = format!("image://{tenant}/{}", made["digest"].as_str().unwrap());
        let shelf = &shelf;
        async move { shelf.read(&CallContext::default(), &uri).await }
    };
    assert_eq!(read("t1").await.unwrap(), made);
    let refused = read("t2").await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code, "not_found");
}
