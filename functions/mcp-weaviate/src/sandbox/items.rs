//! Rows of the memory table.
//!
//! | row | key |
//! |---|---|
//! | an object that is kept | `MEM#<tenant>#<agent>` or `COL#<tenant>#<collection>` / `OBJ#<uuid>` |
//! | one that only passes | the same / `SAID#<uuid>` |
//! | its place in the window | `MEM#<tenant>#<agent>` / `AT#<milliseconds>#<uuid>` |
//! | how much a place holds | the place / `HELD` |
//! | that a tenant has objects in a collection | `TENANTS#<collection>` / tenant |

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chimera_domain::{TenantId, Timestamp};
use chimera_mcp::server::StoreFault;
use chimera_mcp::server::dynamo::{Item, Table, fault, json_in, number, number_in, text, text_in};
use uuid::Uuid;

use crate::embedding::Embedding;
use crate::object::{Capacity, CollectionName, Object, Place, Stay};

/// Sort key of the row that says how much a place holds.
pub(crate) const HELD: &str = "HELD";
/// Sort keys of what is kept.
pub(crate) const KEPT_RANGE: (&str, &str) = ("OBJ#", "OBJ#~");

/// An object's row.
pub(crate) struct ObjectRow {
    pub(crate) id: Uuid,
    pub(crate) is_kept: bool,
    /// None where it was erased.
    pub(crate) object: Option<Object>,
}

/// Both keys that an object may be under.
pub(crate) fn object_keys(pk: &str, id: Uuid) -> [Item; 2] {
    [true, false].map(|is_kept| Table::key(pk, object_sk(id, is_kept)))
}

pub(crate) fn object_sk(id: Uuid, is_kept: bool) -> String {
    format!("{}#{id}", if is_kept { "OBJ" } else { "SAID" })
}

/// Every row of an object: its own and, of a memory, its place in the window.
pub(crate) fn object_row(place: &Place, object: &Object, stay: Stay) -> Item {
    let mut item = Table::key(place.partition(), object_sk(object.id, stay == Stay::Kept));
    item.extend(content(object));
    item.insert("created_ms".to_owned(), number(object.created_at.as_millisecond()));
    if let Stay::Passing { until } = stay {
        item.insert("expires_at".to_owned(), number(until.as_second()));
    }
    item
}

/// What a replacement changes.
pub(crate) fn content(object: &Object) -> Item {
    Item::from([
        ("properties_json".to_owned(), text(object.body())),
        ("embedding".to_owned(), AttributeValue::B(Blob::new(object.embedding.to_bytes()))),
        ("updated_ms".to_owned(), number(object.updated_at.as_millisecond())),
    ])
}

/// The pointer that the window is read by; the table drops it when it has left the window.
pub(crate) fn pointer_row(place: &Place, object: &Object, until: Timestamp) -> Item {
    let mut item =
        Table::key(place.partition(), pointer_sk(object.created_at.as_millisecond(), &object.id.to_string()));
    item.insert("expires_at".to_owned(), number(until.as_second()));
    item
}

/// Fourteen digits hold every millisecond for three thousand years.
fn pointer_sk(millis: i64, id: &str) -> String {
    format!("AT#{:014}#{id}", millis.max(0))
}

/// Sort keys of what was created after a time.
pub(crate) fn window_range(after: Timestamp) -> (String, String) {
    (pointer_sk(after.as_millisecond().saturating_add(1), ""), "AT#~".to_owned())
}

pub(crate) fn read_pointer(item: &Item) -> Result<Uuid, StoreFault> {
    let sk = text_in(item, "sk")?;
    sk.rsplit('#').next().unwrap_or_default().parse().map_err(fault)
}

pub(crate) fn read_row(item: &Item) -> Result<ObjectRow, StoreFault> {
    let (kind, id) = text_in(item, "sk")?.split_once('#').ok_or_else(|| lacks("id"))?;
    let id = id.parse().map_err(fault)?;
    let object = if item.contains_key("erased_at") { None } else { Some(read_object(item, id)?) };
    Ok(ObjectRow { id, is_kept: kind == "OBJ", object })
}

fn read_object(item: &Item, id: Uuid) -> Result<Object, StoreFault> {
    let vector = item.get("embedding").and_then(|value| value.as_b().ok());
    let embedding = vector.and_then(|bytes| Embedding::of_bytes(bytes.as_ref()));
    let time = |name| Timestamp::from_millisecond(number_in(item, name)?).map_err(fault);
    Ok(Object {
        id,
        properties: json_in(item, "properties_json")?,
        embedding: embedding.ok_or_else(|| lacks("embedding"))?,
        created_at: time("created_ms")?,
        updated_at: time("updated_ms")?,
    })
}

pub(crate) fn read_held(item: &Item) -> Capacity {
    let held =
        |name| number_in(item, name).ok().and_then(|held| usize::try_from(held).ok()).unwrap_or_default();
    Capacity { objects: held("objects_held"), bytes: held("bytes_held") }
}

pub(crate) fn tenants_pk(collection: &CollectionName) -> String {
    format!("TENANTS#{collection}")
}

pub(crate) fn tenant_row(collection: &CollectionName, tenant: &TenantId) -> Item {
    Table::key(tenants_pk(collection), tenant.as_str())
}

pub(crate) fn read_tenant(item: &Item) -> Result<TenantId, StoreFault> {
    TenantId::new(text_in(item, "sk")?).map_err(fault)
}

fn lacks(name: &str) -> StoreFault {
    StoreFault(format!("a row of the memory table lacks {name}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_begins_a_millisecond_after_and_holds_everything_later() {
        let after = Timestamp::from_second(1_800_000_000).unwrap();
        let (first, last) = window_range(after);
        let id = Uuid::nil().to_string();
        assert!(pointer_sk(after.as_millisecond(), &id) < first);
        assert!(pointer_sk(after.as_millisecond() + 1, &id) >= first);
        assert!(pointer_sk(99_999_999_999_999, &id) <= last);
    }
}
