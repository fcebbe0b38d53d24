//! The sandbox shows what was posted, and what came of it.

use chimera_domain::ports::Clock;
use chimera_domain::{TenantId, Timestamp};

use super::Sandbox;
use super::chatter::{first_of, id_number, mentions, public, replies};
use super::engagement::{followers, metrics};
use super::posts::{Medium, Post, PostStore, day_of};
use super::query::Query;
use super::quota::Act;
use super::topics::trends;
use crate::platform::{Account, ReadFault, Timeline, Wanted, oldest};
use crate::shown::{
    AccountUsage, FoundPost, Mentions, PostMetrics, Profile, QuotaLeft, ShownMedium, ShownPost, Trend, Usage,
};

/// Posts looked at where they are filtered, or where answers to them are looked for.
const LOOK_BACK: usize = 100;

impl<P: PostStore, C: Clock + Send + 'static> Sandbox<P, C> {
    /// What goes wrong before anything is read.
    async fn meets_faults(&self, tool: &str, what: &str) -> Result<(), ReadFault> {
        let subject = format!("read: {tool} {what}");
        self.faults.delay(&subject).await;
        self.faults.error(&subject).map_or(Ok(()), |error| Err(ReadFault::Platform(error.clone())))
    }
}

impl<P: PostStore, C: Clock + Send + 'static> Timeline for Sandbox<P, C> {
    async fn posts(&self, account: &Account, wanted: &Wanted) -> Result<Vec<ShownPost>, ReadFault> {
        self.meets_faults("posts_search", &account.name).await?;
        let is_filtered = wanted.text.is_some() || wanted.since.is_some();
        let mut posts = match &wanted.post_id {
            Some(post_id) => self.posts.one(account, post_id).await?.into_iter().collect(),
            // What is filtered away does not count: a read-back must find its post behind any number of others.
            None => self.posts.list(account, if is_filtered { LOOK_BACK } else { wanted.limit }).await?,
        };
        posts.retain(|post| {
            let says = wanted.text.as_ref().is_none_or(|text| post.text.contains(text.as_str()));
            says && wanted.since.is_none_or(|since| post.created_at >= since)
        });
        posts.truncate(wanted.limit);
        Ok(posts.into_iter().map(shown).collect())
    }

    async fn profile(&self, account: &Account) -> Result<Profile, ReadFault> {
        self.meets_faults("account_get", &account.name).await?;
        let posts = self.posts.count(account).await?;
        Ok(Profile {
            account: account.name.clone(),
            url: format!("https://x.example/{}", account.name),
            automated: Some(true),
            posts: u64::try_from(posts).unwrap_or(u64::MAX),
            followers: followers(self.people.seed, account),
        })
    }

    async fn mentions(
        &self,
        account: &Account,
        since_id: Option<&str>,
        limit: usize,
    ) -> Result<Mentions, ReadFault> {
        self.meets_faults("mentions_list", &account.name).await?;
        let posts = self.posts.list(account, LOOK_BACK).await?;
        let mut said = mentions(self.people, &posts, self.clock.now());
        let since = since_id.map(id_number).unwrap_or_default();
        said.retain(|mention| id_number(&mention.id) > since);
        let has_more = said.len() > limit;
        said.truncate(limit);
        let newest_id = said.first().map(|mention| mention.id.clone());
        Ok(Mentions { mentions: said, newest_id, has_more })
    }

    async fn mentions_after(
        &self,
        account: &Account,
        since_id: &str,
        limit: usize,
    ) -> Result<Mentions, ReadFault> {
        self.meets_faults("mentions", &account.name).await?;
        let posts = self.posts.list(account, LOOK_BACK).await?;
        let since = id_number(since_id);
        let mut said = mentions(self.people, &posts, self.clock.now());
        said.retain(|mention| id_number(&mention.id) > since);
        said.reverse();
        Ok(oldest(said, limit))
    }

    async fn recent(
        &self,
        tenant: &TenantId,
        query: &str,
        limit: usize,
    ) -> Result<Vec<FoundPost>, ReadFault> {
        self.meets_faults("search_recent", tenant.as_str()).await?;
        let query = Query::parse(query).map_err(|unread| ReadFault::Unsupported(unread.to_string()))?;
        let said = public(self.people.seed, self.clock.now()).into_iter();
        Ok(said.filter(|post| query.matches(&post.author, &post.text)).take(limit).collect())
    }

    async fn trends(&self, tenant: &TenantId, woeid: u32, limit: usize) -> Result<Vec<Trend>, ReadFault> {
        self.meets_faults("trends_list", tenant.as_str()).await?;
        Ok(trends(self.people.seed, woeid, self.clock.now(), limit))
    }

    async fn metrics(&self, account: &Account, post_ids: &[String]) -> Result<Vec<PostMetrics>, ReadFault> {
        self.meets_faults("posts_metrics", &account.name).await?;
        let (now, followers) = (self.clock.now(), followers(self.people.seed, account));
        let posts = self.posts.list(account, LOOK_BACK).await?;
        let first = first_of(&posts);
        let mut found = Vec::new();
        for post_id in post_ids {
            if let Some(post) = self.posts.one(account, post_id).await? {
                let mut metrics = metrics(self.people, &post, followers, now);
                // Everybody who answered has answered.
                let is_first = first == Some(post.post_id.as_str());
                let answers = replies(self.people, &post, is_first).into_iter();
                let answers = answers.filter(|said| said.created_at <= now).count();
                let answers = u64::try_from(answers).unwrap_or_default();
                metrics.replies = metrics.replies.max(answers);
                found.push(metrics);
            }
        }
        Ok(found)
    }

    async fn usage(&self, account: &Account) -> Result<Usage, ReadFault> {
        self.meets_faults("usage", &account.name).await?;
        let now = self.clock.now();
        let day = day_of(now);
        let spent = self.posts.spent(account, &day).await?;
        let mut quotas = Vec::new();
        for (act, of) in [(Act::Post, "post"), (Act::Delete, "delete")] {
            let full_at = self.posts.quotas(account, act).await?;
            quotas.extend(left(act, of, &full_at, now));
        }
        let (posts, deletions, cost) = (spent.posts, spent.deletions, spent.cost);
        Ok(Usage::Account(AccountUsage {
            account: account.name.clone(),
            day,
            posts,
            deletions,
            cost,
            quotas,
        }))
    }
}

fn left(act: Act, of: &'static str, full_at_ms: &[i64], now: Timestamp) -> Vec<QuotaLeft> {
    let full_at = |at: usize| full_at_ms.get(at).copied().unwrap_or_default();
    let quotas = act.quotas().iter().enumerate();
    let left = quotas.map(|(at, quota)| QuotaLeft {
        of,
        window_s: quota.window.as_secs(),
        limit: quota.calls,
        left: quota.left(full_at(at), now.as_millisecond()),
    });
    left.collect()
}

/// A post as the caller sees it, who has named the tenant.
fn shown(post: Post) -> ShownPost {
    ShownPost {
        post_id: post.post_id,
        url: post.url,
        account: post.account,
        text: post.text,
        made_with_ai: Some(post.made_with_ai),
        paid_partnership: post.paid_partnership.then_some(true),
        in_reply_to: post.in_reply_to,
        media: post.media.into_iter().map(medium).collect(),
        created_at: post.created_at,
        idempotency_key: post.idempotency_key,
    }
}

fn medium(kept: Medium) -> ShownMedium {
    let Medium { digest, mime, alt_text, .. } = kept;
    ShownMedium {
        digest: Some(digest.to_string()),
        mime: Some(mime.as_str().to_owned()),
        kind: None,
        alt_text,
    }
}
