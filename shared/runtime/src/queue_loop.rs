//! The one SQS loop: parses, opens once, handles each message on its own, and answers with the ones that failed.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chimera_domain::Envelope;
use chimera_domain::ports::{HandleError, MessageHandler};
use futures::FutureExt as _;
use futures::future::join_all;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use crate::deadline;
use crate::telemetry::{self, chain};

/// Drives `handler` with the messages of its queue until Lambda ends the process. The event source must report partial
/// batch failures (`ReportBatchItemFailures`).
///
/// # Errors
/// When Lambda's runtime interface fails.
pub async fn run_queue<M, H>(handler: H) -> Result<(), Error>
where
    M: DeserializeOwned + Send + Sync,
    H: MessageHandler<M>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<QueueEvent>| async move {
        let (event, context) = event.into_parts();
        let span = telemetry::invocation(&context.request_id);
        let batch = event.records.into_iter().map(|record| (record.id, record.body)).collect();
        let failed = handle_batch(handler, batch, deadline::budget(&context)).instrument(span).await;
        Ok::<_, Error>(BatchResponse::of(failed))
    }))
    .await
}

/// [Q-3] Handles a batch of `(message id, body)` within `deadline`; gives the ids of the messages that are to be
/// delivered again, in the batch's order. A body that cannot be read, a failure, a panic and an overrun each fail their
/// own message; a failure to open fails all that could be read.
pub async fn handle_batch<M, H>(handler: &H, batch: Vec<(String, String)>, deadline: Duration) -> Vec<String>
where
    M: DeserializeOwned + Send + Sync,
    H: MessageHandler<M>,
{
    let end = Instant::now() + deadline;
    let ids: Vec<String> = batch.iter().map(|(id, _)| id.clone()).collect();
    let (read, mut failed) = read(batch);
    let (read_ids, messages): (Vec<String>, Vec<M>) = read.into_iter().unzip();
    if !messages.is_empty() {
        match guarded(end, handler.open(&messages)).await {
            Ok(opened) => failed.extend(handle_each(handler, &opened, read_ids, messages, end).await),
            Err(failure) => {
                tracing::error!(
                    error = chain(&failure),
                    "the batch could not be opened; it is delivered again"
                );
                failed.extend(read_ids);
            }
        }
    }
    if !ids.is_empty() && failed.len() == ids.len() {
        tracing::error!(messages = ids.len(), "every message of the batch failed");
    }
    ids.into_iter().filter(|id| failed.contains(id)).collect()
}

/// The messages that can be read, and the ids of those that cannot: they come again until they are dead letters.
fn read<M: DeserializeOwned>(batch: Vec<(String, String)>) -> (Vec<(String, M)>, BTreeSet<String>) {
    let (mut read, mut failed) = (Vec::with_capacity(batch.len()), BTreeSet::new());
    for (id, body) in batch {
        match serde_json::from_str::<Envelope<M>>(&body) {
            Ok(envelope) => read.push((id, envelope.body)),
            Err(error) => {
                // The parser's place, not its words: those could quote the body.
                let (line, column) = (error.line(), error.column());
                tracing::error!(message.id = id, line, column, "a message that cannot be read");
                failed.insert(id);
            }
        }
    }
    (read, failed)
}

async fn handle_each<M, H>(
    handler: &H,
    opened: &H::Batch,
    ids: Vec<String>,
    messages: Vec<M>,
    end: Instant,
) -> Vec<String>
where
    M: Send + Sync,
    H: MessageHandler<M>,
{
    let told = deadline::told(end.saturating_duration_since(Instant::now()));
    let each = ids.into_iter().zip(messages).map(|(id, message)| async move {
        let span = tracing::info_span!("message", message.id = id);
        match guarded(end, handler.handle(message, opened, told)).instrument(span).await {
            Ok(()) => None,
            Err(failure) => {
                tracing::warn!(
                    message.id = id,
                    error = chain(&failure),
                    "a message was not handled; it is delivered again"
                );
                Some(id)
            }
        }
    });
    join_all(each).await.into_iter().flatten().collect()
}

/// Why a message was not handled.
#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Handle(#[from] HandleError),
    #[error("it took too long")]
    Overrun,
    #[error("it panicked: {0}")]
    Panicked(String),
}

/// Runs until it is done, overruns `end` or panics. What a panic may leave behind is shared only through ports.
async fn guarded<T>(end: Instant, work: impl Future<Output = Result<T, HandleError>>) -> Result<T, Failure> {
    match timeout_at(end, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => Ok(result?),
        Ok(Err(panic)) => Err(Failure::Panicked(words(panic.as_ref()))),
        Err(_) => Err(Failure::Overrun),
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// The event, as far as it is needed: emulators leave out or null much of the rest.
#[derive(Debug, Deserialize)]
struct QueueEvent {
    #[serde(rename = "Records")]
    records: Vec<QueueRecord>,
}

#[derive(Debug, Deserialize)]
struct QueueRecord {
    #[serde(rename = "messageId")]
    id: String,
    #[serde(default, deserialize_with = "or_empty")]
    body: String,
}

fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Lambda's form of "deliver these again".
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchResponse {
    batch_item_failures: Vec<BatchFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchFailure {
    item_identifier: String,
}

impl BatchResponse {
    pub(crate) fn of(failed: Vec<String>) -> Self {
        let failure = |item_identifier| BatchFailure { item_identifier };
        Self { batch_item_failures: failed.into_iter().map(failure).collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;

    #[derive(Default)]
    struct Echo {
        opened: AtomicUsize,
        handled: AtomicUsize,
        refuses_to_open: bool,
    }

    impl MessageHandler<String> for Echo {
        type Batch = usize;

        async fn open(&self, messages: &[String]) -> Result<usize, HandleError> {
            self.opened.fetch_add(1, Ordering::SeqCst);
            if self.refuses_to_open {
                Err(HandleError::Defect("closed".to_owned()))
            } else {
                Ok(messages.len())
            }
        }

        async fn handle(&self, message: String, _: &usize, deadline: Duration) -> Result<(), HandleError> {
            self.handled.fetch_add(1, Ordering::SeqCst);
            match message.as_str() {
                "fail" => Err(HandleError::Defect("as asked".to_owned())),
                "panic" => panic!("as asked"),
                "sleep" => {
                    tokio::time::sleep(deadline * 10).await;
                    Ok(())
                }
                _ => Ok(()),
            }
        }
    }

    fn batch(words: &[&str]) -> Vec<(String, String)> {
        let body = |word: &&str| json!({"v": 1, "body": word}).to_string();
        words.iter().map(|word| ((*word).to_owned(), body(word))).collect()
    }

    const SECOND: Duration = Duration::from_secs(1);

    /// [Q-3]
    #[tokio::test]
    async fn each_message_fails_alone() {
        let echo = Echo::default();
        let failed = handle_batch(&echo, batch(&["a", "panic", "b", "fail", "c"]), SECOND).await;
        assert_eq!(failed, ["panic", "fail"]);
        assert_eq!((echo.opened.into_inner(), echo.handled.into_inner()), (1, 5));
    }

    /// [Q-1] [Q-3]
    #[tokio::test]
    async fn a_body_that_cannot_be_read_fails_alone() {
        let mut bodies = batch(&["a"]);
        let deep = format!(r#"{{"v":1,"body":{}1{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
        for (id, body) in [("no", ""), ("form", "{}"), ("version", r#"{"v":2,"body":"x"}"#), ("deep", &deep)]
        {
            bodies.push((id.to_owned(), body.to_owned()));
        }
        let failed = handle_batch::<String, _>(&Echo::default(), bodies, SECOND).await;
        assert_eq!(failed, ["no", "form", "version", "deep"]);
    }

    #[tokio::test]
    async fn nothing_is_opened_for_nothing() {
        let echo = Echo::default();
        let failed = handle_batch::<String, _>(&echo, vec![("no".to_owned(), "?".to_owned())], SECOND).await;
        assert_eq!((failed, echo.opened.into_inner()), (vec!["no".to_owned()], 0));
    }

    #[tokio::test]
    async fn a_batch_that_cannot_be_opened_comes_again_whole() {
        let echo = Echo { refuses_to_open: true, ..Echo::default() };
        assert_eq!(handle_batch(&echo, batch(&["a", "b"]), SECOND).await, ["a", "b"]);
        assert_eq!(echo.handled.into_inner(), 0);
    }

    #[tokio::test]
    async fn an_overrun_fails_alone() {
        let failed = handle_batch(&Echo::default(), batch(&["a", "sleep"]), Duration::from_millis(50)).await;
        assert_eq!(failed, ["sleep"]);
    }

    #[test]
    fn an_event_with_nothing_but_ids_and_bodies_is_read() {
        let event = json!({"Records": [
            {"messageId": "1", "body": "x", "receiptHandle": null, "attributes": null},
            {"messageId": "2", "body": null},
        ]});
        let event: QueueEvent = serde_json::from_value(event).unwrap();
        let read: Vec<_> = event.records.iter().map(|r| (r.id.as_str(), r.body.as_str())).collect();
        assert_eq!(read, [("1", "x"), ("2", "")]);
    }

    #[test]
    fn an_answer_names_the_failed_messages_as_lambda_reads_them() {
        let answer = serde_json::to_value(BatchResponse::of(vec!["1".to_owned()])).unwrap();
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "1"}]}));
    }
}
