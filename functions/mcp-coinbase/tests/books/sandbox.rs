//! What the sandbox does: as CDP would, to the unit.

use std::collections::BTreeSet;
use std::time::Duration;

use chimera_domain::Outcome;
use chimera_mcp::server::Upstream;
use mcp_coinbase::address::{Address, AddressError};
use mcp_coinbase::amounts::{Asset, Network};
use mcp_coinbase::sandbox::{MemoryBooks, audit};
use mcp_coinbase::wallet::{Find, ReadWallets, Status, Terms, TransferOrder, WalletFault, WriteWallets};
use serde_json::json;

use super::{clock, code, key, order, owner, sandbox_of, set_up, somebody, token, usd};

fn done(upstream: Upstream) -> Outcome {
    match upstream {
        Upstream::Done(outcome) => outcome,
        other => panic!("not done: {other:?}"),
    }
}

async fn units(wallets: &impl ReadWallets, agent: &str, symbol: &str) -> u128 {
    let held = wallets.balances(&owner(agent), Network::BaseSepolia).await.unwrap();
    held.iter().find(|balance| balance.symbol == symbol).map_or(0, |balance| balance.units)
}

/// [WA-1] [WA-4]
#[tokio::test]
async fn a_transfer_takes_its_amount_and_its_fee_to_the_unit() {
    let (books, clock) = (MemoryBooks::default(), clock());
    let sandbox = sandbox_of(books.clone(), &clock, json!({}));
    let quote = sandbox.quote(&owner("nova"), &order(1).terms).await.unwrap();
    assert_eq!(units(&sandbox, "nova", "USDC").await, 100_000_000, "before it is opened as after");
    let outcome = done(sandbox.transfer(order(1)).await);
    let fee = quote.fee.minor();
    assert_eq!(outcome.cost, usd(1_000 + fee));
    assert!(outcome.cost <= quote.total);
    let left = 100_000_000 - 10_000_000 - u128::try_from(fee).unwrap() * 10_000;
    assert_eq!(units(&sandbox, "nova", "USDC").await, left);
    assert!(audit(&books).await.is_ok());
}

#[tokio::test]
async fn ether_is_paid_at_the_price_of_the_hour_and_of_the_quote() {
    let (books, clock) = (MemoryBooks::default(), clock());
    let sandbox = sandbox_of(books.clone(), &clock, json!({}));
    let terms = Terms { asset: Asset::Eth, ..order(1).terms };
    clock.advance(Duration::from_secs(3_600 - 60));
    let quote = sandbox.quote(&owner("nova"), &terms).await.unwrap();
    clock.advance(Duration::from_secs(120));
    let now = sandbox.quote(&owner("nova"), &terms).await.unwrap();
    assert_ne!(now.units, quote.units, "another hour, another price");
    let quoted = TransferOrder { terms: terms.clone(), quote: Some(quote.id), ..order(1) };
    let unquoted = TransferOrder { terms, ..order(2) };
    for (ordered, units) in [(quoted, quote.units), (unquoted, now.units)] {
        let id = done(sandbox.transfer(ordered).await).external_id;
        let found = sandbox.find(&owner("nova"), &Find::Id(id)).await.unwrap().unwrap();
        assert_eq!(found.units, units);
    }
    assert!(audit(&books).await.is_ok());
}

#[tokio::test]
async fn an_old_quote_is_refused_and_another_wallets_is_unknown() {
    let clock = clock();
    let sandbox = sandbox_of(MemoryBooks::default(), &clock, json!({}));
    let quote = Some(sandbox.quote(&owner("nova"), &order(1).terms).await.unwrap().id);
    let rivals = TransferOrder { owner: owner("rival"), quote: quote.clone(), ..order(1) };
    assert_eq!(code(&sandbox.transfer(rivals).await), "not_found");
    clock.advance(Duration::from_secs(600));
    let late = TransferOrder { quote, ..order(1) };
    assert_eq!(code(&sandbox.transfer(late).await), "quote_expired");
    assert!(sandbox.ledger(&owner("nova")).await.unwrap().is_empty(), "not even opened");
}

/// [WA-3]
#[tokio::test]
async fn nobody_who_may_not_be_paid_is_paid() {
    let books = MemoryBooks::default();
    let sandbox = set_up(books.clone(), &clock(), json!({}), |settings| {
        settings.recipients = Some(BTreeSet::from([somebody()]));
    });
    let to = |recipient| TransferOrder { terms: Terms { recipient, ..order(1).terms }, ..order(1) };
    let own = sandbox.wallet(&owner("nova")).await.unwrap().address;
    let zero = Address::parse(&format!("0x{}", "0".repeat(40))).unwrap();
    for (recipient, error) in [(own, AddressError::Own), (zero, AddressError::Zero)] {
        assert_eq!(code(&sandbox.transfer(to(recipient)).await), "policy_violation");
        let quoted = sandbox.quote(&owner("nova"), &to(recipient).terms).await;
        assert!(matches!(quoted, Err(WalletFault::Recipient(wrong)) if wrong == error));
    }
    let stranger = sandbox.transfer(to(Address::derived(b"stranger"))).await;
    assert!(
        matches!(&stranger, Upstream::Refused { refusal, .. } if refusal.message.contains("recipient_allowlist_violation")),
        "{stranger:?}"
    );
    done(sandbox.transfer(order(1)).await);
    assert_eq!(audit(&books).await.unwrap().entries, 2);
}

#[tokio::test]
async fn limits_of_a_day_and_a_minute_pass_with_the_clock_and_count_no_repetition() {
    let clock = clock();
    let sandbox = set_up(MemoryBooks::default(), &clock, json!({}), |settings| {
        settings.daily = Some(usd(2_000));
        settings.opening = usd(100_000);
    });
    done(sandbox.transfer(order(1)).await);
    for _ in 0..3 {
        done(sandbox.transfer(order(1)).await);
    }
    done(sandbox.transfer(order(2)).await);
    assert_eq!(code(&sandbox.transfer(order(3)).await), "policy_violation");
    clock.advance(Duration::from_secs(24 * 60 * 60));
    done(sandbox.transfer(order(3)).await);

    let cent = |number| {
        let terms = Terms { amount: usd(1), ..order(0).terms };
        TransferOrder { terms, ..order(number) }
    };
    for number in 100..129 {
        done(sandbox.transfer(cent(number)).await);
    }
    clock.advance(Duration::from_secs(20));
    let limited = sandbox.transfer(cent(130)).await;
    assert!(
        matches!(&limited, Upstream::Refused { refusal, retry_after_s: Some(40) } if refusal.code == "rate_limited"),
        "{limited:?}"
    );
    clock.advance(Duration::from_secs(40));
    done(sandbox.transfer(cent(130)).await);
}

/// [WA-1]
#[tokio::test]
async fn a_wallet_pays_what_it_has_and_not_a_unit_more() {
    let books = MemoryBooks::default();
    let sandbox = set_up(books.clone(), &clock(), json!({}), |settings| settings.opening = usd(1_000));
    let refused = sandbox.transfer(order(1)).await;
    assert_eq!(code(&refused), "insufficient_funds", "the fee is not there");
    let fee = sandbox.quote(&owner("nova"), &order(1).terms).await.unwrap().fee.minor();
    let exactly = TransferOrder { terms: Terms { amount: usd(1_000 - fee), ..order(1).terms }, ..order(1) };
    done(sandbox.transfer(exactly).await);
    assert_eq!(units(&sandbox, "nova", "USDC").await, 0);
    assert!(audit(&books).await.is_ok());
}

/// [WA-2]
#[tokio::test]
async fn a_key_pays_once_and_only_what_it_was_for() {
    let (books, clock) = (MemoryBooks::default(), clock());
    let sandbox = sandbox_of(books.clone(), &clock, json!({}));
    let first = done(sandbox.transfer(order(1)).await);
    clock.advance(Duration::from_secs(9_000));
    assert_eq!(done(sandbox.transfer(order(1)).await), first, "at another hour's fee too");
    let other = TransferOrder { terms: Terms { amount: usd(1_001), ..order(1).terms }, ..order(1) };
    let unsaid = TransferOrder { memo: None, ..order(1) };
    for changed in [other, unsaid] {
        let refused = sandbox.transfer(changed).await;
        assert!(
            matches!(&refused, Upstream::Refused { refusal, .. } if refusal.message.contains("idempotency_error")),
            "{refused:?}"
        );
    }
    let rivals = TransferOrder { owner: owner("rival"), ..order(1) };
    assert_ne!(done(sandbox.transfer(rivals).await).external_id, first.external_id, "a key is its owner's");
    assert_eq!(audit(&books).await.unwrap().entries, 4);
}

/// [WA-2]
#[tokio::test]
async fn what_was_paid_and_never_told_is_found_by_its_key_and_by_its_owner_alone() {
    let books = MemoryBooks::default();
    let sandbox = sandbox_of(books.clone(), &clock(), json!({ "applied_but_failed": "drawings" }));
    let lost = sandbox.transfer(order(1)).await;
    assert!(matches!(lost, Upstream::Unknown(_)), "{lost:?}");
    let find = Find::Key(key(1));
    let found = sandbox.find(&owner("nova"), &find).await.unwrap().unwrap();
    assert_eq!((found.key, found.terms, found.memo), (Some(key(1)), Some(order(1).terms), order(1).memo));
    assert_eq!(
        found.cost.minor() - 1_000,
        sandbox.quote(&owner("nova"), &order(1).terms).await.unwrap().fee.minor()
    );
    assert!(sandbox.find(&owner("rival"), &find).await.unwrap().is_none());
    let by_id = Find::Id(found.id);
    assert!(sandbox.find(&owner("rival"), &by_id).await.unwrap().is_none());
    assert!(sandbox.find(&owner("nova"), &by_id).await.unwrap().is_some());
    assert!(sandbox.find(&owner("nova"), &Find::Key(key(2))).await.unwrap().is_none());
    assert!(audit(&books).await.is_ok());
}

/// [WA-8]
#[tokio::test]
async fn a_transfer_completes_by_the_clock_or_fails_and_moves_nothing() {
    let (books, clock) = (MemoryBooks::default(), clock());
    let sandbox = set_up(books.clone(), &clock, json!({ "fails_later": "doomed" }), |settings| {
        settings.completes_after = Duration::from_secs(2);
    });
    let doomed = || TransferOrder { memo: Some("doomed".to_owned()), ..order(2) };
    for ordered in [order(1), doomed()] {
        let told = sandbox.transfer(ordered).await;
        assert!(matches!(told, Upstream::Unknown(_)), "it may still fail: {told:?}");
    }
    let seen = async |number| sandbox.find(&owner("nova"), &Find::Key(key(number))).await.unwrap().unwrap();
    for number in [1, 2] {
        let seen = seen(number).await;
        assert_eq!((seen.status, seen.completed_at, seen.failure), (Status::Processing, None, None));
    }
    clock.advance(Duration::from_secs(2));
    let (arrived, failed) = (seen(1).await, seen(2).await);
    assert_eq!((arrived.status, failed.status), (Status::Completed, Status::Failed));
    assert!(arrived.completed_at.is_some() && arrived.transaction.is_some() && arrived.url.is_some());
    assert!(failed.failure.is_some() && failed.transaction.is_none());
    assert_eq!(failed.cost, usd(0));
    assert_eq!(
        done(sandbox.transfer(order(1)).await),
        arrived.outcome(),
        "the same key brings what became of it"
    );
    assert_eq!(code(&sandbox.transfer(doomed()).await), "transfer_failed");
    assert_eq!(
        units(&sandbox, "nova", "USDC").await,
        100_000_000 - u128::try_from(arrived.cost.minor()).unwrap() * 10_000
    );
    assert!(audit(&books).await.is_ok());
}

#[tokio::test]
async fn cdps_errors_are_answered_where_they_are_asked_for_and_nothing_moves() {
    let books = MemoryBooks::default();
    let error = |status: u16, word: &str| json!({ "status": status, "errorType": word, "retry_after_s": 7 });
    let faults = json!({ "errors": {
        "busy": error(429, "rate_limit_exceeded"),
        "down": error(503, "service_unavailable"),
        "FAN": error(403, "policy_violation"),
    } });
    let sandbox = sandbox_of(books.clone(), &clock(), faults);
    let with = |memo: &str| TransferOrder { memo: Some(memo.to_owned()), ..order(1) };
    let busy = sandbox.transfer(with("busy")).await;
    assert!(matches!(&busy, Upstream::Refused { retry_after_s: Some(7), .. }), "{busy:?}");
    assert!(matches!(sandbox.transfer(with("down")).await, Upstream::Unknown(_)));
    assert_eq!(code(&sandbox.deploy(token(2, "FAN")).await), "policy_violation");
    assert_eq!(audit(&books).await.unwrap().entries, 0);
}

/// [WA-2]
#[tokio::test]
async fn what_arrives_twice_is_done_once() {
    let books = MemoryBooks::default();
    let sandbox = sandbox_of(books.clone(), &clock(), json!({ "duplicate": ": " }));
    done(sandbox.transfer(order(1)).await);
    done(sandbox.deploy(token(2, "FAN")).await);
    assert_eq!(audit(&books).await.unwrap().entries, 3);
}

/// [WA-1] [WA-4]
#[tokio::test]
async fn a_token_is_minted_whole_for_its_fee_and_once_per_symbol() {
    let books = MemoryBooks::default();
    let sandbox = sandbox_of(books.clone(), &clock(), json!({}));
    let outcome = done(sandbox.deploy(token(1, "FAN")).await);
    assert!((1..=20).contains(&outcome.cost.minor()));
    assert_eq!(units(&sandbox, "nova", "FAN").await, 1_000_000);
    let fee = u128::try_from(outcome.cost.minor()).unwrap() * 10_000;
    assert_eq!(units(&sandbox, "nova", "USDC").await, 100_000_000 - fee);
    assert_eq!(code(&sandbox.deploy(token(2, "FAN")).await), "duplicate");
    done(sandbox.deploy(token(3, "OTHER")).await);
    let found = sandbox.find(&owner("nova"), &Find::Key(key(1))).await.unwrap().unwrap();
    assert_eq!(found.token.map(|token| (token.symbol, token.decimals)), Some(("FAN".to_owned(), 3)));
    assert!(audit(&books).await.is_ok());
}

#[tokio::test]
async fn wallets_pay_each_other_and_see_it_in_their_ledgers() {
    let (books, clock) = (MemoryBooks::default(), clock());
    let sandbox = sandbox_of(books.clone(), &clock, json!({}));
    let rival = sandbox.wallet(&owner("rival")).await.unwrap().address;
    let paid = TransferOrder { terms: Terms { recipient: rival, ..order(1).terms }, ..order(1) };
    let outcome = done(sandbox.transfer(paid).await);
    // Paid before it is open, and its own first money beside it.
    assert_eq!(units(&sandbox, "rival", "USDC").await, 110_000_000);
    clock.advance(Duration::from_secs(1));
    done(sandbox.transfer(TransferOrder { owner: owner("rival"), ..order(2) }).await);
    let theirs = sandbox.ledger(&owner("rival")).await.unwrap();
    let changes: Vec<(&str, &str)> =
        theirs.iter().map(|line| (line.kind.as_str(), line.change.as_str())).collect();
    assert_eq!(changes.len(), 4);
    assert_eq!(changes[3], ("transfer", "10"), "the newest come first");
    assert!(
        changes.iter().any(|change| change.0 == "transfer" && change.1.starts_with("-10.")),
        "{changes:?}"
    );
    assert!(changes.contains(&("opening", "100")), "{changes:?}");
    let own = sandbox.ledger(&owner("nova")).await.unwrap();
    assert!(own.iter().any(|line| line.entry == outcome.external_id && line.change.starts_with("-10.")));
    assert!(audit(&books).await.is_ok());
}
