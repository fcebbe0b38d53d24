//! The Twitter server: composition only.

use chimera_mcp::server::serve;
use chimera_runtime::{Env, telemetry};
use mcp_twitter::{app, sdk_config};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("mcp-twitter");
    let router = app(&Env::new(), &sdk_config().await)?;
    Ok(serve(router).await?)
}
