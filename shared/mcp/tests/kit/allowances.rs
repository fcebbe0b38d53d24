//! How often a tenant may call a tool.

use std::time::Duration;

use chimera_mcp::ToolClass;
use chimera_mcp::server::{
    Allowance, CallContext, MemoryAllowances, MemoryAnswers, Tool, ToolFault, ToolServer,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::http::{Client, ERAS, Era};
use super::tools::{HandClock, Made, Maker, Wish};

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Whose {
    #[serde(default)]
    #[expect(dead_code, reason = "the kit reads it")]
    tenant: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "only its type matters")]
    count: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Looked {
    ok: bool,
}

/// Looks; three times in ten seconds.
pub(crate) struct Look;

impl Tool for Look {
    const NAME: &'static str = "look";
    const DESCRIPTION: &'static str = "Looks.";
    const CLASS: ToolClass = ToolClass::Read;
    const ALLOWANCE: Option<Allowance> = Some(Allowance::per(3, Duration::from_secs(9)));
    type Input = Whose;
    type Output = Looked;

    async fn call(&self, _context: &CallContext, _input: Whose) -> Result<Looked, ToolFault> {
        Ok(Looked { ok: true })
    }
}

/// Makes a thing, once in ten seconds.
pub(crate) struct Rare(Maker);

impl Tool for Rare {
    const NAME: &'static str = "thing_make";
    const DESCRIPTION: &'static str = "Makes a thing.";
    const CLASS: ToolClass = ToolClass::Generate;
    const ALLOWANCE: Option<Allowance> = Some(Allowance::per(1, Duration::from_secs(10)));
    type Input = Wish;
    type Output = Made;

    async fn call(&self, context: &CallContext, wish: Wish) -> Result<Made, ToolFault> {
        self.0.call(context, wish).await
    }
}

fn world(era: Era) -> (Client, Maker, HandClock) {
    let (maker, clock) = (Maker::new(), HandClock::at(1_000));
    let server = ToolServer::builder("limited")
        .tool(Look)
        .generate(Rare(maker.clone()), MemoryAnswers::default())
        .allowances(MemoryAllowances::default())
        .clock(clock.clone())
        .build();
    (Client::of(server.unwrap(), era), maker, clock)
}

fn of(tenant: &str) -> Value {
    json!({ "tenant": tenant })
}

/// [T-4]
#[tokio::test]
async fn a_tenant_that_has_used_up_its_allowance_is_told_how_long_to_wait() {
    for era in ERAS {
        let (client, _, clock) = world(era);
        for _ in 0..3 {
            client.answer("look", of("t1")).await;
        }
        let refusal = client.refusal("look", of("t1")).await;
        assert_eq!(
            (&refusal["code"], &refusal["retryable"], &refusal["retry_after_s"]),
            (&json!("rate_limited"), &json!(true), &json!(3))
        );
        clock.pass_ms(2_999);
        assert_eq!(client.refusal("look", of("t1")).await["retry_after_s"], 1);
        clock.pass_ms(1);
        client.answer("look", of("t1")).await;
        assert_eq!(client.code("look", of("t1")).await, "rate_limited");
    }
}

/// [T-4]
#[tokio::test]
async fn one_tenants_calls_are_not_counted_for_another() {
    let (client, ..) = world(Era::Modern);
    for tenant in ["t1", "t2"] {
        for _ in 0..3 {
            client.answer("look", of(tenant)).await;
        }
        assert_eq!(client.code("look", of(tenant)).await, "rate_limited");
    }
    // Who names no tenant shares with all who name none.
    for _ in 0..3 {
        client.answer("look", json!({})).await;
    }
    assert_eq!(client.code("look", json!({})).await, "rate_limited");
}

/// [T-4]
#[tokio::test]
async fn a_call_with_wrong_arguments_is_not_counted() {
    let (client, ..) = world(Era::Modern);
    for _ in 0..5 {
        assert_eq!(client.code("look", json!({ "tenant": 1 })).await, "invalid_input");
        // The schema takes 1.0 for an integer; the type does not.
        assert_eq!(client.code("look", json!({ "tenant": "t1", "count": 1.0 })).await, "invalid_input");
    }
    client.answer("look", of("t1")).await;
}

/// [T-3] [T-4]
#[tokio::test]
async fn what_was_made_before_is_answered_beyond_the_allowance_and_a_refused_key_is_free() {
    let (client, maker, clock) = world(Era::Modern);
    let wish = |key: &str| json!({ "tenant": "t1", "idempotency_key": key, "what": "a hat" });
    let made = client.answer("thing_make", wish("k1")).await;
    assert_eq!(client.code("thing_make", wish("k2")).await, "rate_limited");
    assert_eq!(client.answer("thing_make", wish("k1")).await, made);
    clock.pass_ms(10_000);
    client.answer("thing_make", wish("k2")).await;
    assert_eq!(maker.charged(), 2);
}

/// [T-3] [T-4]
#[tokio::test]
async fn what_is_not_made_for_its_arguments_takes_neither_a_call_nor_the_key() {
    let (client, maker, _) = world(Era::Modern);
    let wish = |size: Value| json!({ "tenant": "t1", "idempotency_key": "k", "what": "a hat", "size": size });
    assert_eq!(client.code("thing_make", wish(json!(2.0))).await, "invalid_input");
    client.answer("thing_make", wish(json!(2))).await;
    assert_eq!(maker.charged(), 1);
}
