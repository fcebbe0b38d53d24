//! An audit that can fail: one wrong unit, one posting too many, one key twice.

use mcp_coinbase::sandbox::{AuditFault, BookStore as _, Dump, MemoryBooks, audit_of};
use mcp_coinbase::wallet::WriteWallets as _;
use serde_json::json;

use super::{clock, order, sandbox_of, token};

async fn dump() -> Dump {
    let books = MemoryBooks::default();
    let sandbox = sandbox_of(books.clone(), &clock(), json!({}));
    sandbox.transfer(order(1)).await;
    sandbox.deploy(token(2, "FAN")).await;
    books.dump().await.unwrap()
}

/// [WA-1]
#[tokio::test]
async fn books_in_order_are_found_so_and_counted() {
    let audit = audit_of(&dump().await).unwrap();
    assert_eq!((audit.entries, audit.postings, audit.balances), (3, 11, 4));
}

/// [WA-1]
#[tokio::test]
async fn one_unit_too_many_is_found_wherever_it_is() {
    let mut dump = dump().await;
    dump.balances[0].units += 1;
    assert!(matches!(audit_of(&dump), Err(AuditFault::Balance(..))));
    dump.balances[0].units -= 1;
    let gone = dump.balances.pop().unwrap();
    assert!(matches!(audit_of(&dump), Err(AuditFault::Balance(..))), "a balance that is not there");
    dump.balances.push(gone);
    dump.postings[0].posting.change += 1;
    assert!(matches!(audit_of(&dump), Err(AuditFault::Postings(_))));
    dump.postings[0].posting.change -= 1;
    assert!(audit_of(&dump).is_ok());
}

/// [WA-1] [WA-2]
#[tokio::test]
async fn a_posting_or_an_entry_too_many_or_too_few_is_found() {
    let whole = dump().await;
    let mut doubled = whole.clone();
    doubled.postings.push(whole.postings[0].clone());
    assert!(matches!(audit_of(&doubled), Err(AuditFault::Postings(_))));
    let mut twice = whole.clone();
    twice.entries.push(whole.entries[0].clone());
    assert!(matches!(audit_of(&twice), Err(AuditFault::Key(..))));
    let mut lost = whole.clone();
    lost.entries.pop();
    assert!(matches!(audit_of(&lost), Err(AuditFault::Postings(_))));
    let mut shortened = whole.clone();
    shortened.postings.pop();
    assert!(audit_of(&shortened).is_err());
}
