//! What is read of CDP.

use chimera_mcp::server::ToolFault;
use jsonwebtoken::Algorithm;
use mcp_coinbase::amounts::{Asset, Network};
use mcp_coinbase::wallet::{Find, ReadWallets, Status, WalletFault};
use serde_json::json;

use super::signed::{check_bearer, ed25519};
use super::stub::Stub;
use super::{
    ACCOUNT, OWN, RECIPIENT, WALLET, cdp, changed, error, key, on, owner, secret, terms, transfer, usd,
};

const TRANSFERS: &str = "GET /platform/v2/transfers?";

#[tokio::test]
async fn balances_are_those_of_the_address_and_of_the_account_that_pays() {
    let stub = Stub::start().await;
    let page = |symbol: &str, amount: &str, next: serde_json::Value| {
        json!({
            "balances": [{
                "amount": { "amount": amount, "decimals": 18 },
                "token": { "network": "base", "symbol": symbol, "name": symbol, "contractAddress": RECIPIENT },
            }],
            "nextPageToken": next,
        })
    };
    stub.on(WALLET, 200, &json!({ "address": OWN }));
    let tokens = "GET /platform/v2/evm/token-balances/base/";
    stub.on(tokens, 200, &page("ETH", "1250000000000000000", json!("p2")));
    stub.on(tokens, 200, &page("FAN", "7", json!(null)));
    let account = json!({ "balances": [{
        "asset": { "symbol": "usdc", "type": "crypto", "name": "USDC", "decimals": 6 },
        "amount": { "usd": { "available": "9", "total": "9" }, "usdc": { "available": "12.345", "total": "20" } },
    }] });
    stub.on("GET /platform/v2/accounts/account_nova/balances", 200, &account);
    let held = cdp(&stub, &secret()).balances(&owner("nova"), Network::Base).await.unwrap();
    let seen: Vec<(&str, u128, bool)> =
        held.iter().map(|held| (held.symbol.as_str(), held.units, held.is_spendable)).collect();
    assert_eq!(
        seen,
        [("ETH", 1_250_000_000_000_000_000, false), ("FAN", 7, false), ("USDC", 12_345_000, true)]
    );
    let asked = stub.asked();
    assert_eq!(asked[1].line, format!("GET /platform/v2/evm/token-balances/base/{OWN}?pageSize=50"));
    assert_eq!(
        asked[2].line,
        format!("GET /platform/v2/evm/token-balances/base/{OWN}?pageSize=50&pageToken=p2")
    );
    for asked in &asked {
        check_bearer(asked, Algorithm::EdDSA, &ed25519());
    }
}

#[tokio::test]
async fn a_token_without_sense_hides_no_other_and_an_account_is_read_to_its_last_page() {
    let stub = Stub::start().await;
    let token = |symbol: &str, amount: serde_json::Value, contract: &str| json!({ "amount": amount, "token": { "network": "base", "symbol": symbol, "contractAddress": contract } });
    let most = u128::MAX.to_string() + "0";
    let tokens = json!({ "balances": [
        token("SPAM", json!({ "amount": most, "decimals": 18 }), RECIPIENT),
        token("OLD", json!({ "amount": "5" }), RECIPIENT),
        token("ETH", json!({ "amount": "1", "decimals": 18 }), "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"),
    ] });
    stub.on(WALLET, 200, &json!({ "address": OWN })).on(
        "GET /platform/v2/evm/token-balances/base/",
        200,
        &tokens,
    );
    let page = |symbol: &str, next: serde_json::Value| {
        json!({ "nextPageToken": next, "balances": [{
            "asset": { "symbol": symbol, "type": "crypto", "name": symbol, "decimals": 6 },
            "amount": { symbol: { "available": "1", "total": "1" } },
        }] })
    };
    let account = "GET /platform/v2/accounts/account_nova/balances";
    stub.on(account, 200, &page("eurc", json!("p2"))).on(account, 200, &page("usdc", json!("")));
    let held = cdp(&stub, &secret()).balances(&owner("nova"), Network::Base).await.unwrap();
    let seen: Vec<(&str, u8, bool)> =
        held.iter().map(|held| (held.symbol.as_str(), held.decimals, held.contract.is_some())).collect();
    assert_eq!(seen, [("OLD", 0, true), ("ETH", 18, false), ("EURC", 6, false), ("USDC", 6, false)]);
    let last = stub.asked().pop().unwrap();
    assert_eq!(last.line, format!("{account}?pageSize=50&pageToken=p2"));
}

/// [WA-4] [WA-5]
#[tokio::test]
async fn a_quote_is_a_transfer_that_is_not_executed() {
    let stub = Stub::start().await;
    stub.on(WALLET, 404, &error("not_found"));
    stub.on("POST /platform/v2/transfers", 201, &transfer("quoted"));
    let quote = cdp(&stub, &secret()).quote(&owner("nova"), &terms(Asset::Usdc)).await.unwrap();
    assert_eq!((quote.id.as_str(), quote.fee, quote.total), ("transfer_1", usd(4), usd(1_057)));
    assert_eq!((quote.units, quote.expires_at.to_string()), (10_500_000, "2027-01-15T08:10:00Z".to_owned()));
    let asked = &stub.asked()[1];
    assert_eq!(asked.line, "POST /platform/v2/transfers");
    assert_eq!(
        asked.body,
        json!({
            "source": { "accountId": ACCOUNT, "asset": "usdc" },
            "target": { "address": RECIPIENT, "network": "base", "asset": "usdc" },
            "amount": "10.50", "asset": "usdc", "amountType": "target",
            "execute": false, "validateOnly": false,
            "metadata": { "amount_minor": "1050" },
        })
    );
    assert_eq!(asked.headers["content-type"], "application/json");
    check_bearer(asked, Algorithm::EdDSA, &ed25519());
}

#[tokio::test]
async fn ether_is_quoted_by_cdp_for_exactly_the_amount() {
    let stub = Stub::start().await;
    stub.on(WALLET, 404, &error("not_found"));
    let fields = json!({
        "sourceAmount": "10.50",
        "targetAmount": null,
        "target": { "address": RECIPIENT, "network": "base", "asset": "eth" },
        "estimate": { "targetAmount": "0.0034", "targetAsset": "eth", "estimatedAt": "2027-01-15T08:00:00Z" },
    });
    stub.on("POST /platform/v2/transfers", 201, &changed(transfer("quoted"), fields));
    let quote = cdp(&stub, &secret()).quote(&owner("nova"), &terms(Asset::Eth)).await.unwrap();
    assert_eq!((quote.fee, quote.units), (usd(0), 3_400_000_000_000_000));
    let body = &stub.asked()[1].body;
    assert_eq!((&body["amountType"], &body["asset"]), (&json!("source"), &json!("usdc")));
    assert_eq!(body["target"]["asset"], "eth");
}

/// [WA-2] [E-8]
#[tokio::test]
async fn a_transfer_is_found_by_its_id_and_only_by_whose_account_pays_it() {
    let stub = Stub::start().await;
    let path = "GET /platform/v2/transfers/transfer_1";
    let details = json!({ "onchainTransactions": [{ "transactionHash": "0xabc", "network": "base" }] });
    let arrived = json!({ "completedAt": "2027-01-15T08:01:00Z", "details": details });
    stub.on(path, 200, &changed(transfer("completed"), arrived));
    let find = Find::Id("transfer_1".to_owned());
    let found = cdp(&stub, &secret()).find(&owner("nova"), &find).await.unwrap().unwrap();
    assert_eq!((found.status, found.cost, found.units), (Status::Completed, usd(1_054), 10_500_000));
    assert_eq!((found.terms, found.key), (Some(terms(Asset::Usdc)), Some(key())));
    assert_eq!(found.url.as_deref(), Some("https://basescan.org/tx/0xabc"));
    check_bearer(&stub.asked()[0], Algorithm::EdDSA, &ed25519());

    let others = json!({ "source": { "accountId": "account_other", "asset": "usdc" } });
    stub.on(path, 200, &changed(transfer("completed"), others)).on(path, 404, &error("not_found"));
    for _ in 0..2 {
        assert_eq!(cdp(&stub, &secret()).find(&owner("nova"), &find).await.unwrap(), None);
    }
    let elsewhere = Find::Id("../accounts".to_owned());
    assert!(matches!(
        cdp(&stub, &secret()).find(&owner("nova"), &elsewhere).await,
        Err(WalletFault::NotFound(_))
    ));
    assert_eq!(stub.asked().len(), 2, "a strange id is not asked for");
}

/// [WA-2]
#[tokio::test]
async fn a_transfer_is_found_by_its_key_however_far_back_its_page_is() {
    let stub = Stub::start().await;
    let other = json!({ "metadata": { "idempotency_key": "00000000-0000-4000-8000-000000000000" } });
    let page = |transfers: Vec<serde_json::Value>, next: Option<&str>| json!({ "transfers": transfers, "nextPageToken": next });
    stub.on(TRANSFERS, 200, &page(vec![changed(transfer("completed"), other)], Some("p2")));
    stub.on(TRANSFERS, 200, &page(vec![transfer("processing")], Some("p3")));
    let find = Find::Key(key());
    let found = cdp(&stub, &secret()).find(&owner("nova"), &find).await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.status), ("transfer_1", Status::Processing));
    let lines: Vec<String> = stub.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(
        lines,
        [
            "GET /platform/v2/transfers?sourceAccountId=account_nova&pageSize=50",
            "GET /platform/v2/transfers?sourceAccountId=account_nova&pageSize=50&pageToken=p2",
        ]
    );
    stub.on(TRANSFERS, 200, &page(vec![], None));
    assert_eq!(cdp(&stub, &secret()).find(&owner("nova"), &find).await.unwrap(), None);
}

#[tokio::test]
async fn what_failed_took_nothing_whatever_it_was_to_take() {
    let stub = Stub::start().await;
    let fields =
        json!({ "sourceAmount": null, "failureReason": "Insufficient balance to complete this transfer." });
    stub.on("GET /platform/v2/transfers/transfer_1", 200, &changed(transfer("failed"), fields));
    let find = Find::Id("transfer_1".to_owned());
    let found = cdp(&stub, &secret()).find(&owner("nova"), &find).await.unwrap().unwrap();
    assert_eq!((found.status, found.cost), (Status::Failed, usd(0)));
    assert!(found.failure.is_some_and(|why| why.starts_with("Insufficient")));
}

#[tokio::test]
async fn the_ledger_is_what_the_account_paid() {
    let stub = Stub::start().await;
    let euros = changed(transfer("completed"), json!({ "sourceAsset": "eur" }));
    let all = json!({ "transfers": [transfer("quoted"), transfer("completed"), transfer("failed"), euros] });
    stub.on(TRANSFERS, 200, &all);
    let lines = cdp(&stub, &secret()).ledger(&owner("nova")).await.unwrap();
    let seen: Vec<(&str, &str)> =
        lines.iter().map(|line| (line.entry.as_str(), line.change.as_str())).collect();
    assert_eq!(seen, [("transfer_1", "-10.54")]);
}

/// [WA-5]
#[tokio::test]
async fn another_network_or_another_agent_is_refused_before_anything_is_asked() {
    let stub = Stub::start().await;
    let cdp = on(Network::BaseSepolia, &stub, &secret());
    let unsupported = cdp.balances(&owner("nova"), Network::Base).await;
    assert!(matches!(unsupported, Err(WalletFault::Unsupported(_))));
    let real = cdp.quote(&owner("nova"), &terms(Asset::Usdc)).await;
    assert!(matches!(real, Err(WalletFault::Unsupported(_))));
    let nobody = cdp.find(&owner("rival"), &Find::Key(key())).await;
    assert!(matches!(nobody, Err(WalletFault::NotFound(_))));
    assert_eq!(stub.asked().len(), 0);
}

/// [WA-6]
#[tokio::test]
async fn a_reader_hears_what_cdp_says_and_may_ask_again_what_got_lost() {
    let stub = Stub::start().await;
    let hear = async || cdp(&stub, &secret()).ledger(&owner("nova")).await.unwrap_err().told();
    stub.with_header(TRANSFERS, 429, ("retry-after", "12"), &error("rate_limit_exceeded"));
    let told = hear().await;
    assert!(matches!(&told, ToolFault::Wait { retry_after_s: 12, .. }), "{told:?}");
    for (status, word, code, retryable) in [
        (401, "unauthorized", "credentials_refused", false),
        (404, "not_found", "not_found", false),
        (500, "internal_server_error", "upstream_unavailable", true),
    ] {
        stub.on(TRANSFERS, status, &error(word));
        let told = hear().await;
        let refusal = told.refusal().unwrap();
        assert_eq!((refusal.code.as_str(), refusal.retryable), (code, retryable), "{word}");
        assert!(refusal.message.contains("41deb8d59a9dc9a7-IAD"), "{}", refusal.message);
    }
    stub.text(TRANSFERS, 200, "<html>");
    assert_eq!(hear().await.refusal().unwrap().code, "upstream_unavailable");
}
