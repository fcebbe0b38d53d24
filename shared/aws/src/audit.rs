//! The audit table: entries are put once and never changed. What they hold and where they are kept is the domain's.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure as Return;
use chimera_domain::StoreError;
use chimera_domain::audit::split_name;
use chimera_domain::ports::{AuditEntry, AuditPut, AuditReader, AuditWriter};
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
            .set_item(Some(items::attributes(&entry.to_item()?)?))
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
        let (pk, sk) = split_name(prefix);
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

#[cfg(test)]
mod tests {
    use chimera_domain::{Digest, OpRefusal};
    use serde_json::json;

    use super::*;

    fn entry(new: &[u8]) -> AuditEntry {
        let fields = json!({"status": "open"});
        AuditEntry::new("state|T#t#C#c|TASK#a".to_owned(), 7, None, Digest::of_bytes(new), "w", fields)
    }

    fn refused_by(old: &AuditEntry) -> StoreError {
        StoreError::Refused(vec![OpRefusal { index: 0, old: old.to_item().ok() }])
    }

    #[test]
    fn an_entry_comes_back_as_it_went() {
        let item = items::attributes(&entry(b"new").to_item().unwrap()).unwrap();
        assert_eq!(items::value(item.clone()).unwrap(), entry(b"new").to_item().unwrap());
        assert_eq!(items::typed::<AuditEntry>(item).unwrap(), entry(b"new"));
    }

    #[test]
    fn a_second_entry_is_the_same_only_by_its_digest() {
        assert_eq!(already(&entry(b"new"), refused_by(&entry(b"new"))).unwrap(), AuditPut::Same);
        assert_eq!(already(&entry(b"new"), refused_by(&entry(b"other"))).unwrap(), AuditPut::Different);
    }
}
