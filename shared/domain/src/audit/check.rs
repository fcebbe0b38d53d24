//! Whether the audit and the rows agree, to the byte. A pure function of what is stored: it reads no clock, so that a row
//! whose entry is still on its way looks like one whose entry is missing, and says so by [`Fault::NotAudited`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{AuditEntry, partition_of, shown};
use crate::{Digest, Table};

/// Digits of a version in an entry's key.
const VERSION_DIGITS: usize = 12;

/// What is wrong with one version of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The row has come further than its chain: its entry is on the way, or was removed, or the row was forged.
    NotAudited,
    /// Versions in the middle of the chain have no entry.
    EntryMissing,
    /// The entry is not as the auditor writes it: changed, moved, or with something added.
    EntryAltered,
    /// The entry cannot be read at all.
    EntryUnreadable,
    /// The entry speaks of no row that is audited.
    EntryStray,
    /// The entry's old digest is not the new one of the entry before.
    LinkBroken,
    /// The last entry shows another writer or other fields than the row has.
    EntryDisagrees,
    /// The row is not what its last entry has the digest of.
    RowChanged,
    /// There are entries and no row.
    RowMissing,
    /// There are entries of versions that the row does not have: it was set back, or they were added.
    RowBehind,
    /// The row has no version or writer.
    RowUnreadable,
}

impl Fault {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotAudited => "the row's version has no audit entry",
            Self::EntryMissing => "an audit entry is missing",
            Self::EntryAltered => "the audit entry is not as it was written",
            Self::EntryUnreadable => "the audit entry cannot be read",
            Self::EntryStray => "the audit entry speaks of no audited row",
            Self::LinkBroken => "the audit entry does not follow the one before",
            Self::EntryDisagrees => "the audit entry shows another writer or other fields than the row",
            Self::RowChanged => "the row is not what the audit has the digest of",
            Self::RowMissing => "the audit has entries and the row is gone",
            Self::RowBehind => "the audit has entries of a version that the row does not have",
            Self::RowUnreadable => "the row has no version or writer",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Something that is wrong, by row and version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The table: `state` or `ledger`; `audit` for an entry that speaks of neither.
    pub table: &'static str,
    /// The row's partition.
    pub pk: String,
    /// The row's sort key.
    pub sk: String,
    /// The version, or the first of several; none where it cannot be told.
    pub version: Option<u64>,
    /// The last of several.
    pub until: Option<u64>,
    /// What.
    pub fault: Fault,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.table, self.pk, self.sk)?;
        match (self.version, self.until) {
            (Some(first), Some(last)) if first != last => write!(f, " versions {first} to {last}")?,
            (Some(version), _) => write!(f, " version {version}")?,
            (None, _) => {}
        }
        write!(f, ": {}", self.fault)
    }
}

/// The rows and the entries of one partition.
type Both<'a> = (Vec<&'a Value>, Vec<&'a Value>);

/// [L-2] What is wrong anywhere in these rows and entries, in their stored forms; nothing where all agree.
#[must_use]
pub fn check_all(rows: &[(Table, Value)], entries: &[Value]) -> Vec<Finding> {
    let mut partitions: BTreeMap<(Table, &str), Both<'_>> = BTreeMap::new();
    let mut findings = Vec::new();
    for (table, row) in rows {
        partitions.entry((*table, text(row, "pk"))).or_default().0.push(row);
    }
    for entry in entries {
        match partition_of(text(entry, "pk")) {
            Some(partition) => partitions.entry(partition).or_default().1.push(entry),
            None => findings.push(stray(text(entry, "pk"), text(entry, "sk"))),
        }
    }
    for ((table, pk), (rows, entries)) in partitions {
        findings.extend(check(table, pk, rows, entries));
    }
    findings
}

/// [L-2] What is wrong in one partition: `rows` are all of its rows, `entries` all that the audit has of it.
#[must_use]
pub fn check<'a>(
    table: Table,
    pk: &str,
    rows: impl IntoIterator<Item = &'a Value>,
    entries: impl IntoIterator<Item = &'a Value>,
) -> Vec<Finding> {
    let mut findings = Findings { table, pk, found: Vec::new() };
    let mut chains: BTreeMap<&str, BTreeMap<u64, Option<AuditEntry>>> = BTreeMap::new();
    for item in entries {
        let sk = text(item, "sk");
        let Some((row, version)) = row_and_version(sk) else {
            findings.add(sk, None, Fault::EntryAltered);
            continue;
        };
        let entry = read_entry(item);
        if let Err(fault) = &entry {
            findings.add(row, Some(version), *fault);
        }
        chains.entry(row).or_default().insert(version, entry.ok());
    }
    let rows: BTreeMap<&str, &Value> = rows.into_iter().map(|row| (text(row, "sk"), row)).collect();
    let names: BTreeSet<&str> = rows.keys().chain(chains.keys()).copied().collect();
    for sk in names {
        let chain = chains.remove(sk).unwrap_or_default();
        check_links(&mut findings, sk, &chain);
        check_end(&mut findings, sk, &chain, rows.get(sk).copied());
    }
    findings.found
}

/// An entry of a partition that no table has.
#[must_use]
pub fn stray(pk: &str, sk: &str) -> Finding {
    let (pk, sk) = (pk.to_owned(), sk.to_owned());
    Finding { table: "audit", pk, sk, version: None, until: None, fault: Fault::EntryStray }
}

struct Findings<'a> {
    table: Table,
    pk: &'a str,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, sk: &str, version: Option<u64>, fault: Fault) {
        self.add_range(sk, version, None, fault);
    }

    fn add_range(&mut self, sk: &str, version: Option<u64>, until: Option<u64>, fault: Fault) {
        let (pk, sk) = (self.pk.to_owned(), sk.to_owned());
        self.found.push(Finding { table: self.table.name(), pk, sk, version, until, fault });
    }
}

/// The row's sort key and the version, from 1, in an entry's.
fn row_and_version(sk: &str) -> Option<(&str, u64)> {
    let (row, digits) = sk.rsplit_once('#')?;
    let is_number = digits.len() == VERSION_DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    let version = digits.parse().ok().filter(|version| is_number && *version > 0)?;
    Some((row, version))
}

/// The entry, where it is to the byte what the auditor would have stored.
fn read_entry(item: &Value) -> Result<AuditEntry, Fault> {
    let entry: AuditEntry = serde_json::from_value(item.clone()).map_err(|_| Fault::EntryUnreadable)?;
    let is_whole = entry.to_item().is_ok_and(|stored| stored == *item);
    if is_whole && entry.seal == entry.seal_due() { Ok(entry) } else { Err(Fault::EntryAltered) }
}

/// Versions run from 1 without a gap, each naming the one before.
fn check_links(findings: &mut Findings<'_>, sk: &str, chain: &BTreeMap<u64, Option<AuditEntry>>) {
    let (mut expected, mut before) = (1, None);
    for (version, entry) in chain {
        if *version > expected {
            findings.add_range(sk, Some(expected), Some(version - 1), Fault::EntryMissing);
        } else if let Some(entry) = entry
            && !follows(entry, before)
        {
            findings.add(sk, Some(*version), Fault::LinkBroken);
        }
        (expected, before) = (version.saturating_add(1), Some(entry));
    }
}

/// Whether the entry names the one before; one that cannot be read is told of by itself.
fn follows(entry: &AuditEntry, before: Option<&Option<AuditEntry>>) -> bool {
    match before {
        None => entry.old.is_none(),
        Some(None) => true,
        Some(Some(before)) => entry.old.as_ref() == Some(&before.new),
    }
}

/// The last entry is of the row as it is.
fn check_end(
    findings: &mut Findings<'_>,
    sk: &str,
    chain: &BTreeMap<u64, Option<AuditEntry>>,
    row: Option<&Value>,
) {
    let last = chain.last_key_value().map_or(0, |(version, _)| *version);
    let Some(row) = row else {
        return findings.add(sk, Some(last), Fault::RowMissing);
    };
    let version = row.get("version").and_then(Value::as_u64).filter(|version| *version > 0);
    let writer = row.get("writer").and_then(Value::as_str);
    let (Some(version), Some(writer)) = (version, writer) else {
        return findings.add(sk, Some(last).filter(|last| *last > 0), Fault::RowUnreadable);
    };
    if version > last {
        return findings.add_range(sk, Some(last + 1), Some(version), Fault::NotAudited);
    }
    if version < last {
        findings.add_range(sk, Some(version + 1), Some(last), Fault::RowBehind);
    }
    let Some(Some(entry)) = chain.get(&version) else { return };
    if entry.new != Digest::of_json(row) {
        findings.add(sk, Some(version), Fault::RowChanged);
    } else if entry.writer != writer || !shows(entry, row) {
        findings.add(sk, Some(version), Fault::EntryDisagrees);
    }
}

/// Whether everything that the entry shows is the row's. That it shows all it should is its seal's matter: the list of
/// what is shown may be longer today than when the entry was made.
fn shows(entry: &AuditEntry, row: &Value) -> bool {
    let agrees = |(name, value): (&String, &Value)| shown(row, name) == Some(value);
    entry.fields.as_object().is_some_and(|fields| fields.iter().all(agrees))
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(version: u64) -> Value {
        json!({"pk": "T#t#C#c", "sk": "TASK#a", "version": version, "writer": format!("w{version}"), "status": "open"})
    }

    /// A row at its third version and its chain.
    fn sound() -> (Vec<(Table, Value)>, Vec<Value>) {
        let versions: Vec<Value> = (1..=3).map(version).collect();
        let entries = versions.iter().enumerate().map(|(at, new)| {
            let old = at.checked_sub(1).map(|at| &versions[at]);
            AuditEntry::of(Table::State, old, new).unwrap().to_item().unwrap()
        });
        (vec![(Table::State, version(3))], entries.collect())
    }

    fn faults(rows: &[(Table, Value)], entries: &[Value]) -> Vec<(Option<u64>, Fault)> {
        let found = check_all(rows, entries);
        assert!(found.iter().all(|finding| finding.sk == "TASK#a"), "{found:?}");
        found.into_iter().map(|finding| (finding.version, finding.fault)).collect()
    }

    /// [L-2]
    #[test]
    fn a_whole_chain_that_ends_in_its_row_is_clean() {
        let (rows, entries) = sound();
        assert_eq!(faults(&rows, &entries), []);
    }

    /// [L-2]
    #[test]
    fn an_entry_that_is_gone_or_too_many_is_named() {
        for (at, found) in [
            (0, (Some(1), Fault::EntryMissing)),
            (1, (Some(2), Fault::EntryMissing)),
            (2, (Some(3), Fault::NotAudited)),
        ] {
            let (rows, mut entries) = sound();
            entries.remove(at);
            assert_eq!(faults(&rows, &entries), [found]);
        }
        let (rows, mut entries) = sound();
        let beyond = AuditEntry::of(Table::State, Some(&version(3)), &version(4)).unwrap();
        entries.push(beyond.to_item().unwrap());
        assert_eq!(faults(&rows, &entries), [(Some(4), Fault::RowBehind)]);
    }

    /// [L-2]
    #[test]
    fn a_forged_entry_is_named_even_with_a_seal_of_its_own() {
        let (rows, mut entries) = sound();
        let mut forged: AuditEntry = serde_json::from_value(entries[1].clone()).unwrap();
        forged.new = Digest::of_bytes(b"other");
        let forged = AuditEntry { seal: forged.seal_due(), ..forged };
        entries[1] = forged.to_item().unwrap();
        assert_eq!(faults(&rows, &entries), [(Some(3), Fault::LinkBroken)]);

        let (rows, mut entries) = sound();
        let mut forged: AuditEntry = serde_json::from_value(entries[2].clone()).unwrap();
        forged.writer = "somebody".to_owned();
        let forged = AuditEntry { seal: forged.seal_due(), ..forged };
        entries[2] = forged.to_item().unwrap();
        assert_eq!(faults(&rows, &entries), [(Some(3), Fault::EntryDisagrees)]);
    }

    /// [L-2]
    #[test]
    fn rows_that_come_or_go_are_named() {
        let (_, entries) = sound();
        assert_eq!(faults(&[], &entries), [(Some(3), Fault::RowMissing)]);
        assert_eq!(faults(&[(Table::State, version(1))], &[]), [(Some(1), Fault::NotAudited)]);
        assert_eq!(faults(&[(Table::State, version(2))], &entries), [(Some(3), Fault::RowBehind)]);
    }

    #[test]
    fn an_entry_of_nothing_is_named() {
        let (rows, mut entries) = sound();
        entries.push(json!({"pk": "twitter|POST#1", "sk": "BURN#000000000001"}));
        let found = check_all(&rows, &entries);
        assert_eq!(found, [stray("twitter|POST#1", "BURN#000000000001")]);
    }

    #[test]
    fn a_finding_says_what_is_wrong_where() {
        let (rows, mut entries) = sound();
        entries.drain(..2);
        let found = check_all(&rows, &entries);
        let said = "state T#t#C#c TASK#a versions 1 to 2: an audit entry is missing";
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [said]);
    }
}
