//! Serving: as a function when the Lambda runtime is there, else over plain HTTP for any MCP client.

use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::INTERNAL_HOST;

/// Where a server listens outside Lambda unless `MCP_LISTEN` says otherwise: this machine only, any free port.
const LISTEN: &str = "127.0.0.1:0";

/// Largest request in bytes: what a function's event can carry (6 MB) beside its envelope.
pub const REQUEST_BYTES: usize = 6_000_000;

/// The server stopped. The process ends; a supervisor starts another.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The Lambda runtime failed.
    #[error("the Lambda runtime failed")]
    Lambda(#[source] lambda_http::Error),
    /// The address cannot be listened on, or listening failed.
    #[error("serving HTTP failed")]
    Http(#[from] std::io::Error),
}

/// Serves MCP at `/mcp`, without sessions and with JSON answers, and `{"server", "status": "ok"}` at `/health`. Requests for hosts other than
/// loopback, [`INTERNAL_HOST`] and `hosts` are refused.
pub fn router<S: ServerHandler + Clone>(server: S, hosts: &[&str]) -> Router {
    let hosts = ["localhost", "127.0.0.1", "::1", INTERNAL_HOST].into_iter().chain(hosts.iter().copied());
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_keep_alive(None)
        .with_max_request_body_bytes(REQUEST_BYTES)
        .with_allowed_hosts(hosts);
    let health = json!({ "server": server.get_info().server_info.name, "status": "ok" });
    let make = move || Ok(server.clone());
    let service = StreamableHttpService::new(make, Arc::new(NeverSessionManager::default()), config);
    Router::new()
        .nest_service("/mcp", service)
        .route("/health", get(move || std::future::ready(Json(health.clone()))))
}

/// Runs until the runtime or the listener ends. Outside Lambda it listens on `MCP_LISTEN` and logs the address.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(router: Router) -> Result<(), ServeError> {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return lambda_http::run(router).await.map_err(ServeError::Lambda);
    }
    let address = std::env::var("MCP_LISTEN").unwrap_or_else(|_| LISTEN.to_owned());
    let listener = TcpListener::bind(&address).await?;
    tracing::info!(mcp.address = %listener.local_addr()?, "serving MCP over HTTP");
    Ok(axum::serve(listener, router).await?)
}
