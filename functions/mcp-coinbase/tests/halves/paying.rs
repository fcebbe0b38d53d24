//! What the write half does with a grant, and what it does not do without.

use std::time::Duration;

use chimera_testkit::VirtualClock;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{NOVA, RIVAL, bank, bank_of, bank_over, granted, granted_up_to, refusal, transfer};

/// [WA-2] [WA-4]
#[tokio::test]
async fn an_approved_transfer_is_made_once_and_can_be_found() {
    let bank = bank(json!({}));
    let call = granted(NOVA, "transfer", "g1", &transfer());
    let first = bank.write.call_checked("transfer", call.clone()).await.unwrap();
    let again = bank.write.call_checked("transfer", call.clone()).await.unwrap();
    assert_eq!((&first, &first["state"]), (&again, &json!("done")));
    let cost = first["outcome"]["cost"]["minor"].as_u64().unwrap();
    assert!((1_001..=1_006).contains(&cost), "{cost}");
    assert_eq!(bank.holds(NOVA).await, 100_000_000 - u128::from(cost) * 10_000);
    let by_key = json!({ "idempotency_key": call["idempotency_key"] });
    let found = bank.ask(NOVA, "transfer_get", by_key).await.unwrap();
    assert_eq!(found["transfer"]["transfer_id"], first["outcome"]["external_id"]);
    assert_eq!(found["transfer"]["cost"], first["outcome"]["cost"]);
    assert_eq!(bank.audit().await.entries, 2);
}

#[tokio::test]
async fn nothing_is_paid_without_a_grant_for_exactly_this() {
    let bank = bank(json!({}));
    let changed = |field: &str, value: Value| {
        let mut call = granted(NOVA, "transfer", "g1", &transfer());
        call[field] = value;
        call
    };
    let more = json!({ "minor": 1_001, "currency": "USD" });
    let other = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
    for call in [
        changed("amount", more),
        changed("recipient", json!(other)),
        changed("network", json!("base")),
        changed("asset", json!("eth")),
        changed("memo", json!("something else")),
    ] {
        assert_eq!(refusal(bank.write.call_checked("transfer", call).await), "grant_arguments");
    }
    let mut bare = transfer();
    bare["idempotency_key"] = json!(Uuid::new_v4());
    assert_eq!(refusal(bank.write.call_checked("transfer", bare).await), "invalid_input");
    let rivals = json!({ "account": "rival" });
    let call = changed("account", rivals["account"].clone());
    assert_eq!(refusal(bank.write.call_checked("transfer", call).await), "grant_account");
    let deploys = granted(NOVA, "token_deploy", "g1", &transfer());
    assert_eq!(refusal(bank.write.call_checked("transfer", deploys).await), "grant_tool");
    assert_eq!(bank.audit().await.entries, 0);
}

/// [WA-4]
#[tokio::test]
async fn a_grant_that_does_not_cover_the_fee_pays_nothing() {
    let bank = bank(json!({}));
    let short = granted_up_to(NOVA, "transfer", ("g1", 5), &transfer());
    assert_eq!(refusal(bank.write.call_checked("transfer", short).await), "grant_cost");
    let enough = granted_up_to(NOVA, "transfer", ("g1", 6), &transfer());
    assert_eq!(bank.write.call_checked("transfer", enough).await.unwrap()["state"], "done");
}

/// [WA-3]
#[tokio::test]
async fn what_nobody_can_be_paid_at_burns_no_grant() {
    let bank = bank(json!({}));
    let with = |recipient: &str| {
        let mut arguments = transfer();
        arguments["recipient"] = json!(recipient);
        arguments
    };
    for wrong in [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
        "0x0000000000000000000000000000000000000000",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA",
        "somebody",
    ] {
        let call = granted(NOVA, "transfer", "g1", &with(wrong));
        assert_eq!(refusal(bank.write.call_checked("transfer", call).await), "invalid_input", "{wrong}");
    }
    // The grant is as good as before.
    for (id, good) in
        ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"]
            .into_iter()
            .enumerate()
    {
        assert_eq!(bank.pay(NOVA, &format!("g{id}"), &with(good)).await["state"], "done", "{good}");
    }
    let own = bank.ask(NOVA, "wallet_get", json!({})).await.unwrap();
    let refused = bank.pay(NOVA, "own", &with(own["address"].as_str().unwrap())).await;
    assert_eq!(refused["refusal"]["code"], "policy_violation");
}

#[tokio::test]
async fn amounts_are_whole_cents_of_dollars_and_at_least_one() {
    let bank = bank(json!({}));
    for wrong in [
        json!({ "minor": 0, "currency": "USD" }),
        json!({ "minor": -5, "currency": "USD" }),
        json!({ "minor": 1.5, "currency": "USD" }),
        json!({ "minor": 5, "currency": "EUR" }),
        json!("10.00"),
    ] {
        let mut arguments = transfer();
        arguments["amount"] = wrong.clone();
        let call = granted(NOVA, "transfer", "g1", &arguments);
        assert_eq!(refusal(bank.write.call_checked("transfer", call).await), "invalid_input", "{wrong}");
    }
    assert_eq!(bank.audit().await.entries, 0);
}

/// [WA-2]
#[tokio::test]
async fn a_transfer_whose_answer_got_lost_is_in_flight_and_can_be_read_back_and_closed() {
    let bank = bank(json!({ "applied_but_failed": "drawings" }));
    let call = granted(NOVA, "transfer", "g1", &transfer());
    let told = bank.write.call_checked("transfer", call.clone()).await.unwrap();
    assert_eq!(told, json!({ "state": "in_flight" }));
    let by_key = json!({ "idempotency_key": call["idempotency_key"] });
    let found = bank.ask(NOVA, "transfer_get", by_key.clone()).await.unwrap();
    let transfer = &found["transfer"];
    assert_eq!(bank.ask(RIVAL, "transfer_get", by_key).await.unwrap(), json!({}));
    let happened =
        json!({ "external_id": transfer["transfer_id"], "url": transfer["url"], "cost": transfer["cost"] });
    let close = json!({ "grant": call["grant"], "happened": happened });
    let closed = bank.write.call_checked("effect_close", close).await.unwrap();
    assert_eq!(closed, json!({ "state": "done", "outcome": happened }));
    assert_eq!(bank.audit().await.entries, 2);
}

/// [WA-8]
#[tokio::test]
async fn a_transfer_that_is_under_way_is_not_done_and_one_that_fails_then_never_was() {
    let clock = VirtualClock::default();
    clock.set(chimera_domain::Timestamp::from_second(super::BEGINNING).unwrap());
    let bank = bank_over(&clock, json!({ "fails_later": "doomed" }), false, Duration::from_secs(5));
    let mut doomed = transfer();
    doomed["memo"] = json!("doomed");
    for (id, arguments, ended) in [("g1", transfer(), "completed"), ("g2", doomed, "failed")] {
        let call = granted(NOVA, "transfer", id, &arguments);
        let told = bank.write.call_checked("transfer", call.clone()).await.unwrap();
        assert_eq!(told, json!({ "state": "in_flight" }));
        let by_key = json!({ "idempotency_key": call["idempotency_key"] });
        let status = async || {
            bank.ask(NOVA, "transfer_get", by_key.clone()).await.unwrap()["transfer"]["status"].clone()
        };
        assert_eq!(status().await, "processing");
        clock.advance(Duration::from_secs(5));
        assert_eq!(status().await, ended);
    }
    let transfers = bank.audit().await.entries - 1;
    assert_eq!(transfers, 2, "each was made once");
}

#[tokio::test]
async fn what_cdp_refuses_is_stored_with_its_meaning() {
    let busy = json!({ "status": 429, "errorType": "rate_limit_exceeded", "retry_after_s": 9 });
    let bank = bank(json!({ "errors": { "busy": busy } }));
    let mut arguments = transfer();
    arguments["memo"] = json!("busy");
    let told = bank.pay(NOVA, "g1", &arguments).await;
    assert_eq!((&told["state"], &told["retry_after_s"]), (&json!("refused"), &json!(9)));
    assert_eq!(
        (&told["refusal"]["code"], &told["refusal"]["retryable"]),
        (&json!("rate_limited"), &json!(true))
    );
    let mut dear = transfer();
    dear["amount"]["minor"] = json!(10_000);
    let told = bank.pay(NOVA, "g2", &dear).await;
    assert_eq!(
        (&told["refusal"]["code"], &told["refusal"]["retryable"]),
        (&json!("insufficient_funds"), &json!(false))
    );
}

#[tokio::test]
async fn a_check_says_what_it_would_cost_and_a_dry_run_pays_nothing() {
    let bank = bank_of(json!({}), true);
    let call = granted(NOVA, "transfer", "g1", &transfer());
    let asked = json!({ "tool": "transfer", "arguments": call });
    let checked = bank.write.call_checked("effect_check", asked).await.unwrap();
    assert_eq!((&checked["allowed"], &checked["price"]["minor"]), (&json!(true), &json!(1_006)));
    let told = bank.write.call_checked("transfer", call).await.unwrap();
    assert_eq!(told["refusal"]["code"], "dry_run");
    assert_eq!(bank.audit().await.entries, 0);
}

#[tokio::test]
async fn a_token_is_deployed_as_it_was_approved() {
    let bank = bank(json!({}));
    let token = json!({
        "account": "nova", "name": "Nova's fans", "symbol": "FAN", "supply": "1000.5", "decimals": 2,
        "network": "base-sepolia",
    });
    let deploy = async |id: &str, arguments: &Value| {
        let call = granted_up_to(NOVA, "token_deploy", (id, 20), arguments);
        bank.write.call_checked("token_deploy", call).await
    };
    assert_eq!(deploy("g1", &token).await.unwrap()["state"], "done");
    let listed = bank.ask(NOVA, "balances_list", json!({ "network": "base-sepolia" })).await.unwrap();
    let fan = listed["balances"].as_array().unwrap().iter().find(|held| held["symbol"] == "FAN").unwrap();
    assert_eq!(
        (&fan["amount"], &fan["atomic"], &fan["decimals"], &fan["spendable"]),
        (&json!("1000.5"), &json!("100050"), &json!(2), &json!(false))
    );
    for (field, wrong) in [
        ("supply", json!("0")),
        ("supply", json!("1000.555")),
        ("supply", json!("-1")),
        ("supply", json!("1e9")),
        ("symbol", json!("fan")),
        ("symbol", json!("A:B")),
        ("decimals", json!(19)),
    ] {
        let mut token = token.clone();
        token[field] = wrong.clone();
        assert_eq!(refusal(deploy("g2", &token).await), "invalid_input", "{field} {wrong}");
    }
}
