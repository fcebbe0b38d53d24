//! The publisher as a Lambda function.

use chimera_aws::{DynamoStore, Tables, aws_config};
use chimera_domain::limits;
use chimera_mcp::client::{Connections, McpToolbox, McpWriteTools, Registry, Server, Target};
use chimera_runtime::{Env, RandomIds, SystemClock, run_queue, telemetry};
use publisher::{Publisher, Timing};

#[tokio::main]
async fn main() -> Result<(), chimera_runtime::Error> {
    telemetry::init("publisher");
    let (env, aws) = (Env::new(), aws_config().await);
    let tables = Tables {
        state: env.text("STATE_TABLE")?,
        ledger: env.text("LEDGER_TABLE")?,
        decisions: env.text("DECISIONS_TABLE")?,
        ..Tables::default()
    };
    let target = |name| env.text(name).map(|text| Target::parse(&text));
    let write = Registry::new().with("twitter", Server::twitter_write(target("MCP_TWITTER_WRITE_FUNCTION")?));
    let read = Registry::new().with("twitter", Server::twitter_read(target("MCP_TWITTER_READ_FUNCTION")?));
    let connections = Connections::new(&aws)?;
    let timing = Timing::of_lease(
        env.seconds("EFFECT_LEASE_SECONDS")?,
        env.seconds_list("READ_BACK_SECONDS", &limits::READ_BACKS)?,
    );
    let (writes, reads) =
        (McpWriteTools::new(write, connections.clone()), McpToolbox::new(read, connections));
    let store = DynamoStore::new(&aws, tables);
    store.warm().await;
    run_queue(Publisher::new(store, writes, reads, SystemClock, RandomIds, timing)).await
}
