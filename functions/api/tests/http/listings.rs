//! Listings, ledger and audit.

use std::collections::BTreeSet;
use std::time::Duration;

use auditor::Auditor;
use axum::http::StatusCode;
use chimera_domain::ports::{AuditEntry, AuditWriter as _, ChangeHandler as _, MoneyWriter as _};
use chimera_domain::{
    CampaignId, Digest, EffectStatus, LedgerEntry, MoneyTransaction, Reservation, ReviewStatus, TaskToken,
    Transaction, WriterId,
};
use chimera_testkit::Consumer;
use chimera_testkit::builders::{a_campaign, a_task, a_tenant, cents, morning};
use serde_json::{Value, json};

use crate::world::{Answer, World, a_review, an_effect};

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn campaigns_are_paged_newest_first() {
    let world = World::new();
    for n in 0..5_u32 {
        let at = morning() + Duration::from_secs(u64::from(n));
        world.cloud.force(a_campaign().named(&format!("c-{n}")).accepted_at(at).build()).unwrap();
    }
    let first = world.get("/campaigns?limit=3").await;
    assert_eq!(ids(&first.body["campaigns"]), ["c-4", "c-3", "c-2"]);
    let next = first.body["next"].as_str().unwrap();
    let second = world.get(&format!("/campaigns?limit=3&cursor={next}")).await;
    assert_eq!(ids(&second.body["campaigns"]), ["c-1", "c-0"]);
    assert_eq!(second.body["next"], Value::Null);
    let elsewhere = world.get(&format!("/dead-letters?cursor={next}")).await;
    elsewhere.is(StatusCode::BAD_REQUEST, "invalid_cursor");
}

#[tokio::test]
async fn reviews_wait_by_deadline_and_leave_when_they_are_decided() {
    let world = World::new();
    for n in [3_u64, 1, 4, 2, 5] {
        let mut review = a_review(&format!("r-{n}"));
        review.due_at = Some(morning() + Duration::from_secs(60 * n));
        if n == 4 {
            review.status = ReviewStatus::Decided;
        }
        world.cloud.force(review).unwrap();
    }
    for path in ["/reviews", "/api/review_queue"] {
        let all = world.get(path).await;
        assert_eq!(ids(&all.body["reviews"]), ["r-1", "r-2", "r-3", "r-5"]);
        let first = world.get(&format!("{path}?limit=2")).await;
        let next = first.body["next"].as_str().unwrap();
        let second = world.get(&format!("{path}?limit=2&cursor={next}")).await;
        assert_eq!(ids(&first.body["reviews"]), ["r-1", "r-2"]);
        assert_eq!(ids(&second.body["reviews"]), ["r-3", "r-5"]);
        assert_eq!(second.body["next"], Value::Null);
    }
}

#[tokio::test]
async fn equal_reviews_of_two_campaigns_are_both_listed() {
    let world = World::new();
    for campaign in ["c-1", "c-2"] {
        let mut review = a_review("write-1-r1");
        review.campaign = CampaignId::new(campaign).unwrap();
        world.cloud.force(review).unwrap();
    }
    let first = world.get("/reviews?limit=1").await;
    let next = first.body["next"].as_str().unwrap();
    let second = world.get(&format!("/reviews?limit=1&cursor={next}")).await;
    let campaign = |answer: &Answer| answer.body["reviews"][0]["campaign"].clone();
    let both: BTreeSet<String> = [&first, &second].map(|answer| campaign(answer).to_string()).into();
    assert_eq!((both.len(), &second.body["next"]), (2, &Value::Null));
}

#[tokio::test]
async fn a_page_of_many_reviews_costs_one_query_and_one_read() {
    let world = World::new();
    for n in 0..300_u64 {
        let mut review = a_review(&format!("r-{n}"));
        review.due_at = Some(morning() + Duration::from_secs(60 * (1_000 - n)));
        world.cloud.force(review).unwrap();
    }
    let page = world.get("/reviews?limit=2").await;
    assert_eq!(ids(&page.body["reviews"]), ["r-299", "r-298"]);
    let meter = world.cloud.meter();
    assert_eq!((meter.of("api", "listing").calls, meter.of("api", "get_many").calls), (1, 1));
}

#[tokio::test]
async fn a_limit_is_1_to_100() {
    let world = World::new();
    for limit in ["0", "-1", "101", "1000000000", "x", ""] {
        let answer = world.get(&format!("/campaigns?limit={limit}")).await;
        answer.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_limit");
    }
    for cursor in ["x", "AAAA", "e30", "%00", &"A".repeat(5_000)] {
        let answer = world.get(&format!("/campaigns?cursor={cursor}")).await;
        answer.is(StatusCode::BAD_REQUEST, "invalid_cursor");
    }
    world.get("/campaigns?page=2").await.is(StatusCode::UNPROCESSABLE_ENTITY, "invalid_query");
}

///
#[tokio::test]
async fn no_answer_holds_a_workflows_token() {
    let world = World::new();
    world.cloud.force(a_campaign().build()).unwrap();
    let mut review = a_review("write-1-r1");
    review.token = Some(TaskToken::new("token-of-the-workflow"));
    review.token_of = Some((0, 1));
    let mut effect = an_effect("write-1-e1", EffectStatus::Held);
    effect.review = Some(review.id.clone());
    let decision = json!({"decision": "approve", "digest": review.digest});
    world.cloud.force(review).unwrap();
    world.cloud.force(effect).unwrap();
    assert_nothing_tells_a_token(&world, "while it waits").await;
    let decided = world.post("/reviews/c-1/write-1-r1/decision", &decision).await;
    assert_tells_no_token(&decided, "the decision");
    assert_nothing_tells_a_token(&world, "once decided").await;
    let cancelled = world.post("/campaigns/c-1/cancel", &json!({})).await;
    assert_tells_no_token(&cancelled, "the cancellation");
}

/// Every answer that is made of a review's row, and the audit as the auditor has written it by now.
async fn assert_nothing_tells_a_token(world: &World, when: &str) {
    let auditor = Auditor::new(world.cloud.as_function("auditor"));
    let changes = world.cloud.take_changes(Consumer::Auditor, usize::MAX);
    auditor.handle_changes(changes).await.unwrap();
    for path in [
        "/reviews",
        "/api/review_queue",
        "/reviews/c-1/write-1-r1",
        "/campaigns/c-1",
        "/effects/c-1/write-1-e1/receipt",
        "/reviews/c-1/write-1-r1/receipt",
        "/ledger/c-1",
        "/audit/c-1",
        "/dead-letters",
    ] {
        let answer = world.get(path).await;
        assert_tells_no_token(&answer, &format!("{path} {when}"));
        if path == "/audit/c-1" {
            assert!(answer.body.to_string().contains("REVIEW#write-1-r1"), "{}", answer.body);
        }
    }
}

fn assert_tells_no_token(answer: &Answer, what: &str) {
    assert_eq!(answer.status, StatusCode::OK, "{what}");
    let text = answer.body.to_string();
    let tells =
        ["token-of-the-workflow", "\"token\"", "token_of"].into_iter().find(|word| text.contains(word));
    assert_eq!(tells, None, "{what}: {text}");
}

async fn world_with_a_post() -> World {
    let world = World::new();
    let reservation =
        Reservation { number: 1, amount: cents(20), day: "2026-03-02".to_owned(), buckets: vec![] };
    let mut effect = an_effect("write-1-e1", EffectStatus::Approved);
    effect.reservation = reservation.clone();
    let mut review = a_review("write-1-r1");
    review.status = ReviewStatus::Closed;
    review.ended_at = Some(morning() + Duration::from_secs(5 * 60));
    review.decided_by = Some(chimera_domain::OperatorId::new("ada"));
    effect.review = Some(review.id.clone());
    let entry = LedgerEntry::Reserve {
        campaign: effect.campaign.clone(),
        effect: effect.id.clone(),
        reservation: reservation.clone(),
        at: morning(),
    };
    world.cloud.force(a_campaign().build()).unwrap();
    world.cloud.force(a_task()).unwrap();
    world.cloud.force(review).unwrap();
    let write = Transaction::by(WriterId::new("test")).insert(effect).unwrap();
    let write = MoneyTransaction::from(write).reserve(&a_tenant(), &entry, &reservation, &[]).unwrap();
    world.cloud.write_money(&write).await.unwrap();
    world
}

#[tokio::test]
async fn a_ledger_shows_entries_and_what_they_come_to() {
    let world = world_with_a_post().await;
    let ledger = world.get("/ledger/c-1").await.body;
    assert_eq!(ledger["entries"].as_array().unwrap().len(), 1);
    assert_eq!((&ledger["totals"]["open"]["minor"], &ledger["budget"]["minor"]), (&json!(20), &json!(1_000)));
}

#[tokio::test]
async fn an_audit_is_of_one_campaign() {
    let world = World::new();
    for id in ["c-1", "c-10"] {
        world.cloud.force(a_campaign().named(id).build()).unwrap();
        let (row, new) = (format!("state|T#acme#C#{id}|META"), Digest::of_bytes(id.as_bytes()));
        let entry = AuditEntry::new(row, 1, None, new, "req-1", json!({"status": "planning"}));
        world.cloud.put(&entry).await.unwrap();
    }
    let audit = world.get("/audit/c-1").await.body;
    assert_eq!(audit["entries"].as_array().unwrap().len(), 1);
    assert_eq!(audit["entries"][0]["row"], "state|T#acme#C#c-1|META");
}
