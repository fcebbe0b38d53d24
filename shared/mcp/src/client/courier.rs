//! rmcp's HTTP backend over a [`Carrier`]. One courier serves one call, so the fault it met belongs to that call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use futures::TryStreamExt as _;
use futures::stream::{self, BoxStream};
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::{Sse, SseStream};
use tokio::time::{Instant, timeout_at};

use super::carrier::{Carrier, Fault, Reply};

/// Sends one call's request and remembers why it failed, more exactly than rmcp's errors can say.
#[derive(Debug, Clone)]
pub(crate) struct Courier {
    carrier: Carrier,
    within: Instant,
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Courier {
    /// A courier that gives up at `within`: rmcp would leave its request behind when the caller has gone.
    pub(crate) fn new(carrier: Carrier, within: Instant) -> Self {
        Self { carrier, within, fault: Arc::default() }
    }

    /// The fault the request met, if any.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, fault: &Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault.clone());
    }

    async fn exchange(&self, headers: HeaderMap, body: String) -> Result<ServerJsonRpcMessage, Fault> {
        let late = |_| Fault::Unknown("no answer in time".to_owned());
        let reply = timeout_at(self.within, self.carrier.carry(headers, body)).await.map_err(late)??;
        read(reply).await
    }
}

/// The answer as MCP. A JSON-RPC error keeps its meaning whatever the HTTP status.
async fn read(reply: Reply) -> Result<ServerJsonRpcMessage, Fault> {
    let message = if reply.content_type.starts_with("text/event-stream") {
        last_event(reply.body).await
    } else {
        serde_json::from_slice(&reply.body).ok()
    };
    match (message, reply.status) {
        (Some(message @ JsonRpcMessage::Response(_)), status) if status.is_success() => Ok(message),
        (Some(message @ JsonRpcMessage::Error(_)), _) => Ok(message),
        (_, StatusCode::TOO_MANY_REQUESTS) => Err(Fault::Unsent("the server is throttling".to_owned())),
        (_, status) if status.is_client_error() || status.is_redirection() => {
            Err(Fault::Forbidden(format!("the server answered {status}")))
        }
        (_, status) => Err(Fault::Unknown(format!("the server answered {status} and no MCP message"))),
    }
}

/// The response among the events of a stream that has ended.
async fn last_event(body: Vec<u8>) -> Option<ServerJsonRpcMessage> {
    let whole = stream::once(async move { Ok::<_, std::convert::Infallible>(Bytes::from(body)) });
    let events: Vec<Sse> = SseStream::from_bytes_stream(Box::pin(whole)).try_collect().await.ok()?;
    events
        .iter()
        .filter_map(|event| serde_json::from_str(event.data.as_deref()?).ok())
        .find(|message| matches!(message, JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)))
}

fn headers_of(custom: HashMap<HeaderName, HeaderValue>) -> HeaderMap {
    let mut headers: HeaderMap = custom.into_iter().collect();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    headers
}

impl StreamableHttpClient for Courier {
    type Error = Fault;

    async fn post_message(
        &self,
        _uri: Arc<str>,
        message: ClientJsonRpcMessage,
        _session: Option<Arc<str>>,
        _authorization: Option<String>,
        custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, StreamableHttpError<Fault>> {
        if !matches!(message, JsonRpcMessage::Request(_)) {
            // Without a session there is nobody to notify: the end of the exchange is the cancellation.
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        let body = serde_json::to_string(&message)?;
        match self.exchange(headers_of(custom), body).await {
            Ok(answer) => Ok(StreamableHttpPostResponse::Json(answer, None)),
            Err(fault) => {
                self.remember(&fault);
                Err(StreamableHttpError::Client(fault))
            }
        }
    }

    async fn delete_session(
        &self,
        _uri: Arc<str>,
        _session: Arc<str>,
        _authorization: Option<String>,
        _custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), StreamableHttpError<Fault>> {
        Err(StreamableHttpError::ServerDoesNotSupportDeleteSession)
    }

    async fn get_stream(
        &self,
        _uri: Arc<str>,
        _session: Option<Arc<str>>,
        _last_event: Option<String>,
        _authorization: Option<String>,
        _custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, StreamableHttpError<Fault>> {
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, content_type: &str, body: &str) -> Reply {
        let status = StatusCode::from_u16(status).unwrap();
        Reply { status, content_type: content_type.to_owned(), body: body.as_bytes().to_vec() }
    }

    #[tokio::test]
    async fn garbage_and_server_errors_are_unknown_and_refused_requests_are_not() {
        let read_fault = async |status, body| read(reply(status, "text/plain", body)).await.unwrap_err();
        assert!(matches!(read_fault(200, "<html>").await, Fault::Unknown(_)));
        assert!(matches!(read_fault(502, "").await, Fault::Unknown(_)));
        assert!(matches!(read_fault(429, "").await, Fault::Unsent(_)));
        assert!(matches!(read_fault(403, "Host").await, Fault::Forbidden(_)));
        assert!(matches!(read_fault(302, "").await, Fault::Forbidden(_)));
    }

    #[tokio::test]
    async fn the_response_is_found_among_events() {
        let body = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[]}}\n\n";
        let message = read(reply(200, "text/event-stream", body)).await.unwrap();
        assert!(matches!(message, JsonRpcMessage::Response(_)));
    }
}
