//! The dispatcher as a Lambda function.

use chimera_aws::{DynamoStore, QueueUrls, SqsOutbox, StepFunctionsWorkflows, Tables, sdk_config};
use chimera_runtime::{Env, RandomIds, SystemClock, run_dispatch, telemetry};
use dispatcher::Dispatcher;

#[tokio::main]
async fn main() -> Result<(), chimera_runtime::Error> {
    telemetry::init("dispatcher");
    let (env, aws) = (Env::new(), sdk_config()?);
    let store = DynamoStore::new(&aws, Tables { state: env.text("STATE_TABLE")?, ..Tables::default() });
    let urls = QueueUrls {
        plan: env.text("PLAN_QUEUE_URL")?,
        task: env.text("TASK_QUEUE_URL")?,
        task_high: env.text("TASK_QUEUE_HIGH_URL")?,
        review: env.text("REVIEW_QUEUE_URL")?,
        effect: env.text("EFFECT_QUEUE_URL")?,
        perception: env.text("PERCEPTION_QUEUE_URL")?,
    };
    let outbox = SqsOutbox::new(&aws, urls);
    let workflows = StepFunctionsWorkflows::new(&aws, env.text("REVIEW_STATE_MACHINE_ARN")?);
    let base = env.seconds("TASK_VISIBILITY_SECONDS")?;
    store.warm().await;
    Box::pin(run_dispatch(Dispatcher::new(store, outbox, workflows, SystemClock, RandomIds, base))).await
}
