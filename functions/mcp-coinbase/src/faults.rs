//! Failures on demand, so that whole-system tests can meet each of them at the worst moment.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::answers::CdpError;

/// Failures of the sandbox, by markers in what a call is about: `transfer: `, the memo and the recipient, or
/// `token_deploy: `, the name and the symbol. None unless configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Marker that aborts the process after the burn, before anything is done.
    pub crash_after_burn: Option<String>,
    /// Marker of what is done while its answer gets lost.
    pub applied_but_failed: Option<String>,
    /// Marker of what arrives twice, as a proxy that tries again makes it.
    pub duplicate: Option<String>,
    /// Marker of a transfer that is taken and fails when it should complete: nothing moves.
    pub fails_later: Option<String>,
    /// Marker → milliseconds it takes.
    pub slow_ms: BTreeMap<String, u64>,
    /// Marker → what CDP answers instead of doing it.
    pub errors: BTreeMap<String, CdpError>,
}

impl Faults {
    /// What happens before anything is done. Does not return where a crash is called for: a process that ends by
    /// itself could still complete its burn.
    pub(crate) async fn before(&self, subject: &str) {
        let delays = self.slow_ms.iter().filter(|(marker, _)| subject.contains(marker.as_str()));
        let delay = delays.map(|(_, millis)| *millis).max().unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(delay)).await;
        if marks(self.crash_after_burn.as_deref(), subject) {
            tracing::warn!("aborting between burn and outcome, as COINBASE_FAULTS asks");
            std::process::abort();
        }
    }

    /// Whether the answer about what was done gets lost.
    pub(crate) fn loses_answer(&self, subject: &str) -> bool {
        marks(self.applied_but_failed.as_deref(), subject)
    }

    /// Whether it arrives a second time.
    pub(crate) fn repeats(&self, subject: &str) -> bool {
        marks(self.duplicate.as_deref(), subject)
    }

    /// Whether it fails after it was taken.
    pub(crate) fn fails_later(&self, subject: &str) -> bool {
        marks(self.fails_later.as_deref(), subject)
    }

    /// What CDP answers instead.
    pub(crate) fn error(&self, subject: &str) -> Option<&CdpError> {
        let mut marked = self.errors.iter().filter(|(marker, _)| marks(Some(marker.as_str()), subject));
        marked.next().map(|(_, error)| error)
    }
}

fn marks(marker: Option<&str>, subject: &str) -> bool {
    marker.is_some_and(|marker| !marker.is_empty() && subject.contains(marker))
}
