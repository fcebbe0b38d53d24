//! The audit table: entries are put once and never changed.
//!
//! An entry's name is `<table>|<pk>|<sk>` of the row it speaks of. It is kept under pk `<table>|<pk>` and sk
//! `<sk>#<version, 12 digits>`, so that the audit of a whole campaign is one query and the versions of a row lie in order.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure as Return;
use chimera_domain::ports::{AuditEntry, AuditPut, AuditReader, AuditWriter};
use chimera_domain::{RowError, RowKey, StoreError};
use serde_json::Value;

use crate::errors;
use crate::items;
use crate::store::DynamoStore;

impl AuditWriter for DynamoStore {
    async fn put(&self, entry: &AuditEntry) -> Result<AuditPut, StoreError> {
        let answer = self
            .client()
            .put_item()
            .table_name(self.tables().audit()?)
            .set_item(Some(items::attributes(&item(entry)?)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(Return::AllOld)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(AuditPut::New),
            Err(error) => already(entry, errors::put_error(error)),
        }
    }
}

impl AuditReader for DynamoStore {
    /// `prefix` is `<table>|<pk>`, exactly a partition, optionally followed by `|` and the beginning of a sort key. It is
    /// one query: the part before the second `|` is never a mere beginning.
    async fn entries_of(&self, prefix: &str) -> Result<Vec<AuditEntry>, StoreError> {
        let (pk, sk) = split(prefix);
        let items = self.partition(self.tables().audit()?, &pk, sk).await?;
        items.into_iter().map(items::typed).collect()
    }
}

/// Whether the entry that was there is the same one. What it shows need not be: only the digests make the chain.
fn already(entry: &AuditEntry, error: StoreError) -> Result<AuditPut, StoreError> {
    let StoreError::Refused(refusals) = error else { return Err(error) };
    let old = refusals.into_iter().find_map(|refusal| refusal.old);
    let found = old.as_ref().and_then(|old| old.get("new")).and_then(Value::as_str);
    Ok(if found == Some(entry.new.as_str()) { AuditPut::Same } else { AuditPut::Different })
}

fn item(entry: &AuditEntry) -> Result<Value, StoreError> {
    let key = key(entry);
    let mut item = serde_json::to_value(entry).map_err(|source| RowError::Unreadable {
        pk: key.pk.clone(),
        sk: key.sk.clone(),
        source,
    })?;
    if let Some(fields) = item.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
        fields.insert("pk".to_owned(), Value::from(key.pk));
        fields.insert("sk".to_owned(), Value::from(key.sk));
    }
    Ok(item)
}

fn key(entry: &AuditEntry) -> RowKey {
    let (pk, sk) = split(&entry.row);
    RowKey { pk, sk: format!("{sk}#{:012}", entry.version) }
}

/// `<table>|<pk>` and what follows the second `|`.
fn split(name: &str) -> (String, &str) {
    let mut parts = name.splitn(3, '|');
    let (table, pk) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    (format!("{table}|{pk}"), parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use chimera_domain::{Digest, OpRefusal};
    use serde_json::json;

    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            row: "state|T#t#C#c|TASK#a".to_owned(),
            version: 7,
            old: None,
            new: Digest::of_bytes(b"new"),
            writer: "w".to_owned(),
            fields: json!({"status": "open"}),
        }
    }

    fn refused_by(old: Value) -> StoreError {
        StoreError::Refused(vec![OpRefusal { index: 0, old: Some(old) }])
    }

    #[test]
    fn an_entry_is_kept_by_partition_row_and_version() {
        let key = key(&entry());
        assert_eq!((key.pk.as_str(), key.sk.as_str()), ("state|T#t#C#c", "TASK#a#000000000007"));
    }

    #[test]
    fn a_prefix_names_a_partition_and_perhaps_rows() {
        assert_eq!(split("state|T#t#C#c"), ("state|T#t#C#c".to_owned(), ""));
        assert_eq!(split("state|T#t#C#c|TASK#"), ("state|T#t#C#c".to_owned(), "TASK#"));
        assert_eq!(split("state|T#t#A#a|UNIQUE#a|b"), ("state|T#t#A#a".to_owned(), "UNIQUE#a|b"));
    }

    #[test]
    fn an_entry_comes_back_as_it_went() {
        let item = items::attributes(&item(&entry()).unwrap()).unwrap();
        assert_eq!(items::typed::<AuditEntry>(item).unwrap(), entry());
    }

    #[test]
    fn a_second_entry_is_the_same_only_by_its_digest() {
        let same = item(&entry()).unwrap();
        assert_eq!(already(&entry(), refused_by(same)).unwrap(), AuditPut::Same);
        let other = item(&AuditEntry { new: Digest::of_bytes(b"other"), ..entry() }).unwrap();
        assert_eq!(already(&entry(), refused_by(other)).unwrap(), AuditPut::Different);
    }
}
