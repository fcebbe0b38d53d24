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
}

impl PlatformError {
    /// An answer with these words.
    pub(crate) fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after_s: None }
    }

    /// The row of the one table (`chimera_policy::refusals`) that the answer belongs to; none where it is no definite no:
    /// after a failure or a timeout of the platform nobody knows whether it acted.
    #[must_use]
    pub fn refusal(&self) -> Option<PlatformRefusal> {
        let detail = self.detail.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| detail.contains(word));
        let row = match self.status {
            408 | 500.. => return None,
            429 => PlatformRefusal::RateLimited,
            401 => PlatformRefusal::CredentialsRefused,
            400 if says(&["too long", "longer than"]) => PlatformRefusal::TextTooLong,
            400 | 403 if says(&["duplicate"]) => PlatformRefusal::Duplicate,
            403 if says(&["suspended", "locked"]) => PlatformRefusal::AccountSuspended,
            403 if says(&["another account", "not the author"]) => PlatformRefusal::NotOwner,
            400 | 403 if says(&["not visible", "deleted", "does not exist"]) => PlatformRefusal::NotFound,
            403 => PlatformRefusal::CredentialsRefused,
            404 | 410 => PlatformRefusal::NotFound,
            400..500 => PlatformRefusal::PlatformRefused,
            // A redirect or a success that makes no sense.
            _ => return None,
        };
        Some(row)
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

    fn words(&self) -> String {
        if self.detail.is_empty() {
            format!("the platform answered {}", self.status)
        } else {
            self.detail.clone()
        }
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
        ] {
            assert_eq!(PlatformError::new(status, detail).refusal(), meaning, "{status} {detail}");
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
