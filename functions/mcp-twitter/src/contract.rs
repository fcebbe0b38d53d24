//! The contract that every [`PostStore`] keeps, whatever it is made of. Run over the memory here and over the deployed table in
//! the local cloud.

use std::fmt::Debug;

use chimera_domain::{Currency, Digest, Money, TenantId, Timestamp};
use chimera_mcp::server::StoreFault;
use thiserror::Error;
use uuid::Uuid;

use crate::{Account, Act, Deletion, Found, Medium, Mime, Post, PostStore, PutPost, Spent};

/// The store does not keep the contract: a defect of the store.
#[derive(Debug, Error)]
pub enum Broken {
    /// It answered otherwise than it must.
    #[error("{what}: {seen}")]
    Promise {
        /// What it must do.
        what: &'static str,
        /// What it did.
        seen: String,
    },
    /// It did not answer.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The contract itself was given a name that is none.
    #[error("the run must be named by 1 to 40 letters, digits, - and _")]
    Run,
}

/// When the contract's posts are made: 13:00 on 15 January 2027.
const NOW_S: i64 = 1_800_018_000;

/// Runs the whole contract; `run` keeps its rows apart from another run's.
///
/// # Errors
/// [`Broken`], the first promise that is not kept.
pub async fn keeps<P: PostStore>(store: &P, run: &str) -> Result<(), Broken> {
    let account = account(run, "nova")?;
    posts_are_kept_once(store, &account).await?;
    deleted_posts_are_seen_no_more(store, &account).await?;
    accounts_are_apart(store, &account, &self::account(run, "rival")?).await?;
    quotas_run_out(store, &account).await
}

async fn posts_are_kept_once<P: PostStore>(store: &P, account: &Account) -> Result<(), Broken> {
    let (first, second) = (post(account, 1, "one", None), post(account, 2, "two", Some("17")));
    same("a new post is new", &store.put(&first, cents(2)).await?, &PutPost::New)?;
    same("another post is new", &store.put(&second, cents(20)).await?, &PutPost::New)?;
    let repeated = post(account, 3, "one", None);
    same("the same words are refused", &store.put(&repeated, cents(2)).await?, &PutPost::Duplicate)?;
    let elsewhere = post(account, 4, "one", Some("18"));
    same("the same words to a post are others", &store.put(&elsewhere, cents(2)).await?, &PutPost::New)?;
    let newest_first = [elsewhere.clone(), second.clone(), first.clone()];
    same("posts are listed newest first", &store.list(account, 10).await?, &newest_first.to_vec())?;
    same("no more than asked for", &store.list(account, 1).await?, &vec![elsewhere])?;
    same("a post is found whole", &store.one(account, &second.post_id).await?, &Some(second))?;
    same("what never was is not found", &store.one(account, "99").await?, &None)?;
    same("posts are counted", &store.count(account).await?, &3)?;
    let spent = store.spent(account, "2027-01-15").await?;
    same("what was posted is counted once", &spent, &Spent { posts: 3, deletions: 0, cost: cents(24) })?;
    same("and on its day", &store.spent(account, "2027-01-16").await?, &Spent::default())
}

async fn deleted_posts_are_seen_no_more<P: PostStore>(store: &P, account: &Account) -> Result<(), Broken> {
    let first = post(account, 1, "one", None);
    let here = Found::Here(Box::new(first.clone()));
    same("a post is found where it is", &store.find(account, &first.post_id).await?, &here)?;
    let deletion = Deletion { key: Uuid::from_u128(77), at: at(60), cost: cents(1) };
    for _ in 0..2 {
        store.delete(account, &first.post_id, deletion).await?;
    }
    store.delete(account, "99", deletion).await?;
    same("a deleted post is gone", &store.find(account, &first.post_id).await?, &Found::Gone)?;
    same("and not found", &store.one(account, &first.post_id).await?, &None)?;
    same("and not counted", &store.count(account).await?, &2)?;
    let listed = store.list(account, 10).await?;
    same("and not listed", &listed.iter().any(|post| post.post_id == first.post_id), &false)?;
    let again = post(account, 5, "one", None);
    same("its words stay taken", &store.put(&again, cents(2)).await?, &PutPost::Duplicate)?;
    let spent = store.spent(account, "2027-01-15").await?;
    same("a deletion is counted once", &spent, &Spent { posts: 3, deletions: 1, cost: cents(25) })
}

async fn accounts_are_apart<P: PostStore>(store: &P, own: &Account, other: &Account) -> Result<(), Broken> {
    let theirs = post(other, 6, "one", None);
    same("another account may say the same", &store.put(&theirs, cents(2)).await?, &PutPost::New)?;
    same("a post is elsewhere", &store.find(own, &theirs.post_id).await?, &Found::Elsewhere)?;
    store.delete(own, &theirs.post_id, Deletion { key: Uuid::nil(), at: at(0), cost: cents(1) }).await?;
    same("another's post stays", &store.count(other).await?, &1)?;
    same("another's post is not shown", &store.one(own, &theirs.post_id).await?, &None)
}

async fn quotas_run_out<P: PostStore>(store: &P, account: &Account) -> Result<(), Broken> {
    same("a quota is full at first", &store.quotas(account, Act::Delete).await?.iter().sum(), &0_i64)?;
    for _ in 0..50 {
        same("a quota holds what it holds", &store.spend(account, Act::Delete, at(0)).await?.is_ok(), &true)?;
    }
    let wait = store.spend(account, Act::Delete, at(0)).await?;
    same("then there is a wait", &wait.map_err(|wait| wait.as_secs()), &Err(18))?;
    same("that ends", &store.spend(account, Act::Delete, at(18)).await?.is_ok(), &true)?;
    let full_at = store.quotas(account, Act::Delete).await?;
    same("where it stands can be read", &full_at, &vec![(NOW_S + 918) * 1_000])?;
    same("acts are apart", &store.spend(account, Act::Post, at(18)).await?.is_ok(), &true)
}

fn same<T: Debug + PartialEq>(what: &'static str, seen: &T, wanted: &T) -> Result<(), Broken> {
    if seen == wanted {
        return Ok(());
    }
    Err(Broken::Promise { what, seen: format!("{seen:?} and not {wanted:?}") })
}

fn account(run: &str, name: &str) -> Result<Account, Broken> {
    let is_short = run.len() <= 40;
    let tenant = TenantId::new(format!("posts-{run}")).ok().filter(|_| is_short).ok_or(Broken::Run)?;
    Ok(Account { tenant, name: name.to_owned() })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW_S + seconds).unwrap_or_default()
}

fn cents(minor: i64) -> Money {
    Money::new(minor, Currency::Usd).unwrap_or(Money::zero(Currency::Usd))
}

fn post(by: &Account, number: u32, text: &str, to: Option<&str>) -> Post {
    let post_id = (1_000_000_000_000_000_000_u64 + u64::from(number)).to_string();
    Post {
        tenant: by.tenant.clone(),
        url: format!("https://x.example/{}/status/{post_id}", by.name),
        post_id,
        account: by.name.clone(),
        text: text.to_owned(),
        made_with_ai: true,
        paid_partnership: false,
        in_reply_to: to.map(str::to_owned),
        media: vec![Medium {
            digest: Digest::of_bytes(text.as_bytes()),
            mime: Mime::Png,
            bytes: 3,
            alt_text: Some("a picture".to_owned()),
        }],
        created_at: at(i64::from(number)),
        idempotency_key: Some(Uuid::from_u128(u128::from(number))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryPosts;

    #[tokio::test]
    async fn the_memory_keeps_the_contract() {
        keeps(&MemoryPosts::default(), "memory").await.unwrap();
    }

    #[tokio::test]
    async fn a_run_that_could_reach_into_other_rows_is_refused() {
        for wrong in ["a#b", &"x".repeat(41)] {
            assert!(matches!(keeps(&MemoryPosts::default(), wrong).await, Err(Broken::Run)), "{wrong}");
        }
    }
}
