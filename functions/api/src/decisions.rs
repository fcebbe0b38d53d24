//! Decisions: one transaction of the decision and the review's status. One wins; every other reviewer is told
//! who.

use axum::Json as Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chimera_domain::{
    CampaignId, Decision, DecisionKind, DecisionRow, DecisionTransaction, Digest, Review, ReviewEvent,
    ReviewId, ReviewStatus, StoreError, Stored, Transaction, WriterId, limits,
};
use serde::Deserialize;
use serde_json::json;

use crate::body::{self, Json};
use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::reviews;
use crate::state::{Api, Clock, Ids, Store, WRITE_TRIES};
use crate::views::Winner;

/// Longest comment, in characters: it becomes feedback that each further attempt carries.
const COMMENT_CHARS: usize = 2_000;
/// Longest edited text, in characters: no platform takes more, and the Judge checks the platform's own limit.
const TEXT_CHARS: usize = 10_000;

/// What a reviewer sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    decision: DecisionKind,
    digest: Digest,
    comment: Option<String>,
    text: Option<String>,
}

/// `POST /reviews/{campaign}/{review}/decision`.
pub(crate) async fn decide<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    At((campaign, id)): At<(CampaignId, ReviewId)>,
    Json(body): Json,
) -> Result<Response, Problem> {
    let answer = read_answer(body)?;
    let writer = WriterId::new(format!("decision-{}", api.fresh()));
    for _ in 0..WRITE_TRIES {
        let review = reviews::find(&api, &caller.tenant, &campaign, &id).await?;
        if review.row.status != ReviewStatus::Open {
            return Err(too_late(&api, &review.row).await);
        }
        check(&review.row, &answer)?;
        let row = decision_row(&review.row, &answer, &caller, api.now());
        let write = transaction(writer.clone(), &review, &row)?;
        match api.store().write_decision(&write).await {
            Ok(_) => return Ok(decided(&row)),
            // Decided by another, or the ladder moved on: only the row can tell.
            Err(StoreError::Refused(_) | StoreError::Contention) => {}
            Err(error) => return Err(errors::store(error)),
        }
    }
    Err(errors::busy())
}

fn read_answer(body: serde_json::Value) -> Result<Answer, Problem> {
    let answer: Answer = body::read_as(body)?;
    let needs_comment = matches!(answer.decision, DecisionKind::Reject | DecisionKind::Respond);
    match &answer.comment {
        Some(comment) => body::check_text("comment", comment, COMMENT_CHARS)?,
        None if needs_comment => {
            let detail = format!("to {} needs a comment", answer.decision.name());
            return Err(errors::invalid("comment_required", detail));
        }
        None => {}
    }
    match (&answer.text, answer.decision) {
        (Some(text), DecisionKind::Edit) => body::check_text("text", text, TEXT_CHARS)?,
        (None, DecisionKind::Edit) => {
            return Err(errors::invalid("text_required", "to edit needs the new text"));
        }
        (Some(_), _) => return Err(errors::invalid("text_not_allowed", "only an edit has a text")),
        (None, _) => {}
    }
    Ok(answer)
}

/// What the reviewer saw must be what is there, and the answer one that was offered.
fn check(review: &Review, answer: &Answer) -> Result<(), Problem> {
    if answer.digest != review.digest {
        let detail = "the review is about other bytes than the ones decided on";
        return Err(errors::conflict("digest_mismatch", detail, json!({"digest": review.digest})));
    }
    let is_editable = answer.decision != DecisionKind::Edit || review.content.intent().is_some();
    if review.allowed.contains(&answer.decision) && is_editable {
        return Ok(());
    }
    let offered: Vec<&str> = review.allowed.iter().map(|kind| kind.name()).collect();
    let detail = format!("this review may be answered with: {}", offered.join(", "));
    Err(errors::invalid("decision_not_allowed", detail))
}

/// Who decided is who signed in.
fn decision_row(
    review: &Review,
    answer: &Answer,
    caller: &Caller,
    now: chimera_domain::Timestamp,
) -> DecisionRow {
    DecisionRow {
        tenant: review.tenant.clone(),
        campaign: review.campaign.clone(),
        review: review.id.clone(),
        decision: Decision {
            kind: answer.decision,
            digest: answer.digest.clone(),
            reviewer: caller.operator.clone(),
            comment: answer.comment.clone(),
            text: answer.text.clone(),
            at: now,
        },
    }
}

fn transaction(
    writer: WriterId,
    old: &Stored<Review>,
    row: &DecisionRow,
) -> Result<DecisionTransaction, Problem> {
    let status = old.row.status.next(ReviewEvent::Decide).map_err(|illegal| errors::illegal(&illegal))?;
    let new = Review {
        status,
        // The workflow wakes the Judge; where it has died, the clock does.
        due_at: Some(row.decision.at + limits::FOLLOW_UP_AFTER),
        ended_at: Some(row.decision.at),
        decided_by: Some(row.decision.reviewer.clone()),
        decided: Some(row.decision.kind),
        ..old.row.clone()
    };
    Transaction::by(writer)
        .replace(old, new)
        .and_then(|write| DecisionTransaction::decide(write, row))
        .map_err(errors::store)
}

fn decided(row: &DecisionRow) -> Response {
    let decision = row.decision.kind.name();
    tracing::info!(campaign.id = %row.campaign, review.id = %row.review, decision, "review decided");
    Body(json!({"campaign": row.campaign, "review": row.review, "status": ReviewStatus::Decided,
        "decision": row.decision}))
    .into_response()
}

/// Why a review that is not open takes no decision.
async fn too_late<S: Store, C: Clock, I: Ids>(api: &Api<S, C, I>, review: &Review) -> Problem {
    match review.status {
        ReviewStatus::Expired => errors::gone("review_expired", "nobody answered in time; it was denied"),
        ReviewStatus::Superseded => errors::gone("review_superseded", "the plan moved on without it"),
        ReviewStatus::Open | ReviewStatus::Decided | ReviewStatus::Closed => {
            match api.store().decision(&review.tenant, &review.campaign, &review.id).await {
                Ok(row) => {
                    let winner = row.map(|row| Winner::from(row.decision));
                    errors::conflict(
                        "already_decided",
                        "another decision came first",
                        json!({"winner": winner}),
                    )
                }
                Err(error) => errors::store(error),
            }
        }
    }
}
