//! What is kept, for whom, and what is paid for once.

use std::time::Duration;

use chimera_domain::{AgentId, Currency, Digest, Money, TenantId, Timestamp};
use mcp_imagegen::{AI_LABEL, ImageMeta, MAX_ENCODED, Place, contract, keep};
use serde_json::json;

use super::{call, failing, house, over, with};

/// [I-4] [I-5]
#[tokio::test]
async fn the_memory_store_keeps_the_contract() {
    contract::keeps(&house().images, "memory").await.unwrap();
}

/// [I-4]
#[tokio::test]
async fn the_same_attempt_is_bought_once() {
    let house = house();
    let first = house.make(call("task-1/1")).await;
    assert_eq!(house.make(call("task-1/1")).await, first);
    assert_eq!(house.drawn(), 1);
    let other = with(call("task-1/1"), "prompt", json!("something else"));
    assert_eq!(house.refusal("image_generate", other).await, "idempotency_mismatch");
    assert_eq!(house.drawn(), 1);
    // The next attempt, and another tenant's with the same key, are others.
    house.make(call("task-1/2")).await;
    house.make(with(call("task-1/1"), "tenant", json!("t2"))).await;
    assert_eq!(house.drawn(), 3);
}

/// [I-5]
#[tokio::test]
async fn a_tenants_pictures_are_nothing_to_another() {
    let house = house();
    let digest = house.make(call("k")).await["digest"].clone();
    let asked = json!({ "tenant": "t2", "digest": digest });
    assert_eq!(house.refusal("image_get", asked.clone()).await, "not_found");
    // The other tenant draws the same: now it has one, too, and each has its own.
    house.make(with(call("k"), "tenant", json!("t2"))).await;
    assert_eq!(house.bytes("t2", &digest).await, house.bytes("t1", &digest).await);
    assert_eq!(house.images.all().len(), 2);
    let unknown = json!({ "tenant": "t1", "digest": Digest::of_bytes(b"never made") });
    assert_eq!(house.refusal("image_get", unknown).await, "not_found");
}

/// [I-4]
#[tokio::test]
async fn a_torn_write_is_found_nowhere_and_the_retry_completes_it() {
    let house = failing(json!({ "torn": "TORN" }));
    let torn = with(call("k"), "prompt", json!("hills TORN"));
    assert!(house.fault("image_generate", torn.clone()).await.refusal().is_none(), "nobody knows");
    assert!(house.images.all().is_empty());
    // Until the lease is over nobody else may buy it.
    assert_eq!(house.refusal("image_generate", torn).await, "in_progress");

    // A retry that nothing stops, over the same store.
    let retry = over(house.images.clone(), json!({}));
    let made = retry.make(with(call("k"), "prompt", json!("hills TORN"))).await;
    assert_eq!(json!(retry.bytes("t1", &made["digest"]).await.len()), made["bytes"]);
    assert_eq!(house.images.all().len(), 1);
}

#[tokio::test]
async fn a_picture_whose_answer_got_lost_is_there_and_the_key_is_free_when_the_lease_is_over() {
    let house = failing(json!({ "applied_but_failed": "LOST" }));
    let lost = with(call("k"), "prompt", json!("hills LOST"));
    assert!(house.fault("image_generate", lost.clone()).await.refusal().is_none());
    assert_eq!(house.images.all().len(), 1);
    assert_eq!(house.refusal("image_generate", lost.clone()).await, "in_progress");
    house.clock.advance(Duration::from_secs(121));
    assert!(house.fault("image_generate", lost).await.refusal().is_none());
    assert_eq!((house.drawn(), house.images.all().len()), (2, 1), "the same bytes are one picture");
}

#[tokio::test]
async fn what_an_answer_cannot_carry_is_refused_by_its_own_word() {
    let house = house();
    let bytes = vec![7_u8; MAX_ENCODED / 4 * 3 + 1];
    let place = Place { tenant: TenantId::new("t1").unwrap(), digest: Digest::of_bytes(&bytes) };
    let meta = ImageMeta {
        digest: place.digest.clone(),
        mime: "image/png".to_owned(),
        width: 1,
        height: 1,
        bytes: bytes.len(),
        model: "m".to_owned(),
        seed: 0,
        cost: Money::zero(Currency::Usd),
        ai_label: AI_LABEL.to_owned(),
        alt_text: String::new(),
        agent: AgentId::new("nova").unwrap(),
        character: AgentId::new("nova").unwrap(),
        prompt_digest: Digest::of_bytes(b""),
        motion: None,
        created_at: Timestamp::UNIX_EPOCH,
    };
    keep(&house.images, &place, &meta, &bytes).await.unwrap();
    let asked = json!({ "tenant": "t1", "digest": place.digest });
    assert_eq!(house.refusal("image_get", asked).await, "unsupported");

    let fits = &bytes[..bytes.len() - 1];
    let place = Place { digest: Digest::of_bytes(fits), ..place };
    let meta = ImageMeta { digest: place.digest.clone(), bytes: fits.len(), ..meta };
    keep(&house.images, &place, &meta, fits).await.unwrap();
    assert_eq!(house.bytes("t1", &json!(place.digest)).await, fits);
}
