//! The audit read whole on the local cloud, as an operator verifies it.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use chimera_aws::{DynamoInspector, DynamoStore, Tables};
use chimera_domain::Table;
use chimera_domain::audit::{Fault, Inspector as _, Place, check};
use chimera_domain::ports::{AuditEntry, AuditPut, AuditWriter as _};
use serde_json::{Value, json};

use crate::cloud;

/// A row's first two versions in the audit.
fn chain(pk: &str, task: usize) -> [AuditEntry; 2] {
    let image =
        |version: u64| json!({"pk": pk, "sk": format!("TASK#t{task}"), "version": version, "writer": "w"});
    let (first, second) = (image(1), image(2));
    let entries = [(None, &first), (Some(&first), &second)];
    entries.map(|(old, new)| AuditEntry::of(Table::State, old, new).expect("a whole row"))
}

/// [L-2]
#[tokio::test]
async fn an_inspector_reads_items_as_they_are_stored() {
    let outputs = cloud::outputs();
    let text = |name: &str| outputs[name].as_str().expect(name).to_owned();
    let aws = cloud::aws(&outputs).await;
    let tables = Tables { audit: text("AuditTable"), ..Tables::default() };
    let (store, inspector) = (DynamoStore::new(&aws, tables.clone()), DynamoInspector::new(&aws, tables));
    let pk = format!("T#inspected-{}#C#c", std::process::id());
    let entries: Vec<AuditEntry> = (0..60).flat_map(|task| chain(&pk, task)).collect();
    for entry in &entries {
        assert_eq!(store.put(entry).await.expect("the store answers"), AuditPut::New);
    }

    let place = format!("state|{pk}");
    let names = inspector.partitions(Place::Audit).await.expect("the store answers");
    assert!(names.contains(&place), "{names:?}");
    let found = inspector.items(Place::Audit, &place).await.expect("the store answers");
    let mut put: Vec<Value> = entries.iter().map(|entry| entry.to_item().expect("a stored form")).collect();
    put.sort_by_key(|item| item["sk"].to_string());
    assert_eq!(found, put, "a partition comes in order of sort keys");
    let faults: Vec<Fault> =
        check(Table::State, &pk, &[], &found).into_iter().map(|found| found.fault).collect();
    assert_eq!(faults, [Fault::RowMissing; 60]);
}
