//! Failures on demand, so that whole-system tests can meet each of them at the worst moment.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::answers::PlatformError;

/// Failures of the sandbox, by markers in what a call is about: a post's text, `delete: ` and the text of the post that
/// is to be deleted, or `read: ` with a tool and what it reads, as in `read: mentions_list nova`. None unless configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Marker that aborts the process after the burn, before anything is done.
    pub crash_after_burn: Option<String>,
    /// Marker of what is done while its answer gets lost.
    pub applied_but_failed: Option<String>,
    /// Marker of a post that the platform takes for a repetition, although the account never said it.
    pub duplicate: Option<String>,
    /// Marker → milliseconds it takes.
    pub slow_ms: BTreeMap<String, u64>,
    /// Marker → what the platform answers instead of doing it.
    pub errors: BTreeMap<String, PlatformError>,
}

impl Faults {
    /// What happens before anything is done. Does not return where a crash is called for: a process that ends by
    /// itself could still complete its burn.
    pub(crate) async fn before(&self, subject: &str) {
        self.delay(subject).await;
        if marks(self.crash_after_burn.as_deref(), subject) {
            tracing::warn!("aborting between burn and outcome, as TWITTER_FAULTS asks");
            std::process::abort();
        }
    }

    /// The time it takes.
    pub(crate) async fn delay(&self, subject: &str) {
        let delays = self.slow_ms.iter().filter(|(marker, _)| subject.contains(marker.as_str()));
        let delay = delays.map(|(_, millis)| *millis).max().unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }

    /// Whether the answer about what was done gets lost.
    pub(crate) fn loses_answer(&self, subject: &str) -> bool {
        marks(self.applied_but_failed.as_deref(), subject)
    }

    /// What the platform answers instead.
    pub(crate) fn error(&self, subject: &str) -> Option<&PlatformError> {
        let mut marked = self.errors.iter().filter(|(marker, _)| marks(Some(marker.as_str()), subject));
        marked.next().map(|(_, error)| error)
    }

    /// Whether the platform takes a post for a repetition.
    pub(crate) fn repeats(&self, subject: &str) -> bool {
        marks(self.duplicate.as_deref(), subject)
    }
}

fn marks(marker: Option<&str>, subject: &str) -> bool {
    marker.is_some_and(|marker| !marker.is_empty() && subject.contains(marker))
}
