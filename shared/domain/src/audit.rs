//! The audit: one entry per version of a row. Whoever writes entries, and whoever compares them with the rows, does it with
//! this code, so that a digest means the same on both sides.

mod check;
mod inspection;

pub use check::{Fault, Finding, check, check_all, stray};
pub use inspection::{Inspector, Place, Scope};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::row::stored_form;
use crate::{Digest, RowError, RowKey, Table};

/// Fields an audit entry shows. Everything else is in the digest alone.
const SHOWN: &[&str] = &[
    "kind",
    "id",
    "status",
    "attempt",
    "tries",
    "number",
    "parent",
    "revision",
    "plan",
    "reason",
    "agent",
    "task",
    "effect",
    "review",
    "digest",
    "cost",
    "used",
    "entry",
    "how",
    "spent",
    "at",
    "rung",
    "decided",
    "decided_by",
    "not_before",
    "policy_version",
    BUDGET,
];

/// [M-13] A campaign's budget, which a person may change later, with their name in the writer.
const BUDGET: &str = "budget";

/// What a row's stored form has under a shown name.
fn shown<'a>(row: &'a Value, name: &str) -> Option<&'a Value> {
    if name == BUDGET { row.pointer("/brief/budget") } else { row.get(name) }
}

impl Table {
    /// The tables whose rows are audited: those that have a stream.
    pub const AUDITED: [Self; 2] = [Self::State, Self::Ledger];

    /// As names of rows spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Ledger => "ledger",
            Self::Decisions => "decisions",
        }
    }
}

/// One version of one row, as the audit keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The table and row, as `<table>|<pk>|<sk>`.
    pub row: String,
    /// Which version of it, from 1.
    pub version: u64,
    /// Digest of the version before; none for the first.
    pub old: Option<Digest>,
    /// Digest of this version: of the whole stored row, its keys, version, writer and index columns included.
    pub new: Digest,
    /// Who wrote it.
    pub writer: String,
    /// Fields that may be shown, by allow-list; never tokens or secrets.
    pub fields: Value,
    /// Digest of all of the above: what an entry shows is not in any row's digest once the row has moved on.
    pub seal: Digest,
}

impl AuditEntry {
    /// An entry with its seal.
    #[must_use]
    pub fn new(
        row: String,
        version: u64,
        old: Option<Digest>,
        new: Digest,
        writer: impl Into<String>,
        fields: Value,
    ) -> Self {
        let unsealed =
            Self { row, version, old, new, writer: writer.into(), fields, seal: Digest::of_bytes(b"") };
        Self { seal: unsealed.seal_due(), ..unsealed }
    }

    /// [L-1] The entry of a row's stored form; none where it has no key, version or writer.
    #[must_use]
    pub fn of(table: Table, old: Option<&Value>, new: &Value) -> Option<Self> {
        let text = |name: &str| new.get(name).and_then(Value::as_str);
        let version = new.get("version").and_then(Value::as_u64)?;
        let row = row_name(table, text("pk")?, text("sk")?);
        let shown: Map<String, Value> =
            SHOWN.iter().filter_map(|name| Some(((*name).to_owned(), shown(new, name)?.clone()))).collect();
        let (old, new) = (old.map(Digest::of_json), Digest::of_json(new));
        Some(Self::new(row, version, old, new, text("writer")?, Value::Object(shown)))
    }

    /// [L-1] The seal that it must have.
    #[must_use]
    pub fn seal_due(&self) -> Digest {
        Digest::of_json(&json!({
            "row": self.row, "version": self.version, "old": self.old, "new": self.new, "writer": self.writer,
            "fields": self.fields,
        }))
    }

    /// Where it is kept: under pk `<table>|<pk>` and sk `<sk>#<version, 12 digits>`, so that the audit of a whole campaign
    /// is one query and the versions of a row lie in order.
    #[must_use]
    pub fn key(&self) -> RowKey {
        let (pk, sk) = split_name(&self.row);
        RowKey { pk, sk: format!("{sk}#{:012}", self.version) }
    }

    /// The stored form.
    ///
    /// # Errors
    /// [`RowError::Unreadable`] when it has no JSON form; a defect.
    pub fn to_item(&self) -> Result<Value, RowError> {
        stored_form(self, &self.key())
    }
}

/// A row's name in the audit.
#[must_use]
pub fn row_name(table: Table, pk: &str, sk: &str) -> String {
    format!("{}|{pk}|{sk}", table.name())
}

/// A name, or the beginning of one, as the audit's partition `<table>|<pk>` and what follows the second `|`.
#[must_use]
pub fn split_name(name: &str) -> (String, &str) {
    let mut parts = name.splitn(3, '|');
    let (table, pk) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    (format!("{table}|{pk}"), parts.next().unwrap_or_default())
}

/// The audited partition that a partition of the audit speaks of; none where it can speak of none.
#[must_use]
pub fn partition_of(audit_pk: &str) -> Option<(Table, &str)> {
    let (name, pk) = audit_pk.split_once('|')?;
    let table = Table::AUDITED.into_iter().find(|table| table.name() == name)?;
    (!pk.contains('|')).then_some((table, pk))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(version: u64) -> Value {
        json!({"pk": "T#t#C#c", "sk": "TASK#a", "version": version, "writer": "w", "kind": "task", "status": "open",
            "token": "secret"})
    }

    /// [L-1]
    #[test]
    fn an_entry_covers_the_whole_row_and_shows_what_is_listed() {
        let entry = AuditEntry::of(Table::State, None, &row(1)).unwrap();
        assert_eq!(entry.fields, json!({"kind": "task", "status": "open"}));
        for (name, value) in [("version", json!(2)), ("writer", json!("x")), ("token", json!("other"))] {
            let mut other = row(1);
            other[name] = value;
            assert_ne!(AuditEntry::of(Table::State, None, &other).unwrap().new, entry.new, "{name}");
        }
    }

    #[test]
    fn an_entry_is_kept_by_partition_row_and_version() {
        let entry = AuditEntry::of(Table::State, None, &row(7)).unwrap();
        let key = entry.key();
        assert_eq!((key.pk.as_str(), key.sk.as_str()), ("state|T#t#C#c", "TASK#a#000000000007"));
        let item = entry.to_item().unwrap();
        assert_eq!((&item["pk"], item.get("old")), (&json!("state|T#t#C#c"), None));
        assert_eq!(serde_json::from_value::<AuditEntry>(item).unwrap(), entry);
    }

    #[test]
    fn a_prefix_names_a_partition_and_perhaps_rows() {
        assert_eq!(split_name("state|T#t#C#c"), ("state|T#t#C#c".to_owned(), ""));
        assert_eq!(split_name("state|T#t#C#c|TASK#"), ("state|T#t#C#c".to_owned(), "TASK#"));
        assert_eq!(split_name("state|T#t#A#a|UNIQUE#a|b"), ("state|T#t#A#a".to_owned(), "UNIQUE#a|b"));
    }

    #[test]
    fn a_partition_of_the_audit_speaks_of_a_streams_table_or_of_nothing() {
        assert_eq!(partition_of("ledger|T#t#LEDGER"), Some((Table::Ledger, "T#t#LEDGER")));
        for strange in ["decisions|T#t#C#c", "T#t#C#c", "State|T#t", "state|a|b", ""] {
            assert_eq!(partition_of(strange), None, "{strange}");
        }
    }
}
