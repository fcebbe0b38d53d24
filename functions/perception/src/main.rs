//! Perception as a Lambda function.

use chimera_aws::{DynamoStore, Tables, sdk_config};
use chimera_domain::PerceiveMessage;
use chimera_mcp::{Connections, McpToolbox};
use chimera_runtime::{Env, RandomIds, SystemClock, run_queue, telemetry};
use perception::{Perception, servers};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("perception");
    let (env, aws) = (Env::new(), sdk_config()?);
    let tables = Tables { state: env.text("STATE_TABLE")?, ..Tables::default() };
    let servers = McpToolbox::new(servers(&env)?, Connections::new(&aws)?);
    let interval = env.seconds("PERCEPTION_SECONDS")?;
    let store = DynamoStore::new(&aws, tables);
    store.warm().await;
    let perception = Perception::new(store, servers, SystemClock, RandomIds, interval);
    Box::pin(run_queue::<PerceiveMessage, _>(perception)).await.map_err(anyhow::Error::from_boxed)
}
