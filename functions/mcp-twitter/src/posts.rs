//! The sandbox's posts.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chimera_domain::{Digest, Timestamp};
use chimera_mcp::server::StoreFault;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Posts an account may make in [`RATE_WINDOW`], as on the platform.
pub(crate) const RATE_POSTS: i64 = 300;
/// Three hours.
pub(crate) const RATE_WINDOW: Duration = Duration::from_secs(3 * 60 * 60);

/// A post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
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
    /// Digests of its media.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Digest>,
    /// When it was posted.
    pub created_at: Timestamp,
    /// The key it was posted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<Uuid>,
}

/// What putting a post found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutPost {
    /// It is there now.
    New,
    /// The account has posted this text before.
    Duplicate,
}

/// Keeps posts. Each method is atomic.
pub trait PostStore: Send + Sync + 'static {
    /// Puts a post unless its account has posted the same text.
    fn put(&self, post: &Post) -> impl Future<Output = Result<PutPost, StoreFault>> + Send;

    /// An account's posts, newest first.
    fn list(&self, account: &str, limit: usize)
    -> impl Future<Output = Result<Vec<Post>, StoreFault>> + Send;

    /// How many posts an account has.
    fn count(&self, account: &str) -> impl Future<Output = Result<usize, StoreFault>> + Send;

    /// Takes one post from the account's allowance; the wait until there is one where it is used up.
    fn spend(
        &self,
        account: &str,
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
    buckets: BTreeMap<String, i64>,
}

impl MemoryPosts {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PostStore for MemoryPosts {
    async fn put(&self, post: &Post) -> Result<PutPost, StoreFault> {
        let mut tables = self.lock();
        if tables.posts.iter().any(|other| other.account == post.account && other.text == post.text) {
            return Ok(PutPost::Duplicate);
        }
        tables.posts.push(post.clone());
        Ok(PutPost::New)
    }

    async fn list(&self, account: &str, limit: usize) -> Result<Vec<Post>, StoreFault> {
        let tables = self.lock();
        let own = tables.posts.iter().rev().filter(|post| post.account == account);
        Ok(own.take(limit).cloned().collect())
    }

    async fn count(&self, account: &str) -> Result<usize, StoreFault> {
        Ok(self.lock().posts.iter().filter(|post| post.account == account).count())
    }

    async fn spend(&self, account: &str, now: Timestamp) -> Result<Result<(), Duration>, StoreFault> {
        let mut tables = self.lock();
        let bucket = tables.buckets.entry(account.to_owned()).or_default();
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
