//! What every store over a DynamoDB table needs. A server's own stores use it too.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::burn::StoreFault;

/// Times a write is sent that meets another's transaction on its row.
const CONFLICT_TRIES: u32 = 5;
/// Longest first pause between them, in milliseconds; each next one may be twice as long.
const CONFLICT_PAUSE_MS: u64 = 20;

/// A row's attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// A table whose keys are `pk` and `sk`.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// The table called `name`.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// The client it is reached with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An item that has nothing but its key.
    pub fn key(pk: impl Into<String>, sk: impl Into<String>) -> Item {
        HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
    }

    /// Reads one item, consistently.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub async fn get(
        &self,
        pk: impl Into<String>,
        sk: impl Into<String>,
    ) -> Result<Option<Item>, StoreFault> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(Self::key(pk, sk)));
        Ok(get.consistent_read(true).send().await.map_err(fault)?.item)
    }

    /// An update of one item, to be completed and sent.
    pub fn update(&self, pk: impl Into<String>, sk: impl Into<String>) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.name).set_key(Some(Self::key(pk, sk)))
    }

    /// The part of a transaction that puts an item if there is none.
    ///
    /// # Errors
    /// The SDK's, where the item has no fields.
    pub fn put_absent(&self, item: Item) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder().table_name(&self.name).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)").build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// A text.
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// An integer.
#[must_use]
pub fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Yes or no.
#[must_use]
pub fn flag(value: bool) -> AttributeValue {
    AttributeValue::Bool(value)
}

/// An item of texts.
#[must_use]
pub fn texts<const N: usize>(fields: [(&str, String); N]) -> Item {
    fields.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
}

/// The text in an item.
///
/// # Errors
/// [`StoreFault`] where there is none: somebody else wrote the row.
pub fn text_in<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreFault> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| StoreFault(format!("a row lacks the text {name}").into()))
}

/// The integer in an item.
///
/// # Errors
/// [`StoreFault`] where there is none: somebody else wrote the row.
pub fn number_in(item: &Item, name: &str) -> Result<i64, StoreFault> {
    let digits = item.get(name).and_then(|value| value.as_n().ok());
    let number = digits.and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| StoreFault(format!("a row lacks the number {name}").into()))
}

/// The value that a text in an item says as JSON.
///
/// # Errors
/// [`StoreFault`] where there is none.
pub fn json_in<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, StoreFault> {
    decode(text_in(item, name)?)
}

/// Reads JSON.
///
/// # Errors
/// [`StoreFault`] where it says something else.
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, StoreFault> {
    serde_json::from_str(text).map_err(fault)
}

/// Writes JSON, with keys in order.
pub fn encode<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).unwrap_or_default().to_string()
}

/// Whether a single write was refused by its own condition.
pub fn is_condition<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    code(error) == Some("ConditionalCheckFailedException")
}

/// Whether a transaction was cancelled: by a condition, or by another transaction on the same rows.
pub fn is_cancelled<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    code(error) == Some("TransactionCanceledException")
}

/// Sends a single write, again as long as another's transaction is under way on its row. That lasts milliseconds, and the
/// SDK, which repeats what was throttled, takes it for final.
///
/// # Errors
/// The SDK's, of the last time.
pub async fn past_conflicts<T, E, W>(send: impl Fn() -> W) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    W: Future<Output = Result<T, SdkError<E>>>,
{
    for round in 1..CONFLICT_TRIES {
        let sent = send().await;
        let is_conflict =
            sent.as_ref().is_err_and(|error| code(error) == Some("TransactionConflictException"));
        if !is_conflict {
            return sent;
        }
        drop(sent);
        let pause = fastrand::u64(1..=CONFLICT_PAUSE_MS << (round - 1));
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    send().await
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    error.as_service_error()?.code()
}

/// The store's failure that an error means.
pub fn fault(error: impl std::error::Error + Send + Sync + 'static) -> StoreFault {
    StoreFault(Box::new(error))
}
