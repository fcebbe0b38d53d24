//! Failures on demand, so that whole-system tests can meet each of them at the worst moment.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

/// Failures of the sandbox, by markers in a post's text. None unless configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Text that aborts the process after the burn, before the post is made.
    pub crash_after_burn: Option<String>,
    /// Text whose post is made while its answer gets lost.
    pub applied_but_failed: Option<String>,
    /// Text → milliseconds its post takes.
    pub slow_ms: BTreeMap<String, u64>,
}

impl Faults {
    /// What happens before the post is made. Does not return where a crash is called for: a process that ends by
    /// itself could still complete its burn.
    pub(crate) async fn before(&self, text: &str) {
        let delays = self.slow_ms.iter().filter(|(marker, _)| text.contains(marker.as_str()));
        let delay = delays.map(|(_, millis)| *millis).max().unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(delay)).await;
        if marks(self.crash_after_burn.as_deref(), text) {
            tracing::warn!("aborting between burn and outcome, as TWITTER_FAULTS asks");
            std::process::abort();
        }
    }

    /// Whether the answer about a post that was made gets lost.
    pub(crate) fn loses_answer(&self, text: &str) -> bool {
        marks(self.applied_but_failed.as_deref(), text)
    }
}

fn marks(marker: Option<&str>, text: &str) -> bool {
    marker.is_some_and(|marker| !marker.is_empty() && text.contains(marker))
}
