//! The stores' contract on the deployed tables of the local cloud.

use chimera_aws::{DynamoStore, Tables};
use chimera_emulator::contract;

use crate::cloud;

#[tokio::test]
async fn the_dynamo_store_keeps_the_contract() {
    let outputs = cloud::outputs();
    let aws = cloud::aws(&outputs).await;
    let text = |name: &str| outputs[name].as_str().expect(name).to_owned();
    let tables = Tables {
        state: text("StateTable"),
        ledger: text("LedgerTable"),
        decisions: text("DecisionsTable"),
        audit: text("AuditTable"),
    };
    // Its own tenants: the tables may hold a campaign or two.
    let run = std::process::id().to_string();
    contract::keeps(&DynamoStore::new(&aws, tables), &run).await;
}
