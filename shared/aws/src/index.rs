//! The two sparse indexes, `due` and `listing`. They give keys only and may lag: whoever acts on a row reads it again.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chimera_domain::ports::{Page, StateIndex};
use chimera_domain::{RowKey, StoreError, Table, Timestamp};
use serde::{Deserialize, Serialize};

use crate::errors::store_error;
use crate::items::{self, Item};
use crate::store::DynamoStore;

/// Index of the rows that wait for the clock: partition `due`, sort `due_at_ms` (N).
const DUE: &str = "due";
/// Index of the lists: partition `listing`, sort `listed_at` (S).
const LISTING: &str = "listing";

impl StateIndex for DynamoStore {
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<RowKey>, StoreError> {
        let query = self
            .client()
            .query()
            .table_name(self.tables().of(Table::State)?)
            .index_name(DUE)
            .key_condition_expression("#due = :due AND #due_at_ms <= :now")
            .expression_attribute_names("#due", "due")
            .expression_attribute_names("#due_at_ms", "due_at_ms")
            .expression_attribute_values(":due", AttributeValue::S(DUE.to_owned()))
            .expression_attribute_values(":now", AttributeValue::N(now.as_millisecond().to_string()))
            .scan_index_forward(true)
            .limit(page_size(limit));
        let mut keys = Vec::new();
        let mut pages = query.into_paginator().send();
        while keys.len() < limit
            && let Some(page) = pages.next().await
        {
            for item in page.map_err(store_error)?.items.unwrap_or_default() {
                keys.push(items::key_of(&item)?);
            }
        }
        keys.truncate(limit);
        Ok(keys)
    }

    /// A position that was not given by an earlier page is [`StoreError::Refused`] without refusals.
    async fn listing(&self, listing: &str, after: Option<&str>, limit: usize) -> Result<Page, StoreError> {
        let start =
            after.map(|text| Position::read(text).map(|position| position.key(listing))).transpose()?;
        let answer = self
            .client()
            .query()
            .table_name(self.tables().of(Table::State)?)
            .index_name(LISTING)
            .key_condition_expression("#listing = :listing")
            .expression_attribute_names("#listing", "listing")
            .expression_attribute_values(":listing", AttributeValue::S(listing.to_owned()))
            .scan_index_forward(false)
            .limit(page_size(limit))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(store_error)?;
        let keys = answer.items.unwrap_or_default().iter().map(items::key_of).collect::<Result<_, _>>()?;
        let last = answer.last_evaluated_key.filter(|key| !key.is_empty());
        Ok(Page { keys, next: last.and_then(|key| Position::of(&key)).map(|position| position.text()) })
    }
}

fn page_size(limit: usize) -> i32 {
    i32::try_from(limit.max(1)).unwrap_or(i32::MAX)
}

/// Where a page ended. It never names the list: a position of one list is of no use in another tenant's.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    pk: String,
    sk: String,
    listed_at: String,
}

impl Position {
    fn of(key: &Item) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self { pk: text("pk")?, sk: text("sk")?, listed_at: text("listed_at")? })
    }

    fn read(text: &str) -> Result<Self, StoreError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        serde_json::from_slice(&bytes).map_err(|_| StoreError::Refused(Vec::new()))
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn key(self, listing: &str) -> Item {
        let text = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
        HashMap::from([
            text("pk", self.pk),
            text("sk", self.sk),
            text("listed_at", self.listed_at),
            text("listing", listing.to_owned()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_comes_back_as_it_went() {
        let key = Position { pk: "p".to_owned(), sk: "s".to_owned(), listed_at: "1#x".to_owned() }
            .key("T#t#campaigns");
        let position = Position::of(&key).unwrap();
        assert_eq!(Position::read(&position.text()).unwrap().key("T#t#campaigns"), key);
    }

    #[test]
    fn a_position_that_nobody_gave_is_refused() {
        for text in ["", "!", "bm8", "e30"] {
            assert!(matches!(Position::read(text), Err(StoreError::Refused(_))), "{text}");
        }
    }
}
