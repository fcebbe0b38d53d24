//! rmcp's HTTP backend over a [`Carrier`]. One courier serves one call, so the fault it met belongs to that call, and so
//! does the session that an older server opens for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use futures::stream::BoxStream;
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, JsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::Sse;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{self, Asked};
use super::carrier::{Carrier, SESSION};
use super::fault::Fault;

/// Time given to telling an older server that its session is over: it forgets an abandoned one by itself.
const FAREWELL: Duration = Duration::from_millis(500);

/// Sends one call's requests and remembers why one failed, more exactly than rmcp's errors can say.
#[derive(Debug, Clone)]
pub(crate) struct Courier {
    carrier: Carrier,
    token: Option<HeaderValue>,
    within: Instant,
    limit: usize,
    met: Arc<Mutex<Met>>,
}

/// What a call has met so far.
#[derive(Debug, Default)]
struct Met {
    fault: Option<Fault>,
    /// An older server's session and the headers to end it with. It lasts for this call only: after a freeze nobody knows
    /// whether the server still has it.
    session: Option<HeaderMap>,
}

impl Courier {
    /// A courier that gives up at `within` (rmcp would leave its request behind when the caller has gone), reads at most
    /// `limit` bytes of an answer, and shows `token` to this carrier's server and to no other.
    pub(crate) fn new(carrier: Carrier, token: Option<HeaderValue>, within: Instant, limit: usize) -> Self {
        Self { carrier, token, within, limit, met: Arc::default() }
    }

    /// The same way to the same server, for requests beside the call: what they meet is not the call's.
    pub(crate) fn apart(&self) -> Self {
        Self { met: Arc::default(), ..self.clone() }
    }

    /// The server's address.
    pub(crate) fn address(&self) -> String {
        self.carrier.address()
    }

    /// The fault the call met, if any.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.met().fault.clone()
    }

    /// When the call itself must be over: a little earlier where a session has to be ended after it.
    pub(crate) fn last_moment(&self) -> Instant {
        let left = self.within.saturating_duration_since(Instant::now());
        let kept = if self.met().session.is_some() { FAREWELL.min(left / 5) } else { Duration::ZERO };
        self.within.checked_sub(kept).unwrap_or(self.within)
    }

    /// Ends the session, where the server opened one.
    pub(crate) async fn farewell(&self) {
        let session = self.met().session.take();
        if let Some(headers) = session {
            let left = self.within.saturating_duration_since(Instant::now()).min(FAREWELL);
            // Whether it was heard in time makes no difference to the call.
            timeout(left, self.carrier.leave(headers)).await.unwrap_or_default();
        }
    }

    fn met(&self) -> MutexGuard<'_, Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn headers(&self, custom: HashMap<HeaderName, HeaderValue>) -> HeaderMap {
        let mut headers: HeaderMap = custom.into_iter().collect();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        if let Some(token) = &self.token {
            headers.insert(header::AUTHORIZATION, token.clone());
        }
        let mut met = self.met();
        if let Some(session) = met.session.as_ref().and_then(|session| session.get(SESSION)) {
            headers.insert(SESSION, session.clone());
            met.session = Some(headers.clone());
        }
        headers
    }

    async fn ask(
        &self,
        headers: HeaderMap,
        body: String,
        asked: &Asked,
    ) -> Result<ServerJsonRpcMessage, Fault> {
        let exchange = async {
            let reply = self.carrier.carry(headers.clone(), body, self.limit).await?;
            if let Some(session) = reply.session.clone().filter(|_| asked.opens_session()) {
                let mut ending = headers;
                ending.insert(SESSION, session);
                self.met().session = Some(ending);
            }
            answer::read(reply, asked).await
        };
        timeout_at(self.within, exchange).await.map_err(|_| Fault::late())?
    }

    async fn tell(&self, headers: HeaderMap, body: String) -> Result<(), Fault> {
        let reply = timeout_at(self.within, self.carrier.carry(headers, body, self.limit)).await;
        let status = reply.map_err(|_| Fault::late())??.status;
        if status.is_success() {
            Ok(())
        } else {
            Err(Fault::forbidden(format!("the server answered {status} to a notification")))
        }
    }

    async fn post(
        &self,
        message: ClientJsonRpcMessage,
        custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, StreamableHttpError<Fault>> {
        let body = serde_json::to_string(&message)?;
        let said = match &message {
            JsonRpcMessage::Request(request) => match Asked::of(&request.request, &request.id) {
                Some(asked) => {
                    let asked = asked.shown(self.token.as_ref());
                    let answer = self.ask(self.headers(custom), body, &asked).await;
                    answer.map(|answer| StreamableHttpPostResponse::Json(answer, None))
                }
                None => Err(Fault::forbidden("no such request is ever sent")),
            },
            JsonRpcMessage::Notification(told)
                if matches!(told.notification, ClientNotification::InitializedNotification(_)) =>
            {
                self.tell(self.headers(custom), body).await.map(|()| StreamableHttpPostResponse::Accepted)
            }
            // The end of the exchange is the cancellation, and there is nothing else to tell.
            _ => Ok(StreamableHttpPostResponse::Accepted),
        };
        said.map_err(|fault| {
            self.met().fault = Some(fault.clone());
            StreamableHttpError::Client(fault)
        })
    }
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
        self.post(message, custom).await
    }

    async fn delete_session(
        &self,
        _uri: Arc<str>,
        _session: Arc<str>,
        _authorization: Option<String>,
        _custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), StreamableHttpError<Fault>> {
        // The session is the courier's own; rmcp never hears of it.
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
