//! The contract that books keep, whatever they are made of. Each part uses owners of its own, so that it can run against
//! a table that holds other things.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a contract that is broken fails the test that runs it"
)]

use chimera_domain::{AgentId, Currency, Digest, Money, TenantId, Timestamp};
use futures::future::join_all;
use uuid::Uuid;

use crate::address::Address;
use crate::amounts::{Asset, Network};
use crate::sandbox::{
    Account, BookStore, Deed, Draft, Entry, Limit, LimitKind, Posting, Written, audit, uuid_of,
};
use crate::token::{Holding, Token};
use crate::wallet::{Owner, Terms};

/// When everything happens, in seconds since 1970.
const NOON: i64 = 1_800_000_000;
/// How often payments that met each other are tried again.
const ROUNDS: usize = 12;
/// Where.
const NETWORK: Network = Network::BaseSepolia;

/// Runs the whole contract; `run` keeps its rows apart from another run's.
///
/// # Panics
/// Where the books break it.
pub async fn keeps(books: &impl BookStore, run: &str) {
    an_entry_is_written_once(books, run).await;
    what_is_refused_changes_nothing(books, run).await;
    a_balance_never_goes_below_zero(books, run).await;
    a_limit_is_taken_with_its_entry_or_not_at_all(books, run).await;
    of_many_at_once_only_as_many_go_as_there_is_money_for(books, run).await;
    one_key_at_once_is_applied_once(books, run).await;
    owners_of_one_name_are_apart(books, run).await;
    postings_come_newest_first(books, run).await;
    any_asset_and_any_amount_comes_back_as_it_was(books, run).await;
    let audited = audit(books).await.expect("the books balance");
    assert!(audited.entries > 0 && audited.postings > audited.entries && audited.balances > 0, "{audited:?}");
}

fn owner(run: &str, part: &str) -> Owner {
    Owner {
        tenant: TenantId::new(format!("{part}-{run}")).expect("a short name is an id"),
        agent: AgentId::new("nova").expect("a short name is an id"),
    }
}

fn address(owner: &Owner) -> Address {
    Address::derived(owner.to_string().as_bytes())
}

fn usdc() -> Holding {
    Holding::Asset(Asset::Usdc)
}

/// What an entry is about; the key follows from its name.
struct Act<'a> {
    owner: &'a Owner,
    name: &'a str,
    second: i64,
}

impl<'a> Act<'a> {
    fn of(owner: &'a Owner, name: &'a str) -> Self {
        Self { owner, name, second: NOON }
    }

    fn at(self, second: i64) -> Self {
        Self { second, ..self }
    }

    fn key(&self) -> Uuid {
        uuid_of(&format!("{}\n{}", self.owner, self.name))
    }

    fn entry(&self, deed: Deed, postings: Vec<Posting>) -> Entry {
        let draft = Draft {
            owner: self.owner.clone(),
            network: NETWORK,
            key: self.key(),
            request: Digest::of_bytes(self.name.as_bytes()),
            deed,
            at: time(self.second),
        };
        Entry::new(draft, postings).expect("the contract's postings balance")
    }

    /// First money.
    fn grant(&self, units: i128) -> Entry {
        let address = address(self.owner);
        let postings = vec![posting(Account::Faucet, -units), posting(Account::Holder(address), units)];
        self.entry(Deed::Opening { address }, postings)
    }

    /// A payment of so many units and a fee of one.
    fn pay(&self, to: &Owner, units: i128) -> Entry {
        let usd = |minor| Money::new(minor, Currency::Usd).expect("no amount of the contract is negative");
        let deed = Deed::Transfer {
            terms: Terms { recipient: address(to), amount: usd(1), asset: Asset::Usdc, network: NETWORK },
            units: units.to_string(),
            cost: usd(2),
            memo: Some(self.name.to_owned()),
            completes_at: time(self.second + 2),
            failure: None,
        };
        let postings = vec![
            posting(Account::Holder(address(self.owner)), -units - 1),
            posting(Account::Holder(address(to)), units),
            posting(Account::Fees, 1),
        ];
        self.entry(deed, postings)
    }
}

fn posting(account: Account, change: i128) -> Posting {
    Posting { account, holding: usdc(), change }
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number of seconds is a time")
}

async fn write(books: &impl BookStore, entry: &Entry) -> Written {
    books.write(entry, &[]).await.expect("the books answer")
}

async fn held(books: &impl BookStore, owner: &Owner) -> u128 {
    let held = books.balances(NETWORK, address(owner)).await.expect("the books answer");
    held.get(&usdc()).copied().unwrap_or_default()
}

async fn an_entry_is_written_once(books: &impl BookStore, run: &str) {
    let (own, other) = (owner(run, "once"), owner(run, "once-other"));
    assert_eq!(write(books, &Act::of(&own, "grant").grant(100)).await, Written::New);
    let paid = Act::of(&own, "pay").pay(&other, 30);
    assert_eq!(write(books, &paid).await, Written::New);
    // The same key again, whatever it is for now, brings what it was for.
    let again = Act::of(&own, "pay").at(NOON + 9).pay(&other, 5);
    for _ in 0..2 {
        assert_eq!(write(books, &again).await, Written::Known(Box::new(paid.clone())));
    }
    assert_eq!((held(books, &own).await, held(books, &other).await), (69, 30));
    let found = books.entry(&own, paid.id()).await.expect("the books answer");
    assert_eq!(found, Some(paid));
    assert_eq!(books.entry(&own, "transfer_0").await.expect("the books answer"), None);
}

async fn what_is_refused_changes_nothing(books: &impl BookStore, run: &str) {
    let (own, other) = (owner(run, "refused"), owner(run, "refused-other"));
    assert_eq!(write(books, &Act::of(&own, "grant").grant(10)).await, Written::New);
    let dear = Act::of(&own, "pay").pay(&other, 10);
    let short = Written::Short(Account::Holder(address(&own)), usdc());
    assert_eq!(write(books, &dear).await, short, "the fee is one too many");
    assert_eq!((held(books, &own).await, held(books, &other).await), (10, 0));
    assert_eq!(books.entry(&own, dear.id()).await.expect("the books answer"), None);
    // The key is free: the same payment goes once there is money for it.
    assert_eq!(write(books, &Act::of(&own, "more").grant(1)).await, Written::New);
    assert_eq!(write(books, &dear).await, Written::New);
    assert_eq!((held(books, &own).await, held(books, &other).await), (0, 10));
}

async fn a_balance_never_goes_below_zero(books: &impl BookStore, run: &str) {
    let (own, other) = (owner(run, "below"), owner(run, "below-other"));
    let short = Written::Short(Account::Holder(address(&own)), usdc());
    assert_eq!(write(books, &Act::of(&own, "never").pay(&other, 1)).await, short, "a wallet without a row");
    assert_eq!(write(books, &Act::of(&own, "grant").grant(2)).await, Written::New);
    assert_eq!(write(books, &Act::of(&own, "all").pay(&other, 1)).await, Written::New, "to the last unit");
    assert_eq!(write(books, &Act::of(&own, "more").pay(&other, 1)).await, short);
    let none = books.balances(NETWORK, address(&own)).await.expect("the books answer");
    assert!(none.is_empty(), "what is nothing is not shown: {none:?}");
}

async fn a_limit_is_taken_with_its_entry_or_not_at_all(books: &impl BookStore, run: &str) {
    let (own, other) = (owner(run, "limit"), owner(run, "limit-other"));
    let limit = |take| Limit { kind: LimitKind::Day, bucket: "2027-01-15".to_owned(), take, cap: 10 };
    let pay = |name: &'static str| Act::of(&own, name).pay(&other, 1);
    assert_eq!(write(books, &Act::of(&own, "grant").grant(7)).await, Written::New);
    let over = Written::Over(LimitKind::Day);
    let taken =
        async |entry: &Entry, take| books.write(entry, &[limit(take)]).await.expect("the books answer");
    assert_eq!(taken(&pay("a"), 11).await, over, "more than there ever is");
    assert_eq!(taken(&pay("a"), 6).await, Written::New);
    assert_eq!(taken(&pay("b"), 5).await, over);
    for take in [6, 11] {
        assert_eq!(taken(&pay("a"), take).await, Written::Known(Box::new(pay("a"))), "a key takes once");
    }
    let dear = Act::of(&own, "c").pay(&other, 50);
    assert!(matches!(taken(&dear, 4).await, Written::Short(..)));
    assert_eq!(taken(&pay("d"), 4).await, Written::New, "what was refused took nothing");
    assert_eq!(taken(&pay("e"), 1).await, over);
    let next = Limit { bucket: "2027-01-16".to_owned(), ..limit(1) };
    let written = books.write(&pay("e"), &[next]).await.expect("the books answer");
    assert_eq!(written, Written::New, "another day");
}

async fn of_many_at_once_only_as_many_go_as_there_is_money_for(books: &impl BookStore, run: &str) {
    let (own, other) = (owner(run, "many"), owner(run, "many-other"));
    assert_eq!(write(books, &Act::of(&own, "grant").grant(35)).await, Written::New);
    let names: Vec<String> = (0..12).map(|n| format!("pay-{n}")).collect();
    let entries: Vec<Entry> = names.iter().map(|name| Act::of(&own, name).pay(&other, 9)).collect();
    let mut done = 0;
    // Books may give up on one that met too many others; it is tried again, as a caller would.
    let mut left: Vec<&Entry> = entries.iter().collect();
    for _ in 0..ROUNDS {
        let written = join_all(left.iter().map(|entry| books.write(entry, &[]))).await;
        let mut again = Vec::new();
        for (entry, written) in left.into_iter().zip(written) {
            match written {
                Ok(Written::New | Written::Known(_)) => done += 1,
                Ok(Written::Short(..)) => {}
                Ok(Written::Over(kind)) => panic!("nothing limits {kind:?} here"),
                Ok(Written::Busy) | Err(_) => again.push(entry),
            }
        }
        left = again;
    }
    assert!(left.is_empty(), "{} payments were never answered", left.len());
    assert_eq!(done, 3);
    assert_eq!((held(books, &own).await, held(books, &other).await), (5, 27));
}

async fn one_key_at_once_is_applied_once(books: &impl BookStore, run: &str) {
    let (own, other) = (owner(run, "race"), owner(run, "race-other"));
    assert_eq!(write(books, &Act::of(&own, "grant").grant(100)).await, Written::New);
    let paid = Act::of(&own, "pay").pay(&other, 9);
    let written = join_all((0..6).map(|_| books.write(&paid, &[]))).await;
    assert!(!written.iter().any(|written| matches!(written, Ok(Written::Short(..) | Written::Over(_)))));
    // All of them may have met each other; then the next one writes it.
    let new = written.iter().filter(|written| matches!(written, Ok(Written::New))).count();
    let next = usize::from(write(books, &paid).await == Written::New);
    assert_eq!(new + next, 1, "{written:?}");
    assert_eq!(write(books, &paid).await, Written::Known(Box::new(paid.clone())));
    assert_eq!((held(books, &own).await, held(books, &other).await), (90, 9));
}

async fn owners_of_one_name_are_apart(books: &impl BookStore, run: &str) {
    let (own, other) = (owner(run, "apart"), owner(run, "apart-other"));
    for whose in [&own, &other] {
        assert_eq!(write(books, &Act::of(whose, "grant").grant(5)).await, Written::New);
    }
    let id = Act::of(&own, "grant").grant(5).id().to_owned();
    assert_eq!(books.entry(&other, &id).await.expect("the books answer"), None);
    let elsewhere = books.balances(Network::Base, address(&own)).await.expect("the books answer");
    assert!(elsewhere.is_empty(), "each network has its own books");
}

async fn postings_come_newest_first(books: &impl BookStore, run: &str) {
    let (own, other) = (owner(run, "lines"), owner(run, "lines-other"));
    assert_eq!(write(books, &Act::of(&own, "grant").grant(100)).await, Written::New);
    for second in [3, 1, 2] {
        let name = format!("pay-{second}");
        let paid = Act::of(&own, &name).at(NOON + second).pay(&other, i128::from(second));
        assert_eq!(write(books, &paid).await, Written::New);
    }
    let changes = async |limit| {
        let lines = books.postings(NETWORK, address(&own), limit).await.expect("the books answer");
        lines.into_iter().map(|line| line.posting.change).collect::<Vec<_>>()
    };
    assert_eq!(changes(9).await, [-4, -3, -2, 100]);
    assert_eq!(changes(2).await, [-4, -3]);
}

async fn any_asset_and_any_amount_comes_back_as_it_was(books: &impl BookStore, run: &str) {
    let own = owner(run, "token");
    let token = Token { contract: address(&own), symbol: "FAN".to_owned(), decimals: 18 };
    // Twenty-six digits: more than JSON's or a programmer's usual numbers have.
    let supply: i128 = 12_345_678_901_234_567_890_123_456;
    let account = Account::Holder(address(&own));
    let postings = [(Account::Mint, -supply), (account, supply)].map(|(account, change)| Posting {
        account,
        holding: Holding::Token(token.clone()),
        change,
    });
    let deed = Deed::Deploy {
        token: token.clone(),
        name: "Fans".to_owned(),
        supply: supply.to_string(),
        cost: Money::zero(Currency::Usd),
        completes_at: time(NOON),
    };
    let minted = Act::of(&own, "mint").entry(deed, postings.to_vec());
    assert_eq!(write(books, &minted).await, Written::New);
    let held = books.balances(NETWORK, address(&own)).await.expect("the books answer");
    assert_eq!(held.get(&Holding::Token(token)).copied(), u128::try_from(supply).ok());
    let found = books.entry(&own, minted.id()).await.expect("the books answer");
    assert_eq!(found, Some(minted));
}
