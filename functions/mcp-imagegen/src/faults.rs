//! Failures on demand, so that whole-system tests can meet each of them at the worst moment.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::refused::{ProviderError, Refused};

/// Failures of the sandbox, by markers in the prompt. None unless configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Marker → milliseconds it takes.
    pub slow_ms: BTreeMap<String, u64>,
    /// Marker → what the provider answers instead of a picture.
    pub errors: BTreeMap<String, ProviderError>,
    /// Marker of a picture whose bytes are stored and which then is forgotten.
    pub torn: Option<String>,
    /// Marker of a picture that is made and stored while its answer gets lost.
    pub applied_but_failed: Option<String>,
}

impl Faults {
    /// What happens before anything is drawn.
    ///
    /// # Errors
    /// What the provider answers instead.
    pub(crate) async fn before(&self, prompt: &str) -> Result<(), Refused> {
        let delays = self.slow_ms.iter().filter(|(marker, _)| marks(Some(marker.as_str()), prompt));
        if let Some(delay) = delays.map(|(_, millis)| *millis).max() {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        let mut errors = self.errors.iter().filter(|(marker, _)| marks(Some(marker.as_str()), prompt));
        errors.next().map_or(Ok(()), |(_, error)| Err(error.meaning()))
    }

    /// Whether only its bytes get stored.
    pub(crate) fn tears(&self, prompt: &str) -> bool {
        marks(self.torn.as_deref(), prompt)
    }

    /// Whether the answer about what was made gets lost.
    pub(crate) fn loses_answer(&self, prompt: &str) -> bool {
        marks(self.applied_but_failed.as_deref(), prompt)
    }
}

fn marks(marker: Option<&str>, prompt: &str) -> bool {
    marker.is_some_and(|marker| !marker.is_empty() && prompt.contains(marker))
}
