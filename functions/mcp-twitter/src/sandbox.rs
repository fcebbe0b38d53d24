//! The sandbox: the platform's behaviour without the platform.

use std::time::Duration;

use chimera_domain::ports::Clock;
use chimera_domain::{Digest, Outcome, Refusal, Timestamp};
use chimera_mcp::server::Upstream;
use uuid::Uuid;

use crate::posts::{Post, PostStore, PutPost};
use crate::{Faults, POST_LENGTH, price, weighted_length};

/// Where the platform's ids begin to count, in milliseconds since 1970.
const ID_EPOCH_MS: i64 = 1_288_834_974_657;
/// Low bits of an id, which tell posts of one millisecond apart.
const ID_LOW_BITS: u32 = 22;

/// A post as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPost {
    /// Who posts.
    pub account: String,
    /// What.
    pub text: String,
    /// Whether it is labelled as made with AI.
    pub made_with_ai: bool,
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
        self.faults.before(&new.text).await;
        if weighted_length(&new.text) > POST_LENGTH {
            return refused("invalid_input", format!("the text is longer than {POST_LENGTH}"), false);
        }
        let now = self.clock.now();
        match self.posts.spend(&new.account, now).await {
            Ok(Ok(())) => {}
            Ok(Err(wait)) => return rate_limited(wait),
            Err(fault) => return refused("upstream_unavailable", fault.to_string(), true),
        }
        let post = post_of(new, now);
        match self.posts.put(&post).await {
            Ok(PutPost::New) if self.faults.loses_answer(&post.text) => {
                Upstream::Unknown("the answer got lost, as TWITTER_FAULTS asks".to_owned())
            }
            Ok(PutPost::New) => Upstream::Done(Outcome {
                cost: price(&post.text),
                external_id: post.post_id,
                url: Some(post.url),
            }),
            Ok(PutPost::Duplicate) => {
                refused("duplicate", "the account has posted this text before".to_owned(), false)
            }
            Err(fault) => Upstream::Unknown(fault.to_string()),
        }
    }
}

fn rate_limited(wait: Duration) -> Upstream {
    let seconds = wait.as_secs() + 1;
    refused("rate_limited", format!("too many posts; retry_after {seconds} s"), true)
}

fn refused(code: &str, message: String, retryable: bool) -> Upstream {
    Upstream::Refused(Refusal { code: code.to_owned(), message, retryable })
}

fn post_of(new: NewPost, now: Timestamp) -> Post {
    let post_id = post_id(now, &new);
    Post {
        url: format!("https://x.example/{}/status/{post_id}", new.account),
        post_id,
        account: new.account,
        text: new.text,
        made_with_ai: new.made_with_ai,
        media: new.media,
        created_at: now,
        idempotency_key: Some(new.key),
    }
}

/// Time in the high bits, a hash of the post in the low ones: ordered, and the same for the same post.
fn post_id(now: Timestamp, new: &NewPost) -> String {
    let high = now.as_millisecond().saturating_sub(ID_EPOCH_MS).max(0).unsigned_abs() << ID_LOW_BITS;
    let digest = Digest::of_bytes(format!("{}\n{}\n{}", new.account, new.key, new.text).as_bytes());
    let hex: String = digest.as_str().chars().rev().take(8).collect();
    let low = u64::from_str_radix(&hex, 16).unwrap_or_default() & ((1 << ID_LOW_BITS) - 1);
    (high | low).to_string()
}
