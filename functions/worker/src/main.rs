//! The worker: composition only.

use chimera_aws::{SqsReviewQueue, aws_config};
use chimera_domain::TaskMessage;
use chimera_mcp::{Connections, McpToolbox, Registry, Server, Target};
use chimera_model::ScriptedModel;
use chimera_runtime::{Env, RandomIds, SystemClock, run_queue, telemetry};
use worker::Worker;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("worker");
    let env = Env::new();
    let aws = aws_config().await;
    let news = Server::news(Target::parse(&env.text("MCP_NEWS_FUNCTION")?));
    let tools = McpToolbox::new(Registry::new().with("news", news), Connections::new(&aws)?);
    let reviews = SqsReviewQueue::new(&aws, env.text("REVIEW_QUEUE_URL")?);
    let worker = Worker::new(tools, ScriptedModel::new(), reviews, SystemClock, RandomIds);
    run_queue::<TaskMessage, _>(worker).await.map_err(anyhow::Error::from_boxed)
}
