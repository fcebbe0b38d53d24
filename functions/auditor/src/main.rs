//! The auditor as a Lambda function.

use auditor::Auditor;
use chimera_aws::{DynamoStore, Tables, sdk_config};
use chimera_runtime::{Env, run_stream, telemetry};

#[tokio::main]
async fn main() -> Result<(), chimera_runtime::Error> {
    telemetry::init("auditor");
    let tables = Tables { audit: Env::new().text("AUDIT_TABLE")?, ..Tables::default() };
    let store = DynamoStore::new(&sdk_config()?, tables);
    store.warm().await;
    Box::pin(run_stream(Auditor::new(store))).await
}
