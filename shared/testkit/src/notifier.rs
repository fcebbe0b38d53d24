//! A notifier that remembers.

use std::sync::{Arc, Mutex, PoisonError};

use chimera_domain::ports::{Notifier, SendError};
use chimera_domain::{Review, ReviewId};

/// Remembers who was told of what. Clones share the memory.
#[derive(Debug, Clone, Default)]
pub struct RecordingNotifier(Arc<Mutex<Vec<Notice>>>);

/// A review, and the reviewers who were told.
pub type Notice = (ReviewId, Vec<String>);

impl RecordingNotifier {
    /// Each notice so far: the review and the reviewers told.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Notifier for RecordingNotifier {
    async fn notify(&self, review: &Review) -> Result<(), SendError> {
        let reviewers = review.present_rung().map(|rung| rung.reviewers.clone()).unwrap_or_default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((review.id.clone(), reviewers));
        Ok(())
    }
}
