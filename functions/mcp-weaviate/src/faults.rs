//! Failures on demand, so that whole-system tests can meet each of them at the worst moment.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::database::DatabaseError;

/// Failures of the sandbox, by markers in what a call is about: the words that are searched for, or the text that is put.
/// None unless configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Marker of what is put while the answer gets lost.
    pub applied_but_failed: Option<String>,
    /// Marker of a search whose best hit comes twice.
    pub duplicate: Option<String>,
    /// Marker → milliseconds it takes.
    pub slow_ms: BTreeMap<String, u64>,
    /// Marker → what the database answers instead of doing it.
    pub errors: BTreeMap<String, DatabaseError>,
}

impl Faults {
    /// What happens before anything is done.
    ///
    /// # Errors
    /// What the database answers instead.
    pub(crate) async fn before(&self, subject: &str) -> Result<(), DatabaseError> {
        let delays = self.slow_ms.iter().filter(|(marker, _)| marks(marker, subject));
        let delay = delays.map(|(_, millis)| *millis).max().unwrap_or_default();
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        let mut marked = self.errors.iter().filter(|(marker, _)| marks(marker, subject));
        marked.next().map_or(Ok(()), |(_, error)| Err(error.clone()))
    }

    /// What happens after it was done.
    ///
    /// # Errors
    /// A failure that says nothing about it.
    pub(crate) fn after(&self, subject: &str) -> Result<(), DatabaseError> {
        if self.applied_but_failed.as_deref().is_some_and(|marker| marks(marker, subject)) {
            return Err(DatabaseError::new(504, "the answer got lost, as WEAVIATE_FAULTS asks"));
        }
        Ok(())
    }

    /// Whether the best hit comes twice.
    pub(crate) fn duplicates(&self, subject: &str) -> bool {
        self.duplicate.as_deref().is_some_and(|marker| marks(marker, subject))
    }
}

fn marks(marker: &str, subject: &str) -> bool {
    !marker.is_empty() && subject.contains(marker)
}
