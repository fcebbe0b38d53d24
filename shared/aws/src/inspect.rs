//! Tables read whole, by scan: an operator's tool with credentials of its own. No function has it, and no role allows it.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use chimera_domain::audit::{Inspector, Place};
use chimera_domain::{RowError, StoreError};
use serde_json::{Value, json};

use crate::config::Tables;
use crate::errors::store_error;
use crate::items::{self, Item};
use crate::store::DynamoStore;

/// The tables, as somebody who checks them sees them.
#[derive(Debug, Clone)]
pub struct DynamoInspector {
    store: DynamoStore,
}

impl DynamoInspector {
    /// Builds the client; nothing is called yet.
    #[must_use]
    pub fn new(config: &SdkConfig, tables: Tables) -> Self {
        Self { store: DynamoStore::new(config, tables) }
    }

    fn table(&self, place: Place) -> Result<&str, StoreError> {
        match place {
            Place::Rows(table) => self.store.tables().of(table),
            Place::Audit => self.store.tables().audit(),
        }
    }
}

impl Inspector for DynamoInspector {
    /// A scan of the keys: what is held is the partitions' names alone, however large the table.
    async fn partitions(&self, place: Place) -> Result<BTreeSet<String>, StoreError> {
        let scan = self
            .store
            .client()
            .scan()
            .table_name(self.table(place)?)
            .consistent_read(true)
            .projection_expression("pk");
        let mut names = BTreeSet::new();
        let mut pages = scan.into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page.map_err(store_error)?.items.unwrap_or_default() {
                let pk = item.get("pk").and_then(|pk| pk.as_s().ok()).ok_or(RowError::Without("pk"))?;
                if !names.contains(pk) {
                    names.insert(pk.clone());
                }
            }
        }
        Ok(names)
    }

    async fn items(&self, place: Place, pk: &str) -> Result<Vec<Value>, StoreError> {
        let items = self.store.partition(self.table(place)?, pk, "").await?;
        items.into_iter().map(stored).collect()
    }
}

/// An item as JSON. What no function writes, such as bytes or sets, has none that would not look like something else: of such
/// an item nothing is left but its key, so that it is told of and the rest can still be read.
fn stored(item: Item) -> Result<Value, StoreError> {
    if item.values().all(is_ours) {
        return items::value(item);
    }
    let key = items::key_of(&item)?;
    Ok(json!({"pk": key.pk, "sk": key.sk}))
}

/// Whether our functions write such a value.
fn is_ours(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::S(_) | AttributeValue::Bool(_) | AttributeValue::Null(true) => true,
        AttributeValue::N(digits) => is_plain(digits),
        AttributeValue::L(values) => values.iter().all(is_ours),
        AttributeValue::M(fields) => fields.values().all(is_ours),
        _ => false,
    }
}

/// Whether a number is spelt as DynamoDB itself spells it, if it is a whole one.
fn is_plain(digits: &str) -> bool {
    let whole = digits
        .parse::<i64>()
        .map(|n| n.to_string())
        .or_else(|_| digits.parse::<u64>().map(|n| n.to_string()));
    whole.is_ok_and(|plain| plain == digits) || digits.contains('.')
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn item(value: AttributeValue) -> Item {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let nested = AttributeValue::M(HashMap::from([("in".to_owned(), AttributeValue::L(vec![value]))]));
        HashMap::from([
            ("pk".to_owned(), text("p")),
            ("sk".to_owned(), text("s")),
            ("deep".to_owned(), nested),
        ])
    }

    #[test]
    fn what_functions_write_is_read_as_it_is() {
        let seed = AttributeValue::N(u64::MAX.to_string());
        assert_eq!(stored(item(seed)).unwrap(), json!({"pk": "p", "sk": "s", "deep": {"in": [u64::MAX]}}));
        assert_eq!(stored(item(AttributeValue::Null(true))).unwrap()["deep"]["in"], json!([null]));
        assert_eq!(stored(item(AttributeValue::N("-0.5".to_owned()))).unwrap()["deep"]["in"], json!([-0.5]));
    }

    /// [L-2]
    #[test]
    fn of_what_no_function_writes_the_key_alone_is_left() {
        for odd in [
            AttributeValue::Ss(vec!["a".to_owned()]),
            AttributeValue::Ns(vec!["1".to_owned()]),
            AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(b"a".as_slice())),
            AttributeValue::N("01".to_owned()),
            AttributeValue::N("+1".to_owned()),
        ] {
            assert_eq!(stored(item(odd)).unwrap(), json!({"pk": "p", "sk": "s"}));
        }
    }
}
