//! Every answer that is no success, in one place: its status, its stable code, and what the caller is told. Causes go
//! to the log, never to the caller.

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chimera_domain::{IllegalTransition, StoreError};
use chimera_runtime::telemetry;
use lambda_http::request::RequestContext;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A problem, with members of its own beside the standard ones. Boxed, since every handler's result has room for one.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    known: chimera_runtime::Problem,
    more: Map<String, Value>,
}

impl From<chimera_runtime::Problem> for Problem {
    fn from(known: chimera_runtime::Problem) -> Self {
        Self(Box::new(Parts { known, more: Map::new() }))
    }
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        chimera_runtime::Problem::new(status, code, title).with_detail(detail).into()
    }

    /// The answer, with the request's id in it.
    fn render(self, request_id: &str) -> Response {
        let Parts { known, more } = *self.0;
        let known = known.with_request_id(request_id);
        let mut body = json!(known);
        if let Some(members) = body.as_object_mut() {
            members.extend(more);
        }
        let (parts, _) = known.into_response().into_parts();
        Response::from_parts(parts, Body::from(body.to_string()))
    }
}

/// The problem travels beside its status until [`finish`] knows the request's id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut answer = self.0.known.status().into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}

/// Writes problems out, names the request on every answer, and logs it once.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let (method, path) = (request.method().clone(), route_of(&request));
    let mut answer = next.run(request).await;
    let status = answer.status();
    if let Some(problem) = answer.extensions_mut().remove::<Problem>() {
        tracing::info!(request.id = id, code = problem.0.known.code(), "{method} {path} answered {status}");
        answer = problem.render(&id);
    } else {
        tracing::info!(request.id = id, "{method} {path} answered {status}");
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert("x-request-id", id);
    }
    answer
}

/// API Gateway's id of the request, by which its logs and ours are joined; without a gateway, a fresh one.
fn request_id(request: &Request) -> String {
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV1(context)) => context.request_id.clone(),
        _ => None,
    }
    .unwrap_or_else(|| Uuid::new_v4().to_string())
}

/// The route's template: a path as it was sent may hold anything.
fn route_of(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or_else(|| "?".to_owned(), |path| path.as_str().to_owned())
}

/// 400: the body cannot be read.
pub(crate) fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_body", "The body cannot be read", detail)
}

/// 400: the cursor is none of ours.
pub(crate) fn bad_cursor() -> Problem {
    let detail = "It is not one that this listing gave out.";
    Problem::new(StatusCode::BAD_REQUEST, "invalid_cursor", "The cursor is not valid", detail)
}

/// 400: no usable `Idempotency-Key`.
pub(crate) fn bad_key(detail: impl Into<String>) -> Problem {
    let title = "The Idempotency-Key is not valid";
    Problem::new(StatusCode::BAD_REQUEST, "invalid_idempotency_key", title, detail)
}

/// 401: no token, or not exactly one.
pub(crate) fn unauthenticated() -> Problem {
    chimera_runtime::Problem::unauthenticated().into()
}

/// 403: a route that nobody is allowed, because it is on no list.
pub(crate) fn unlisted() -> Problem {
    chimera_runtime::Problem::forbidden().into()
}

/// 403: what is nobody's, for anybody but the operating tenant's admin.
pub(crate) fn not_operating() -> Problem {
    let detail = "What is nobody's is shown to an admin of the operating tenant alone.";
    chimera_runtime::Problem::forbidden().with_detail(detail).into()
}

/// 404: not there, or another tenant's.
pub(crate) fn not_found() -> Problem {
    chimera_runtime::Problem::not_found().into()
}

/// 405: the path is known, the method is not.
pub(crate) fn other_method() -> Problem {
    let title = "This path has other methods";
    chimera_runtime::Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", title).into()
}

/// 409: the rows do not allow it; `more` is an object that says what they say.
pub(crate) fn conflict(code: &'static str, detail: impl Into<String>, more: Value) -> Problem {
    let title = "The present state does not allow this";
    let mut problem = Problem::new(StatusCode::CONFLICT, code, title, detail);
    if let Value::Object(more) = more {
        problem.0.more = more;
    }
    problem
}

/// 409: the present status does not allow it. It is told as `current`, since `status` is the answer's own.
pub(crate) fn illegal(illegal: &IllegalTransition) -> Problem {
    conflict("illegal_transition", illegal.to_string(), json!({"current": illegal.from}))
}

/// 410: it was there, and its time is over.
pub(crate) fn gone(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::GONE, code, "Its time is over", detail)
}

/// 412: the row is not as the caller saw it.
pub(crate) fn precondition(detail: impl Into<String>) -> Problem {
    let title = "It is not as you saw it";
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", title, detail)
}

/// 413: larger than a body or row may be.
pub(crate) fn too_large() -> Problem {
    chimera_runtime::Problem::too_large().into()
}

/// 415: another type or encoding than the route reads.
pub(crate) fn unsupported(detail: impl Into<String>) -> Problem {
    let title = "This media type is not read here";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", title, detail)
}

/// 422: it can be read and makes no sense.
pub(crate) fn invalid(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, "The request makes no sense here", detail)
}

/// 422: the same, with its place in the body: in words before the detail, and as a JSON pointer (RFC 6901).
pub(crate) fn invalid_at(code: &'static str, place: &[String], detail: impl std::fmt::Display) -> Problem {
    let words = if place.is_empty() { String::new() } else { format!("{}: ", place.join(".")) };
    let mut problem = invalid(code, format!("{words}{detail}"));
    let escaped = place.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")));
    problem.0.more.insert("pointer".to_owned(), Value::from(escaped.collect::<String>()));
    problem
}

/// 422: the same, with members of its own.
pub(crate) fn invalid_with(code: &'static str, detail: impl Into<String>, more: Value) -> Problem {
    let mut problem = invalid(code, detail);
    if let Value::Object(more) = more {
        problem.0.more = more;
    }
    problem
}

/// 428: the caller must say what was seen.
pub(crate) fn precondition_required(detail: impl Into<String>) -> Problem {
    let title = "Say what you have seen";
    Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required", title, detail)
}

/// 503: others write the same row. Nothing was changed.
pub(crate) fn busy() -> Problem {
    let title = "Others are writing this; try again in a moment";
    chimera_runtime::Problem::new(StatusCode::SERVICE_UNAVAILABLE, "contention", title).into()
}

/// 500: a defect of ours, whatever was asked.
pub(crate) fn defect(error: impl std::error::Error + 'static) -> Problem {
    tracing::error!(error = telemetry::chain(&error), "a request met a defect");
    chimera_runtime::Problem::internal().into()
}

/// What a store's refusal means to the caller.
pub(crate) fn store(error: StoreError) -> Problem {
    match error {
        StoreError::Refused(_) | StoreError::Contention => busy(),
        StoreError::Unreadable(error) => defect(error),
        StoreError::TooLarge(_) | StoreError::Unavailable(_) => {
            tracing::warn!(error = telemetry::chain(&error), "a store refused a request");
            chimera_runtime::Problem::from(&error).into()
        }
    }
}

/// A listing refuses a position that it never gave out.
pub(crate) fn listing(error: StoreError) -> Problem {
    match error {
        StoreError::Refused(_) => bad_cursor(),
        other => store(other),
    }
}
