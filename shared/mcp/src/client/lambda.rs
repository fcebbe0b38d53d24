//! MCP over `lambda:InvokeFunction`: the request in the event shape of an API Gateway REST proxy, the answer in its
//! response shape. IAM says who may call; no endpoint is public.

use std::collections::{BTreeMap, HashMap};
use std::error::Error as StdError;
use std::io::ErrorKind;

use aws_sdk_lambda::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::StreamExt as _;
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::carrier::{Reply, seconds, too_large};
use super::fault::{Again, Fault, causes, described};
use crate::INTERNAL_HOST;

pub(crate) async fn invoke(
    client: &aws_sdk_lambda::Client,
    function: &str,
    headers: &HeaderMap,
    body: &str,
    limit: usize,
) -> Result<Reply, Fault> {
    let payload = Blob::new(event(headers, body).to_string());
    let output = client
        .invoke()
        .function_name(function)
        .payload(payload)
        .send()
        .await
        .map_err(|error| invoke_fault(&error))?;
    if let Some(kind) = output.function_error() {
        // It ran, and may have acted before it failed.
        return Err(Fault::broken(format!("the function failed: {kind}")));
    }
    let payload = output.payload().map(Blob::as_ref).unwrap_or_default();
    if payload.len() > limit {
        return Err(too_large(limit));
    }
    reply(payload)
}

/// The event that `lambda_http` on the other side takes for a REST API request.
pub(crate) fn event(headers: &HeaderMap, body: &str) -> Value {
    let mut single = BTreeMap::from([("host", INTERNAL_HOST), ("x-forwarded-proto", "https")]);
    single.extend(headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))));
    let multi: BTreeMap<&str, [&str; 1]> = single.iter().map(|(name, value)| (*name, [*value])).collect();
    json!({
        "resource": "/mcp",
        "path": "/mcp",
        "httpMethod": "POST",
        "headers": single,
        "multiValueHeaders": multi,
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": null,
        "stageVariables": null,
        "requestContext": {
            "resourcePath": "/mcp",
            "path": "/mcp",
            "httpMethod": "POST",
            // Any other stage would be put in front of the path.
            "stage": "$default",
            "protocol": "HTTP/1.1",
            "domainName": INTERNAL_HOST,
            "identity": {},
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProxyResponse {
    status_code: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    multi_value_headers: HashMap<String, Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Reads the proxy response a function answered with.
pub(crate) fn reply(payload: &[u8]) -> Result<Reply, Fault> {
    let garbage = |why: String| Fault::violation(format!("the answer cannot be read: {why}"));
    let response: ProxyResponse =
        serde_json::from_slice(payload).map_err(|error| garbage(error.to_string()))?;
    let status = StatusCode::from_u16(response.status_code).map_err(|error| garbage(error.to_string()))?;
    let content_type = header(&response, "content-type").unwrap_or_default().to_owned();
    let retry_after = header(&response, "retry-after").map(seconds);
    let body = response.body.unwrap_or_default();
    let body = match response.is_base64_encoded {
        true => BASE64_STANDARD.decode(body).map_err(|error| garbage(error.to_string()))?,
        false => body.into_bytes(),
    };
    let body = stream::once(async move { Ok(Bytes::from(body)) }).boxed();
    Ok(Reply { status, content_type, session: None, retry_after, body })
}

fn header<'a>(response: &'a ProxyResponse, name: &str) -> Option<&'a str> {
    let single = response.headers.iter();
    let multi = response.multi_value_headers.iter().filter_map(|(key, values)| Some((key, values.first()?)));
    single.chain(multi).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn invoke_fault(error: &SdkError<InvokeError>) -> Fault {
    let why = describe(error);
    match error {
        SdkError::ConstructionFailure(_) => Fault::unsent(why).again(Again::Never),
        // A failure that the SDK puts down to its user may be a connection's task that ended after the request was taken.
        SdkError::DispatchFailure(_) if was_connecting(error) => Fault::unsent(why),
        SdkError::ServiceError(refused) => {
            let asked = refused.raw().headers().get("retry-after").map(seconds);
            service_fault(refused.raw().status().as_u16(), why, asked.map_or(Again::Soon, Again::After))
        }
        _ => Fault::broken(why),
    }
}

/// The Lambda API refused the request itself (throttled, denied, not found, too large): nothing ran. A 5xx may come
/// after the function started, and 408 says nothing.
fn service_fault(status: u16, why: String, again: Again) -> Fault {
    match status {
        409 | 429 => Fault::unsent(why).again(again),
        408 | 500.. => Fault::broken(why).again(again),
        400..500 => Fault::unsent(why).again(Again::Never),
        _ => Fault::broken(why).again(Again::Never),
    }
}

/// Whether the failure came while the connection was being made: refused, unreachable, name unknown, timed out. An
/// established connection can be told that its peer is unreachable as well, so that alone says nothing.
fn was_connecting(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        matches!(io, Some(ErrorKind::ConnectionRefused | ErrorKind::AddrNotAvailable))
            || cause.to_string().starts_with("client error (Connect)")
    })
}

fn describe(error: &SdkError<InvokeError>) -> String {
    match error.as_service_error().and_then(|refused| refused.code()) {
        Some(code) => code.to_owned(),
        None => described(error),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::error::ConnectorError;

    use super::super::fault::Kind;
    use super::*;

    fn kind(error: ConnectorError) -> Kind {
        invoke_fault(&SdkError::dispatch_failure(error)).kind
    }

    /// [T-26]
    #[test]
    fn only_a_connection_that_was_never_made_leaves_the_call_unsent() {
        let io = |kind: ErrorKind| ConnectorError::io(std::io::Error::from(kind).into());
        assert_eq!(kind(io(ErrorKind::ConnectionRefused)), Kind::Unsent);
        let connecting = "client error (Connect)".to_owned();
        assert_eq!(kind(ConnectorError::io(connecting.into())), Kind::Unsent);
        for established in
            [ErrorKind::HostUnreachable, ErrorKind::NetworkUnreachable, ErrorKind::ConnectionReset]
        {
            assert_eq!(kind(io(established)), Kind::Unknown, "{established:?}");
        }
        let gone = "dispatch task is gone: runtime dropped the dispatch task";
        assert_eq!(kind(ConnectorError::user(gone.into())), Kind::Unknown, "the request may have been taken");
    }
}
