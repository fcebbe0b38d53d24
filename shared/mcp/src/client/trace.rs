//! The W3C trace context that calls carry in `_meta.traceparent`: whoever works on a task says so once, around the work,
//! and every call made inside belongs to the task's trace.

use std::fmt;

use chimera_domain::{CampaignId, Digest, TenantId};
use rmcp::model::{JsonObject, RequestMetaObject};
use serde_json::json;

tokio::task_local! {
    static PRESENT: Traceparent;
}

/// A W3C `traceparent`: a trace and the span in it that calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traceparent(String);

impl Traceparent {
    /// The trace of a task or effect, and in it the span of one attempt. The same arguments always give the same: calls
    /// that were repeated after a crash are found together with the first ones, without anything having been stored.
    #[must_use]
    pub fn of(tenant: &TenantId, campaign: &CampaignId, subject: &str, attempt: u32) -> Self {
        let trace = hex(&json!(["trace", tenant, campaign, subject]));
        let span = hex(&json!(["span", tenant, campaign, subject, attempt]));
        Self(format!("00-{}-{}-01", &trace[..32], &span[..16]))
    }

    /// As the header and `_meta` spell it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trace's id, 32 hex digits, as logs name it.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.0[3..35]
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Does the work; calls made in it carry `traceparent`. Work that it hands to another task of the runtime is outside.
pub async fn within<F: Future>(traceparent: Traceparent, work: F) -> F::Output {
    PRESENT.scope(traceparent, work).await
}

/// [T-29] `_meta` for a request made now; none outside of [`within`].
pub(crate) fn meta() -> Option<RequestMetaObject> {
    let present = PRESENT.try_with(|traceparent| traceparent.0.clone()).ok()?;
    let mut meta = JsonObject::new();
    meta.insert("traceparent".to_owned(), present.into());
    Some(meta.into())
}

/// The hex digits of a digest.
fn hex(value: &serde_json::Value) -> String {
    Digest::of_json(value).as_str().trim_start_matches("sha256:").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(campaign: &str, subject: &str, attempt: u32) -> Traceparent {
        let (tenant, campaign) = (TenantId::new("acme").unwrap(), CampaignId::new(campaign).unwrap());
        Traceparent::of(&tenant, &campaign, subject, attempt)
    }

    #[test]
    fn a_trace_is_the_tasks_and_a_span_is_the_attempts() {
        let (first, second) = (of("c-1", "w1", 1), of("c-1", "w1", 2));
        assert_eq!(first, of("c-1", "w1", 1));
        assert_eq!(first.trace_id(), second.trace_id());
        assert_ne!(first, second);
        assert_ne!(first.trace_id(), of("c-2", "w1", 1).trace_id());
        assert_ne!(of("c-1", "w11", 1).trace_id(), of("c-1", "w1", 11).trace_id());
    }

    #[test]
    fn it_has_the_form_of_the_recommendation() {
        let text = of("c-1", "w1", 1).to_string();
        let parts: Vec<&str> = text.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 32, 16, 2]);
        assert!(parts.concat().chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)));
    }

    #[tokio::test]
    async fn a_call_belongs_to_the_work_around_it_and_to_no_other() {
        let present = || meta().and_then(|meta| meta.get("traceparent").cloned());
        let first = of("c-1", "w1", 1);
        assert_eq!(present(), None);
        let (inside, other) = tokio::join!(
            within(first.clone(), async {
                tokio::task::yield_now().await;
                present()
            }),
            async { present() }
        );
        assert_eq!((inside, other), (Some(json!(first.as_str())), None));
    }
}
