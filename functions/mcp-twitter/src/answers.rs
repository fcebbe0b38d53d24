//! What the platform's answers mean. The sandbox gives the platform's own answers, so that what is done about them is tried
//! without the platform.

use chimera_mcp::server::Upstream;
use chimera_policy::refusals::PlatformRefusal;
use serde::Deserialize;

/// An answer of the platform that is no success.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformError {
    /// The HTTP status.
    pub status: u16,
    /// What it says about it.
    #[serde(default)]
    pub detail: String,
    /// Seconds until it takes more, where it says so.
    #[serde(default)]
    pub retry_after_s: Option<u32>,
    /// Its own number for it, where it gives one.
    #[serde(default)]
    pub code: Option<u32>,
    /// The last part of its own name for it, such as `resource-not-found`, where it gives one.
    #[serde(default)]
    pub kind: Option<String>,
}

impl PlatformError {
    /// An answer with these words.
    pub(crate) fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after_s: None, code: None, kind: None }
    }

    /// The row of the one table (`chimera_policy::refusals`) that the answer belongs to; none where it is no definite no:
    /// after a failure or a timeout of the platform nobody knows whether it acted.
    #[must_use]
    pub fn refusal(&self) -> Option<PlatformRefusal> {
        match self.status {
            // A timeout, a failure, a redirect or a success that makes no sense.
            408 | ..400 | 500.. => None,
            // A month's cap does not end within any wait of ours.
            429 if self.kind.as_deref() == Some("usage-capped") => Some(PlatformRefusal::PolicyViolation),
            429 => Some(PlatformRefusal::RateLimited),
            status => {
                let known = self.code.and_then(by_code).or_else(|| self.by_words());
                Some(known.or_else(|| self.by_kind()).unwrap_or_else(|| by_status(status)))
            }
        }
    }

    fn by_words(&self) -> Option<PlatformRefusal> {
        let detail = self.detail.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| detail.contains(word));
        let row = match self.status {
            400 | 403 if says(&["too long", "longer than", "a bit shorter"]) => PlatformRefusal::TextTooLong,
            400 | 403 if says(&["duplicate"]) => PlatformRefusal::Duplicate,
            403 if says(&["suspended", "locked"]) => PlatformRefusal::AccountSuspended,
            403 if says(&["another account", "not the author", "authorized to delete"]) => {
                PlatformRefusal::NotOwner
            }
            400 | 403 if says(&["not visible", "deleted", "does not exist"]) => PlatformRefusal::NotFound,
            403 if says(&["who can reply", "not allowed to reply", "not been mentioned"]) => {
                PlatformRefusal::PolicyViolation
            }
            _ => return None,
        };
        Some(row)
    }

    fn by_kind(&self) -> Option<PlatformRefusal> {
        match self.kind.as_deref()? {
            "resource-not-found" => Some(PlatformRefusal::NotFound),
            "client-forbidden"
            | "unsupported-authentication"
            | "oauth1-permissions"
            | "field-unauthorized"
            | "not-authorized-for-field" => Some(PlatformRefusal::CredentialsRefused),
            "usage-capped" | "not-authorized-for-resource" | "disallowed-resource" => {
                Some(PlatformRefusal::PolicyViolation)
            }
            "resource-unavailable" => Some(PlatformRefusal::UpstreamUnavailable),
            "rate-limit-exceeded" => Some(PlatformRefusal::RateLimited),
            _ => None,
        }
    }

    /// [E-11] What the write server stores and answers.
    pub(crate) fn upstream(&self) -> Upstream {
        match self.refusal() {
            Some(row) => Upstream::Refused {
                refusal: row.refusal(self.words()),
                retry_after_s: self.retry_after_s.filter(|_| row.is_retryable()),
            },
            None => Upstream::Unknown(self.words()),
        }
    }

    /// What is told about it.
    pub(crate) fn words(&self) -> String {
        if self.detail.is_empty() {
            format!("the platform answered {}", self.status)
        } else {
            self.detail.clone()
        }
    }
}

/// The platform's own numbers.
fn by_code(code: u32) -> Option<PlatformRefusal> {
    let row = match code {
        88 | 185 => PlatformRefusal::RateLimited,
        186 => PlatformRefusal::TextTooLong,
        187 => PlatformRefusal::Duplicate,
        64 | 326 => PlatformRefusal::AccountSuspended,
        32 | 89 | 99 | 135 | 215 => PlatformRefusal::CredentialsRefused,
        34 | 144 | 385 => PlatformRefusal::NotFound,
        183 => PlatformRefusal::NotOwner,
        226 | 433 => PlatformRefusal::PolicyViolation,
        _ => return None,
    };
    Some(row)
}

fn by_status(status: u16) -> PlatformRefusal {
    match status {
        401 | 403 => PlatformRefusal::CredentialsRefused,
        404 | 410 => PlatformRefusal::NotFound,
        _ => PlatformRefusal::PlatformRefused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [E-11]
    #[test]
    fn each_answer_of_the_platform_has_its_meaning() {
        use PlatformRefusal as P;
        for (status, detail, meaning) in [
            (403, "You are not allowed to create a Tweet with duplicate content.", Some(P::Duplicate)),
            (429, "Too Many Requests", Some(P::RateLimited)),
            (
                403,
                "Your account is suspended and is not permitted to access this feature.",
                Some(P::AccountSuspended),
            ),
            (403, "To protect our users, this account is temporarily locked.", Some(P::AccountSuspended)),
            (401, "Unauthorized", Some(P::CredentialsRefused)),
            (403, "You are not permitted to perform this action.", Some(P::CredentialsRefused)),
            (400, "The text is too long.", Some(P::TextTooLong)),
            (400, "Something else", Some(P::PlatformRefused)),
            (
                403,
                "You attempted to reply to a Tweet that is deleted or not visible to you.",
                Some(P::NotFound),
            ),
            (404, "", Some(P::NotFound)),
            (403, "The post is another account's.", Some(P::NotOwner)),
            (402, "Payment Required", Some(P::PlatformRefused)),
            (408, "", None),
            (500, "", None),
            (503, "over capacity, too long a queue", None),
            (302, "", None),
            (200, "", None),
            (403, "You are not authorized to delete this Tweet.", Some(P::NotOwner)),
            (
                403,
                "The original Tweet author restricted who can reply to this Tweet.",
                Some(P::PolicyViolation),
            ),
            (403, "Tweet needs to be a bit shorter.", Some(P::TextTooLong)),
        ] {
            assert_eq!(PlatformError::new(status, detail).refusal(), meaning, "{status} {detail}");
        }
    }

    /// [E-11]
    #[test]
    fn the_platforms_own_numbers_and_names_have_their_meaning() {
        use PlatformRefusal as P;
        for (status, code, kind, meaning) in [
            (429, Some(88), None, Some(P::RateLimited)),
            (403, Some(187), None, Some(P::Duplicate)),
            (403, Some(186), None, Some(P::TextTooLong)),
            (403, Some(64), None, Some(P::AccountSuspended)),
            (403, Some(326), None, Some(P::AccountSuspended)),
            (401, Some(89), None, Some(P::CredentialsRefused)),
            (403, Some(385), None, Some(P::NotFound)),
            (403, Some(183), None, Some(P::NotOwner)),
            (403, Some(185), None, Some(P::RateLimited)),
            (403, Some(433), None, Some(P::PolicyViolation)),
            (404, None, Some("resource-not-found"), Some(P::NotFound)),
            (403, None, Some("client-forbidden"), Some(P::CredentialsRefused)),
            (403, None, Some("not-authorized-for-resource"), Some(P::PolicyViolation)),
            (403, None, Some("disallowed-resource"), Some(P::PolicyViolation)),
            (403, None, Some("field-unauthorized"), Some(P::CredentialsRefused)),
            (403, None, Some("not-authorized-for-field"), Some(P::CredentialsRefused)),
            (404, None, Some("resource-unavailable"), Some(P::UpstreamUnavailable)),
            (429, None, Some("usage-capped"), Some(P::PolicyViolation)),
            (400, None, Some("invalid-request"), Some(P::PlatformRefused)),
            (503, Some(187), None, None),
        ] {
            let kind = kind.map(str::to_owned);
            let error = PlatformError { code, kind, ..PlatformError::new(status, "") };
            assert_eq!(error.refusal(), meaning, "{error:?}");
        }
    }

    /// [E-11]
    #[test]
    fn a_wait_that_the_platform_asks_for_is_passed_on() {
        let limited = PlatformError { retry_after_s: Some(90), ..PlatformError::new(429, "") };
        let told = limited.upstream();
        assert!(
            matches!(&told, Upstream::Refused { refusal, retry_after_s: Some(90) } if refusal.retryable),
            "{told:?}"
        );
        assert!(matches!(PlatformError::new(503, "").upstream(), Upstream::Unknown(_)));
    }
}
