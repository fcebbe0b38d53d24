//! Transactions on the memory table: an object and how much its place holds change together or not at all.

use std::time::Duration;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use chimera_domain::Timestamp;
use chimera_mcp::server::StoreFault;
use chimera_mcp::server::dynamo::{Item, Table, fault, number, text};

use super::items::{self, ObjectRow};
use super::store::Insertion;
use crate::memory::WINDOW;
use crate::object::{Object, Place, Stay};

/// How long a forgotten object's empty row stays, so that a late repetition does not bring it back.
const TOMBSTONE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Writes to one place.
pub(crate) struct Writes<'a> {
    pub(crate) table: &'a Table,
    pub(crate) place: &'a Place,
}

type Transaction = Result<Vec<TransactWriteItem>, StoreFault>;

impl Writes<'_> {
    /// The object if there is none, its place in the window, and room taken for it.
    pub(crate) fn insert(&self, insertion: Insertion<'_>) -> Transaction {
        let Insertion { place, object, stay, capacity } = insertion;
        let mut writes = vec![self.table.put_absent(items::object_row(place, object, stay)).map_err(fault)?];
        if place.agent().is_some() {
            let until = after(object.created_at, WINDOW);
            writes.push(self.put(items::pointer_row(place, object, until))?);
        }
        if stay == Stay::Kept {
            let most_bytes = integer(capacity.bytes) - integer(object.bytes());
            let held = self
                .held(1, integer(object.bytes()))
                .condition_expression(
                    "attribute_not_exists(objects_held) OR (objects_held < :objects AND bytes_held <= :room)",
                )
                .expression_attribute_values(":objects", number(integer(capacity.objects)))
                .expression_attribute_values(":room", number(most_bytes));
            writes.push(built(held)?);
        }
        Ok(writes)
    }

    /// The new content where the old one is, and the difference in room.
    pub(crate) fn replace(&self, old: &Object, new: &Object) -> Transaction {
        let update = self
            .update(items::object_sk(old.id, true))
            .condition_expression(
                "properties_json = :old AND updated_ms = :old_ms AND attribute_not_exists(erased_at)",
            )
            .update_expression(
                "SET properties_json = :properties_json, embedding = :embedding, updated_ms = :updated_ms",
            )
            .expression_attribute_values(":old", text(old.body()))
            .expression_attribute_values(":old_ms", number(old.updated_at.as_millisecond()));
        let set = |update: UpdateBuilder, (name, value)| {
            update.expression_attribute_values(format!(":{name}"), value)
        };
        let update = items::content(new).into_iter().fold(update, set);
        let held = self.held(0, integer(new.bytes()) - integer(old.bytes()));
        Ok(vec![built(update)?, built(held)?])
    }

    /// What the object says is gone; an empty row stays for a while, and the room is free.
    pub(crate) fn erase(&self, row: &ObjectRow, object: &Object, at: Timestamp) -> Transaction {
        let update = self
            .update(items::object_sk(row.id, row.is_kept))
            .condition_expression("updated_ms = :seen AND properties_json = :body")
            .update_expression(
                "SET erased_at = :at, expires_at = :until REMOVE properties_json, embedding, updated_ms",
            )
            .expression_attribute_values(":seen", number(object.updated_at.as_millisecond()))
            .expression_attribute_values(":body", text(object.body()))
            .expression_attribute_values(":at", text(at.to_string()))
            .expression_attribute_values(":until", number(after(at, TOMBSTONE).as_second()));
        let mut writes = vec![built(update)?];
        if row.is_kept {
            writes.push(built(self.held(-1, -integer(object.bytes())))?);
        }
        Ok(writes)
    }

    fn put(&self, item: Item) -> Result<TransactWriteItem, StoreFault> {
        let put = Put::builder().table_name(self.table.name()).set_item(Some(item)).build().map_err(fault)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Objects and bytes more, or less, in the place.
    fn held(&self, objects: i64, bytes: i64) -> UpdateBuilder {
        self.update(items::HELD.to_owned())
            .update_expression("ADD objects_held :one, bytes_held :bytes")
            .expression_attribute_values(":one", number(objects))
            .expression_attribute_values(":bytes", number(bytes))
    }

    fn update(&self, sk: String) -> UpdateBuilder {
        Update::builder().table_name(self.table.name()).set_key(Some(Table::key(self.place.partition(), sk)))
    }
}

fn built(update: UpdateBuilder) -> Result<TransactWriteItem, StoreFault> {
    Ok(TransactWriteItem::builder().update(update.build().map_err(fault)?).build())
}

fn after(time: Timestamp, wait: Duration) -> Timestamp {
    time.checked_add(wait).unwrap_or(Timestamp::MAX)
}

fn integer(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
