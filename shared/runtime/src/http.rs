//! Problems: what a client is told when a request fails (RFC 9457). The log has the internal voice.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chimera_domain::StoreError;
use serde::Serialize;

use crate::auth::AuthError;

/// Media type of a problem.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A failed request, in words that give nothing internal away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `urn:chimera:problem:<code>`.
    #[serde(rename = "type")]
    kind: String,
    /// What kind of problem it is; the same for every one of its code.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Short stable word; each has a section in `docs/ERRORS.md`.
    code: &'static str,
    /// The request's id, as the log has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl Problem {
    /// A problem of this code.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        let kind = format!("urn:chimera:problem:{code}");
        Self { kind, title, status: status.as_u16(), detail: None, code, request_id: None }
    }

    /// With what is wrong with this request.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With the request's id.
    #[must_use]
    pub fn with_request_id(mut self, request_id: impl Into<String>) -> Self {
        self.request_id = Some(request_id.into());
        self
    }

    /// 400: the request cannot be read or breaks a rule of its form.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", "The request is not valid").with_detail(detail)
    }

    /// 401: nobody is signed in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "A valid token is needed")
    }

    /// 403: the caller's roles do not allow this.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Your roles do not allow this")
    }

    /// 404: not there, or not the caller's.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing")
    }

    /// 409: what the request rests on has changed.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "It has changed in the meantime").with_detail(detail)
    }

    /// 413: larger than the limit.
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large")
    }

    /// 500: a defect; the log has it.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong")
    }

    /// 503: try again in a moment.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again in a moment")
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The short stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<&StoreError> for Problem {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Refused(_) => {
                Self::new(StatusCode::CONFLICT, "conflict", "It has changed in the meantime")
            }
            StoreError::Contention | StoreError::Unavailable(_) => Self::unavailable(),
            StoreError::TooLarge(_) => Self::too_large(),
            StoreError::Unreadable(_) => Self::internal(),
        }
    }
}

impl From<&AuthError> for Problem {
    fn from(error: &AuthError) -> Self {
        match error {
            AuthError::Refused(_) | AuthError::Malformed(_) | AuthError::Untimely | AuthError::UnknownKey => {
                Self::unauthenticated()
            }
            AuthError::Forbidden(_) => Self::forbidden(),
            AuthError::KeysUnusable(_) | AuthError::Environment(_) => Self::internal(),
            AuthError::KeysUnavailable(_) => Self::unavailable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn a_problem_reads_as_rfc_9457_says() {
        let problem = Problem::conflict("The review is decided.").with_request_id("r-1");
        let response = problem.into_response();
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&body).unwrap(),
            json!({
                "type": "urn:chimera:problem:conflict", "title": "It has changed in the meantime", "status": 409,
                "detail": "The review is decided.", "code": "conflict", "request_id": "r-1",
            })
        );
    }

    #[test]
    fn nothing_internal_is_told() {
        let error = StoreError::Unavailable(Box::new(std::io::Error::other("arn:aws:secret")));
        let problem = Problem::from(&error);
        assert_eq!((problem.status(), problem.code()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
        assert!(!format!("{problem:?}").contains("secret"));
    }
}
