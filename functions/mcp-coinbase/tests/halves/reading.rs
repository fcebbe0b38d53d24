//! What the read half shows, and to whom.

use chimera_mcp::server::CallContext;
use serde_json::{Value, json};

use super::{NOVA, RIVAL, bank, refusal, somebody, transfer};

#[tokio::test]
async fn the_halves_offer_what_they_are_for_and_the_reading_one_nothing_that_pays() {
    let bank = bank(json!({}));
    let names = |tools: Vec<_>| -> Vec<String> {
        tools.into_iter().map(|tool: Value| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    let listed = |server: &chimera_mcp::server::ToolServer| -> Vec<Value> {
        server.tools().into_iter().map(|tool| json!(tool)).collect()
    };
    let read = listed(&bank.read);
    assert!(read.iter().all(|tool| tool["annotations"]["readOnlyHint"] == true));
    assert_eq!(names(read), ["balances_list", "transfer_get", "transfer_quote", "wallet_get"]);
    assert_eq!(
        names(listed(&bank.write)),
        ["effect_check", "effect_close", "effect_outcome", "effect_void", "token_deploy", "transfer"]
    );
}

#[tokio::test]
async fn a_quote_says_what_it_costs_at_most_and_its_transfer_keeps_to_it() {
    let bank = bank(json!({}));
    let asked = json!({
        "recipient": somebody(), "amount": { "minor": 1_000, "currency": "USD" }, "asset": "usdc",
    });
    let quote = bank.ask(NOVA, "transfer_quote", asked).await.unwrap();
    assert_eq!((&quote["network"], &quote["atomic"]), (&json!("base-sepolia"), &json!("10000000")));
    assert_eq!(quote["total"], json!({ "minor": 1_006, "currency": "USD" }));
    let mut arguments = transfer();
    arguments["quote_id"] = quote["quote_id"].clone();
    let told = bank.pay(NOVA, "g1", &arguments).await;
    let cost = told["outcome"]["cost"]["minor"].as_i64().unwrap();
    assert_eq!(cost, 1_000 + quote["fee"]["minor"].as_i64().unwrap());
    assert_eq!(bank.audit().await.entries, 2, "asking wrote nothing");
}

/// [E-8]
#[tokio::test]
async fn two_tenants_with_an_agent_of_one_name_have_nothing_of_each_other() {
    let bank = bank(json!({}));
    let address = async |who| bank.ask(who, "wallet_get", json!({})).await.unwrap()["address"].clone();
    assert_ne!(address(NOVA).await, address(RIVAL).await);
    let paid = bank.pay(NOVA, "g1", &transfer()).await;
    assert_eq!(bank.holds(RIVAL).await, 100_000_000);
    let by_id = json!({ "transfer_id": paid["outcome"]["external_id"] });
    assert_eq!(bank.ask(RIVAL, "transfer_get", by_id.clone()).await.unwrap(), json!({}));
    let found = bank.ask(NOVA, "transfer_get", by_id).await.unwrap();
    assert_eq!(found["transfer"]["recipient"], json!(somebody()));
}

#[tokio::test]
async fn a_ledger_can_be_looked_at_by_address() {
    let bank = bank(json!({}));
    let paid = bank.pay(NOVA, "g1", &transfer()).await;
    let read = async |uri| bank.read.read_resource_within(&CallContext::default(), uri).await;
    let ledger = read("wallet://t1/nova/ledger").await.unwrap();
    let lines = ledger["lines"].as_array().unwrap();
    let own: Vec<&Value> =
        lines.iter().filter(|line| line["transfer_id"] == paid["outcome"]["external_id"]).collect();
    assert_eq!((lines.len(), own.len()), (3, 1));
    assert!(own[0]["change"].as_str().unwrap().starts_with("-10."), "{}", own[0]);
    assert_eq!(read("wallet://t2/nova/ledger").await.unwrap(), json!({ "lines": [] }));
    assert_eq!(refusal(read("wallet://t1/nova/policy").await), "not_found");
}

#[tokio::test]
async fn a_question_names_its_wallet_and_reaches_into_no_other() {
    let bank = bank(json!({}));
    for (tool, wrong) in [
        ("wallet_get", json!({ "tenant": "t1" })),
        ("wallet_get", json!({ "tenant": "t1#nova", "agent": "x" })),
        ("balances_list", json!({ "tenant": "t1", "agent": "nova", "network": "ethereum" })),
        ("balances_list", json!({ "tenant": "t1", "agent": "nova", "more": 1 })),
        ("transfer_get", json!({ "tenant": "t1", "agent": "nova" })),
        ("transfer_get", json!({ "tenant": "t1", "agent": "nova", "transfer_id": "../x" })),
        (
            "transfer_get",
            json!({
                "tenant": "t1", "agent": "nova", "transfer_id": "x",
                "idempotency_key": "8e03978e-40d5-43e8-bc93-6894a57f9324",
            }),
        ),
        (
            "transfer_quote",
            json!({
                "tenant": "t1", "agent": "nova", "recipient": "0x00", "asset": "usdc",
                "amount": { "minor": 5, "currency": "USD" },
            }),
        ),
    ] {
        let answer = bank.read.call_checked(tool, wrong.clone()).await;
        assert_eq!(refusal(answer), "invalid_input", "{tool} {wrong}");
    }
}
