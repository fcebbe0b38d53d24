//! The sandbox: the platform's behaviour without the platform.

use std::time::Duration;

use chimera_domain::ports::Clock;
use chimera_domain::{Digest, Money, Outcome, Timestamp};
use chimera_mcp::server::{StoreFault, Upstream};
use chimera_policy::refusals::PlatformRefusal;
use uuid::Uuid;

use crate::answers::PlatformError;
use crate::posts::{Account, Deletion, Found, Post, PostStore, PutPost};
use crate::{Faults, POST_LENGTH, deletion_price, price, weighted_length};

/// Where the platform's ids begin to count, in milliseconds since 1970.
const ID_EPOCH_MS: i64 = 1_288_834_974_657;
/// Low bits of an id, which tell posts of one millisecond apart.
const ID_LOW_BITS: u32 = 22;

/// A post as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPost {
    /// Who posts.
    pub account: Account,
    /// What.
    pub text: String,
    /// The platform's id of what it answers, if it is a reply.
    pub in_reply_to: Option<String>,
    /// Whether it is labelled as made with AI.
    pub made_with_ai: bool,
    /// Whether it is labelled as paid for.
    pub paid_partnership: bool,
    /// Digests of its media, already checked against their bytes.
    pub media: Vec<Digest>,
    /// What the platform de-duplicates on.
    pub key: Uuid,
}

/// A deterministic platform over a post store.
#[derive(Debug)]
pub struct Sandbox<P, C> {
    posts: P,
    clock: C,
    faults: Faults,
}

impl<P: PostStore, C: Clock> Sandbox<P, C> {
    /// A platform over a store.
    pub fn new(posts: P, clock: C, faults: Faults) -> Self {
        Self { posts, clock, faults }
    }

    /// Posts, or says why not.
    pub async fn create(&self, new: NewPost) -> Upstream {
        let subject = new.text.clone();
        self.faults.before(&subject).await;
        if let Some(error) = self.faults.error(&subject) {
            return error.upstream();
        }
        if weighted_length(&new.text) > POST_LENGTH {
            return PlatformError::new(400, format!("the text is longer than {POST_LENGTH}")).upstream();
        }
        let now = self.clock.now();
        match self.posts.spend(&new.account, now).await {
            Ok(Ok(())) => {}
            Ok(Err(wait)) => return rate_limited(wait),
            Err(fault) => return unreached(&fault),
        }
        let post = post_of(new, now);
        match self.posts.put(&post).await {
            Ok(PutPost::New) => self.answer(
                &subject,
                Outcome { cost: price(&post.text), external_id: post.post_id, url: Some(post.url) },
            ),
            Ok(PutPost::Duplicate) => {
                PlatformError::new(403, "duplicate content: the account has posted this text before")
                    .upstream()
            }
            Err(fault) => Upstream::Unknown(fault.to_string()),
        }
    }

    /// [E-9] Deletes a post of the account. One that is not there is gone: what was asked for is the case.
    pub async fn delete(&self, account: &Account, post_id: &str, key: Uuid) -> Upstream {
        let post = match self.posts.find(account, post_id).await {
            Ok(Found::Here(post)) => Some(post),
            Ok(Found::Gone) => None,
            Ok(Found::Elsewhere) => {
                return PlatformError::new(403, "the post is another account's").upstream();
            }
            Err(fault) => return unreached(&fault),
        };
        let subject = format!("delete: {}", post.as_ref().map_or(post_id, |post| post.text.as_str()));
        self.faults.before(&subject).await;
        if let Some(error) = self.faults.error(&subject) {
            return error.upstream();
        }
        let deletion = Deletion { key, at: self.clock.now() };
        if post.is_some()
            && let Err(fault) = self.posts.delete(account, post_id, deletion).await
        {
            return Upstream::Unknown(fault.to_string());
        }
        self.answer(&subject, gone(post_id, deletion_price()))
    }

    /// What the caller hears of what was done.
    fn answer(&self, subject: &str, outcome: Outcome) -> Upstream {
        if self.faults.loses_answer(subject) {
            return Upstream::Unknown("the answer got lost, as TWITTER_FAULTS asks".to_owned());
        }
        Upstream::Done(outcome)
    }
}

fn gone(post_id: &str, cost: Money) -> Outcome {
    Outcome { external_id: post_id.to_owned(), url: None, cost }
}

fn rate_limited(wait: Duration) -> Upstream {
    let seconds = u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX);
    PlatformError { retry_after_s: Some(seconds), ..PlatformError::new(429, "too many posts") }.upstream()
}

/// Nothing was done so far.
fn unreached(fault: &StoreFault) -> Upstream {
    let refusal = PlatformRefusal::UpstreamUnavailable.refusal(fault.to_string());
    Upstream::Refused { refusal, retry_after_s: None }
}

fn post_of(new: NewPost, now: Timestamp) -> Post {
    let post_id = post_id(now, &new);
    Post {
        url: format!("https://x.example/{}/status/{post_id}", new.account.name),
        post_id,
        tenant: new.account.tenant,
        account: new.account.name,
        text: new.text,
        made_with_ai: new.made_with_ai,
        paid_partnership: new.paid_partnership,
        in_reply_to: new.in_reply_to,
        media: new.media,
        created_at: now,
        idempotency_key: Some(new.key),
    }
}

/// Time in the high bits, a hash of the post in the low ones: ordered, and the same for the same post.
fn post_id(now: Timestamp, new: &NewPost) -> String {
    let high = now.as_millisecond().saturating_sub(ID_EPOCH_MS).max(0).unsigned_abs() << ID_LOW_BITS;
    let Account { tenant, name } = &new.account;
    let digest = Digest::of_bytes(format!("{tenant}\n{name}\n{}\n{}", new.key, new.text).as_bytes());
    let hex: String = digest.as_str().chars().rev().take(8).collect();
    let low = u64::from_str_radix(&hex, 16).unwrap_or_default() & ((1 << ID_LOW_BITS) - 1);
    (high | low).to_string()
}
