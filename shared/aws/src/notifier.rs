//! Tells reviewers by the log, until a tenant has configured a better way.

use chimera_domain::Review;
use chimera_domain::ports::{Notifier, SendError};

/// Logs one line per notification. It names the review and the rung, never the token or the text.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogNotifier;

impl Notifier for LogNotifier {
    async fn notify(&self, review: &Review) -> Result<(), SendError> {
        tracing::info!(
            tenant.id = %review.tenant,
            campaign.id = %review.campaign,
            review.id = %review.id,
            review.rung = review.rung,
            review.start = review.start,
            review.due_at = review.due_at.map(tracing::field::display),
            "review waits"
        );
        Ok(())
    }
}
