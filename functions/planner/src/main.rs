//! The planner as a Lambda function.

use chimera_aws::{DynamoStore, Tables, sdk_config};
use chimera_model::AnyModel;
use chimera_runtime::{Env, RandomIds, SystemClock, run_queue, telemetry};
use planner::Planner;

#[tokio::main]
async fn main() -> Result<(), chimera_runtime::Error> {
    telemetry::init("planner");
    let env = Env::new();
    let tables = Tables { state: env.text("STATE_TABLE")?, ..Tables::default() };
    let aws = sdk_config()?;
    let model = AnyModel::from_env(&env, &aws)?;
    let store = DynamoStore::new(&aws, tables);
    store.warm().await;
    run_queue(Planner::new(store, model, SystemClock, RandomIds)).await
}
