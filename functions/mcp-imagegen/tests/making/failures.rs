//! Failures on demand: each is met as the provider's own.

use chimera_mcp::server::ToolFault;
use serde_json::json;

use super::{call, failing, with};

/// [I-6]
#[tokio::test]
async fn a_provider_that_fails_is_told_as_what_it_is_and_nothing_is_kept() {
    let house = failing(json!({ "errors": {
        "BUSY": { "status": 429, "kind": "ThrottlingException", "retry_after_s": 9 },
        "DOWN": { "status": 503, "kind": "ServiceUnavailableException" },
        "DENIED": { "status": 403, "kind": "AccessDeniedException" },
    } }));
    let asked = |marker: &str| with(call(marker), "prompt", json!(format!("hills {marker}")));
    let busy = house.fault("image_generate", asked("BUSY")).await;
    assert!(matches!(busy, ToolFault::Wait { retry_after_s: 9, .. }), "{busy:?}");
    for (marker, code, retryable) in
        [("DOWN", "upstream_unavailable", true), ("DENIED", "upstream_rejected", false)]
    {
        let fault = house.fault("image_generate", asked(marker)).await;
        let refusal = fault.refusal().unwrap();
        assert_eq!((refusal.code.as_str(), refusal.retryable), (code, retryable));
    }
    assert!(house.images.all().is_empty());
    assert_eq!(house.drawn(), 0);
}

#[tokio::test]
async fn a_refusal_frees_the_key() {
    let house = failing(json!({ "errors": { "DOWN": { "status": 500 } } }));
    let refused = with(call("task-1/1"), "prompt", json!("hills DOWN"));
    assert_eq!(house.refusal("image_generate", refused).await, "upstream_unavailable");
    house.make(call("task-1/1")).await;
}

#[tokio::test]
async fn a_slow_provider_answers_all_the_same() {
    let house = failing(json!({ "slow_ms": { "SLOW": 5, "": 60_000 } }));
    house.make(with(call("k"), "prompt", json!("hills SLOW"))).await;
}
