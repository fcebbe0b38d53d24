//! No credential comes out: not in an error, not in a log, not in what is printed of a value.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use chimera_domain::ports::ReasoningModel as _;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::{Bedrock, SECRET, SESSION, ask, called};

/// Writes down everything that is logged, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn assert_silent(text: &str) {
    for secret in [SECRET, SESSION] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// [B-10]
#[tokio::test]
async fn no_credential_is_told_or_logged() {
    let log = Log::default();
    let _listening = tracing::subscriber::set_default(log.clone());
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    assert_silent(&format!("{model:?}"));
    // A service that repeats whatever it was sent.
    let echo = format!("The canonical request should have been x-amz-security-token:{SESSION} {SECRET}");
    for (status, kind) in [
        (403, "InvalidSignatureException"),
        (403, "AccessDeniedException"),
        (400, "IncompleteSignatureException"),
        (400, "ValidationException"),
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
    ] {
        let tries = if matches!(status, 429 | 500) { 3 } else { 1 };
        for _ in 0..tries {
            bedrock.refuses(status, kind, &echo);
        }
        let error = model.ask(&ask()).await.unwrap_err();
        assert_silent(&format!("{error} {error:?}"));
        assert!(error.to_string().contains(kind), "{error}");
        assert_eq!(bedrock.asked().len(), tries);
    }
    let logged = log.0.lock().unwrap().clone();
    assert!(logged.contains("model_forbidden: AccessDeniedException"), "a person is told: {logged}");
    assert_silent(&logged);
}

/// [B-4]
#[tokio::test]
async fn what_was_paid_for_nothing_is_logged_without_what_was_asked() {
    let log = Log::default();
    let bedrock = Bedrock::default();
    let model = bedrock.model().await;
    let mut blocked = called(&json!({}), "refusal");
    blocked["output"]["message"]["content"] = json!([]);
    bedrock.says(&blocked);
    let mut ask = ask();
    ask.input["goal"] = json!("private-5e2f");
    {
        let _listening = tracing::subscriber::set_default(log.clone());
        model.ask(&ask).await.unwrap_err();
    }
    let logged = log.0.lock().unwrap().clone();
    for told in
        ["message=a model was paid and gave no usable answer", "cost_minor=1", "tokens=1100", "writer-2"]
    {
        assert!(logged.contains(told), "{told} in {logged}");
    }
    assert!(!logged.contains("private-5e2f"), "{logged}");
}
