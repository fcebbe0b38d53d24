//! The image server: composition only.

use chimera_mcp::server::{sdk_config, serve};
use chimera_runtime::{Env, telemetry};
use mcp_imagegen::app;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("mcp-imagegen");
    let router = app(&Env::new(), &sdk_config()?)?;
    Ok(serve(router).await?)
}
