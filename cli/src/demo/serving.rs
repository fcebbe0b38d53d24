//! A local feed on loopback, for as long as the command runs.

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use tokio::net::TcpListener;

/// Serves the bytes as `feed.xml` on a free port of the loopback interface; gives the URL.
pub(super) async fn on_loopback(bytes: Vec<u8>) -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no free port on 127.0.0.1")?;
    let address = listener.local_addr().context("the feed's port cannot be told")?;
    let answer = move || {
        let bytes = bytes.clone();
        async move { ([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], bytes) }
    };
    let router = Router::new().route("/feed.xml", get(answer));
    // It ends with the process; should it end before, the campaign's research fails and says so.
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}/feed.xml"))
}
