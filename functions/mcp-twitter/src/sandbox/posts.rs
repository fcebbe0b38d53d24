//! The sandbox's posts.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chimera_domain::{Currency, Digest, Money, TenantId, Timestamp};
use chimera_mcp::server::StoreFault;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::quota::Act;
use crate::media::Mime;
use crate::platform::Account;

/// A post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Whose.
    pub tenant: TenantId,
    /// Its id, larger for later posts.
    pub post_id: String,
    /// Where it can be seen.
    pub url: String,
    /// Who posted it.
    pub account: String,
    /// What it says.
    pub text: String,
    /// Whether it is labelled as made with AI.
    pub made_with_ai: bool,
    /// Whether it is labelled as paid for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paid_partnership: bool,
    /// The platform's id of what it answers, if it is a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// Its pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Medium>,
    /// When it was posted.
    pub created_at: Timestamp,
    /// The key it was posted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<Uuid>,
}

/// What is kept of a picture: everything but its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// Digest of its bytes.
    pub digest: Digest,
    /// What it is.
    pub mime: Mime,
    /// How many bytes it has.
    pub bytes: u64,
    /// What it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_text: Option<String>,
}

impl Post {
    pub(crate) fn by(&self) -> Account {
        Account { tenant: self.tenant.clone(), name: self.account.clone() }
    }

    /// What no other post of the account may repeat: the same words to the same post.
    pub(crate) fn words(&self) -> Digest {
        let to = self.in_reply_to.as_deref().map(|to| format!("\u{0}{to}")).unwrap_or_default();
        Digest::of_bytes(format!("{}{to}", self.text).as_bytes())
    }
}

/// Who deleted a post, when, and what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    /// The key of the call that deleted it.
    pub key: Uuid,
    /// When.
    pub at: Timestamp,
    /// What it cost.
    pub cost: Money,
}

/// What putting a post found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutPost {
    /// It is there now.
    New,
    /// The account has posted this text before.
    Duplicate,
}

/// Where a post that somebody wants to delete is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// On the account.
    Here(Box<Post>),
    /// Nowhere: it was deleted, or never was.
    Gone,
    /// On another account of the tenant.
    Elsewhere,
}

/// What an account did on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// How many posts it made.
    pub posts: u64,
    /// How many it deleted.
    pub deletions: u64,
    /// What that cost.
    pub cost: Money,
}

impl Default for Spent {
    fn default() -> Self {
        Self { posts: 0, deletions: 0, cost: Money::zero(Currency::Usd) }
    }
}

/// The UTC day of a moment, as `2027-01-15`.
pub(crate) fn day_of(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// Keeps posts; deleted ones as deleted. Each method is atomic.
pub trait PostStore: Send + Sync + 'static {
    /// Puts a post unless its account has posted the same text to the same post, deleted or not; a new one is counted as
    /// spent on its day.
    fn put(&self, post: &Post, cost: Money) -> impl Future<Output = Result<PutPost, StoreFault>> + Send;

    /// An account's posts that were not deleted, newest first, at most `limit`.
    fn list(
        &self,
        account: &Account,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Post>, StoreFault>> + Send;

    /// One post of an account, unless it was deleted.
    fn one(
        &self,
        account: &Account,
        post_id: &str,
    ) -> impl Future<Output = Result<Option<Post>, StoreFault>> + Send;

    /// Where the post is, as seen from an account.
    fn find(
        &self,
        account: &Account,
        post_id: &str,
    ) -> impl Future<Output = Result<Found, StoreFault>> + Send;

    /// Marks a post of the account as deleted, which is counted as spent on that day; one that is deleted already, or is
    /// not the account's, stays as it is and costs nothing.
    fn delete(
        &self,
        account: &Account,
        post_id: &str,
        deletion: Deletion,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// How many posts an account has that were not deleted.
    fn count(&self, account: &Account) -> impl Future<Output = Result<usize, StoreFault>> + Send;

    /// Takes one from the account's quotas; the wait until there is one where one of them is used up.
    fn spend(
        &self,
        account: &Account,
        act: Act,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<(), Duration>, StoreFault>> + Send;

    /// Where the account's quotas stand: for each, the time in milliseconds at which it is full again. One that is
    /// missing is full.
    fn quotas(
        &self,
        account: &Account,
        act: Act,
    ) -> impl Future<Output = Result<Vec<i64>, StoreFault>> + Send;

    /// What an account did on a day, given as `2027-01-15`.
    fn spent(&self, account: &Account, day: &str) -> impl Future<Output = Result<Spent, StoreFault>> + Send;
}

/// Posts in memory, for tests. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryPosts {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Debug, Default)]
struct Tables {
    posts: Vec<Post>,
    deletions: BTreeMap<(TenantId, String), Deletion>,
    quotas: BTreeMap<(Account, Act), Vec<i64>>,
    spent: BTreeMap<(Account, String), Spent>,
}

impl Tables {
    fn is_visible(&self, post: &Post) -> bool {
        !self.deletions.contains_key(&(post.tenant.clone(), post.post_id.clone()))
    }

    fn visible<'a>(&'a self, account: &'a Account) -> impl DoubleEndedIterator<Item = &'a Post> {
        self.posts.iter().filter(|post| post.by() == *account && self.is_visible(post))
    }

    fn count_spent(&mut self, account: &Account, at: Timestamp, of: Spent) -> Result<(), StoreFault> {
        let spent = self.spent.entry((account.clone(), day_of(at))).or_default();
        let cost = spent.cost.plus(of.cost).map_err(|error| StoreFault(Box::new(error)))?;
        *spent = Spent { posts: spent.posts + of.posts, deletions: spent.deletions + of.deletions, cost };
        Ok(())
    }
}

impl MemoryPosts {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The deleted posts, each with who deleted it, oldest post first.
    #[must_use]
    pub fn deleted(&self) -> Vec<(Post, Deletion)> {
        let tables = self.lock();
        let of = |post: &Post| tables.deletions.get(&(post.tenant.clone(), post.post_id.clone())).copied();
        tables.posts.iter().filter_map(|post| Some((post.clone(), of(post)?))).collect()
    }
}

impl PostStore for MemoryPosts {
    async fn put(&self, post: &Post, cost: Money) -> Result<PutPost, StoreFault> {
        let mut tables = self.lock();
        if tables.posts.iter().any(|other| other.by() == post.by() && other.words() == post.words()) {
            return Ok(PutPost::Duplicate);
        }
        tables.count_spent(&post.by(), post.created_at, Spent { posts: 1, deletions: 0, cost })?;
        tables.posts.push(post.clone());
        Ok(PutPost::New)
    }

    async fn list(&self, account: &Account, limit: usize) -> Result<Vec<Post>, StoreFault> {
        Ok(self.lock().visible(account).rev().take(limit).cloned().collect())
    }

    async fn one(&self, account: &Account, post_id: &str) -> Result<Option<Post>, StoreFault> {
        Ok(self.lock().visible(account).find(|post| post.post_id == post_id).cloned())
    }

    async fn find(&self, account: &Account, post_id: &str) -> Result<Found, StoreFault> {
        let tables = self.lock();
        let of_tenant = |post: &&Post| post.tenant == account.tenant && post.post_id == post_id;
        let found = tables.posts.iter().filter(|post| tables.is_visible(post)).find(of_tenant);
        Ok(match found {
            Some(post) if post.account == account.name => Found::Here(Box::new(post.clone())),
            Some(_) => Found::Elsewhere,
            None => Found::Gone,
        })
    }

    async fn delete(&self, account: &Account, post_id: &str, deletion: Deletion) -> Result<(), StoreFault> {
        let mut tables = self.lock();
        if tables.visible(account).any(|post| post.post_id == post_id) {
            let spent = Spent { posts: 0, deletions: 1, cost: deletion.cost };
            tables.count_spent(account, deletion.at, spent)?;
            tables.deletions.insert((account.tenant.clone(), post_id.to_owned()), deletion);
        }
        Ok(())
    }

    async fn count(&self, account: &Account) -> Result<usize, StoreFault> {
        Ok(self.lock().visible(account).count())
    }

    async fn spend(
        &self,
        account: &Account,
        act: Act,
        now: Timestamp,
    ) -> Result<Result<(), Duration>, StoreFault> {
        let mut tables = self.lock();
        let quotas = tables.quotas.entry((account.clone(), act)).or_default();
        let taken = act.take(quotas, now.as_millisecond());
        Ok(taken.map(|full_at_ms| *quotas = full_at_ms))
    }

    async fn quotas(&self, account: &Account, act: Act) -> Result<Vec<i64>, StoreFault> {
        Ok(self.lock().quotas.get(&(account.clone(), act)).cloned().unwrap_or_default())
    }

    async fn spent(&self, account: &Account, day: &str) -> Result<Spent, StoreFault> {
        Ok(self.lock().spent.get(&(account.clone(), day.to_owned())).copied().unwrap_or_default())
    }
}
