//! What it means that a picture was not made. The sandbox gives Bedrock's own answers, so that what is done about them is
//! tried without Bedrock.

use std::time::Duration;

use chimera_mcp::server::ToolFault;
use serde::Deserialize;
use thiserror::Error;

/// Why a picture was not made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// What is asked for is against the provider's content policy. Whoever wrote the prompt changes it.
    #[error("{0}")]
    Policy(String),
    /// Too many pictures for now. The caller waits.
    #[error("{why}")]
    RateLimited {
        /// What the provider says.
        why: String,
        /// Seconds that it asks for.
        retry_after_s: Option<u32>,
    },
    /// The provider is down, slow or failed. The caller tries again; what it had begun may have been charged.
    #[error("{0}")]
    Unavailable(String),
    /// The provider does not take what we sent. Trying again does not help: whoever runs the server looks.
    #[error("{0}")]
    Rejected(String),
    /// The provider cannot do this. The caller asks for something else.
    #[error("{0}")]
    Unsupported(String),
    /// The character's picture is not the tenant's, or nowhere. The caller names another.
    #[error("{0}")]
    NotFound(String),
}

impl Refused {
    /// The word for it that stays.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Policy(_) => "policy_violation",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable(_) => "upstream_unavailable",
            Self::Rejected(_) => "upstream_rejected",
            Self::Unsupported(_) => "unsupported",
            Self::NotFound(_) => "not_found",
        }
    }
}

impl From<Refused> for ToolFault {
    fn from(refused: Refused) -> Self {
        let (code, message) = (refused.code(), refused.to_string());
        match refused {
            Refused::RateLimited { retry_after_s: Some(seconds), .. } => {
                Self::wait(code, message, Duration::from_secs(seconds.into()))
            }
            Refused::RateLimited { .. } | Refused::Unavailable(_) => Self::refused(code, message, true),
            Refused::Rejected(_) => {
                tracing::error!(refusal.message = message, "the image provider does not take our requests");
                Self::refused(code, message, false)
            }
            Refused::Policy(_) | Refused::Unsupported(_) | Refused::NotFound(_) => {
                Self::refused(code, message, false)
            }
        }
    }
}

/// An answer of Bedrock that is no picture.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderError {
    /// The HTTP status.
    pub status: u16,
    /// The exception's name; empty where there is none.
    #[serde(default)]
    pub kind: String,
    /// What it says about it.
    #[serde(default)]
    pub detail: String,
    /// Seconds until it takes more, where it says so.
    #[serde(default)]
    pub retry_after_s: Option<u32>,
}

/// What Bedrock says of a prompt or picture that its content policy blocks.
const BLOCKED: [&str; 4] = ["content filter", "content policy", "responsible ai", "blocked by our"];

impl ProviderError {
    /// [I-6] What it means.
    #[must_use]
    pub fn meaning(&self) -> Refused {
        let words = self.words();
        match self.kind.as_str() {
            "ThrottlingException" | "TooManyRequestsException" | "ServiceQuotaExceededException" => {
                Refused::RateLimited { why: words, retry_after_s: self.retry_after_s }
            }
            "ModelNotReadyException"
            | "ModelTimeoutException"
            | "ModelErrorException"
            | "ServiceUnavailableException"
            | "InternalServerException" => Refused::Unavailable(words),
            "ValidationException" => self.invalid(words),
            _ => match self.status {
                400 => self.invalid(words),
                429 => Refused::RateLimited { why: words, retry_after_s: self.retry_after_s },
                408 | 424 | 500.. => Refused::Unavailable(words),
                _ => Refused::Rejected(words),
            },
        }
    }

    fn invalid(&self, words: String) -> Refused {
        let detail = self.detail.to_lowercase();
        let is_blocked = BLOCKED.iter().any(|said| detail.contains(said));
        if is_blocked { Refused::Policy(words) } else { Refused::Rejected(words) }
    }

    fn words(&self) -> String {
        match (self.kind.as_str(), self.detail.as_str()) {
            ("", "") => format!("the image provider answered {}", self.status),
            ("", said) => said.to_owned(),
            (kind, "") => format!("the image provider answered {kind}"),
            (kind, said) => format!("{kind}: {said}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [I-6]
    #[test]
    fn each_answer_of_bedrock_has_its_meaning() {
        for (status, kind, detail, code) in [
            (429, "ThrottlingException", "Too many requests", "rate_limited"),
            (400, "ServiceQuotaExceededException", "", "rate_limited"),
            (429, "ModelNotReadyException", "", "upstream_unavailable"),
            (408, "ModelTimeoutException", "", "upstream_unavailable"),
            (424, "ModelErrorException", "", "upstream_unavailable"),
            (500, "InternalServerException", "", "upstream_unavailable"),
            (503, "ServiceUnavailableException", "", "upstream_unavailable"),
            (502, "", "", "upstream_unavailable"),
            (429, "", "", "rate_limited"),
            (400, "ValidationException", "width must be divisible by 16", "upstream_rejected"),
            (
                400,
                "ValidationException",
                "This request has been blocked by our content filters.",
                "policy_violation",
            ),
            (403, "AccessDeniedException", "", "upstream_rejected"),
            (403, "UnrecognizedClientException", "", "upstream_rejected"),
            (404, "ResourceNotFoundException", "", "upstream_rejected"),
            (302, "", "", "upstream_rejected"),
        ] {
            let (kind, detail) = (kind.to_owned(), detail.to_owned());
            let answer = ProviderError { status, kind, detail, retry_after_s: None };
            assert_eq!(answer.meaning().code(), code, "{answer:?}");
        }
    }

    /// [I-6]
    #[test]
    fn only_what_may_pass_is_worth_another_try() {
        let retryable = |refused: Refused| ToolFault::from(refused).refusal().unwrap().retryable;
        assert!(retryable(Refused::Unavailable(String::new())));
        assert!(retryable(Refused::RateLimited { why: String::new(), retry_after_s: None }));
        for refused in [Refused::Policy, Refused::Rejected, Refused::Unsupported, Refused::NotFound] {
            assert!(!retryable(refused(String::new())));
        }
        let asked = Refused::RateLimited { why: String::new(), retry_after_s: Some(7) };
        assert!(matches!(ToolFault::from(asked), ToolFault::Wait { retry_after_s: 7, .. }));
    }
}
