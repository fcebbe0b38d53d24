//! The sandbox does only what the Judge's key has signed, and remembers every grant.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::time::Duration;

use chimera_domain::ports::{
    Burn, Clock as _, GrantSigner as _, ReadTools as _, ToolError, WriteCall, WriteTools as _,
};
use chimera_domain::{Digest, EffectId, Grant};
use chimera_testkit::builders::{FEED, a_tenant, an_agent_id, an_intent, cents};
use chimera_testkit::{Faults, Feed, MemorySigner, Mode, STACK, SandboxPlatform, VirtualClock};
use serde_json::json;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(25);

fn platform(clock: &VirtualClock) -> SandboxPlatform {
    SandboxPlatform::new(&MemorySigner::default(), clock.clone(), Faults::none())
}

fn call(text: &str, number: u128, signer: &MemorySigner, clock: &VirtualClock) -> WriteCall {
    let intent = an_intent(text);
    let grant = Grant {
        id: format!("grant-{number}"),
        key: signer.key_id().to_owned(),
        tenant: a_tenant(),
        agent: an_agent_id(),
        effect: EffectId::new(format!("effect-{number}")).unwrap(),
        audience: format!("twitter@{STACK}"),
        tool: intent.tool.clone(),
        arguments: Digest::of_json(&intent.arguments),
        max_cost: cents(20),
        policy_version: 0,
        expires_at: clock.now() + Duration::from_secs(900),
    };
    WriteCall {
        server: intent.server,
        tool: intent.tool,
        arguments: intent.arguments,
        grant: signer.sign(grant),
        idempotency_key: Uuid::from_u128(number),
    }
}

#[tokio::test]
async fn a_used_grant_answers_with_its_outcome_and_posts_once() {
    let clock = VirtualClock::default();
    let platform = platform(&clock);
    let call = call("hello", 1, &MemorySigner::default(), &clock);
    let first = platform.execute(&call, SOON).await.unwrap();
    assert!(matches!(first, Burn::Done { .. }));
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(platform.execute(&call, SOON).await.unwrap(), first);
    assert_eq!(platform.void(&call, SOON).await.unwrap(), first);
    assert_eq!(platform.posts().len(), 1);
}

#[tokio::test]
async fn a_forged_altered_or_expired_grant_posts_nothing() {
    let clock = VirtualClock::default();
    let platform = platform(&clock);
    let forged = call("forged", 1, &MemorySigner::with_seed([9; 32]), &clock);
    let mut altered = call("altered", 2, &MemorySigner::default(), &clock);
    altered.arguments["text"] = json!("something else");
    for (bad, code) in [(&forged, "grant_invalid"), (&altered, "grant_arguments")] {
        let refused = platform.execute(bad, SOON).await;
        assert!(matches!(refused, Err(ToolError::Refused(refusal)) if refusal.code == code));
    }
    let old = call("old", 3, &MemorySigner::default(), &clock);
    clock.advance(Duration::from_secs(900));
    assert!(
        matches!(platform.execute(&old, SOON).await, Err(ToolError::Refused(refusal)) if refusal.retryable)
    );
    assert_eq!(platform.void(&old, SOON).await.unwrap(), Burn::Void);
    assert!(platform.posts().is_empty());
}

#[tokio::test]
async fn a_void_grant_can_never_be_used() {
    let clock = VirtualClock::default();
    let platform = platform(&clock);
    let call = call("never", 1, &MemorySigner::default(), &clock);
    assert_eq!(platform.outcome(&call, SOON).await.unwrap(), Burn::Unused);
    assert_eq!(platform.void(&call, SOON).await.unwrap(), Burn::Void);
    assert_eq!(platform.execute(&call, SOON).await.unwrap(), Burn::Void);
    assert!(platform.posts().is_empty());
}

#[tokio::test]
async fn a_crash_after_the_burn_leaves_it_in_flight_until_it_is_closed() {
    let clock = VirtualClock::default();
    let platform = platform(&clock);
    let call = call("lost", 1, &MemorySigner::default(), &clock);
    platform.next(Mode::NeverPosted);
    assert!(matches!(platform.execute(&call, SOON).await, Err(ToolError::Unknown(_))));
    assert_eq!(platform.void(&call, SOON).await.unwrap(), Burn::InFlight);
    assert_eq!(platform.close(&call, None, SOON).await.unwrap(), Burn::Void);
    assert_eq!(platform.execute(&call, SOON).await.unwrap(), Burn::Void);
    assert!(platform.posts().is_empty());
}

#[tokio::test]
async fn a_slow_call_ends_in_its_own_time() {
    let clock = VirtualClock::default();
    let platform = platform(&clock);
    let call = call("slow", 1, &MemorySigner::default(), &clock);
    platform.next(Mode::Slow(40));
    assert!(matches!(platform.execute(&call, SOON).await, Err(ToolError::Unknown(_))));
    assert!(platform.posts().is_empty());
    clock.advance(Duration::from_secs(40));
    assert!(matches!(platform.outcome(&call, SOON).await.unwrap(), Burn::Done { .. }));
    assert_eq!(platform.posts().len(), 1);
}

#[tokio::test]
async fn an_account_says_the_same_only_once() {
    let clock = VirtualClock::default();
    let platform = platform(&clock);
    let signer = MemorySigner::default();
    platform.execute(&call("same", 1, &signer, &clock), SOON).await.unwrap();
    let second = platform.execute(&call("same", 2, &signer, &clock), SOON).await.unwrap();
    assert!(matches!(second, Burn::Refused { refusal } if refusal.code == "duplicate"));

    let arguments = json!({ "account": "mira", "text": "same" });
    let found = platform.call("twitter", "posts_search", arguments, SOON).await.unwrap();
    assert_eq!(found["posts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_feed_is_served_under_its_url_only() {
    let platform = platform(&VirtualClock::default());
    platform.serve(FEED, Feed::small_tools());
    let arguments = |url: &str| json!({ "url": url, "limit": 2 });
    let feed = platform.call("news", "news_headlines", arguments(FEED), SOON).await.unwrap();
    assert_eq!(feed["items"].as_array().unwrap().len(), 2);
    let nobody = platform.call("news", "news_headlines", arguments("https://nobody.example/"), SOON).await;
    assert!(matches!(nobody, Err(ToolError::Refused(refusal)) if refusal.code == "unreachable"));
}
