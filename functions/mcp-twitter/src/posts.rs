//! The sandbox's posts.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chimera_domain::{Digest, TenantId, Timestamp};
use chimera_mcp::server::StoreFault;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Posts an account may make in [`RATE_WINDOW`], as on the platform.
pub(crate) const RATE_POSTS: i64 = 300;
/// Three hours.
pub(crate) const RATE_WINDOW: Duration = Duration::from_secs(3 * 60 * 60);

/// [E-8] An account: two tenants may each have one of the same name, and neither knows of the other's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// Whose.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
}

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
    /// Digests of its media.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Digest>,
    /// When it was posted.
    pub created_at: Timestamp,
    /// The key it was posted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<Uuid>,
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

/// Who deleted a post, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    /// The key of the call that deleted it.
    pub key: Uuid,
    /// When.
    pub at: Timestamp,
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

/// Keeps posts; deleted ones as deleted. Each method is atomic.
pub trait PostStore: Send + Sync + 'static {
    /// Puts a post unless its account has posted the same text to the same post, deleted or not.
    fn put(&self, post: &Post) -> impl Future<Output = Result<PutPost, StoreFault>> + Send;

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

    /// Marks a post of the account as deleted; one that is deleted already stays as it is.
    fn delete(
        &self,
        account: &Account,
        post_id: &str,
        deletion: Deletion,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// How many posts an account has that were not deleted.
    fn count(&self, account: &Account) -> impl Future<Output = Result<usize, StoreFault>> + Send;

    /// Takes one post from the account's allowance; the wait until there is one where it is used up.
    fn spend(
        &self,
        account: &Account,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<(), Duration>, StoreFault>> + Send;
}

/// The token bucket as one number, the time in milliseconds at which it will be full again: gives the number after
/// taking one token at `now`, or how long until there is one.
pub(crate) fn take_token(full_at_ms: i64, now_ms: i64) -> Result<i64, Duration> {
    let window = i64::try_from(RATE_WINDOW.as_millis()).unwrap_or(i64::MAX);
    let refill = window / RATE_POSTS;
    let next = full_at_ms.max(now_ms) + refill;
    let wait = next - now_ms - window;
    if wait <= 0 { Ok(next) } else { Err(Duration::from_millis(wait.unsigned_abs())) }
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
    buckets: BTreeMap<Account, i64>,
}

impl Tables {
    fn is_visible(&self, post: &Post) -> bool {
        !self.deletions.contains_key(&(post.tenant.clone(), post.post_id.clone()))
    }

    fn visible<'a>(&'a self, account: &'a Account) -> impl DoubleEndedIterator<Item = &'a Post> {
        self.posts.iter().filter(|post| post.by() == *account && self.is_visible(post))
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
    async fn put(&self, post: &Post) -> Result<PutPost, StoreFault> {
        let mut tables = self.lock();
        if tables.posts.iter().any(|other| other.by() == post.by() && other.words() == post.words()) {
            return Ok(PutPost::Duplicate);
        }
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
            tables.deletions.insert((account.tenant.clone(), post_id.to_owned()), deletion);
        }
        Ok(())
    }

    async fn count(&self, account: &Account) -> Result<usize, StoreFault> {
        Ok(self.lock().visible(account).count())
    }

    async fn spend(&self, account: &Account, now: Timestamp) -> Result<Result<(), Duration>, StoreFault> {
        let mut tables = self.lock();
        let bucket = tables.buckets.entry(account.clone()).or_default();
        let taken = take_token(*bucket, now.as_millisecond());
        Ok(taken.map(|full_at_ms| *bucket = full_at_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_hundred_posts_go_at_once_and_then_one_every_36_seconds() {
        let mut full_at = 0;
        for _ in 0..RATE_POSTS {
            full_at = take_token(full_at, 1_000).unwrap();
        }
        assert_eq!(take_token(full_at, 1_000), Err(Duration::from_secs(36)));
        assert!(take_token(full_at, 37_000).is_ok());
    }
}
