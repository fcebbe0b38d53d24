//! What CDP's answers mean. The sandbox gives CDP's own answers, so that what is done about them is tried without CDP.

use std::fmt;

use chimera_mcp::server::{ToolFault, Upstream};
use chimera_policy::refusals::PlatformRefusal;
use serde::{Deserialize, Serialize};

/// Where CDP explains its errors.
const ERROR_LINKS: &str = "https://docs.cdp.coinbase.com/api-reference/v2/errors";

/// An answer of CDP that is no success: the status, and the body as CDP writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CdpError {
    /// The HTTP status.
    pub status: u16,
    /// CDP's word for it; empty where the body had none.
    #[serde(default)]
    pub error_type: String,
    /// What it says about it.
    #[serde(default)]
    pub error_message: String,
    /// What CDP's support asks for.
    #[serde(default)]
    pub correlation_id: String,
    /// Where it is explained.
    #[serde(default)]
    pub error_link: String,
    /// Seconds until it takes more, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "retry_after_s")]
    pub retry_after_s: Option<u32>,
}

impl fmt::Display for CdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, error_type, error_message, correlation_id, .. } = self;
        write!(f, "CDP answered {status}")?;
        for part in [error_type, error_message].into_iter().filter(|part| !part.is_empty()) {
            write!(f, ": {part}")?;
        }
        if correlation_id.is_empty() { Ok(()) } else { write!(f, " ({correlation_id})") }
    }
}

impl CdpError {
    /// An answer with this type and these words, as the sandbox gives it.
    pub(crate) fn new(status: u16, error_type: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            error_type: error_type.to_owned(),
            error_message: message.into(),
            correlation_id: String::new(),
            error_link: format!("{ERROR_LINKS}#{error_type}"),
            retry_after_s: None,
        }
    }

    /// The same answer, to be asked again after so many seconds.
    pub(crate) fn after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// [WA-6] The row of the one table (`chimera_policy::refusals`) that the answer belongs to; none where it is no
    /// definite no: after a failure or a timeout of CDP nobody knows whether it acted.
    #[must_use]
    pub fn refusal(&self) -> Option<PlatformRefusal> {
        // Neither is a redirect, or a success that makes no sense.
        let is_definite = matches!(self.status, 400..500) && !matches!(self.status, 408 | 499);
        if !is_definite || is_open(&self.error_type) {
            return None;
        }
        Some(by_type(&self.error_type).unwrap_or_else(|| by_status(self.status)))
    }

    /// [E-11] What the write half stores and answers.
    pub(crate) fn upstream(&self) -> Upstream {
        match self.refusal() {
            Some(row) => Upstream::Refused {
                refusal: row.refusal(self.to_string()),
                retry_after_s: self.retry_after_s.filter(|_| row.is_retryable()),
            },
            None => Upstream::Unknown(self.to_string()),
        }
    }

    /// What a reader hears: nothing was to be done, so that what failed may simply be asked again.
    pub(crate) fn fault(&self) -> ToolFault {
        let row = self.refusal().unwrap_or(PlatformRefusal::UpstreamUnavailable);
        match self.retry_after_s {
            Some(seconds) if row.is_retryable() => {
                ToolFault::wait(row.code(), self.to_string(), std::time::Duration::from_secs(seconds.into()))
            }
            _ => ToolFault::Refused(row.refusal(self.to_string())),
        }
    }
}

/// Types that say no more than that nobody knows, whatever the status: what is in progress may be this very thing.
fn is_open(error_type: &str) -> bool {
    matches!(
        error_type,
        "timed_out"
            | "operation_in_progress"
            | "request_canceled"
            | "client_closed_request"
            | "internal_server_error"
            | "bad_gateway"
            | "service_unavailable"
    )
}

/// The documented types. What is in no row is a defect of ours, as `invalid_request`, or about something that we never ask
/// for: [`PlatformRefusal::PlatformRefused`].
fn by_type(error_type: &str) -> Option<PlatformRefusal> {
    use PlatformRefusal as P;
    Some(match error_type {
        "rate_limit_exceeded" | "faucet_limit_exceeded" => P::RateLimited,
        "insufficient_balance" | "insufficient_liquidity" | "insufficient_allowance" => P::InsufficientFunds,
        "policy_violation"
        | "recipient_allowlist_violation"
        | "recipient_allowlist_pending"
        | "travel_rules_recipient_violation"
        | "travel_rules_field_missing"
        | "daily_amount_limit_exceeded"
        | "daily_transaction_limit_exceeded"
        | "account_limit_exceeded"
        | "transfer_amount_invalid"
        | "transfer_amount_out_of_bounds" => P::PolicyViolation,
        "transfer_quote_expired" | "order_quote_expired" => P::QuoteExpired,
        "already_exists" => P::Duplicate,
        "unauthorized"
        | "forbidden"
        | "invalid_signature"
        | "customer_not_authorized"
        | "mfa_required"
        | "mfa_not_enrolled" => P::CredentialsRefused,
        "not_found" | "source_account_not_found" | "target_account_not_found" => P::NotFound,
        "network_not_tradable"
        | "network_mismatch"
        | "source_asset_not_supported"
        | "target_asset_not_supported"
        | "transfer_asset_not_supported"
        | "unsupported" => P::Unsupported,
        // Switched off for now, or not set up yet.
        "endpoint_unavailable" | "account_not_ready" => P::UpstreamUnavailable,
        "" => return None,
        _ => P::PlatformRefused,
    })
}

/// Where the body names no type.
fn by_status(status: u16) -> PlatformRefusal {
    match status {
        401 | 403 => PlatformRefusal::CredentialsRefused,
        404 | 410 => PlatformRefusal::NotFound,
        429 => PlatformRefusal::RateLimited,
        _ => PlatformRefusal::PlatformRefused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [WA-6] [E-11]
    #[test]
    fn each_answer_of_cdp_has_its_meaning() {
        use PlatformRefusal as P;
        for (status, error_type, meaning) in [
            (400, "invalid_request", Some(P::PlatformRefused)),
            (400, "malformed_transaction", Some(P::PlatformRefused)),
            (400, "target_onchain_address_invalid", Some(P::PlatformRefused)),
            (400, "transaction_simulation_failed", Some(P::PlatformRefused)),
            (400, "insufficient_balance", Some(P::InsufficientFunds)),
            (400, "transfer_quote_expired", Some(P::QuoteExpired)),
            (400, "transfer_amount_out_of_bounds", Some(P::PolicyViolation)),
            (403, "recipient_allowlist_violation", Some(P::PolicyViolation)),
            (403, "policy_violation", Some(P::PolicyViolation)),
            (403, "daily_amount_limit_exceeded", Some(P::PolicyViolation)),
            (403, "travel_rules_recipient_violation", Some(P::PolicyViolation)),
            (401, "unauthorized", Some(P::CredentialsRefused)),
            (403, "forbidden", Some(P::CredentialsRefused)),
            (403, "", Some(P::CredentialsRefused)),
            (402, "payment_method_required", Some(P::PlatformRefused)),
            (404, "not_found", Some(P::NotFound)),
            (404, "", Some(P::NotFound)),
            (409, "already_exists", Some(P::Duplicate)),
            (422, "idempotency_error", Some(P::PlatformRefused)),
            (429, "rate_limit_exceeded", Some(P::RateLimited)),
            (429, "faucet_limit_exceeded", Some(P::RateLimited)),
            (429, "", Some(P::RateLimited)),
            (400, "unsupported", Some(P::Unsupported)),
            (418, "", Some(P::PlatformRefused)),
            (408, "timed_out", None),
            (400, "timed_out", None),
            (499, "client_closed_request", None),
            (500, "internal_server_error", None),
            (500, "insufficient_balance", None),
            (502, "bad_gateway", None),
            (503, "service_unavailable", None),
            (504, "", None),
            (302, "", None),
            (200, "", None),
        ] {
            let answer = CdpError::new(status, error_type, "");
            assert_eq!(answer.refusal(), meaning, "{status} {error_type}");
            assert_eq!(
                matches!(answer.upstream(), Upstream::Unknown(_)),
                meaning.is_none(),
                "{status} {error_type}"
            );
        }
    }

    /// [WA-6] CDP's own list. Types of what we never ask for (checkouts, orders, mandates, sign-in of end users, webhooks) have
    /// no row: whoever meets one must look.
    #[test]
    fn every_documented_type_has_its_meaning() {
        use PlatformRefusal as P;
        let known = [
            (P::Duplicate, "already_exists"),
            (
                P::CredentialsRefused,
                "unauthorized forbidden invalid_signature customer_not_authorized mfa_required mfa_not_enrolled",
            ),
            (P::NotFound, "not_found source_account_not_found target_account_not_found"),
            (P::RateLimited, "rate_limit_exceeded faucet_limit_exceeded"),
            (P::InsufficientFunds, "insufficient_balance insufficient_liquidity insufficient_allowance"),
            (P::QuoteExpired, "transfer_quote_expired order_quote_expired"),
            (P::UpstreamUnavailable, "endpoint_unavailable account_not_ready"),
            (
                P::PolicyViolation,
                "policy_violation account_limit_exceeded recipient_allowlist_violation recipient_allowlist_pending \
                 travel_rules_recipient_violation travel_rules_field_missing transfer_amount_invalid \
                 daily_transaction_limit_exceeded daily_amount_limit_exceeded",
            ),
            (
                P::Unsupported,
                "network_not_tradable network_mismatch source_asset_not_supported target_asset_not_supported \
                 transfer_asset_not_supported",
            ),
            (
                P::PlatformRefused,
                "idempotency_error invalid_request malformed_transaction payment_method_required policy_in_use \
                 source_account_invalid target_account_invalid target_email_invalid target_onchain_address_invalid \
                 metadata_too_many_entries metadata_key_too_long metadata_value_too_long asset_mismatch \
                 transaction_simulation_failed document_verification_failed already_enabled",
            ),
        ];
        for (meaning, types) in known {
            for error_type in types.split_whitespace() {
                let answer = CdpError::new(400, error_type, "");
                assert_eq!(answer.refusal(), Some(meaning), "{error_type}");
            }
        }
        let open = "bad_gateway client_closed_request internal_server_error request_canceled service_unavailable timed_out \
                    operation_in_progress";
        for error_type in open.split_whitespace() {
            assert_eq!(CdpError::new(409, error_type, "").refusal(), None, "{error_type}");
        }
    }

    /// [E-11]
    #[test]
    fn a_wait_that_cdp_asks_for_is_passed_on_to_writer_and_reader() {
        let limited = CdpError::new(429, "rate_limit_exceeded", "slow down").after(9);
        let told = limited.upstream();
        assert!(matches!(&told, Upstream::Refused { retry_after_s: Some(9), .. }), "{told:?}");
        let heard = limited.fault();
        assert!(matches!(&heard, ToolFault::Wait { retry_after_s: 9, .. }), "{heard:?}");
        let failed = CdpError::new(503, "service_unavailable", "").fault();
        assert!(
            failed.refusal().is_some_and(|refusal| refusal.retryable),
            "a reader may ask again: {failed:?}"
        );
    }

    #[test]
    fn an_answer_is_told_with_what_support_asks_for() {
        let error =
            CdpError { correlation_id: "41deb8d5".to_owned(), ..CdpError::new(403, "forbidden", "no") };
        assert_eq!(error.to_string(), "CDP answered 403: forbidden: no (41deb8d5)");
    }
}
