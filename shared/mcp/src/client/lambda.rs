//! MCP over `lambda:InvokeFunction`: the request in the event shape of an API Gateway REST proxy, the answer in its
//! response shape. IAM says who may call; no endpoint is public.

use std::collections::{BTreeMap, HashMap};
use std::error::Error as StdError;
use std::io::ErrorKind;

use aws_sdk_lambda::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::carrier::{Fault, Reply};
use crate::{INTERNAL_HOST, RESPONSE_BYTES};

pub(crate) async fn invoke(
    client: &aws_sdk_lambda::Client,
    function: &str,
    headers: &HeaderMap,
    body: &str,
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
        return Err(Fault::Unknown(format!("the function failed: {kind}")));
    }
    let payload = output.payload().map(Blob::as_ref).unwrap_or_default();
    if payload.len() > RESPONSE_BYTES {
        return Err(Fault::Unknown("the answer is too large".to_owned()));
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
    let garbage = |why: String| Fault::Unknown(format!("the answer cannot be read: {why}"));
    let response: ProxyResponse =
        serde_json::from_slice(payload).map_err(|error| garbage(error.to_string()))?;
    let status = StatusCode::from_u16(response.status_code).map_err(|error| garbage(error.to_string()))?;
    let content_type = header(&response, "content-type").unwrap_or_default().to_owned();
    let body = response.body.unwrap_or_default();
    let body = match response.is_base64_encoded {
        true => BASE64_STANDARD.decode(body).map_err(|error| garbage(error.to_string()))?,
        false => body.into_bytes(),
    };
    Ok(Reply { status, content_type, body })
}

fn header<'a>(response: &'a ProxyResponse, name: &str) -> Option<&'a str> {
    let single = response.headers.iter();
    let multi = response.multi_value_headers.iter().filter_map(|(key, values)| Some((key, values.first()?)));
    single.chain(multi).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn invoke_fault(error: &SdkError<InvokeError>) -> Fault {
    let text = describe(error);
    let unsent = match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_user() || was_connecting(error),
        // The Lambda API refused the request itself (throttled, denied, not found, too large): nothing ran. A 5xx may
        // come after the function started, and 408 says nothing.
        SdkError::ServiceError(refused) => {
            let status = refused.raw().status().as_u16();
            (400..500).contains(&status) && status != 408
        }
        _ => false,
    };
    if unsent { Fault::Unsent(text) } else { Fault::Unknown(text) }
}

/// Whether the failure came while the connection was being made: refused, unreachable, name unknown, timed out.
fn was_connecting(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        matches!(
            io,
            Some(
                ErrorKind::ConnectionRefused
                    | ErrorKind::HostUnreachable
                    | ErrorKind::NetworkUnreachable
                    | ErrorKind::AddrNotAvailable
            )
        ) || cause.to_string().starts_with("client error (Connect)")
    })
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |cause: &&'a (dyn StdError + 'static)| (*cause).source())
}

fn describe(error: &SdkError<InvokeError>) -> String {
    match error.as_service_error().and_then(|refused| refused.code()) {
        Some(code) => code.to_owned(),
        None => causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": "),
    }
}
