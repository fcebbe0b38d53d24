//! The sandbox does only what the Judge's key has signed, and remembers every grant.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::time::Duration;

use chimera_domain::ports::{
    Burn, Clock as _, GrantSigner as _, ReadTools as _, ToolError, WriteCall, WriteTools as _,
};
use chimera_domain::{CampaignId, Digest, EffectId, Grant, Intent, TenantId};
use chimera_testkit::builders::{FEED, a_tenant, an_agent_id, an_intent, cents};
use chimera_testkit::{Faults, Feed, MemorySigner, Mode, STACK, SandboxPlatform, VirtualClock};
use serde_json::json;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(25);

fn platform(clock: &VirtualClock) -> SandboxPlatform {
    SandboxPlatform::new(&MemorySigner::default(), clock.clone(), Faults::none())
}

fn call(text: &str, number: u128, signer: &MemorySigner, clock: &VirtualClock) -> WriteCall {
    granted(an_intent(text), a_tenant(), number, signer, clock)
}

fn granted(
    intent: Intent,
    tenant: TenantId,
    number: u128,
    signer: &MemorySigner,
    clock: &VirtualClock,
) -> WriteCall {
    let grant = Grant {
        id: format!("grant-{number}"),
        key: signer.key_id().to_owned(),
        tenant,
        agent: an_agent_id(),
        campaign: CampaignId::new("c-1").unwrap(),
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
    assert!(matches!(second, Burn::Refused { refusal, .. } if refusal.code == "duplicate"));

    let arguments = json!({ "tenant": a_tenant(), "account": "mira", "text": "same" });
    let found = platform.call("twitter", "posts_search", arguments, SOON).await.unwrap();
    assert_eq!(found["posts"].as_array().unwrap().len(), 1);
}

fn deletion(post_id: &str) -> Intent {
    let arguments = json!({ "account": "mira", "post_id": post_id });
    Intent { tool: "post_delete".to_owned(), arguments, ..an_intent("") }
}

/// [E-9]
#[tokio::test]
async fn a_deleted_post_is_kept_as_deleted_and_gone_for_everybody() {
    let clock = VirtualClock::default();
    let platform = platform(&clock);
    let signer = MemorySigner::default();
    platform.execute(&call("regretted", 1, &signer, &clock), SOON).await.unwrap();
    let post_id = platform.posts()[0].post_id.clone();
    for number in [2, 3] {
        let delete = granted(deletion(&post_id), a_tenant(), number, &signer, &clock);
        let done = platform.execute(&delete, SOON).await.unwrap();
        assert!(matches!(done, Burn::Done { outcome } if outcome.external_id == post_id));
    }
    assert_eq!((platform.posts().len(), platform.deleted().len()), (0, 1));
    let deleter = platform.deleted()[0].effect.clone().map(|(_, effect)| effect);
    assert_eq!(deleter, Some(EffectId::new("effect-2").unwrap()));
    assert_eq!(platform.ever_posted().len(), 1);
    let by_id = json!({ "tenant": a_tenant(), "account": "mira", "post_id": post_id });
    let found = platform.call("twitter", "posts_search", by_id, SOON).await.unwrap();
    assert_eq!(found["posts"], json!([]));
}

/// [E-9]
#[tokio::test]
async fn what_is_no_id_of_the_platforms_deletes_nothing() {
    let clock = VirtualClock::default();
    let platform = platform(&clock);
    let call = granted(deletion("w1-e1-ru0"), a_tenant(), 1, &MemorySigner::default(), &clock);
    let refused = platform.execute(&call, SOON).await.unwrap();
    assert!(matches!(refused, Burn::Refused { refusal, .. } if refusal.code == "invalid_input"));
}

#[tokio::test]
async fn a_reply_is_a_post_that_says_what_it_answers() {
    let clock = VirtualClock::default();
    let platform = platform(&clock);
    let signer = MemorySigner::default();
    let reply = |to: &str| {
        let mut intent = an_intent("thank you");
        intent.tool = "post_reply".to_owned();
        intent.arguments["in_reply_to"] = json!(to);
        intent
    };
    for (number, to, state) in [(1, "m1", "done"), (2, "m2", "done"), (3, "m2", "refused")] {
        let told = platform.execute(&granted(reply(to), a_tenant(), number, &signer, &clock), SOON).await;
        assert_eq!(json!(told.unwrap())["state"], state, "{to}");
    }
    let search = json!({ "tenant": a_tenant(), "account": "mira", "text": "thank you" });
    let found = platform.call("twitter", "posts_search", search, SOON).await.unwrap();
    assert_eq!(found["posts"][0]["in_reply_to"], "m2");
    assert_eq!(found["posts"][1]["in_reply_to"], "m1");
}

/// [E-8]
#[tokio::test]
async fn two_tenants_share_neither_posts_nor_keys_nor_grants() {
    let clock = VirtualClock::default();
    let platform = platform(&clock);
    let signer = MemorySigner::default();
    let other = TenantId::new("umbra").unwrap();
    platform.execute(&call("hello", 1, &signer, &clock), SOON).await.unwrap();
    let ours = platform.posts()[0].post_id.clone();
    // The same grant id, key and words; then a deletion of what only the first has.
    let theirs = granted(an_intent("hello"), other.clone(), 1, &signer, &clock);
    assert!(matches!(platform.execute(&theirs, SOON).await.unwrap(), Burn::Done { .. }));
    let reach = granted(deletion(&ours), other.clone(), 2, &signer, &clock);
    assert!(matches!(platform.execute(&reach, SOON).await.unwrap(), Burn::Done { .. }));
    assert_eq!((platform.posts_of(&a_tenant()).len(), platform.posts_of(&other).len()), (1, 1));
    assert!(platform.deleted().is_empty());
    let nameless = platform.call("twitter", "posts_search", json!({ "account": "mira" }), SOON).await;
    assert!(matches!(nameless, Err(ToolError::Refused(refusal)) if refusal.code == "invalid_input"));
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
