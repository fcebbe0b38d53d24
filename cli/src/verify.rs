//! [L-2] `chimera audit verify`: every row against its audit, with the operator's own credentials.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chimera_aws::{DynamoInspector, Tables, local_config, operator_config};
use chimera_domain::audit::{Fault, Finding, Inspector, Place, Scope, check, partition_of, stray};
use chimera_domain::{StoreError, Table};
use serde::{Deserialize, Serialize};

use crate::args::{Output, Verify};
use crate::card::printable;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::output;

/// Longest wait between two looks at a row whose entry may be on its way.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What was looked at and what was found.
#[derive(Debug, Default, Serialize)]
struct Report {
    clean: bool,
    partitions: usize,
    rows: usize,
    entries: usize,
    findings: Vec<Finding>,
    /// Rows that changed while they were looked at: their newest entry was still on its way.
    not_yet_audited: Vec<Finding>,
}

/// What a deployment to the local cloud leaves behind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LocalStack {
    endpoint: String,
    region: String,
    state_table: String,
    ledger_table: String,
    audit_table: String,
}

/// Verifies what was asked for and prints what was found.
pub(crate) async fn run(asked: &Verify, connection: &Connection, output: Output) -> Result<(), Failure> {
    let scope = Scope { tenant: connection.tenant.clone(), campaign: asked.campaign.clone() };
    let inspector = Box::pin(inspector(asked, &connection.local)).await?;
    let report = Box::pin(inspect(&inspector, &scope, asked.grace)).await.map_err(anyhow::Error::from)?;
    if report.rows + report.entries == 0 && !scope.is_everything() {
        return Err(anyhow::anyhow!("there is neither a row nor an audit entry of what was asked for").into());
    }
    match output {
        Output::Json => output::json(&serde_json::to_value(&report).map_err(anyhow::Error::from)?),
        Output::Table => print!("{}", text(&report)),
    }
    if report.clean { Ok(()) } else { Err(Failure::Tampered(report.findings.len())) }
}

/// The tables that were named, as the AWS SDK is signed in; else the local cloud's, as its root.
async fn inspector(asked: &Verify, local: &Path) -> Result<DynamoInspector, Failure> {
    let named = asked.state_table.as_ref().zip(asked.ledger_table.as_ref()).zip(asked.audit_table.as_ref());
    if let Some(((state, ledger), audit)) = named {
        let (state, ledger, audit) = (state.clone(), ledger.clone(), audit.clone());
        let tables = Tables { state, ledger, audit, ..Tables::default() };
        let aws = operator_config().await.map_err(anyhow::Error::from)?;
        return Ok(DynamoInspector::new(&aws, tables));
    }
    let path = local.join("outputs.json");
    let text = std::fs::read(&path).with_context(|| {
        format!("{} cannot be read: start the local cloud (`make up`), or name the tables", path.display())
    })?;
    let stack: LocalStack = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not what a deployment writes", path.display()))?;
    let tables = Tables {
        state: stack.state_table,
        ledger: stack.ledger_table,
        audit: stack.audit_table,
        ..Tables::default()
    };
    let aws = local_config(&stack.endpoint, &stack.region).await.map_err(anyhow::Error::from)?;
    Ok(DynamoInspector::new(&aws, tables))
}

/// Partition by partition, so that no more than one is held at a time.
async fn inspect<I: Inspector>(inspector: &I, scope: &Scope, grace: Duration) -> Result<Report, StoreError> {
    let (partitions, strays) = places(inspector, scope).await?;
    let mut report = Report { partitions: partitions.len(), findings: strays, ..Report::default() };
    let mut late = Vec::new();
    for (table, pk) in partitions {
        let (found, rows, entries) = look(inspector, table, &pk).await?;
        report.rows += rows;
        report.entries += entries;
        let (waiting, wrong): (Vec<_>, Vec<_>) = found.into_iter().partition(is_late);
        report.findings.extend(wrong);
        if !waiting.is_empty() {
            late.push(Late { table, pk, waiting });
        }
    }
    wait_for(inspector, late, grace, &mut report).await?;
    report.clean = report.findings.is_empty();
    Ok(report)
}

/// Rows of one partition whose entries may be on their way.
struct Late {
    table: Table,
    pk: String,
    waiting: Vec<Finding>,
}

/// Looks at late rows until their entries are there or the grace is over. No clock is in a row; but a version that was
/// seen without an entry and still has none when the grace is over is older than the grace.
async fn wait_for<I: Inspector>(
    inspector: &I,
    mut late: Vec<Late>,
    grace: Duration,
    report: &mut Report,
) -> Result<(), StoreError> {
    let end = Instant::now() + grace;
    while !late.is_empty() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        tokio::time::sleep(left.min(LOOK_AGAIN)).await;
        for partition in &mut late {
            let (found, _, _) = look(inspector, partition.table, &partition.pk).await?;
            partition.waiting.retain(|first| still_waits(first, &found, report));
        }
        late.retain(|partition| !partition.waiting.is_empty());
    }
    report.findings.extend(late.into_iter().flat_map(|partition| partition.waiting));
    Ok(())
}

/// Whether a row still lacks the entries that it lacked at first; what became of it otherwise goes into the report.
fn still_waits(first: &Finding, found: &[Finding], report: &mut Report) -> bool {
    let mut still = false;
    for finding in found.iter().filter(|finding| finding.sk == first.sk) {
        if !is_late(finding) {
            report.findings.push(finding.clone());
        } else if finding.version <= first.until {
            still = true;
        } else {
            report.not_yet_audited.push(finding.clone());
        }
    }
    still
}

fn is_late(finding: &Finding) -> bool {
    finding.fault == Fault::NotAudited
}

/// The partitions to look at, and entries of the audit that speak of none.
async fn places<I: Inspector>(
    inspector: &I,
    scope: &Scope,
) -> Result<(BTreeSet<(Table, String)>, Vec<Finding>), StoreError> {
    let mut partitions = BTreeSet::new();
    let mut strays = Vec::new();
    for table in Table::AUDITED {
        let names = inspector.partitions(Place::Rows(table)).await?;
        partitions.extend(names.into_iter().filter(|pk| scope.admits(pk)).map(|pk| (table, pk)));
    }
    for name in inspector.partitions(Place::Audit).await? {
        match partition_of(&name) {
            Some((table, pk)) if scope.admits(pk) => {
                partitions.insert((table, pk.to_owned()));
            }
            None if scope.is_everything() => {
                for item in inspector.items(Place::Audit, &name).await? {
                    let sk = item.get("sk").and_then(serde_json::Value::as_str).unwrap_or_default();
                    strays.push(stray(&name, sk));
                }
            }
            Some(_) | None => {}
        }
    }
    Ok((partitions, strays))
}

/// What is wrong in a partition, and how many rows and entries it has. The entries are read first: a row that is written
/// meanwhile is then ahead of them, which may pass, and never behind, which may not.
async fn look<I: Inspector>(
    inspector: &I,
    table: Table,
    pk: &str,
) -> Result<(Vec<Finding>, usize, usize), StoreError> {
    let entries = inspector.items(Place::Audit, &format!("{}|{pk}", table.name())).await?;
    let rows = inspector.items(Place::Rows(table), pk).await?;
    Ok((check(table, pk, &rows, &entries), rows.len(), entries.len()))
}

fn text(report: &Report) -> String {
    let looked = format!(
        "{} rows and {} audit entries in {} partitions\n",
        report.rows, report.entries, report.partitions
    );
    let list = |name: &str, findings: &[Finding]| match findings {
        [] => String::new(),
        findings => {
            let lines = findings.iter().map(|finding| format!("  {}\n", printable(&finding.to_string())));
            format!("{name}: {}\n{}", findings.len(), lines.collect::<String>())
        }
    };
    let passing = list("not yet audited", &report.not_yet_audited);
    let wrong = list("findings", &report.findings);
    let verdict = if report.clean { "every row agrees with its audit\n" } else { "" };
    format!("{looked}{passing}{wrong}{verdict}")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use chimera_domain::ports::AuditEntry;
    use serde_json::{Value, json};

    use super::*;

    const MOMENT: Duration = Duration::from_millis(20);

    /// Tables that change between looks: the last state stays.
    struct Changing(Mutex<Vec<(Vec<Value>, Vec<Value>)>>);

    impl Changing {
        fn new(states: Vec<(Vec<Value>, Vec<Value>)>) -> Self {
            Self(Mutex::new(states))
        }
    }

    impl Inspector for Changing {
        async fn partitions(&self, place: Place) -> Result<BTreeSet<String>, StoreError> {
            let state = self.0.lock().unwrap()[0].clone();
            let items = if place == Place::Audit { state.1 } else { state.0 };
            let is_rows = place != Place::Rows(Table::Ledger);
            let names = items.iter().filter(|_| is_rows).map(|item| item["pk"].as_str().unwrap().to_owned());
            Ok(names.collect())
        }

        async fn items(&self, place: Place, pk: &str) -> Result<Vec<Value>, StoreError> {
            let mut states = self.0.lock().unwrap();
            let state = states[0].clone();
            if matches!(place, Place::Rows(_)) && states.len() > 1 {
                states.remove(0);
            }
            let items = if place == Place::Audit { state.1 } else { state.0 };
            Ok(items.into_iter().filter(|item| item["pk"] == pk).collect())
        }
    }

    fn version(version: u64) -> Value {
        json!({"pk": "T#t#C#c", "sk": "TASK#a", "version": version, "writer": "w"})
    }

    fn chain(length: u64) -> Vec<Value> {
        let old = |at: u64| (at > 1).then(|| version(at - 1));
        let entry = |at| AuditEntry::of(Table::State, old(at).as_ref(), &version(at)).unwrap();
        (1..=length).map(|at| entry(at).to_item().unwrap()).collect()
    }

    async fn verified(states: Vec<(Vec<Value>, Vec<Value>)>) -> Report {
        inspect(&Changing::new(states), &Scope::default(), MOMENT).await.unwrap()
    }

    #[tokio::test]
    async fn an_entry_that_was_on_its_way_is_no_alarm() {
        let report = verified(vec![(vec![version(3)], chain(2)), (vec![version(3)], chain(3))]).await;
        assert!(report.clean && report.not_yet_audited.is_empty(), "{report:?}");
        assert_eq!((report.partitions, report.rows, report.entries), (1, 1, 2));
    }

    /// [L-2]
    #[tokio::test]
    async fn an_entry_that_does_not_come_within_the_grace_is_an_alarm() {
        let report = verified(vec![(vec![version(3)], chain(2))]).await;
        let said: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["state T#t#C#c TASK#a version 3: the row's version has no audit entry"]);
        assert!(!report.clean && text(&report).contains("findings: 1"));
    }

    #[tokio::test]
    async fn a_row_that_keeps_changing_is_told_of_without_alarm() {
        let report = verified(vec![(vec![version(2)], chain(1)), (vec![version(3)], chain(2))]).await;
        assert!(report.clean, "{report:?}");
        assert_eq!(report.not_yet_audited.len(), 1);
        assert!(text(&report).contains("not yet audited: 1"));
    }

    #[tokio::test]
    async fn a_stray_entry_is_an_alarm_unless_only_a_part_was_asked_for() {
        let mut entries = chain(1);
        entries.push(json!({"pk": "other|x", "sk": "y#000000000001"}));
        let tables = Changing::new(vec![(vec![version(1)], entries)]);
        let all = inspect(&tables, &Scope::default(), Duration::ZERO).await.unwrap();
        assert_eq!(all.findings, [stray("other|x", "y#000000000001")]);
        let part = Scope { tenant: Some("t".to_owned()), campaign: None };
        assert!(inspect(&tables, &part, Duration::ZERO).await.unwrap().clean);
    }
}
