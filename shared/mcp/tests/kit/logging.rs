//! What the log says of a call: under which trace, and what the caller is not told.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use chimera_mcp::server::{MemoryAnswers, ToolServer};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::http::{Client, Era, TRACEPARENT};
use super::tools::{Echo, Maker};

/// Keeps the lines of this crate, each with the spans around it. One thread's alone.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    spans: Vec<String>,
    around: Vec<u64>,
    lines: Vec<String>,
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().lines.clone()
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("chimera_mcp")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text::default();
        span.record(&mut text);
        let mut kept = self.0.lock().unwrap();
        kept.spans.push(text.0);
        Id::from_u64(kept.spans.len() as u64)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(format!("{} ", event.metadata().level()));
        event.record(&mut text);
        let mut kept = self.0.lock().unwrap();
        for span in kept.around.clone() {
            let around = kept.spans[usize::try_from(span).unwrap() - 1].clone();
            text.0.push_str(&around);
        }
        kept.lines.push(text.0);
    }

    fn enter(&self, span: &Id) {
        self.0.lock().unwrap().around.push(span.into_u64());
    }

    fn exit(&self, span: &Id) {
        self.0.lock().unwrap().around.retain(|around| *around != span.into_u64());
    }
}

/// [T-9]
#[tokio::test]
async fn a_call_is_logged_under_its_trace_and_a_cause_is_told_to_nobody_else() {
    let log = Log::default();
    // While there is one dispatcher only, a callsite that another test reaches first asks that test's, which is none.
    let _another = tracing::Dispatch::new(Log::default());
    let _kept = tracing::subscriber::set_default(log.clone());
    // Other tests may have met these places before, while nobody listened.
    tracing::callsite::rebuild_interest_cache();
    let server = ToolServer::builder("echo").tool(Echo).generate(Maker::new(), MemoryAnswers::default());
    let client = Client::of(server.build().unwrap(), Era::Modern).traced(TRACEPARENT);

    client.refusal("say", json!({ "text": "secret words", "how": "never" })).await;
    client.error("say", json!({ "text": "secret words", "how": "lost" })).await;
    let wish = json!({ "tenant": "t1", "idempotency_key": "k", "what": "secret words" });
    client.answer("thing_make", wish).await;

    let lines = log.lines();
    let told = lines.iter().filter(|line| !line.starts_with("DEBUG")).collect::<Vec<_>>();
    let [refused, failed, made] = told.as_slice() else {
        unreachable!("{lines:#?}");
    };
    assert!(refused.starts_with("INFO") && refused.contains("policy_violation"), "{refused}");
    assert!(failed.starts_with("ERROR") && failed.contains("hunter2"), "{failed}");
    assert!(made.starts_with("INFO") && made.contains("mcp.tool=\"thing_make\""), "{made}");
    for line in told {
        assert!(line.contains("trace_id=\"0af7651916cd43dd8448eb211c80319c\""), "{line}");
        assert!(line.contains("mcp.server=\"echo\"") && !line.contains("secret words"), "{line}");
    }
}
