//! One reading of what a server shows at an address: permitted by the registry, held to the pinned list, made within one
//! deadline, and believed only as JSON.

use std::time::Duration;

use chimera_domain::ports::ToolError;
use chimera_signed_http::secrets::Secrets;
use rmcp::ServiceError;
use rmcp::model::{
    ErrorCode, ErrorData, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
    ResourceContents,
};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::call::{Caller, named};
use super::era::fault_of;
use super::fault::{Failure, Fault};
use super::registry::Server;
use super::result::refusal_of;
use super::strict;
use crate::trace;

/// Longest text of a resource, in bytes: a hundred of the longest mentions several times over.
const TEXT_BYTES: usize = 1024 * 1024;
/// What it may take in memory once it is read, in bytes: text takes what it takes on the wire, structure more.
const MEMORY_BYTES: usize = 4 * TEXT_BYTES;

/// What a server answered: what it shows, or its own word that it shows nothing.
type Shown = Result<ReadResourceResult, ErrorData>;

impl<S: Secrets> Caller<S> {
    /// [T-31] Reads a resource; gives what it shows. Looking acts on nothing: it is repeated where that may do better.
    pub(crate) async fn read(&self, name: &str, uri: &str, deadline: Duration) -> Result<Value, ToolError> {
        let server = self.registry.shows(name, uri)?;
        let within = Instant::now() + deadline.min(server.timeout);
        let held = self.pauses.repeat(true, within, || self.held_to(name, server, within)).await;
        held.map_err(|failure| failure.error)?;
        let attempt = || self.look(name, server, uri, within);
        self.pauses.repeat(true, within, attempt).await.map_err(|failure| failure.error)
    }

    async fn look(&self, name: &str, server: &Server, uri: &str, within: Instant) -> Result<Value, Failure> {
        let knew_token = self.knows_token(name);
        let shown = match timeout_at(within, Box::pin(self.show(name, server, uri, within))).await {
            Ok(Ok(Ok(shown))) => json_of(&shown, uri),
            Ok(Ok(Err(refusal))) => return Err(refused(refusal).unwrap_or_else(|fault| named(name, fault))),
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(Fault::late()),
        };
        shown.map_err(|fault| self.failure(name, fault, knew_token))
    }

    /// One request, after as many as the server's revision wants before it.
    async fn show(&self, name: &str, server: &Server, uri: &str, within: Instant) -> Result<Shown, Fault> {
        let connecting = Box::pin(self.connect(name, server, within, server.response_bytes));
        let (courier, peer) = connecting.await.map_err(Fault::beforehand)?;
        let mut params = ReadResourceRequestParams::new(uri);
        params.meta = trace::meta();
        let shown = match timeout_at(courier.last_moment(), peer.read_resource_once(params)).await {
            Ok(Ok(ReadResourceResponse::Complete(shown))) => Ok(Ok(shown)),
            Ok(Ok(_)) => Err(Fault::violation("the server asked for something before answering")),
            Ok(Err(ServiceError::McpError(refusal))) if courier.fault().is_none() => Ok(Err(refusal)),
            Ok(Err(error)) => Err(fault_of(&error, &courier)),
            Err(_) => Err(Fault::late()),
        };
        courier.farewell().await;
        shown
    }
}

/// [T-31] One text, of the address that was asked for, that is JSON: anything else is somebody's mistake or attempt.
fn json_of(shown: &ReadResourceResult, uri: &str) -> Result<Value, Fault> {
    let [ResourceContents::TextResourceContents { uri: of, text, .. }] = shown.contents.as_slice() else {
        return Err(Fault::violation("what is shown is not one text"));
    };
    if of != uri {
        return Err(Fault::violation("what is shown is of another address"));
    }
    if text.len() > TEXT_BYTES {
        return Err(Fault::violation(format!("what is shown is longer than {TEXT_BYTES} bytes")));
    }
    // A parser's message may quote what it read.
    strict::parse(text.as_bytes(), MEMORY_BYTES)
        .map_err(|_| Fault::violation("what is shown is no JSON that can be trusted"))
}

/// What a server's error says: a refusal in its own words, or a fault as with any other request.
fn refused(error: ErrorData) -> Result<Failure, Fault> {
    let data = error.data.unwrap_or_default();
    let is_of_the_address = data.get("uri").is_some();
    match error.code {
        ErrorCode::RESOURCE_NOT_FOUND => Ok(nothing_there()),
        // The present revision has no code of its own for it.
        ErrorCode::INVALID_PARAMS if is_of_the_address => Ok(nothing_there()),
        ErrorCode::INTERNAL_ERROR if data.get("code").is_some() => {
            Ok(refusal_of(&data, Some(error.message.into_owned())))
        }
        ErrorCode::INTERNAL_ERROR => Err(Fault::broken(error.message)),
        _ => Err(Fault::forbidden(error.message)),
    }
}

fn nothing_there() -> Failure {
    let said =
        json!({ "code": "not_found", "message": "nothing is shown at this address", "retryable": false });
    refusal_of(&said, None)
}
