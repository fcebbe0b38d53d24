//! Entity tags: a row's version, or a digest where an answer is put together from several rows.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chimera_domain::Digest;
use serde::Serialize;
use serde_json::Value;

/// The tag of one row's version.
pub(crate) fn of_version(version: u64) -> String {
    format!("\"{version}\"")
}

/// The tag of an answer.
pub(crate) fn of_value(value: &Value) -> String {
    let digest = Digest::of_json(value);
    format!("\"{}\"", digest.as_str().trim_start_matches("sha256:"))
}

/// The tag of an answer that is text.
pub(crate) fn of_text(text: &str) -> String {
    let digest = Digest::of_bytes(text.as_bytes());
    format!("\"{}\"", digest.as_str().trim_start_matches("sha256:"))
}

/// The body as JSON with its tag, or 304 where the caller has it already.
pub(crate) fn answer(headers: &HeaderMap, tag: &str, body: impl Serialize) -> Response {
    answer_with(headers, tag, Json(body))
}

/// The body with its tag, or 304 where the caller has it already.
pub(crate) fn answer_with(headers: &HeaderMap, tag: &str, body: impl IntoResponse) -> Response {
    if lists(headers, &header::IF_NONE_MATCH, tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag.to_owned())]).into_response();
    }
    ([(header::ETAG, tag.to_owned())], body).into_response()
}

/// Whether a conditional header names the tag; weak marks are ignored, `*` names every tag.
pub(crate) fn lists(headers: &HeaderMap, name: &header::HeaderName, tag: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|given| given.trim().trim_start_matches("W/"))
        .any(|given| given == tag || given == "*")
}
