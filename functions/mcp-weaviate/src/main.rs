//! The memory server: composition only.

use chimera_mcp::server::serve;
use chimera_runtime::{Env, telemetry};
use mcp_weaviate::{app, sdk_config};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("mcp-weaviate");
    let router = app(&Env::new(), &sdk_config().await).await?;
    Ok(serve(router).await?)
}
