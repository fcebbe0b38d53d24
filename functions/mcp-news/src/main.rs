//! The news server: composition only.

use chimera_mcp::net::Reach;
use chimera_mcp::server::{ToolServer, router, serve};
use chimera_runtime::{Env, telemetry};
use mcp_news::{Fetcher, NewsTools};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::init("mcp-news");
    let reach = match Env::new().flag("NEWS_ALLOW_PRIVATE")? {
        true => Reach::Anywhere,
        false => Reach::Public,
    };
    let server = ToolServer::new(NewsTools::new(Fetcher::new(reach)?))?;
    Ok(serve(router(server, &[])).await?)
}
