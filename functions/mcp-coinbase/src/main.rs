//! The Coinbase server: composition only.

use chimera_mcp::server::{sdk_config, serve};
use chimera_runtime::{Env, telemetry};
use mcp_coinbase::app;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("mcp-coinbase");
    let router = app(&Env::new(), &sdk_config()?).await?;
    Ok(serve(router).await?)
}
