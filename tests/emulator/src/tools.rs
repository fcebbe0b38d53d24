//! The contract of the stores that MCP servers keep: burns, answers and allowances, whatever they are made of.
#![expect(clippy::expect_used, reason = "a contract that is broken fails the test that runs it")]

use std::time::Duration;

use chimera_domain::ports::Burn;
use chimera_domain::{Currency, Digest, Money, Outcome, TenantId, Timestamp};
use chimera_mcp::server::{
    Allowance, AllowanceStore, AnswerKey, AnswerStore, BurnKey, BurnRow, BurnStore, Put, Spent, Taken, Taking,
};
use futures::future::join_all;
use serde_json::json;
use uuid::Uuid;

/// Callers at once.
const CALLERS: usize = 12;
/// An hour of one call each quarter, so that nothing refills while a test runs.
const FOUR: Allowance = Allowance::per(4, Duration::from_secs(3_600));

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a moment")
}

fn tenant(name: &str, run: &str) -> TenantId {
    TenantId::new(format!("{name}-{run}")).expect("a tenant")
}

fn row(tenant: &TenantId, grant: &str, key: u128, text: &str) -> BurnRow {
    BurnRow {
        tenant: tenant.clone(),
        grant: grant.to_owned(),
        tool: "post_create".to_owned(),
        arguments: Digest::of_json(&json!({ "text": text })),
        key: Some(Uuid::from_u128(key)),
        writer: Uuid::new_v4(),
        state: Burn::InFlight,
        closed: false,
        late: None,
        at: at(0),
    }
}

fn outcome(id: &str) -> Outcome {
    let cost = Money::new(2, Currency::Usd).expect("a cost");
    Outcome { external_id: id.to_owned(), url: Some("https://x.example/1".to_owned()), cost }
}

/// Runs the contract of burns; `run` keeps its rows apart from another run's.
///
/// # Panics
/// Where the store breaks it.
pub async fn burns_keep(store: &impl BurnStore, run: &str) {
    a_grant_and_a_key_are_burnt_once(store, &tenant("burns", run)).await;
    of_many_burns_at_once_one_is_new(store, &tenant("races", run)).await;
    a_burn_is_settled_once_and_a_late_outcome_is_kept(store, &tenant("late", run)).await;
}

async fn a_grant_and_a_key_are_burnt_once(store: &impl BurnStore, tenant: &TenantId) {
    let first = row(tenant, "g1", 1, "hello");
    let put = async |row: &BurnRow| store.put(row).await.expect("the store answers");
    assert_eq!(store.get(&first.place()).await.expect("the store answers"), None);
    assert_eq!(put(&first).await, Put::New);
    assert_eq!(store.get(&first.place()).await.expect("the store answers"), Some(first.clone()));
    assert_eq!(put(&row(tenant, "g1", 2, "hello")).await, Put::Found(first.clone()));
    assert_eq!(put(&row(tenant, "g2", 1, "other")).await, Put::KeyUsed(first.clone()));
    let by_key = async |key| store.by_key(tenant, Uuid::from_u128(key)).await.expect("the store answers");
    assert_eq!(by_key(1).await, Some(first.clone()));
    assert_eq!(by_key(2).await, None, "a refused put leaves nothing");

    let theirs = TenantId::new(format!("{tenant}-2")).expect("a tenant");
    assert_eq!(put(&row(&theirs, "g1", 1, "hello")).await, Put::New, "[E-8] another tenant's is another");
    let voided = BurnRow { key: None, state: Burn::Void, ..row(tenant, "g3", 0, "never") };
    assert_eq!(put(&voided).await, Put::New);
    assert_eq!(store.get(&voided.place()).await.expect("the store answers"), Some(voided));
}

async fn of_many_burns_at_once_one_is_new(store: &impl BurnStore, tenant: &TenantId) {
    let rows: Vec<BurnRow> = (0..CALLERS).map(|_| row(tenant, "g1", 1, "hello")).collect();
    let put = join_all(rows.iter().map(|row| store.put(row))).await;
    let new = put.into_iter().map(|put| put.expect("the store answers")).filter(|put| *put == Put::New);
    assert_eq!(new.count(), 1);
}

async fn a_burn_is_settled_once_and_a_late_outcome_is_kept(store: &impl BurnStore, tenant: &TenantId) {
    let settle = async |grant: &BurnKey, state: &Burn, closed| {
        store.settle(grant, state, closed).await.expect("the store answers")
    };
    let nobody = BurnKey { tenant: tenant.clone(), grant: "g0".to_owned() };
    assert_eq!(settle(&nobody, &Burn::Void, true).await, None);
    let flying = row(tenant, "g1", 1, "hello");
    store.put(&flying).await.expect("the store answers");
    let closed = settle(&flying.place(), &Burn::Void, true).await.expect("a row");
    assert_eq!((&closed.state, closed.closed), (&Burn::Void, true));
    let done = Burn::Done { outcome: outcome("1") };
    let again = settle(&flying.place(), &done, false).await.expect("a row");
    assert_eq!(again, closed, "what was settled stays");
    store.add_late(&flying.place(), &outcome("1")).await.expect("the store answers");
    let late = store.get(&flying.place()).await.expect("the store answers").expect("a row");
    assert_eq!((late.answer(), late.state), (done, Burn::Void));
}

fn taking(tenant: &TenantId, key: &str, what: &str, now: i64) -> Taking {
    Taking {
        key: AnswerKey { tenant: tenant.to_string(), tool: "thing_make".to_owned(), key: key.to_owned() },
        arguments: Digest::of_json(&json!({ "what": what })),
        holder: Uuid::new_v4(),
        now: at(now),
        until: at(now + 120),
    }
}

/// [T-3] Runs the contract of answers; `run` keeps its rows apart from another run's.
///
/// # Panics
/// Where the store breaks it.
pub async fn answers_keep(store: &impl AnswerStore, run: &str) {
    a_key_is_one_calls_until_it_is_answered(store, &tenant("answers", run)).await;
    a_lease_that_has_run_out_is_taken_over(store, &tenant("leases", run)).await;
    a_key_that_was_freed_is_anybodys(store, &tenant("freed", run)).await;
    of_many_calls_at_once_one_has_the_key(store, &tenant("rivals", run)).await;
}

async fn a_key_is_one_calls_until_it_is_answered(store: &impl AnswerStore, tenant: &TenantId) {
    let take = async |taking: &Taking| store.take(taking).await.expect("the store answers");
    // Keys are a caller's own text.
    for key in ["t-1/1", "ключ #2 {\"a\":1}"] {
        let first = taking(tenant, key, "a hat", 0);
        assert_eq!(take(&first).await, Taken::Own);
        assert_eq!(take(&first).await, Taken::Own, "a lost reply to an own write");
        assert_eq!(take(&taking(tenant, key, "a hat", 119)).await, Taken::InProgress(at(120)));
        assert_eq!(take(&taking(tenant, key, "a coat", 0)).await, Taken::Mismatch);
        let made = json!({ "what": "a hat", "size": 1.5, "of": ["felt", null] });
        assert_eq!(store.finish(&first, &made).await.expect("the store answers"), made);
        assert_eq!(take(&taking(tenant, key, "a hat", 500)).await, Taken::Answered(made));
        assert_eq!(take(&taking(tenant, key, "a coat", 500)).await, Taken::Mismatch);
    }
    let theirs = TenantId::new(format!("{tenant}-2")).expect("a tenant");
    assert_eq!(take(&taking(&theirs, "t-1/1", "a coat", 0)).await, Taken::Own);
}

async fn a_lease_that_has_run_out_is_taken_over(store: &impl AnswerStore, tenant: &TenantId) {
    let (slow, next) = (taking(tenant, "k", "a hat", 0), taking(tenant, "k", "a hat", 120));
    assert_eq!(store.take(&slow).await.expect("the store answers"), Taken::Own);
    let other = taking(tenant, "k", "a coat", 120);
    assert_eq!(store.take(&other).await.expect("the store answers"), Taken::Mismatch);
    assert_eq!(store.take(&next).await.expect("the store answers"), Taken::Own);
    store.release(&slow).await.expect("the store answers");
    let third = taking(tenant, "k", "a hat", 130);
    let held = store.take(&third).await.expect("the store answers");
    assert_eq!(held, Taken::InProgress(at(240)), "only its holder frees a key");
    let (first, second) = (json!({ "number": 0 }), json!({ "number": 1 }));
    assert_eq!(store.finish(&slow, &first).await.expect("the store answers"), first);
    assert_eq!(store.finish(&next, &second).await.expect("the store answers"), first, "the first one stands");
}

async fn a_key_that_was_freed_is_anybodys(store: &impl AnswerStore, tenant: &TenantId) {
    let refused = taking(tenant, "k", "a gun", 0);
    assert_eq!(store.take(&refused).await.expect("the store answers"), Taken::Own);
    store.release(&refused).await.expect("the store answers");
    store.release(&refused).await.expect("the store answers");
    let other = taking(tenant, "k", "a hat", 1);
    assert_eq!(store.take(&other).await.expect("the store answers"), Taken::Own);
    let made = json!({ "what": "a hat" });
    assert_eq!(store.finish(&other, &made).await.expect("the store answers"), made);
    store.release(&other).await.expect("the store answers");
    assert_eq!(store.take(&other).await.expect("the store answers"), Taken::Answered(made));
}

async fn of_many_calls_at_once_one_has_the_key(store: &impl AnswerStore, tenant: &TenantId) {
    let calls: Vec<Taking> = (0..CALLERS).map(|_| taking(tenant, "k", "a hat", 0)).collect();
    let taken = join_all(calls.iter().map(|call| store.take(call))).await;
    let own = taken.into_iter().map(|taken| taken.expect("the store answers"));
    assert_eq!(own.filter(|taken| *taken == Taken::Own).count(), 1);
}

/// [T-4] Runs the contract of allowances; `run` keeps its rows apart from another run's.
///
/// # Panics
/// Where the store breaks it.
pub async fn allowances_keep(store: &impl AllowanceStore, run: &str) {
    let spend = async |tenant: &str, tool: &'static str, second: i64| {
        store.spend(&format!("{tenant}-{run}"), tool, FOUR, at(second)).await.expect("the store answers")
    };
    for tenant in ["t1", "t2"] {
        for tool in ["look", "search"] {
            for _ in 0..4 {
                assert_eq!(spend(tenant, tool, 0).await, Spent::Taken);
            }
            assert_eq!(spend(tenant, tool, 0).await, Spent::Wait(Duration::from_secs(900)));
        }
    }
    assert_eq!(spend("t1", "look", 899).await, Spent::Wait(Duration::from_secs(1)));
    assert_eq!(spend("t1", "look", 900).await, Spent::Taken);
    assert_eq!(spend("t1", "look", 900).await, Spent::Wait(Duration::from_secs(900)));
    for _ in 0..4 {
        assert_eq!(
            spend("t1", "look", 100_000).await,
            Spent::Taken,
            "a full bucket holds no more than its calls"
        );
    }
    assert_eq!(spend("t1", "look", 100_000).await, Spent::Wait(Duration::from_secs(900)));

    let rivals = format!("rivals-{run}");
    let at_once = join_all((0..CALLERS).map(|_| store.spend(&rivals, "look", FOUR, at(0)))).await;
    let taken = at_once.into_iter().map(|spent| spent.expect("the store answers"));
    assert_eq!(taken.filter(|spent| *spent == Spent::Taken).count(), 4);
}
