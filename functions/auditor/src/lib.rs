#![doc = include_str!("../README.md")]

use chimera_domain::ports::{AuditEntry, AuditPut, AuditWriter, Change, ChangeHandler, HandleError};

/// The auditor over its port.
#[derive(Debug)]
pub struct Auditor<A> {
    audit: A,
}

impl<A: AuditWriter + Send> ChangeHandler for Auditor<A> {
    async fn handle_changes(&self, changes: Vec<Change>) -> Result<(), HandleError> {
        for change in &changes {
            match entry(change) {
                Some(entry) => self.put(&entry).await?,
                None => {
                    tracing::error!(record = %change.id, table = ?change.table, "A row was removed or has no version")
                }
            }
        }
        Ok(())
    }
}

impl<A: AuditWriter> Auditor<A> {
    /// An auditor over this port.
    pub fn new(audit: A) -> Self {
        Self { audit }
    }

    /// [P-8]
    async fn put(&self, entry: &AuditEntry) -> Result<(), HandleError> {
        if self.audit.put(entry).await? == AuditPut::Different {
            tracing::error!(row = %entry.row, version = entry.version, "The audit holds another content for this version");
        }
        Ok(())
    }
}

/// The entry of a change; none for a removal or a row without a version, which are alarms.
fn entry(change: &Change) -> Option<AuditEntry> {
    AuditEntry::of(change.table, change.old.as_ref(), change.new.as_ref()?)
}

#[cfg(test)]
mod tests {
    use chimera_domain::Table;
    use serde_json::json;

    use super::*;

    /// [P-8] [R-5]
    #[test]
    fn an_entry_chains_to_the_version_before_and_shows_no_token() {
        let old = json!({"pk": "T#a#C#c", "sk": "REVIEW#r", "version": 1, "writer": "w1", "kind": "review"});
        let new = json!({"pk": "T#a#C#c", "sk": "REVIEW#r", "version": 2, "writer": "w2", "kind": "review",
            "status": "open", "token": "secret"});
        let first = Change { table: Table::State, id: "1".into(), old: None, new: Some(old.clone()) };
        let second = Change { table: Table::State, id: "2".into(), old: Some(old), new: Some(new) };
        let (first, second) = (entry(&first).unwrap(), entry(&second).unwrap());
        assert_eq!(second.old.as_ref(), Some(&first.new));
        assert_eq!((second.version, second.writer.as_str()), (2, "w2"));
        assert!(!second.fields.to_string().contains("secret"));
        assert_eq!(second.row, "state|T#a#C#c|REVIEW#r");
    }

    #[test]
    fn a_removal_has_no_entry_and_is_an_alarm() {
        let removal = Change { table: Table::State, id: "3".into(), old: Some(json!({})), new: None };
        assert!(entry(&removal).is_none());
    }
}
