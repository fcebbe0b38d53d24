//! Rows between their two forms: JSON in the domain, attribute values in DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chimera_domain::{RowError, RowKey, StoreError};
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;

/// An item as DynamoDB's client takes and gives it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The attributes of a row.
///
/// # Errors
/// [`StoreError::Unreadable`] when it is no JSON object; a defect.
pub(crate) fn attributes(row: &Value) -> Result<Item, StoreError> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    serde_dynamo::to_item(row).map_err(|error| unreadable(text("pk"), text("sk"), error))
}

/// A row of attributes.
///
/// # Errors
/// [`StoreError::Unreadable`] when an attribute has no JSON form, such as bytes; foreign data.
pub(crate) fn value(item: Item) -> Result<Value, StoreError> {
    let text = |name: &str| item.get(name).and_then(|v| v.as_s().ok()).cloned().unwrap_or_default();
    let (pk, sk) = (text("pk"), text("sk"));
    serde_dynamo::from_item(item).map_err(|error| unreadable(pk, sk, error))
}

/// A row as its own type.
///
/// # Errors
/// [`StoreError::Unreadable`] when it is another.
pub(crate) fn typed<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    let row = value(item)?;
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (pk, sk) = (text("pk"), text("sk"));
    serde_json::from_value(row)
        .map_err(|source| StoreError::Unreadable(RowError::Unreadable { pk, sk, source }))
}

/// The key attributes.
pub(crate) fn key(key: &RowKey) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// The key among an item's attributes.
///
/// # Errors
/// [`StoreError::Unreadable`] when there is none.
pub(crate) fn key_of(item: &Item) -> Result<RowKey, StoreError> {
    let text = |name: &'static str| {
        item.get(name).and_then(|value| value.as_s().ok()).cloned().ok_or(RowError::Without(name))
    };
    Ok(RowKey { pk: text("pk")?, sk: text("sk")? })
}

fn unreadable(pk: String, sk: String, error: serde_dynamo::Error) -> StoreError {
    StoreError::Unreadable(RowError::Unreadable { pk, sk, source: serde_json::Error::custom(error) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_comes_back_as_it_went() {
        let row = json!({
            "pk": "p", "sk": "s", "version": 7, "seed": u64::MAX, "back": -5, "due_at_ms": 1_764_000_000_000_i64,
            "flag": true, "none": null, "empty": {}, "text": "", "list": [[1, ["a", {"deep": [0, -1]}]], []],
        });
        assert_eq!(value(attributes(&row).unwrap()).unwrap(), row);
    }

    #[test]
    fn numbers_stay_integers() {
        let item = Item::from([("n".to_owned(), AttributeValue::N("18446744073709551615".to_owned()))]);
        assert_eq!(value(item).unwrap()["n"].as_u64(), Some(u64::MAX));
        let item = Item::from([("n".to_owned(), AttributeValue::N("-3".to_owned()))]);
        assert_eq!(value(item).unwrap()["n"].as_i64(), Some(-3));
    }

    #[test]
    fn a_row_that_is_no_object_is_refused() {
        assert!(matches!(attributes(&json!(["pk"])), Err(StoreError::Unreadable(_))));
    }

    #[test]
    fn an_item_without_a_key_is_refused() {
        let item = Item::from([("pk".to_owned(), AttributeValue::S("p".to_owned()))]);
        assert!(matches!(key_of(&item), Err(StoreError::Unreadable(RowError::Without("sk")))));
    }
}
