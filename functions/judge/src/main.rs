//! The Judge as a Lambda function.

use chimera_aws::{DynamoStore, SecretGrantSigner, Tables, sdk_config};
use chimera_domain::ReviewMessage;
use chimera_runtime::{Env, Error, RandomIds, SystemClock, run_queue, telemetry};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init("judge");
    let env = Env::new();
    let tables = Tables {
        state: env.text("STATE_TABLE")?,
        ledger: env.text("LEDGER_TABLE")?,
        decisions: env.text("DECISIONS_TABLE")?,
        ..Tables::default()
    };
    let (secret, stack) = (env.text("GRANT_SIGNING_KEY_SECRET")?, env.text("STACK_NAME")?);
    let config = sdk_config()?;
    let store = DynamoStore::new(&config, tables);
    let signer = SecretGrantSigner::load(&config, &secret, &stack).await?;
    store.warm().await;
    run_queue::<ReviewMessage, _>(judge::Judge::new(store, signer, SystemClock, RandomIds)).await
}
