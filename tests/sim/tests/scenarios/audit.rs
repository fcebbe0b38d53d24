//! The audit finds every change: whatever is altered, added or taken away in the rows or the audit of a campaign, the check
//! names exactly that row.
//!
//! `CHIMERA_AUDIT_CASES` (150) is how many changes are made at random places beside those at every place.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use chimera_domain::audit::{Fault, Finding, check_all, row_name, split_name};
use chimera_domain::ports::AuditEntry;
use chimera_domain::{Digest, Table};
use chimera_sim::{Answer, SwarmWorld};
use chimera_testkit::builders::{FEED, a_campaign};
use chimera_testkit::{Faults, Feed};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

/// Rows and entries as they are stored.
#[derive(Clone)]
struct Books {
    rows: Vec<(Table, Value)>,
    entries: Vec<Value>,
}

impl Books {
    fn check(&self) -> Vec<Finding> {
        check_all(&self.rows, &self.entries)
    }

    /// One row's part of them: thousands of checks of everything would only be slow.
    fn of(&self, name: &str) -> Self {
        let rows = self.rows.iter().filter(|row| name_of(row) == name).cloned();
        let entries = self.entries.iter().filter(|entry| row_of(entry) == name).cloned();
        Self { rows: rows.collect(), entries: entries.collect() }
    }
}

/// A campaign with a rejection, an edit, approvals, holds, effects and a ledger, to its end; messages come twice and records
/// in any order.
async fn kept() -> Books {
    let world = SwarmWorld::with(11, Faults::seeded(11).duplicate_messages().reorder_streams());
    world.platform.serve(FEED, Feed::small_tools());
    world.start(a_campaign().posts(3).hold_first(2)).await;
    world.run_until_quiet().await;
    let mut answers = [Answer::Reject("not this"), Answer::Respond("say more")].into_iter();
    for review in world.open_reviews() {
        world.decide(&review, answers.next().unwrap_or(Answer::Approve)).await;
    }
    world.run_until_quiet().await;
    world.approve_all_reviews().await;
    world.assert_promises();
    let (rows, entries) = world.audited();
    let of = |table: Table| rows.iter().filter(|(of, _)| *of == table).count();
    assert!(of(Table::State) > 10 && of(Table::Ledger) > 5 && entries.len() > 40, "{}", world.story());
    Books { rows, entries }
}

/// The row that an item of the audit is kept under.
fn row_of(entry: &Value) -> String {
    let sk = entry["sk"].as_str().unwrap();
    format!("{}|{}", entry["pk"].as_str().unwrap(), sk.rsplit_once('#').unwrap().0)
}

fn name_of((table, row): &(Table, Value)) -> String {
    row_name(*table, row["pk"].as_str().unwrap(), row["sk"].as_str().unwrap())
}

/// Something is found, and all of it about these rows.
fn names(books: &Books, rows: &[String], what: &str) -> Vec<Finding> {
    let found = books.check();
    let named: BTreeSet<String> = found.iter().map(|f| format!("{}|{}|{}", f.table, f.pk, f.sk)).collect();
    assert_eq!(named, rows.iter().cloned().collect(), "{what}: {found:?}");
    found
}

/// Every place of a value that holds something: as JSON pointers.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                into.push(at.clone());
                places(value, &at, into);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                into.push(format!("{at}/{index}"));
                places(value, &format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
}

/// The least change there is: one character, one step, one field more.
fn nudge(value: &mut Value, chance: &mut StdRng) {
    *value = match value.take() {
        Value::Null => json!(0),
        Value::Bool(was) => json!(!was),
        Value::Number(was) => match was.as_u64() {
            Some(was) => json!(was ^ (1 << chance.random_range(0..20))),
            None => json!(was.as_i64().unwrap() + 1),
        },
        Value::String(was) => Value::String(with_another_character(&was, chance)),
        Value::Array(mut items) => {
            items.push(json!("x"));
            Value::Array(items)
        }
        Value::Object(mut fields) => {
            fields.insert("x".to_owned(), json!("x"));
            Value::Object(fields)
        }
    };
}

fn with_another_character(text: &str, chance: &mut StdRng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    if characters.is_empty() {
        return "x".to_owned();
    }
    let at = chance.random_range(0..characters.len());
    match chance.random_range(0..3) {
        0 => {
            characters.remove(at);
        }
        1 => characters.insert(at, 'x'),
        _ => characters[at] = if characters[at] == 'x' { 'y' } else { 'x' },
    }
    characters.into_iter().collect()
}

/// What is done to the value at a place.
#[derive(Debug, Clone, Copy)]
enum Change {
    Nudge,
    Remove,
    Empty,
}

const CHANGES: [Change; 3] = [Change::Nudge, Change::Remove, Change::Empty];

/// Changes the value at `place`; false where that leaves it as it was.
fn change(item: &mut Value, place: &str, change: Change, chance: &mut StdRng) -> bool {
    let before = item.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    match change {
        Change::Nudge => nudge(item.pointer_mut(place).unwrap(), chance),
        Change::Empty => *item.pointer_mut(place).unwrap() = Value::Null,
        Change::Remove => match item.pointer_mut(parent).unwrap() {
            Value::Object(fields) => {
                fields.remove(&name.replace("~1", "/").replace("~0", "~"));
            }
            Value::Array(items) => {
                items.remove(name.parse().unwrap());
            }
            _ => {}
        },
    }
    *item != before
}

/// Keys are not changed in place: an item under another key is another item.
fn is_key(place: &str) -> bool {
    place == "/pk" || place == "/sk"
}

/// [L-2]
#[tokio::test]
async fn what_a_run_leaves_behind_agrees_to_the_byte() {
    let books = kept().await;
    assert_eq!(books.check(), []);
    // Nothing rests on the order in which they are read.
    let mut other = books.clone();
    other.rows.reverse();
    other.entries.reverse();
    assert_eq!(other.check(), []);
}

/// [L-1] [L-2]
#[tokio::test]
async fn any_change_of_any_field_of_an_entry_is_found() {
    let books = kept().await;
    let mut chance = StdRng::seed_from_u64(1);
    for row in &books.rows {
        let name = name_of(row);
        let own = books.of(&name);
        for (at, entry) in own.entries.iter().enumerate() {
            let mut all = Vec::new();
            places(entry, "", &mut all);
            for (place, how) in every_change(&all) {
                let mut tampered = own.clone();
                if !change(&mut tampered.entries[at], place, how, &mut chance) {
                    continue;
                }
                let what = format!("{how:?} {place} of {name} v{}", entry["version"]);
                let found = names(&tampered, std::slice::from_ref(&name), &what);
                let version = entry["version"].as_u64();
                assert!(found.iter().any(|finding| finding.version == version), "{what}: {found:?}");
            }
            let mut tampered = own.clone();
            tampered.entries[at]["more"] = json!(1);
            names(&tampered, std::slice::from_ref(&name), "a field more");
        }
    }
}

/// Every change at every place but the keys.
fn every_change(places: &[String]) -> impl Iterator<Item = (&str, Change)> {
    let places = places.iter().map(String::as_str).filter(|place| !is_key(place));
    places.flat_map(|place| CHANGES.into_iter().map(move |how| (place, how)))
}

/// [L-2]
#[tokio::test]
async fn any_change_of_any_field_of_a_row_is_found() {
    let books = kept().await;
    let mut chance = StdRng::seed_from_u64(2);
    let mut nested = 0;
    for row in &books.rows {
        let name = name_of(row);
        let own = books.of(&name);
        let mut all = Vec::new();
        places(&row.1, "", &mut all);
        nested += all.iter().filter(|place| place.matches('/').count() > 2).count();
        for (place, how) in every_change(&all) {
            let mut tampered = own.clone();
            if change(&mut tampered.rows[0].1, place, how, &mut chance) {
                names(&tampered, std::slice::from_ref(&name), &format!("{how:?} {place} of {name}"));
            }
        }
    }
    assert!(nested > 100, "rows hold values within values");
}

/// [L-2]
#[tokio::test]
async fn a_row_that_comes_or_goes_is_found() {
    let books = kept().await;
    for at in 0..books.rows.len() {
        let name = name_of(&books.rows[at]);
        let mut without = books.clone();
        without.rows.remove(at);
        let found = names(&without, std::slice::from_ref(&name), "a row less");
        assert!(found.iter().all(|finding| finding.fault == Fault::RowMissing), "{found:?}");

        let mut more = books.clone();
        let (table, mut copy) = more.rows[at].clone();
        copy["sk"] = json!(format!("{}x", copy["sk"].as_str().unwrap()));
        more.rows.push((table, copy));
        let copy = name_of(more.rows.last().unwrap());
        let found = names(&more, std::slice::from_ref(&copy), "a row more");
        assert!(found.iter().all(|finding| finding.fault == Fault::NotAudited), "{found:?}");

        let mut moved = without.clone();
        moved.rows.push(more.rows.pop().unwrap());
        names(&moved, &[name, copy], "a row moved");
    }
}

/// [L-2]
#[tokio::test]
async fn an_entry_that_comes_or_goes_is_found() {
    let books = kept().await;
    for row in &books.rows {
        let name = name_of(row);
        let own = books.of(&name);
        for (at, entry) in own.entries.iter().enumerate() {
            let mut without = own.clone();
            without.entries.remove(at);
            let found = names(&without, std::slice::from_ref(&name), "an entry less");
            assert!(found.iter().any(|finding| finding.version == entry["version"].as_u64()), "{found:?}");

            let mut elsewhere = own.clone();
            let (pk, _) = split_name(&name);
            elsewhere.entries.push(with_key(entry, &pk, "TASK#never#000000000001"));
            names(&elsewhere, &[format!("{pk}|TASK#never")], "an entry of no row");
        }
        let mut beyond = own.clone();
        let last: AuditEntry = serde_json::from_value(own.entries.last().unwrap().clone()).unwrap();
        let new = Digest::of_bytes(b"never written");
        let forged = AuditEntry::new(last.row, last.version + 1, Some(last.new), new, "nobody", json!({}));
        beyond.entries.push(forged.to_item().unwrap());
        names(&beyond, std::slice::from_ref(&name), "an entry beyond the row");
    }
}

/// [L-2]
#[tokio::test]
async fn an_entry_of_a_table_that_is_not_audited_is_found() {
    let mut books = kept().await;
    let entry = books.entries[0].clone();
    books.entries.push(with_key(&entry, "decisions|T#acme#C#c-1", "DECISION#r#000000000001"));
    names(&books, &["audit|decisions|T#acme#C#c-1|DECISION#r#000000000001".to_owned()], "a stray entry");
}

fn with_key(entry: &Value, pk: &str, sk: &str) -> Value {
    let mut copy = entry.clone();
    (copy["pk"], copy["sk"]) = (json!(pk), json!(sk));
    copy
}

/// [L-2]
#[tokio::test]
async fn a_change_at_any_random_place_is_found() {
    let cases = std::env::var("CHIMERA_AUDIT_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(150);
    let books = kept().await;
    for seed in 0..cases {
        let mut chance = StdRng::seed_from_u64(seed);
        let mut tampered = books.clone();
        let is_row = chance.random_bool(0.5);
        let (item, name) = if is_row {
            let at = chance.random_range(0..tampered.rows.len());
            let name = name_of(&tampered.rows[at]);
            (&mut tampered.rows[at].1, name)
        } else {
            let at = chance.random_range(0..tampered.entries.len());
            let name = row_of(&tampered.entries[at]);
            (&mut tampered.entries[at], name)
        };
        let mut all = Vec::new();
        places(item, "", &mut all);
        all.retain(|place| !is_key(place));
        let place = all[chance.random_range(0..all.len())].clone();
        let how = CHANGES[chance.random_range(0..CHANGES.len())];
        if change(item, &place, how, &mut chance) {
            names(&tampered, &[name], &format!("seed {seed}: {how:?} {place}"));
        }
    }
}

/// [L-2] Whoever tampers may also know how entries are made. One forged entry, seal and all, still does not fit its
/// neighbours.
#[tokio::test]
async fn an_entry_forged_with_a_seal_is_found_by_its_neighbours() {
    let books = kept().await;
    for row in &books.rows {
        let name = name_of(row);
        let own = books.of(&name);
        for (at, item) in own.entries.iter().enumerate() {
            let AuditEntry { row, version, old, new, writer, fields, .. } =
                serde_json::from_value(item.clone()).unwrap();
            let other = Digest::of_bytes(b"other");
            for forged in [
                AuditEntry::new(row.clone(), version, Some(other.clone()), new, writer.clone(), fields),
                AuditEntry::new(row, version, old, other, writer, json!({})),
            ] {
                let mut tampered = own.clone();
                tampered.entries[at] = forged.to_item().unwrap();
                names(&tampered, std::slice::from_ref(&name), "a forged entry");
            }
        }
    }
}
