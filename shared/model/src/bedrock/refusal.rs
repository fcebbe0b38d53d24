//! What it means that Converse gave no answer: again, later, or never.

use std::time::Duration;

use chimera_domain::ports::ModelError;
use chimera_signed_http::{ServiceFault, SignedHttpError};

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    /// What the asker is told.
    pub(super) error: ModelError,
    /// The least wait before the same request may do better; nothing where it would not.
    pub(super) again: Option<Duration>,
    /// Whether the model may have worked, and charged.
    pub(super) may_have_cost: bool,
}

impl Refusal {
    /// What came cannot be read: the model worked, and nobody knows how much.
    pub(super) fn unread(error: ModelError) -> Self {
        Self { error, again: None, may_have_cost: true }
    }
}

impl From<ModelError> for Refusal {
    /// Nothing was sent.
    fn from(error: ModelError) -> Self {
        Self { error, again: None, may_have_cost: false }
    }
}

/// [B-6] What an error means.
pub(super) fn refusal(error: &SignedHttpError) -> Refusal {
    match error {
        SignedHttpError::Credentials(_) | SignedHttpError::Unsigned(_) => {
            later(format!("model_forbidden: {error}"))
        }
        SignedHttpError::Unsent(_) => again(format!("model_unreachable: {error}"), Duration::ZERO),
        SignedHttpError::Lost(_) => {
            let lost = again(format!("model_unreachable: {error}"), Duration::ZERO);
            Refusal { may_have_cost: true, ..lost }
        }
        SignedHttpError::TooLarge(_) => {
            Refusal::unread(ModelError::Unusable(format!("model_malformed: {error}")))
        }
        SignedHttpError::Refused(fault) => refused(fault),
    }
}

fn refused(fault: &ServiceFault) -> Refusal {
    let wait = Duration::from_secs(fault.retry_after_s.unwrap_or(0).into());
    match (fault.kind.as_str(), fault.status) {
        // A day's quota does not pass within an ask.
        ("ServiceQuotaExceededException", _) => later(format!("model_throttled: {fault}")),
        ("ThrottlingException" | "TooManyRequestsException" | "ModelNotReadyException", _) | (_, 429) => {
            again(format!("model_throttled: {fault}"), wait)
        }
        ("ModelTimeoutException" | "ModelErrorException", _) | (_, 408 | 424 | 500..) => {
            again(format!("model_unreachable: {fault}"), wait)
        }
        (_, 400 | 413 | 422) if !is_about_us(&fault.kind) => never(format!("model_rejected: {fault}")),
        _ => later(format!("model_forbidden: {fault}")),
    }
}

/// Whether an error with the status of a bad request refuses who asks.
fn is_about_us(kind: &str) -> bool {
    ["AccessDenied", "Signature", "Token", "Client"].iter().any(|word| kind.contains(word))
}

fn again(why: String, wait: Duration) -> Refusal {
    Refusal { error: ModelError::Unavailable(why), again: Some(wait), may_have_cost: false }
}

/// Somebody has to change something first: the work is left where it is, and nothing is lost.
fn later(why: String) -> Refusal {
    tracing::error!(reason = why, "the model cannot be asked until a person acts");
    ModelError::Unavailable(why).into()
}

fn never(why: String) -> Refusal {
    ModelError::Unusable(why).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, kind: &str) -> (String, bool) {
        let (kind, detail) = (kind.to_owned(), String::new());
        let refusal = refused(&ServiceFault { status, kind, detail, retry_after_s: Some(3) });
        if let Some(wait) = refusal.again {
            assert_eq!(wait, Duration::from_secs(3), "what the service asks for is waited");
        }
        let kind = match refusal.error {
            ModelError::Unavailable(_) => "unavailable",
            ModelError::Unusable(_) => "unusable",
        };
        (kind.to_owned(), refusal.again.is_some())
    }

    /// [B-6]
    #[test]
    fn only_what_may_pass_is_asked_again_and_only_a_bad_question_is_the_end() {
        for (status, kind, error, again) in [
            (429, "ThrottlingException", "unavailable", true),
            (429, "ModelNotReadyException", "unavailable", true),
            (429, "", "unavailable", true),
            (400, "ThrottlingException", "unavailable", true),
            (400, "ServiceQuotaExceededException", "unavailable", false),
            (408, "ModelTimeoutException", "unavailable", true),
            (424, "ModelErrorException", "unavailable", true),
            (500, "InternalServerException", "unavailable", true),
            (502, "", "unavailable", true),
            (503, "ServiceUnavailableException", "unavailable", true),
            (400, "ValidationException", "unusable", false),
            (413, "", "unusable", false),
            (401, "", "unavailable", false),
            (403, "AccessDeniedException", "unavailable", false),
            (403, "ExpiredTokenException", "unavailable", false),
            (400, "UnrecognizedClientException", "unavailable", false),
            (404, "ResourceNotFoundException", "unavailable", false),
            (307, "", "unavailable", false),
        ] {
            assert_eq!(told(status, kind), (error.to_owned(), again), "{status} {kind}");
        }
    }
}
