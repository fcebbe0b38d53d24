//! Operations as DynamoDB says them: one pure function from [`Op`] to the element of a transaction. A write of one
//! operation is sent from the same element, so that a condition is spelt in one place.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure as Return, TransactWriteItem,
    Update,
};
use chimera_domain::{Op, RowKey, StoreError, When, WriterId};

use crate::config::Tables;
use crate::errors::unavailable;
use crate::items;

/// The kind of every row that [`Op::Add`] makes or changes.
const BUCKET_KIND: &str = "bucket";

/// An operation as an element of a transaction, with the old row asked for where its condition does not hold.
///
/// # Errors
/// [`StoreError::Unavailable`] when the table is not configured; [`StoreError::Unreadable`] when the row is no object.
pub(crate) fn element(op: &Op, tables: &Tables, writer: &WriterId) -> Result<TransactWriteItem, StoreError> {
    let table = tables.of(op.place().0)?;
    let element = TransactWriteItem::builder();
    Ok(match op {
        Op::Put { item, when, .. } => element.put(put(table, items::attributes(item)?, when)?),
        Op::Check { key, when, .. } => element.condition_check(check(table, key, when)?),
        Op::Add { key, amount, at_most, above, .. } => {
            element.update(add(table, key, *amount, (*at_most, *above), writer)?)
        }
    }
    .build())
}

fn put(table: &str, item: items::Item, when: &When) -> Result<Put, StoreError> {
    let said = Said::when(when);
    Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .set_condition_expression(said.condition)
        .set_expression_attribute_names(said.names)
        .set_expression_attribute_values(said.values)
        .return_values_on_condition_check_failure(Return::AllOld)
        .build()
        .map_err(unavailable)
}

fn check(table: &str, key: &RowKey, when: &When) -> Result<ConditionCheck, StoreError> {
    let said = Said::when(when);
    ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(items::key(key)))
        .set_condition_expression(said.condition)
        .set_expression_attribute_names(said.names)
        .set_expression_attribute_values(said.values)
        .return_values_on_condition_check_failure(Return::AllOld)
        .build()
        .map_err(unavailable)
}

fn add(
    table: &str,
    key: &RowKey,
    amount: i64,
    (at_most, above): (Option<i64>, Option<i64>),
    writer: &WriterId,
) -> Result<Update, StoreError> {
    let mut said = Said::default();
    let (used, version) = (said.name("used"), said.name("version"));
    let (kind, by) = (said.name("kind"), said.name("writer"));
    let (amount, one) = (said.number("amount", amount), said.number("one", 1));
    let (bucket, writer) = (said.text("kind", BUCKET_KIND), said.text("writer", writer.as_str()));
    if let Some(at_most) = at_most {
        let bound = said.number("at_most", at_most);
        // An absent bucket counts as 0, which a negative bound does not admit.
        let absent = if at_most < 0 { "" } else { "attribute_not_exists(#used) OR " };
        said.condition = Some(format!("({absent}{used} <= {bound})"));
    }
    if let Some(above) = above {
        let bound = said.number("above", above);
        let and = said.condition.map(|condition| format!("{condition} AND ")).unwrap_or_default();
        said.condition = Some(format!("{and}{used} > {bound}"));
    }
    Update::builder()
        .table_name(table)
        .set_key(Some(items::key(key)))
        .update_expression(format!(
            "ADD {used} {amount}, {version} {one} SET {kind} = {bucket}, {by} = {writer}"
        ))
        .set_condition_expression(said.condition)
        .set_expression_attribute_names(said.names)
        .set_expression_attribute_values(said.values)
        .return_values_on_condition_check_failure(Return::AllOld)
        .build()
        .map_err(unavailable)
}

/// A condition with the names and values it refers to. Names always go by placeholders: `status`, `used` and others are
/// reserved words. Maps stay absent while empty, as DynamoDB demands.
#[derive(Debug, Default)]
struct Said {
    condition: Option<String>,
    names: Option<HashMap<String, String>>,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Said {
    fn when(when: &When) -> Self {
        let mut said = Self::default();
        let condition = match when {
            When::Absent => "attribute_not_exists(pk)".to_owned(),
            When::Version(version) => {
                format!("{} = {}", said.name("version"), said.number("version", version))
            }
            When::StatusIn(statuses) => {
                let name = said.name("status");
                let values: Vec<String> = statuses
                    .iter()
                    .enumerate()
                    .map(|(index, status)| said.text(&format!("status{index}"), status))
                    .collect();
                format!("{name} IN ({})", values.join(", "))
            }
        };
        said.condition = Some(condition);
        said
    }

    fn name(&mut self, field: &str) -> String {
        let placeholder = format!("#{field}");
        self.names.get_or_insert_default().insert(placeholder.clone(), field.to_owned());
        placeholder
    }

    fn number(&mut self, name: &str, number: impl ToString) -> String {
        self.value(name, AttributeValue::N(number.to_string()))
    }

    fn text(&mut self, name: &str, text: &str) -> String {
        self.value(name, AttributeValue::S(text.to_owned()))
    }

    fn value(&mut self, name: &str, value: AttributeValue) -> String {
        let placeholder = format!(":{name}");
        self.values.get_or_insert_default().insert(placeholder.clone(), value);
        placeholder
    }
}

#[cfg(test)]
mod tests {
    use chimera_domain::Table;
    use serde_json::json;

    use super::*;

    fn tables() -> Tables {
        Tables { state: "s-table".to_owned(), ledger: "l-table".to_owned(), ..Tables::default() }
    }

    fn key() -> RowKey {
        RowKey { pk: "p".to_owned(), sk: "s".to_owned() }
    }

    fn said(op: &Op) -> TransactWriteItem {
        element(op, &tables(), &WriterId::new("w-1")).unwrap()
    }

    fn added(at_most: Option<i64>) -> Update {
        said(&Op::Add { table: Table::Ledger, key: key(), amount: 20, at_most, above: None }).update.unwrap()
    }

    #[test]
    fn a_new_row_must_be_absent() {
        let item = json!({"pk": "p", "sk": "s", "version": 1});
        let op = Op::Put { table: Table::State, key: key(), item, when: When::Absent };
        let put = said(&op).put.unwrap();
        assert_eq!(put.table_name, "s-table");
        assert_eq!(put.condition_expression.as_deref(), Some("attribute_not_exists(pk)"));
        assert_eq!((put.expression_attribute_names, put.expression_attribute_values), (None, None));
        assert_eq!(put.return_values_on_condition_check_failure, Some(Return::AllOld));
        assert_eq!(put.item["version"], AttributeValue::N("1".to_owned()));
    }

    #[test]
    fn a_replaced_row_must_be_at_the_version_read() {
        let item = json!({"pk": "p", "sk": "s", "version": 4});
        let op = Op::Put { table: Table::State, key: key(), item, when: When::Version(3) };
        let put = said(&op).put.unwrap();
        assert_eq!(put.condition_expression.as_deref(), Some("#version = :version"));
        let values = put.expression_attribute_values.unwrap();
        assert_eq!(values[":version"], AttributeValue::N("3".to_owned()));
    }

    #[test]
    fn a_status_check_lists_what_is_allowed() {
        let when = When::StatusIn(vec!["active", "paused"]);
        let check = said(&Op::Check { table: Table::State, key: key(), when }).condition_check.unwrap();
        assert_eq!(check.condition_expression, "#status IN (:status0, :status1)");
        let values = check.expression_attribute_values.unwrap();
        assert_eq!(values[":status0"], AttributeValue::S("active".to_owned()));
        assert_eq!(values[":status1"], AttributeValue::S("paused".to_owned()));
    }

    #[test]
    fn an_addition_raises_version_and_names_its_writer() {
        let update = added(None);
        assert_eq!(update.table_name, "l-table");
        assert_eq!(
            update.update_expression,
            "ADD #used :amount, #version :one SET #kind = :kind, #writer = :writer"
        );
        assert_eq!(update.condition_expression, None);
        let values = update.expression_attribute_values.unwrap();
        assert_eq!(values[":amount"], AttributeValue::N("20".to_owned()));
        assert_eq!(values[":kind"], AttributeValue::S("bucket".to_owned()));
        assert_eq!(values[":writer"], AttributeValue::S("w-1".to_owned()));
    }

    #[test]
    fn an_absent_bucket_counts_as_zero() {
        let admits = |at_most| added(Some(at_most)).condition_expression.unwrap();
        assert_eq!(admits(0), "(attribute_not_exists(#used) OR #used <= :at_most)");
        assert_eq!(
            admits(-1),
            "(#used <= :at_most)",
            "an amount above the cap never fits, not even an empty bucket"
        );
    }

    #[test]
    fn what_is_given_back_may_require_a_bucket_that_is_too_full() {
        let over = Op::Add { table: Table::Ledger, key: key(), amount: -20, at_most: None, above: Some(100) };
        assert_eq!(said(&over).update.unwrap().condition_expression.unwrap(), "#used > :above");
    }

    #[test]
    fn a_table_that_was_not_configured_cannot_be_touched() {
        let op = Op::Check { table: Table::Decisions, key: key(), when: When::Absent };
        let error = element(&op, &tables(), &WriterId::new("w")).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)));
    }
}
