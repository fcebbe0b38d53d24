//! The image server: composition only.

use chimera_mcp::server::serve;
use chimera_runtime::{Env, telemetry};
use mcp_imagegen::{app, sdk_config};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("mcp-imagegen");
    let router = app(&Env::new(), &sdk_config().await)?;
    Ok(serve(router).await?)
}
