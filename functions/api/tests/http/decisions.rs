//! One decision wins.

use axum::http::StatusCode;
use chimera_domain::{DecisionKind, ReviewStatus, Subject, limits};
use chimera_testkit::builders::{a_campaign, an_intent, task_id};
use chimera_testkit::{Fault, Faults};
use serde_json::{Value, json};

use crate::world::{World, a_review};

const PATH: &str = "/reviews/c-1/write-1-r1/decision";

fn world_with(status: ReviewStatus) -> World {
    let world = World::new();
    fill(&world, status);
    world
}

fn fill(world: &World, status: ReviewStatus) {
    world.cloud.force(a_campaign().build()).unwrap();
    let mut review = a_review("write-1-r1");
    review.status = status;
    world.cloud.force(review).unwrap();
}

fn decision(kind: &str) -> Value {
    let digest = a_review("write-1-r1").digest;
    match kind {
        "edit" => json!({"decision": kind, "digest": digest, "text": "Another text."}),
        "reject" | "respond" => json!({"decision": kind, "digest": digest, "comment": "Too long."}),
        _ => json!({"decision": kind, "digest": digest}),
    }
}

///
#[tokio::test]
async fn each_kind_of_decision_is_kept_with_its_reviewer() {
    for kind in ["approve", "edit", "reject", "respond"] {
        let world = world_with(ReviewStatus::Open);
        let answer = world.post(PATH, &decision(kind)).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}: {}", answer.body);
        assert_eq!(answer.body["decision"]["kind"], kind);
        assert_eq!(answer.body["decision"]["reviewer"], "ada");
        let review = world.review("write-1-r1");
        let clock_looks = Some(world.now() + limits::FOLLOW_UP_AFTER);
        assert_eq!((review.status, review.due_at), (ReviewStatus::Decided, clock_looks));
        assert_eq!(review.decided.map(DecisionKind::name), Some(kind));
        let shown = world.get("/reviews/c-1/write-1-r1").await;
        assert_eq!((&shown.body["decision"]["kind"], &shown.body["due_at"]), (&json!(kind), &Value::Null));
    }
}

///
#[tokio::test]
async fn of_a_thousand_reviewers_one_wins_and_the_others_are_told_who() {
    let world = World::with(Faults::seeded(7).interleaved());
    fill(&world, ReviewStatus::Open);
    let reviewers: Vec<String> = (0..1_000).map(|n| format!("reviewer-{n}")).collect();
    let posts = reviewers.iter().map(|reviewer| {
        let headers = world.headers_of(&["reviewer"], "acme", reviewer);
        world.send("POST", PATH, headers, decision("approve").to_string())
    });
    let answers = futures::future::join_all(posts).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == StatusCode::OK);
    assert_eq!((won.len(), lost.len()), (1, 999));
    let winner = &won[0].body["decision"]["reviewer"];
    for answer in lost {
        answer.is(StatusCode::CONFLICT, "already_decided");
        assert_eq!(&answer.body["winner"]["reviewer"], winner);
    }
}

#[tokio::test]
async fn a_decision_on_other_bytes_is_refused() {
    let world = world_with(ReviewStatus::Open);
    let other = json!({"decision": "approve", "digest": an_intent("Something else.").digest()});
    let answer = world.post(PATH, &other).await;
    answer.is(StatusCode::CONFLICT, "digest_mismatch");
    assert_eq!(world.review("write-1-r1").status, ReviewStatus::Open);
}

#[tokio::test]
async fn a_review_whose_time_is_over_takes_no_decision() {
    for (status, code) in
        [(ReviewStatus::Expired, "review_expired"), (ReviewStatus::Superseded, "review_superseded")]
    {
        let world = world_with(status);
        world.post(PATH, &decision("approve")).await.is(StatusCode::GONE, code);
    }
}

#[tokio::test]
async fn an_answer_must_be_complete_and_offered() {
    let world = world_with(ReviewStatus::Open);
    let digest = a_review("write-1-r1").digest;
    for (body, code) in [
        (json!({"decision": "reject", "digest": digest}), "comment_required"),
        (json!({"decision": "respond", "digest": digest}), "comment_required"),
        (json!({"decision": "respond", "digest": digest, "comment": "  "}), "invalid_text"),
        (json!({"decision": "edit", "digest": digest}), "text_required"),
        (json!({"decision": "approve", "digest": digest, "text": "x"}), "text_not_allowed"),
        (json!({"decision": "delete", "digest": digest}), "invalid_body"),
        (json!({"decision": "approve"}), "invalid_body"),
        (json!({"decision": "approve", "digest": digest, "reviewer": "eve"}), "invalid_body"),
    ] {
        world.post(PATH, &body).await.is(StatusCode::UNPROCESSABLE_ENTITY, code);
    }
    let mut unconfirmed = a_review("write-1-r1");
    let (effect, task) = (chimera_domain::EffectId::new("write-1-e1").unwrap(), task_id("write-1"));
    unconfirmed.subject = Subject::Unconfirmed { effect, task };
    unconfirmed.allowed = vec![DecisionKind::Approve, DecisionKind::Reject];
    world.cloud.force(unconfirmed).unwrap();
    world.post(PATH, &decision("edit")).await.is(StatusCode::UNPROCESSABLE_ENTITY, "decision_not_allowed");
}

#[tokio::test]
async fn a_lost_reply_does_not_lose_the_decision() {
    let world = World::with(Faults::none().nth("api", "write_decision", 1, Fault::LostReply));
    fill(&world, ReviewStatus::Open);
    let first = world.post(PATH, &decision("approve")).await;
    first.is(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    let again = world.post(PATH, &decision("approve")).await;
    again.is(StatusCode::CONFLICT, "already_decided");
    assert_eq!(again.body["winner"]["reviewer"], "ada");
}
