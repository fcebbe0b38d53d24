//! The dispatcher's loop: it is woken by a stream, by the clock and by the dead-letter queues, and each has its own shape.

use std::collections::BTreeMap;

use chimera_domain::ports::{Change, HandleError};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::Instrument as _;

use crate::deadline;
use crate::env::Env;
use crate::queue_loop::BatchResponse;
use crate::stream_loop::{StreamTables, Unparsed, read_changes, within};
use crate::telemetry;

/// A message from a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterMessage {
    /// The queue's id for it.
    pub id: String,
    /// Name of the dead-letter queue it came from.
    pub queue: String,
    /// Its body, as it was sent.
    pub body: String,
    /// What the queue says about it, such as `ApproximateReceiveCount`.
    pub attributes: BTreeMap<String, String>,
    /// What its sender wrote beside the body, where that is text, such as `owner`.
    pub message_attributes: BTreeMap<String, String>,
}

/// Is woken in three ways.
pub trait Wakeable: Send + Sync {
    /// By changes of rows. A failure fails the whole batch.
    fn on_changes(&self, changes: Vec<Change>) -> impl Future<Output = Result<(), HandleError>> + Send;

    /// By a stream record that cannot be read: to be kept as a dead letter and passed. A failure fails the whole batch.
    fn on_unparsed(&self, unparsed: Unparsed) -> impl Future<Output = Result<(), HandleError>> + Send;

    /// By the clock.
    fn on_tick(&self) -> impl Future<Output = Result<(), HandleError>> + Send;

    /// By dead letters; gives the ids of those that are to be delivered again.
    fn on_dead_letters(&self, letters: Vec<DeadLetterMessage>) -> impl Future<Output = Vec<String>> + Send;
}

/// Drives `handler` with whatever wakes it.
///
/// # Errors
/// When no table is named in the environment, or Lambda's runtime interface fails.
pub async fn run_dispatch<H: Wakeable>(handler: H) -> Result<(), Error> {
    let tables = StreamTables::from_env(&Env::new())?;
    let (handler, tables) = (&handler, &tables);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let (event, context) = event.into_parts();
        let span = telemetry::invocation(&context.request_id);
        let work = wake(handler, tables, event);
        Ok::<_, Error>(within(deadline::budget(&context), work).instrument(span).await?)
    }))
    .await
}

/// Hands the event to the method for its shape; gives what Lambda is answered.
async fn wake<H: Wakeable>(handler: &H, tables: &StreamTables, event: Value) -> Result<Value, HandleError> {
    match shape(&event) {
        Some(Shape::Stream) => {
            let (changes, unparsed) = read_changes(event, tables);
            for record in unparsed {
                handler.on_unparsed(record).await?;
            }
            if !changes.is_empty() {
                handler.on_changes(changes).await?;
            }
            Ok(Value::Null)
        }
        Some(Shape::DeadLetters) => {
            let failed = handler.on_dead_letters(letters(&event)).await;
            serde_json::to_value(BatchResponse::of(failed)).map_err(|error| defect(&error.to_string()))
        }
        Some(Shape::Tick) => handler.on_tick().await.map(|()| Value::Null),
        None => Err(defect("woken by an event of no known shape")),
    }
}

fn defect(what: &str) -> HandleError {
    HandleError::Defect(what.to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Stream,
    DeadLetters,
    Tick,
}

fn shape(event: &Value) -> Option<Shape> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let source = text(event.pointer("/Records/0/eventSource"));
    match source.as_deref() {
        Some("aws:dynamodb") => return Some(Shape::Stream),
        Some("aws:sqs") => return Some(Shape::DeadLetters),
        _ => {}
    }
    let scheduled = matches!(text(event.get("source")).as_deref(), Some("aws.events" | "aws.scheduler"))
        || text(event.get("detail-type")).as_deref() == Some("Scheduled Event");
    scheduled.then_some(Shape::Tick)
}

/// The letters that have an id; without one a letter could be neither kept nor refused.
fn letters(event: &Value) -> Vec<DeadLetterMessage> {
    let records = event.get("Records").and_then(Value::as_array);
    records.into_iter().flatten().filter_map(letter).collect()
}

fn letter(record: &Value) -> Option<DeadLetterMessage> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let arn = text("eventSourceARN");
    Some(DeadLetterMessage {
        id: Some(text("messageId")).filter(|id| !id.is_empty())?,
        queue: arn.rsplit(':').next().unwrap_or_default().to_owned(),
        body: text("body"),
        attributes: texts(record.get("attributes"), ""),
        message_attributes: texts(record.get("messageAttributes"), "/stringValue"),
    })
}

/// The members of an object that have a text at `place`.
fn texts(object: Option<&Value>, place: &str) -> BTreeMap<String, String> {
    let members = object.and_then(Value::as_object).into_iter().flatten();
    let text = |value: &Value| value.pointer(place)?.as_str().map(str::to_owned);
    members.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;

    #[derive(Default)]
    struct Diary(Mutex<Vec<String>>);

    impl Diary {
        fn note(&self, text: String) {
            self.0.lock().unwrap().push(text);
        }
    }

    impl Wakeable for Diary {
        async fn on_changes(&self, changes: Vec<Change>) -> Result<(), HandleError> {
            self.note(format!("changes {}", changes.len()));
            Ok(())
        }

        async fn on_unparsed(&self, unparsed: Unparsed) -> Result<(), HandleError> {
            self.note(format!("unparsed: {}", unparsed.reason));
            Ok(())
        }

        async fn on_tick(&self) -> Result<(), HandleError> {
            self.note("tick".to_owned());
            Ok(())
        }

        async fn on_dead_letters(&self, letters: Vec<DeadLetterMessage>) -> Vec<String> {
            self.note(format!("letters {letters:?}"));
            letters.into_iter().map(|letter| letter.id).collect()
        }
    }

    async fn woken_by(event: Value) -> (Result<Value, HandleError>, Vec<String>) {
        let diary = Diary::default();
        let tables = StreamTables { state: Some("s".to_owned()), ledger: None };
        let answer = wake(&diary, &tables, event).await;
        (answer, diary.0.into_inner().unwrap())
    }

    #[tokio::test]
    async fn a_stream_wakes_with_changes_and_with_what_cannot_be_read() {
        let record = |image: Value| {
            json!({
                "eventSource": "aws:dynamodb", "eventSourceARN": "arn:aws:dynamodb:r:0:table/s/stream/1",
                "dynamodb": {"NewImage": image},
            })
        };
        let (good, bad) = (record(json!({"pk": {"S": "p"}})), record(json!({})));
        let (answer, diary) = woken_by(json!({"Records": [good, bad]})).await;
        assert_eq!(answer.unwrap(), Value::Null);
        assert_eq!(diary, ["unparsed: it has no images", "changes 1"]);
    }

    #[tokio::test]
    async fn the_clock_wakes_in_each_of_its_spellings() {
        for event in [
            json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
            json!({"source": "aws.scheduler"}),
            json!({"detail-type": "Scheduled Event"}),
        ] {
            assert_eq!(woken_by(event).await.1, ["tick"]);
        }
    }

    #[tokio::test]
    async fn dead_letters_that_were_not_buried_are_named_in_the_answer() {
        let event = json!({"Records": [{
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:r:0:TaskQueueDeadLetters",
            "messageId": "m", "body": "b", "attributes": {"ApproximateReceiveCount": "6", "odd": null},
            "messageAttributes": {
                "owner": {"stringValue": "acme/c-1", "stringListValues": [], "dataType": "String"},
                "odd": {"binaryValue": "AA==", "dataType": "Binary"}, "odder": null,
            },
        }]});
        let letter = letters(&event).remove(0);
        assert_eq!((letter.queue.as_str(), letter.body.as_str()), ("TaskQueueDeadLetters", "b"));
        assert_eq!(
            letter.attributes,
            BTreeMap::from([("ApproximateReceiveCount".to_owned(), "6".to_owned())])
        );
        let owner = BTreeMap::from([("owner".to_owned(), "acme/c-1".to_owned())]);
        assert_eq!(letter.message_attributes, owner);
        let answer = woken_by(event).await.0.unwrap();
        assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m"}]}));
    }

    #[tokio::test]
    async fn an_event_of_no_known_shape_is_a_defect() {
        for event in [json!({}), json!(null), json!({"Records": []}), json!({"source": "aws.s3"})] {
            assert!(matches!(woken_by(event).await.0, Err(HandleError::Defect(_))));
        }
    }
}
