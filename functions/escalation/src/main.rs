//! The escalation as a Lambda function.

use chimera_aws::{DynamoStore, LogNotifier, Tables, sdk_config};
use chimera_runtime::{Env, run_invoke, telemetry};
use escalation::{Escalation, Park};

#[tokio::main]
async fn main() -> Result<(), chimera_runtime::Error> {
    telemetry::init("escalation");
    let tables = Tables { state: Env::new().text("STATE_TABLE")?, ..Tables::default() };
    let store = DynamoStore::new(&sdk_config()?, tables);
    store.warm().await;
    let escalation = Escalation::new(store, LogNotifier);
    Box::pin(run_invoke(|park: Park, _deadline| escalation.park(park))).await
}
