//! The wallet server, over one sandbox, and what the sandbox's own books say.

use chimera_domain::{AgentId, Money, Refusal, TenantId, Timestamp};
use chimera_testkit::{MemorySigner, Mode, VirtualClock};
use futures::FutureExt as _;
use mcp_coinbase::sandbox::{BookStore as _, Deed, Dump, Entry, MemoryBooks, audit_of};
use uuid::Uuid;

use super::halves;
use super::served::Served;

/// The server's name in intents.
pub(super) const NAME: &str = "coinbase";
/// What is said with a payment that the network takes and does not complete.
pub(super) const BOUNCES: &str = "bounces";

/// The wallet server. Clones share everything.
#[derive(Clone)]
pub struct Wallet {
    pub(crate) served: Served,
    books: MemoryBooks,
}

/// A payment as the wallet's books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// Whose agent paid.
    pub tenant: TenantId,
    /// Which agent.
    pub agent: AgentId,
    /// To whom.
    pub recipient: String,
    /// What the recipient got, in cents.
    pub amount: Money,
    /// What left the wallet, the fee included.
    pub cost: Money,
    /// What was said with it.
    pub memo: Option<String>,
    /// The key it was made with.
    pub key: Uuid,
    /// When.
    pub at: Timestamp,
}

impl Wallet {
    /// A payment for this is taken, and fails when it should complete.
    pub const BOUNCES: &str = BOUNCES;

    pub(crate) fn new(signer: &MemorySigner, clock: &VirtualClock) -> Self {
        let books = MemoryBooks::default();
        Self { served: halves::of_wallet(&books, signer, clock), books }
    }

    /// The next transfer goes so; calls queue up.
    pub fn next(&self, mode: Mode) {
        self.served.stage().next(mode);
    }

    /// Every transfer that is not told otherwise goes so from now on.
    pub fn always(&self, mode: Mode) {
        self.served.stage().always(mode);
    }

    /// How often a transfer's call reached the server.
    #[must_use]
    pub fn executes(&self) -> u32 {
        self.served.executes()
    }

    /// What the server refused before it burnt anything.
    #[must_use]
    pub fn refused(&self) -> Vec<Refusal> {
        self.served.refused()
    }

    /// What was paid, by the wallet's own books, oldest first: no row of the house can say so, only these.
    #[must_use]
    pub fn paid(&self) -> Vec<Paid> {
        let mut paid: Vec<Paid> = self.dump().entries.iter().filter_map(payment).collect();
        paid.sort_by_key(|paid| (paid.at, paid.key));
        paid
    }

    /// What the wallet's own audit finds wrong with its books; nothing where they balance.
    #[must_use]
    pub fn unbalanced(&self) -> Option<String> {
        audit_of(&self.dump()).err().map(|fault| fault.to_string())
    }

    /// Books in memory are read at once.
    fn dump(&self) -> Dump {
        let dump = self.books.dump().now_or_never();
        assert!(matches!(dump, Some(Ok(_))), "the wallet's books cannot be read");
        dump.and_then(Result::ok).unwrap_or_default()
    }
}

fn payment(entry: &Entry) -> Option<Paid> {
    let Deed::Transfer { terms, cost, memo, failure: None, .. } = entry.deed() else { return None };
    Some(Paid {
        tenant: entry.owner().tenant.clone(),
        agent: entry.owner().agent.clone(),
        recipient: terms.recipient.to_string(),
        amount: terms.amount,
        cost: *cost,
        memo: memo.clone(),
        key: entry.key(),
        at: entry.at(),
    })
}
