//! The planner as a Lambda function.

use chimera_aws::{DynamoStore, Tables, aws_config};
use chimera_model::ScriptedModel;
use chimera_runtime::{Env, RandomIds, SystemClock, run_queue, telemetry};
use planner::Planner;

#[tokio::main]
async fn main() -> Result<(), chimera_runtime::Error> {
    telemetry::init("planner");
    let env = Env::new();
    let tables = Tables { state: env.text("STATE_TABLE")?, ..Tables::default() };
    let store = DynamoStore::new(&aws_config().await, tables);
    store.warm().await;
    run_queue(Planner::new(store, ScriptedModel::new(), SystemClock, RandomIds)).await
}
