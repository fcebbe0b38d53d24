//! The `api` function.

use api::Api;
use chimera_aws::{DynamoStore, Tables, sdk_config};
use chimera_runtime::auth::Verifier;
use chimera_runtime::{Env, RandomIds, SystemClock, telemetry};

#[tokio::main]
async fn main() -> Result<(), chimera_runtime::Error> {
    telemetry::init("api");
    let env = Env::new();
    let tables = Tables {
        state: env.text("STATE_TABLE")?,
        ledger: env.text("LEDGER_TABLE")?,
        decisions: env.text("DECISIONS_TABLE")?,
        audit: env.text("AUDIT_TABLE")?,
    };
    let verifier = Verifier::from_env(&env).await?;
    let operating = env.optional_as("OPERATOR_TENANT")?;
    let store = DynamoStore::new(&sdk_config()?, tables);
    api::serve(api::router(Api::new(store, SystemClock, RandomIds, verifier, operating))).await
}
