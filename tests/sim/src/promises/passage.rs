//! What must hold of every write as it happened: the rows as they are in the end cannot tell.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::Table;
use chimera_testkit::Write;
use serde_json::Value;

use crate::SwarmWorld;

impl SwarmWorld {
    /// No effect is claimed unless its campaign is active at that moment; one that takes another back may be claimed
    /// when the campaign is over, too.
    pub(super) fn unallowed_claims(&self) -> Vec<String> {
        let mut campaigns: BTreeMap<String, String> = BTreeMap::new();
        let mut broken = Vec::new();
        for write in self.cloud.history() {
            let campaign = text(&write.new, "pk").to_owned();
            match text(&write.new, "kind") {
                "campaign" => {
                    campaigns.insert(campaign, text(&write.new, "status").to_owned());
                }
                "effect" if becomes(&write, "dispatching") => {
                    let status = campaigns.get(&campaign).map_or("unknown", String::as_str);
                    let takes_back = write.new.get("undoes").is_some_and(|undone| !undone.is_null());
                    let is_over = ["finished", "cancelled", "stopped"].contains(&status);
                    if status != "active" && !(takes_back && is_over) {
                        let effect = text(&write.new, "sk");
                        broken.push(format!("{effect} was claimed while its campaign was {status}"));
                    }
                }
                _ => {}
            }
        }
        broken
    }

    /// Promise 5: a task becomes approved only from open or held, at the attempt it had, on the row as it was.
    pub(super) fn stale_commits(&self) -> Vec<String> {
        let commits = self.cloud.history().into_iter().filter(is_commit);
        let stale = commits.filter(|write| {
            let Some(old) = &write.old else { return true };
            let waited = ["open", "held"].contains(&text(old, "status"));
            let follows = number(&write.new, "version") == number(old, "version") + 1;
            !(waited && follows && number(old, "attempt") == number(&write.new, "attempt"))
        });
        stale
            .map(|write| {
                let before = write.old.as_ref().map_or("absent", |old| text(old, "status"));
                format!("{} was committed over a row that was {before}", text(&write.new, "sk"))
            })
            .collect()
    }

    /// A review has one decision, and keeps it.
    pub(super) fn replaced_decisions(&self) -> Vec<String> {
        let is_replaced = |write: &Write| {
            let Some(old) = &write.old else { return false };
            let is_decision = write.table == Table::Decisions;
            let is_decided = text(&write.new, "kind") == "review" && text(old, "status") == "decided";
            is_decision || (is_decided && text(old, "decided_by") != text(&write.new, "decided_by"))
        };
        let replaced = self.cloud.history().into_iter().filter(is_replaced);
        replaced.map(|write| format!("{} was decided twice", text(&write.new, "sk"))).collect()
    }

    /// Promise 3: once a transaction has approved an effect, its money is set aside.
    pub(super) fn unreserved(&self) -> Vec<String> {
        let history = self.cloud.history();
        let mut reserved = BTreeSet::new();
        let mut broken = Vec::new();
        for together in history.chunk_by(|one, next| one.transaction == next.transaction) {
            let entries = together.iter().filter(|write| text(&write.new, "entry") == "reserve");
            reserved.extend(entries.map(|write| place(&write.new)));
            for write in together.iter().filter(|write| becomes(write, "approved") && is_effect(write)) {
                let number = write.new.pointer("/reservation/number").and_then(Value::as_i64).unwrap_or(0);
                let entry = format!("ENTRY#{}#{number}#reserve", text(&write.new, "id"));
                if !reserved.contains(&(text(&write.new, "pk").to_owned(), entry)) {
                    broken.push(format!(
                        "{} was approved before its money was set aside",
                        text(&write.new, "sk")
                    ));
                }
            }
        }
        broken
    }
}

fn is_effect(write: &Write) -> bool {
    text(&write.new, "kind") == "effect"
}

/// Whether the write puts the row into this status.
fn becomes(write: &Write, status: &str) -> bool {
    text(&write.new, "status") == status && write.old.as_ref().is_none_or(|old| text(old, "status") != status)
}

/// Whether the write commits a result to a task.
fn is_commit(write: &Write) -> bool {
    let result = |row: &Value| row.pointer("/committed/result").cloned();
    let is_approved = text(&write.new, "kind") == "task" && text(&write.new, "status") == "approved";
    is_approved && (becomes(write, "approved") || write.old.as_ref().and_then(result) != result(&write.new))
}

fn place(row: &Value) -> (String, String) {
    (text(row, "pk").to_owned(), text(row, "sk").to_owned())
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(row: &Value, name: &str) -> i64 {
    row.get(name).and_then(Value::as_i64).unwrap_or(0)
}
