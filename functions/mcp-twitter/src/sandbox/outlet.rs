//! The sandbox takes posts and deletes them.

use std::time::Duration;

use chimera_domain::ports::Clock;
use chimera_domain::{Money, Outcome, Timestamp};
use chimera_mcp::server::{StoreFault, Upstream};
use chimera_policy::refusals::PlatformRefusal;
use uuid::Uuid;

use super::Sandbox;
use super::dice::id_at;
use super::posts::{Deletion, Found, Medium, Post, PostStore, PutPost};
use super::quota::Act;
use crate::answers::PlatformError;
use crate::media::Picture;
use crate::platform::{Account, NewPost, Outlet};
use crate::{POST_LENGTH, deletion_price, price, weighted_length};

impl<P: PostStore, C: Clock + Send + 'static> Outlet for Sandbox<P, C> {
    async fn post(&self, new: NewPost) -> Upstream {
        let subject = new.text.clone();
        self.faults.before(&subject).await;
        if let Some(error) = self.faults.error(&subject) {
            return error.upstream();
        }
        if weighted_length(&new.text) > POST_LENGTH {
            return PlatformError::new(400, format!("the text is longer than {POST_LENGTH}")).upstream();
        }
        if self.faults.repeats(&subject) {
            return repeated();
        }
        let now = self.clock.now();
        match self.posts.spend(&new.account, Act::Post, now).await {
            Ok(Ok(())) => {}
            Ok(Err(wait)) => return rate_limited("too many posts", wait),
            Err(fault) => return unreached(&fault),
        }
        let post = post_of(new, now);
        let cost = price(&post.text);
        match self.posts.put(&post, cost).await {
            Ok(PutPost::New) => {
                self.answer(&subject, Outcome { cost, external_id: post.post_id, url: Some(post.url) })
            }
            Ok(PutPost::Duplicate) => repeated(),
            Err(fault) => Upstream::Unknown(fault.to_string()),
        }
    }

    async fn delete(&self, account: &Account, post_id: &str, key: Uuid) -> Upstream {
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
        let now = self.clock.now();
        match self.posts.spend(account, Act::Delete, now).await {
            Ok(Ok(())) => {}
            Ok(Err(wait)) => return rate_limited("too many deletions", wait),
            Err(fault) => return unreached(&fault),
        }
        let deletion = Deletion { key, at: now, cost: deletion_price() };
        if post.is_some()
            && let Err(fault) = self.posts.delete(account, post_id, deletion).await
        {
            return Upstream::Unknown(fault.to_string());
        }
        self.answer(&subject, gone(post_id, deletion.cost))
    }
}

impl<P, C> Sandbox<P, C> {
    /// What the caller hears of what was done.
    fn answer(&self, subject: &str, outcome: Outcome) -> Upstream {
        if self.faults.loses_answer(subject) {
            return Upstream::Unknown("the answer got lost, as TWITTER_FAULTS asks".to_owned());
        }
        Upstream::Done(outcome)
    }
}

fn repeated() -> Upstream {
    PlatformError::new(403, "duplicate content: the account has posted this text before").upstream()
}

fn gone(post_id: &str, cost: Money) -> Outcome {
    Outcome { external_id: post_id.to_owned(), url: None, cost }
}

fn rate_limited(what: &str, wait: Duration) -> Upstream {
    let seconds = u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX);
    PlatformError { retry_after_s: Some(seconds), ..PlatformError::new(429, what) }.upstream()
}

/// Nothing was done so far.
fn unreached(fault: &StoreFault) -> Upstream {
    let refusal = PlatformRefusal::UpstreamUnavailable.refusal(fault.to_string());
    Upstream::Refused { refusal, retry_after_s: None }
}

fn post_of(new: NewPost, now: Timestamp) -> Post {
    let Account { tenant, name } = &new.account;
    let post_id = id_at(now, &format!("{tenant}\n{name}\n{}\n{}", new.key, new.text));
    Post {
        url: format!("https://x.example/{}/status/{post_id}", new.account.name),
        post_id,
        tenant: new.account.tenant,
        account: new.account.name,
        text: new.text,
        made_with_ai: new.made_with_ai,
        paid_partnership: new.paid_partnership,
        in_reply_to: new.in_reply_to,
        media: new.media.into_iter().map(kept).collect(),
        created_at: now,
        idempotency_key: Some(new.key),
    }
}

fn kept(picture: Picture) -> Medium {
    let Picture { digest, mime, alt_text, bytes } = picture;
    Medium { digest, mime, bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX), alt_text }
}
