#![doc = include_str!("../README.md")]

mod event;

use chimera_domain::{
    Digest, Review, ReviewStatus, Row, RowKey, StoreError, Stored, TaskToken, Transaction, WriterId,
    ports::{HandleError, Notifier, StateReader, StateWriter},
};

pub use event::Park;
use serde::Serialize;

/// Times the token is parked against others' writes to the same review.
const TRIES: usize = 5;

/// The escalation over its ports.
#[derive(Debug)]
pub struct Escalation<S, N> {
    store: S,
    notifier: N,
}

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Parked {
    /// It is in the review's row and the reviewers were told.
    Waiting,
    /// The review no longer waits for this workflow; the token is left to the workflow's own time-out.
    Moot,
}

impl<S, N> Escalation<S, N>
where
    S: StateReader + StateWriter,
    N: Notifier,
{
    /// An escalation over these ports.
    pub fn new(store: S, notifier: N) -> Self {
        Self { store, notifier }
    }

    /// Parks the token for exactly (rung, start) of the review and notifies. A decision that came first is fine: the
    /// dispatcher sees token and decision in whichever order they came.
    ///
    /// # Errors
    /// [`HandleError`] when the store or the notification fails; the workflow tries again.
    pub async fn park(&self, park: Park) -> Result<Parked, HandleError> {
        for _ in 0..TRIES {
            let key = RowKey::review(&park.tenant, &park.campaign, &park.review);
            let Some(review) = self.store.get(&key).await?.and_then(|row| row.narrow(Row::into_review))
            else {
                tracing::error!(review.id = %park.review, "A workflow waits for a review that does not exist");
                return Ok(Parked::Moot);
            };
            if !waits_for(&review.row, &park) {
                return Ok(Parked::Moot);
            }
            match self.store.write(&parking(&review, &park)?).await {
                Ok(_) => {
                    if review.row.status == ReviewStatus::Open {
                        self.notifier.notify(&review.row).await?;
                    }
                    return Ok(Parked::Waiting);
                }
                Err(StoreError::Refused(_)) => {}
                Err(failed) => return Err(failed.into()),
            }
        }
        Err(StoreError::Contention.into())
    }
}

fn waits_for(review: &Review, park: &Park) -> bool {
    let is_present = (review.rung, review.start) == (park.rung, park.start);
    is_present && matches!(review.status, ReviewStatus::Open | ReviewStatus::Decided)
}

/// The writer is the token, hashed: an invocation whose reply got lost finds its own write, and one that a retried
/// workflow made with a new token does not take another's for its own.
fn parking(review: &Stored<Review>, park: &Park) -> Result<Transaction, StoreError> {
    let writer = WriterId::new(format!("park-{}", Digest::of_bytes(park.token.as_bytes())));
    let parked = Review {
        token: Some(TaskToken::new(park.token.as_str())),
        token_of: Some((park.rung, park.start)),
        ..review.row.clone()
    };
    Transaction::by(writer).replace(review, parked)
}
