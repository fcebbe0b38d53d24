//! The worker: composition only.

use chimera_aws::{SqsReviewQueue, sdk_config};
use chimera_domain::TaskMessage;
use chimera_mcp::{Connections, McpToolbox, Registry, SecretsManager, Server, Target};
use chimera_model::AnyModel;
use chimera_runtime::{Env, RandomIds, SystemClock, run_queue, telemetry};
use worker::Worker;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("worker");
    let env = Env::new();
    let aws = sdk_config()?;
    let target = |name| env.text(name).map(|text| Target::parse(&text));
    let servers = Registry::from_json(&env.optional("MCP_SERVERS").unwrap_or_default())?
        .with("news", Server::news(target("MCP_NEWS_FUNCTION")?))
        .with("twitter", Server::twitter_read(target("MCP_TWITTER_READ_FUNCTION")?))
        .with("coinbase", Server::coinbase_read(target("MCP_COINBASE_READ_FUNCTION")?))
        .with("weaviate", Server::weaviate_read(target("MCP_WEAVIATE_READ_FUNCTION")?))
        .with("imagegen", Server::imagegen(target("MCP_IMAGEGEN_FUNCTION")?))
        .pinned(&env.optional("MCP_PINS").unwrap_or_default())?;
    let tools = McpToolbox::new(servers, Connections::new(&aws)?).with_secrets(SecretsManager::new(&aws)?);
    let reviews = SqsReviewQueue::new(&aws, env.text("REVIEW_QUEUE_URL")?);
    let model = AnyModel::from_env(&env, &aws)?;
    let worker = Worker::new(tools, model, reviews, SystemClock, RandomIds);
    run_queue::<TaskMessage, _>(worker).await.map_err(anyhow::Error::from_boxed)
}
