//! The one stream loop: reads records into changes and hands a batch over. A failure fails the whole batch; a record that
//! cannot be read is told apart and passed, or it would hold up its shard for ever.

use std::time::Duration;

use chimera_domain::Table;
use chimera_domain::ports::{Change, ChangeHandler, HandleError};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::Value;
use tracing::Instrument as _;

use crate::deadline;
use crate::env::{Env, EnvError};
use crate::telemetry::{self, chain};

/// Which stream is which table's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamTables {
    /// Name of the state table.
    pub state: Option<String>,
    /// Name of the ledger table.
    pub ledger: Option<String>,
}

impl StreamTables {
    /// From `STATE_TABLE` and `LEDGER_TABLE`.
    ///
    /// # Errors
    /// [`EnvError::Missing`] when neither is set.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        let tables = Self { state: env.optional("STATE_TABLE"), ledger: env.optional("LEDGER_TABLE") };
        if tables == Self::default() { Err(EnvError::Missing("STATE_TABLE")) } else { Ok(tables) }
    }

    /// The table a stream's ARN (`…:table/<name>/stream/<label>`) names.
    fn of(&self, arn: &str) -> Option<Table> {
        let name = arn.split('/').nth(1)?;
        let is = |table: &Option<String>| table.as_deref() == Some(name);
        if is(&self.state) {
            Some(Table::State)
        } else if is(&self.ledger) {
            Some(Table::Ledger)
        } else {
            None
        }
    }
}

/// A stream record that cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Unparsed {
    /// The record, whole.
    pub record: Value,
    /// Why it cannot be read.
    pub reason: String,
}

/// Takes what cannot be read.
pub trait UnparsedSink: Send + Sync {
    /// Takes one record. A failure fails the batch.
    fn unparsed(&self, unparsed: Unparsed) -> impl Future<Output = Result<(), HandleError>> + Send {
        async move {
            let id = event_id(&unparsed.record);
            tracing::error!(record.id = id, reason = unparsed.reason, "a stream record that cannot be read");
            Ok(())
        }
    }
}

/// Logs what cannot be read, and no more.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogUnparsed;

impl UnparsedSink for LogUnparsed {}

/// Drives `handler` with the changes of its streams; what cannot be read is logged at error level.
///
/// # Errors
/// When neither table is named in the environment, or Lambda's runtime interface fails.
pub async fn run_stream<H: ChangeHandler>(handler: H) -> Result<(), Error> {
    run_stream_with(handler, LogUnparsed).await
}

/// Drives `handler` with the changes of its streams, and `sink` with what cannot be read.
///
/// # Errors
/// When neither table is named in the environment, or Lambda's runtime interface fails.
pub async fn run_stream_with<H: ChangeHandler, S: UnparsedSink>(handler: H, sink: S) -> Result<(), Error> {
    let tables = StreamTables::from_env(&Env::new())?;
    let (handler, sink, tables) = (&handler, &sink, &tables);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let (event, context) = event.into_parts();
        let span = telemetry::invocation(&context.request_id);
        let work = handle_stream(handler, sink, tables, event);
        within(deadline::budget(&context), work).instrument(span).await?;
        Ok::<_, Error>(Value::Null)
    }))
    .await
}

async fn handle_stream<H: ChangeHandler, S: UnparsedSink>(
    handler: &H,
    sink: &S,
    tables: &StreamTables,
    event: Value,
) -> Result<(), HandleError> {
    let (changes, unparsed) = read_changes(event, tables);
    for record in unparsed {
        sink.unparsed(record).await?;
    }
    if changes.is_empty() { Ok(()) } else { handler.handle_changes(changes).await }
}

/// Ends work that would outlast its invocation, and logs a failure: here, once, at the edge.
pub(crate) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, HandleError>>,
) -> Result<T, HandleError> {
    let overrun = || HandleError::Defect("it took too long".to_owned());
    let result = tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(overrun()));
    result.inspect_err(|error| {
        tracing::error!(error = chain(error), "the invocation failed; what woke it comes again");
    })
}

/// The changes of a stream event, in its order, and the records that cannot be read.
#[must_use]
pub fn read_changes(mut event: Value, tables: &StreamTables) -> (Vec<Change>, Vec<Unparsed>) {
    let records = event.get_mut("Records").map(Value::take);
    let (mut changes, mut unparsed) = (Vec::new(), Vec::new());
    for record in records.as_ref().and_then(Value::as_array).into_iter().flatten() {
        match change(record, tables) {
            Ok(change) => changes.push(change),
            Err(reason) => unparsed.push(Unparsed { record: record.clone(), reason }),
        }
    }
    (changes, unparsed)
}

fn change(record: &Value, tables: &StreamTables) -> Result<Change, String> {
    let id = event_id(record).to_owned();
    let arn = record.get("eventSourceARN").and_then(Value::as_str).ok_or("it names no stream")?;
    let table = tables.of(arn).ok_or_else(|| format!("it is of another table: {arn}"))?;
    let images = record.get("dynamodb").ok_or("it has no images")?;
    let (old, new) = (image(images.get("OldImage"))?, image(images.get("NewImage"))?);
    if old.is_none() && new.is_none() {
        return Err("it has no images".to_owned());
    }
    Ok(Change { table, id, old, new })
}

fn event_id(record: &Value) -> &str {
    record.get("eventID").and_then(Value::as_str).unwrap_or_default()
}

/// An image in DynamoDB's JSON as plain JSON; none where it is absent, null or empty.
fn image(image: Option<&Value>) -> Result<Option<Value>, String> {
    let Some(image) = image.filter(|image| image.as_object().is_some_and(|fields| !fields.is_empty())) else {
        return Ok(None);
    };
    let item = serde_dynamo::Item::deserialize(image).map_err(|error| error.to_string())?;
    serde_dynamo::from_item(item).map(Some).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const STATE: &str = "arn:aws:dynamodb:eu-west-1:0:table/chimera-state/stream/2026-01-01T00:00:00.000";

    fn tables() -> StreamTables {
        StreamTables { state: Some("chimera-state".to_owned()), ledger: Some("chimera-ledger".to_owned()) }
    }

    fn read(record: Value) -> (Vec<Change>, Vec<Unparsed>) {
        read_changes(json!({"Records": [record]}), &tables())
    }

    #[test]
    fn images_come_back_as_plain_rows_with_integers() {
        let image = json!({
            "pk": {"S": "p"}, "version": {"N": "2"}, "seed": {"N": u64::MAX.to_string()}, "back": {"N": "-1"},
            "flag": {"BOOL": false}, "none": {"NULL": true}, "deep": {"L": [{"M": {"n": {"N": "1"}}}, {"L": []}]},
        });
        let images = json!({"NewImage": image, "OldImage": null});
        let (changes, unparsed) = read(json!({"eventID": "1", "eventSourceARN": STATE, "dynamodb": images}));
        assert_eq!(unparsed, []);
        let new = json!({
            "pk": "p", "version": 2, "seed": u64::MAX, "back": -1, "flag": false, "none": null,
            "deep": [{"n": 1}, []],
        });
        assert_eq!(changes, [Change { table: Table::State, id: "1".to_owned(), old: None, new: Some(new) }]);
    }

    #[test]
    fn a_stream_belongs_to_the_table_its_arn_names() {
        let images = json!({"OldImage": {"pk": {"S": "p"}}});
        let of =
            |arn: &str| read(json!({"eventSourceARN": arn, "dynamodb": images})).0.first().map(|c| c.table);
        assert_eq!(of(STATE), Some(Table::State));
        assert_eq!(of(&STATE.replace("state", "ledger")), Some(Table::Ledger));
        assert_eq!(
            of(&STATE.replace("state", "state-2")),
            None,
            "a name that only begins alike is another table"
        );
    }

    #[test]
    fn a_record_that_cannot_be_read_is_told_apart_and_the_rest_is_kept() {
        let good = json!({"eventSourceARN": STATE, "dynamodb": {"NewImage": {"pk": {"S": "p"}}}});
        let bad = json!({"eventSourceARN": STATE, "dynamodb": {"NewImage": {"pk": {"X": "p"}}}});
        let none = json!({"eventSourceARN": STATE, "dynamodb": {}});
        let (changes, unparsed) = read_changes(json!({"Records": [good, bad, none, 7]}), &tables());
        assert_eq!(changes.len(), 1);
        let records: Vec<&Value> = unparsed.iter().map(|unparsed| &unparsed.record).collect();
        assert_eq!(records, [&bad, &none, &json!(7)]);
    }

    #[test]
    fn tables_must_be_named() {
        assert!(StreamTables::from_env(&Env::of([])).is_err());
        let tables = StreamTables::from_env(&Env::of([("LEDGER_TABLE", "l")])).unwrap();
        assert_eq!(tables.ledger.as_deref(), Some("l"));
    }
}
