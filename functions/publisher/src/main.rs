//! The publisher as a Lambda function.

use chimera_aws::{DynamoStore, Tables, sdk_config};
use chimera_domain::limits;
use chimera_mcp::client::{Connections, McpToolbox, McpWriteTools};
use chimera_runtime::{Env, RandomIds, SystemClock, run_queue, telemetry};
use publisher::{Publisher, Servers, Timing};

#[tokio::main]
async fn main() -> Result<(), chimera_runtime::Error> {
    telemetry::init("publisher");
    let (env, aws) = (Env::new(), sdk_config()?);
    let tables = Tables {
        state: env.text("STATE_TABLE")?,
        ledger: env.text("LEDGER_TABLE")?,
        decisions: env.text("DECISIONS_TABLE")?,
        ..Tables::default()
    };
    let (servers, connections) = (Servers::of(&env)?, Connections::new(&aws)?);
    let timing = Timing::of_lease(
        env.seconds("EFFECT_LEASE_SECONDS")?,
        env.seconds_list("READ_BACK_SECONDS", &limits::READ_BACKS)?,
    );
    let writes = McpWriteTools::new(servers.writes, connections.clone());
    let reads = McpToolbox::new(servers.reads, connections);
    let store = DynamoStore::new(&aws, tables);
    store.warm().await;
    run_queue(Publisher::new(store, writes, reads, SystemClock, RandomIds, timing)).await
}
