//! What each answer means, at each step: before anything is executed nothing can have moved; after, nobody may guess.

use chimera_mcp::server::Upstream;
use mcp_coinbase::wallet::{ReadWallets as _, WriteWallets as _};
use serde_json::{Value, json};

use super::stub::Stub;
use super::{WALLET, cdp, changed, error, order, owner, secret, transfer};

const CREATE: &str = "POST /platform/v2/transfers";
const EXECUTE: &str = "POST /platform/v2/transfers/transfer_1/execute";

/// What was told: a code and whether a new grant may do better, or nothing where nobody knows.
fn told(upstream: &Upstream) -> Option<(&str, bool)> {
    match upstream {
        Upstream::Refused { refusal, .. } => Some((&refusal.code, refusal.retryable)),
        Upstream::Unknown(_) => None,
        Upstream::Done(outcome) => panic!("done: {outcome:?}"),
    }
}

/// The documented types, each with what it means before and after the execution.
type Row = (u16, &'static str, (&'static str, bool), Option<(&'static str, bool)>);

const UNAVAILABLE: (&str, bool) = ("upstream_unavailable", true);

fn rows() -> Vec<Row> {
    let definite = |status, word, code, retryable| (status, word, (code, retryable), Some((code, retryable)));
    let open = |status, word| (status, word, UNAVAILABLE, None);
    vec![
        definite(400, "invalid_request", "platform_refused", false),
        definite(400, "insufficient_balance", "insufficient_funds", false),
        definite(400, "transfer_quote_expired", "quote_expired", false),
        definite(400, "transfer_amount_out_of_bounds", "policy_violation", false),
        definite(400, "target_onchain_address_invalid", "platform_refused", false),
        definite(400, "transfer_asset_not_supported", "unsupported", false),
        definite(400, "account_not_ready", "upstream_unavailable", true),
        definite(400, "transaction_simulation_failed", "platform_refused", false),
        definite(401, "unauthorized", "credentials_refused", false),
        definite(402, "payment_method_required", "platform_refused", false),
        definite(403, "forbidden", "credentials_refused", false),
        definite(403, "policy_violation", "policy_violation", false),
        definite(403, "recipient_allowlist_violation", "policy_violation", false),
        definite(403, "recipient_allowlist_pending", "policy_violation", false),
        definite(403, "travel_rules_recipient_violation", "policy_violation", false),
        definite(403, "daily_amount_limit_exceeded", "policy_violation", false),
        definite(404, "source_account_not_found", "not_found", false),
        definite(422, "idempotency_error", "platform_refused", false),
        definite(429, "rate_limit_exceeded", "rate_limited", true),
        // A conflict at the second step may be the first execution's own.
        (409, "already_exists", ("duplicate", false), None),
        open(408, "timed_out"),
        open(409, "operation_in_progress"),
        open(499, "client_closed_request"),
        open(500, "internal_server_error"),
        open(502, "bad_gateway"),
        open(503, "service_unavailable"),
        open(504, "timed_out"),
    ]
}

/// [WA-6]
#[tokio::test]
async fn each_answer_means_one_thing_before_and_one_thing_after_the_execution() {
    let stub = Stub::start().await;
    for (status, word, before, after) in rows() {
        stub.on(WALLET, 404, &error("not_found")).on(CREATE, status, &error(word));
        let refused = cdp(&stub, &secret()).transfer(order()).await;
        assert_eq!(told(&refused), Some(before), "{status} {word} at the first step");

        stub.on(WALLET, 404, &error("not_found")).on(CREATE, 201, &transfer("quoted"));
        stub.on(EXECUTE, status, &error(word));
        let heard = cdp(&stub, &secret()).transfer(order()).await;
        assert_eq!(told(&heard), after, "{status} {word} at the second step");
    }
}

/// [E-11]
#[tokio::test]
async fn a_wait_is_passed_on_from_either_step() {
    let stub = Stub::start().await;
    let limited = error("rate_limit_exceeded");
    stub.on(WALLET, 404, &error("not_found"));
    stub.with_header(CREATE, 429, ("retry-after", "30"), &limited);
    let first = cdp(&stub, &secret()).transfer(order()).await;
    stub.on(WALLET, 404, &error("not_found")).on(CREATE, 201, &transfer("quoted"));
    stub.with_header(EXECUTE, 429, ("retry-after", "30"), &limited);
    let second = cdp(&stub, &secret()).transfer(order()).await;
    for told in [first, second] {
        assert!(matches!(&told, Upstream::Refused { retry_after_s: Some(30), .. }), "{told:?}");
    }
}

/// [WA-6]
#[tokio::test]
async fn an_execution_is_what_the_transfer_then_says() {
    let failed = |why: &str| changed(transfer("failed"), json!({ "failureReason": why }));
    let coded = |code: &str| {
        changed(
            transfer("failed"),
            json!({ "failureDetails": { "failureCode": code, "failureMessage": "No." } }),
        )
    };
    let rows: [(Value, Option<(&str, bool)>); 9] = [
        (failed("Insufficient balance to complete this transfer."), Some(("insufficient_funds", false))),
        (failed("The quote expired."), Some(("quote_expired", false))),
        (failed("Something else."), Some(("platform_refused", false))),
        (failed("Unable to send to this recipient."), Some(("policy_violation", false))),
        (coded("risk_review_rejected"), Some(("policy_violation", false))),
        (coded("quote_validation_failed"), Some(("quote_expired", false))),
        (coded("insufficient_balance"), Some(("insufficient_funds", false))),
        (transfer("quoted"), None),
        (json!({ "transferId": "transfer_1" }), None),
    ];
    let stub = Stub::start().await;
    for (body, meaning) in rows {
        stub.on(WALLET, 404, &error("not_found")).on(CREATE, 201, &transfer("quoted"));
        stub.on(EXECUTE, 200, &body);
        let heard = cdp(&stub, &secret()).transfer(order()).await;
        assert_eq!(told(&heard), meaning, "{body}");
    }
}

/// [WA-6]
#[tokio::test]
async fn an_answer_without_sense_is_judged_by_its_step_and_its_status() {
    let stub = Stub::start().await;
    for (status, before, after) in [
        (200, Some(UNAVAILABLE), None),
        (302, Some(UNAVAILABLE), None),
        (403, Some(("credentials_refused", false)), Some(("credentials_refused", false))),
        (418, Some(("platform_refused", false)), Some(("platform_refused", false))),
        (520, Some(UNAVAILABLE), None),
    ] {
        stub.on(WALLET, 404, &error("not_found")).text(CREATE, status, "<html>sorry</html>");
        let refused = cdp(&stub, &secret()).transfer(order()).await;
        assert_eq!(told(&refused), before, "{status}");
        stub.on(WALLET, 404, &error("not_found")).on(CREATE, 201, &transfer("quoted"));
        stub.text(EXECUTE, status, "<html>sorry</html>");
        let heard = cdp(&stub, &secret()).transfer(order()).await;
        assert_eq!(told(&heard), after, "{status}");
    }
}

/// [WA-6]
#[tokio::test]
async fn what_never_arrived_is_a_definite_no() {
    let mut stub = Stub::start().await;
    // A port that nobody listens on.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    stub.host = free.local_addr().unwrap().to_string();
    drop(free);
    let told_of = cdp(&stub, &secret()).transfer(order()).await;
    assert_eq!(told(&told_of), Some(UNAVAILABLE));
    let heard = cdp(&stub, &secret()).wallet(&owner("nova")).await.unwrap_err().told();
    assert!(heard.refusal().is_some_and(|refusal| refusal.retryable), "{heard:?}");
}
