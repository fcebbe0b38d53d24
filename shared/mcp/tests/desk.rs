//! The protocol of a write server: a grant is used at most once, and what came of it is never lost.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chimera_domain::ports::Burn;
use chimera_domain::{Grant, Refusal, SignedGrant, TenantId};
use chimera_mcp::server::{GrantDesk, MemoryBurns, Presented, ToolFault, Upstream};
use common::{AUDIENCE, CountingIds, ManualClock, grant, outcome, sign, usd, verifier};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

type Desk = GrantDesk<MemoryBurns, ManualClock, CountingIds>;

fn desk_at(second: i64, store: MemoryBurns) -> Desk {
    GrantDesk::new(verifier(AUDIENCE), store, ManualClock::at(second), CountingIds::default())
}

fn desk() -> Desk {
    desk_at(500, MemoryBurns::default())
}

fn post() -> Value {
    json!({ "account": "nova", "text": "hello", "made_with_ai": true })
}

fn presented(grant: &SignedGrant) -> Presented<'_> {
    let key = Uuid::from_u128(9);
    Presented { tool: "post_create", arguments: grant.grant.arguments.clone(), grant, key, price: usd(2) }
}

async fn refusal_of(desk: &Desk, call: Presented<'_>) -> String {
    let acted = AtomicUsize::new(0);
    let act = async {
        acted.fetch_add(1, Ordering::SeqCst);
        Upstream::Done(outcome("1"))
    };
    let fault = desk.execute(call, act).await.unwrap_err();
    assert_eq!(acted.load(Ordering::SeqCst), 0, "a refused call reached the platform");
    match fault {
        ToolFault::Refused(Refusal { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

fn refused(refusal: Refusal, retry_after_s: Option<u32>) -> Upstream {
    Upstream::Refused { refusal, retry_after_s }
}

/// [E-1]
#[tokio::test]
async fn a_grant_that_does_not_cover_the_call_is_refused() {
    let desk = desk();
    let good = sign(grant("g1", &post()));

    let mut forged = good.clone();
    forged.grant.max_cost = usd(9_999);
    assert_eq!(refusal_of(&desk, presented(&forged)).await, "grant_invalid");

    let mut unknown = grant("g1", &post());
    unknown.key = "k2".to_owned();
    assert_eq!(refusal_of(&desk, presented(&sign(unknown))).await, "grant_invalid");

    let mut elsewhere = grant("g1", &post());
    elsewhere.audience = "twitter@production".to_owned();
    assert_eq!(refusal_of(&desk, presented(&sign(elsewhere))).await, "grant_audience");

    let other = sign(grant("g1", &json!({ "text": "something else" })));
    let changed = Presented { arguments: other.grant.arguments.clone(), ..presented(&good) };
    assert_eq!(refusal_of(&desk, changed).await, "grant_arguments");

    let dear = Presented { price: usd(21), ..presented(&good) };
    assert_eq!(refusal_of(&desk, dear).await, "grant_cost");

    let tool = Presented { tool: "post_delete", ..presented(&good) };
    assert_eq!(refusal_of(&desk, tool).await, "grant_tool");

    assert_eq!(desk.outcome(&good).await.unwrap(), Burn::Unused, "a refused call burns nothing");
}

#[tokio::test]
async fn an_expired_grant_is_refused_but_may_be_asked_about_and_voided() {
    let desk = desk_at(1_000, MemoryBurns::default());
    let late = sign(grant("g1", &post()));
    assert_eq!(refusal_of(&desk, presented(&late)).await, "grant_expired");
    assert_eq!(desk.outcome(&late).await.unwrap(), Burn::Unused);
    assert_eq!(desk.void(&late).await.unwrap(), Burn::Void);
}

/// [E-2]
#[tokio::test]
async fn a_used_grant_answers_what_is_stored_even_when_it_has_expired() {
    let store = MemoryBurns::default();
    let grant = sign(grant("g1", &post()));
    let done = Burn::Done { outcome: outcome("1") };
    let first =
        desk_at(500, store.clone()).execute(presented(&grant), async { Upstream::Done(outcome("1")) }).await;
    assert_eq!(first.unwrap(), done);
    let again =
        desk_at(2_000, store).execute(presented(&grant), async { Upstream::Done(outcome("2")) }).await;
    assert_eq!(again.unwrap(), done);
}

/// [E-2]
#[tokio::test]
async fn a_repeated_key_answers_what_is_stored_and_never_for_other_arguments() {
    let desk = desk();
    let (one, two) = (sign(grant("g1", &post())), sign(grant("g2", &post())));
    let other = sign(grant("g3", &json!({ "text": "other" })));
    desk.execute(presented(&one), async { Upstream::Done(outcome("1")) }).await.unwrap();
    let repeated = desk.execute(presented(&two), async { Upstream::Done(outcome("2")) }).await.unwrap();
    assert_eq!(repeated, Burn::Done { outcome: outcome("1") });
    assert_eq!(refusal_of(&desk, presented(&other)).await, "idempotency_mismatch");
}

/// [E-2]
#[tokio::test]
async fn a_lost_answer_leaves_the_burn_in_flight() {
    let desk = desk();
    let grant = sign(grant("g1", &post()));
    let lost =
        desk.execute(presented(&grant), async { Upstream::Unknown("reset".to_owned()) }).await.unwrap();
    assert_eq!(lost, Burn::InFlight);
    assert_eq!(desk.void(&grant).await.unwrap(), Burn::InFlight, "a used grant cannot be voided");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_void_and_execute_exactly_one_wins() {
    let desk = Arc::new(desk());
    for round in 0..1_000 {
        let grant = sign(grant(&format!("g{round}"), &post()));
        let acted = Arc::new(AtomicUsize::new(0));
        let executing = {
            let (desk, grant, acted) = (Arc::clone(&desk), grant.clone(), Arc::clone(&acted));
            tokio::spawn(async move {
                let key = Uuid::from_u128(1_000 + round);
                let act = async {
                    acted.fetch_add(1, Ordering::SeqCst);
                    Upstream::Done(outcome("1"))
                };
                desk.execute(Presented { key, ..presented(&grant) }, act).await.unwrap()
            })
        };
        let voiding = {
            let (desk, grant) = (Arc::clone(&desk), grant.clone());
            tokio::spawn(async move { desk.void(&grant).await.unwrap() })
        };
        let (executed, voided) = (executing.await.unwrap(), voiding.await.unwrap());
        let happened = acted.load(Ordering::SeqCst);
        if voided == Burn::Void {
            assert_eq!((executed, happened), (Burn::Void, 0));
        } else {
            assert_eq!((executed, happened), (Burn::Done { outcome: outcome("1") }, 1));
        }
    }
}

/// Executes and lets `meanwhile` happen between the burn and the platform's answer.
async fn interrupted<F: Future>(
    desk: &Arc<Desk>,
    grant: &SignedGrant,
    answer: Upstream,
    meanwhile: F,
) -> (F::Output, Burn) {
    let (acting, acted) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let call = {
        let (desk, grant) = (Arc::clone(desk), grant.clone());
        tokio::spawn(async move {
            let act = async {
                acting.send(()).unwrap();
                released.await.unwrap();
                answer
            };
            desk.execute(presented(&grant), act).await.unwrap()
        })
    };
    acted.await.unwrap();
    let seen = meanwhile.await;
    release.send(()).unwrap();
    (seen, call.await.unwrap())
}

#[tokio::test]
async fn an_outcome_that_comes_after_the_close_wins() {
    let desk = Arc::new(desk());
    let grant = sign(grant("g1", &post()));
    let done = Burn::Done { outcome: outcome("1") };
    let answer = Upstream::Done(outcome("1"));
    let (closed, executed) =
        interrupted(&desk, &grant, answer, async { desk.close(&grant, None).await.unwrap() }).await;
    assert_eq!(closed, Burn::Void);
    assert_eq!(executed, done);
    assert_eq!(desk.outcome(&grant).await.unwrap(), done);
}

#[tokio::test]
async fn a_refusal_that_comes_after_a_confirmed_close_changes_nothing() {
    let desk = Arc::new(desk());
    let grant = sign(grant("g1", &post()));
    let found = Burn::Done { outcome: outcome("seen") };
    let refusal = Refusal { code: "duplicate".to_owned(), message: String::new(), retryable: false };
    let close = async { desk.close(&grant, Some(outcome("seen"))).await.unwrap() };
    let (closed, executed) = interrupted(&desk, &grant, refused(refusal, None), close).await;
    assert_eq!((closed, executed), (found.clone(), found.clone()));
    assert_eq!(desk.outcome(&grant).await.unwrap(), found);
}

#[tokio::test]
async fn closing_an_unused_grant_makes_it_unusable() {
    let desk = desk();
    let grant = sign(grant("g1", &post()));
    assert_eq!(desk.close(&grant, None).await.unwrap(), Burn::Void);
    let executed = desk.execute(presented(&grant), async { Upstream::Done(outcome("1")) }).await.unwrap();
    assert_eq!(executed, Burn::Void);
}

#[tokio::test]
async fn a_refusal_of_the_platform_is_stored() {
    let desk = desk();
    let grant = sign(grant("g1", &post()));
    let refusal = Refusal { code: "rate_limited".to_owned(), message: "later".to_owned(), retryable: true };
    let stored = Burn::Refused { refusal: refusal.clone(), retry_after_s: Some(37) };
    let answer = async { refused(refusal, Some(37)) };
    assert_eq!(desk.execute(presented(&grant), answer).await.unwrap(), stored);
    assert_eq!(desk.outcome(&grant).await.unwrap(), stored);
}

/// [E-8]
#[tokio::test]
async fn one_tenants_grants_and_keys_are_nothing_to_another() {
    let desk = desk();
    let ours = sign(grant("g1", &post()));
    let theirs = sign(Grant { tenant: TenantId::new("t2").unwrap(), ..grant("g1", &post()) });
    desk.execute(presented(&ours), async { Upstream::Done(outcome("ours")) }).await.unwrap();
    assert_eq!(desk.outcome(&theirs).await.unwrap(), Burn::Unused);
    let done = desk.execute(presented(&theirs), async { Upstream::Done(outcome("theirs")) }).await.unwrap();
    assert_eq!(done, Burn::Done { outcome: outcome("theirs") });
    assert_eq!(desk.outcome(&ours).await.unwrap(), Burn::Done { outcome: outcome("ours") });
}
