//! The news server: composition only.

use chimera_mcp::server::serve;
use chimera_runtime::{Env, telemetry};
use mcp_news::app;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("mcp-news");
    Ok(serve(app(&Env::new())?).await?)
}
