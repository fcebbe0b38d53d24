//! The trace that a call belongs to.

use chimera_domain::ports::ReadTools as _;
use chimera_domain::{CampaignId, TenantId};
use chimera_mcp::trace::{self, Traceparent};
use serde_json::json;

use crate::scripted::{SOON, Script, structured};

/// [T-29]
#[tokio::test]
async fn every_call_of_a_task_carries_its_trace() {
    let server = Script::new(|seen| structured(seen, &json!({}))).await;
    let toolbox = server.toolbox();
    let (tenant, campaign) = (TenantId::new("acme").unwrap(), CampaignId::new("c-1").unwrap());
    let first = Traceparent::of(&tenant, &campaign, "w1", 1);
    let call = || toolbox.call("server", "look", json!({}), SOON);
    trace::within(first.clone(), async {
        call().await.unwrap();
        call().await.unwrap();
    })
    .await;
    trace::within(Traceparent::of(&tenant, &campaign, "w1", 2), call()).await.unwrap();
    call().await.unwrap();

    let carried: Vec<_> =
        server.seen().iter().map(|seen| seen.body["params"]["_meta"]["traceparent"].clone()).collect();
    assert_eq!(carried[..2], [json!(first.as_str()), json!(first.as_str())]);
    assert!(carried[2].as_str().unwrap().contains(first.trace_id()) && carried[2] != carried[0]);
    assert!(carried[3].is_null(), "a call outside of any task belongs to none");
}
