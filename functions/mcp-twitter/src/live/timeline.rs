//! The platform shows what was posted, and what came of it.

use std::collections::HashMap;

use chimera_domain::ports::Clock;
use chimera_domain::{TenantId, Timestamp};
use chimera_signed_http::secrets::SecretVault;

use super::client::{Ask, CallFault};
use super::outlet::url_of;
use super::said::said;
use super::tokens::{Owner, TokenFault};
use super::wire::{self, Media, ProjectUse, Trending, Tweet, Tweets, User};
use super::{Live, LiveFault};
use crate::platform::{Account, ReadFault, Timeline, Wanted, oldest};
use crate::shown::{
    FoundPost, Mentions, PostMetrics, Profile, ProjectUsage, SeenMention, ShownMedium, ShownPost, Trend,
    Usage,
};

/// Posts looked at where they are filtered: the most that the platform gives at once.
const LOOK_BACK: usize = 100;
/// Pages of mentions read at once: the platform shows the last 800.
const PAGES: usize = 8;
/// The fewest posts that the platform gives at once.
const FEWEST: usize = 5;
/// What is asked for of a post. Who wrote it and what it answers are no fields: they come with [`POST_RELATIONS`].
const POST_FIELDS: &str = "created_at,entities,attachments";
/// What is asked for of whom and what a post names.
const POST_RELATIONS: &str = "author_id,referenced_posts";

impl From<LiveFault> for ReadFault {
    fn from(fault: LiveFault) -> Self {
        match fault {
            LiveFault::Token(TokenFault::Useless(why)) => Self::Credentials(why),
            LiveFault::Token(TokenFault::Unreached(why))
            | LiveFault::Call(CallFault::Unsent(why) | CallFault::Lost(why)) => Self::Unreached(why),
            LiveFault::Call(CallFault::Answered(error)) => Self::Platform(error),
        }
    }
}

impl From<CallFault> for ReadFault {
    fn from(fault: CallFault) -> Self {
        LiveFault::Call(fault).into()
    }
}

impl<V: SecretVault, C: Clock + Send + 'static> Live<V, C> {
    /// Posts by their ids, as far as they are there and the account's own.
    async fn own_posts(&self, account: &Account, ids: &str, ask: Ask) -> Result<Tweets, ReadFault> {
        let user = self.user(account).await?;
        let answer = self.ask(&Owner::Account(account.clone()), &ask.with("ids", ids)).await?;
        let mut found = wire::tweets(answer)?;
        // What may not be looked at is not gone.
        if let Some(problem) = found.errors.iter().find(|problem| !problem.is_absence()) {
            return Err(ReadFault::Platform(problem.as_answer()));
        }
        // A post that does not say whose it is could be the one that is looked for.
        if found.data.iter().any(|tweet| tweet.author_id.is_none()) {
            return Err(ReadFault::Unreached("the platform gave a post without its author".to_owned()));
        }
        found.data.retain(|tweet| tweet.author_id.as_ref() == Some(&user.id));
        Ok(found)
    }

    /// One page of what was said to the account, newest first, and where the next one begins.
    async fn page_of_mentions(
        &self,
        account: &Account,
        since_id: Option<&str>,
        limit: usize,
        page: Option<&str>,
    ) -> Result<(Vec<SeenMention>, Option<String>), ReadFault> {
        let user = self.user(account).await?;
        let ask = Ask::get(["2", "users", &user.id, "mentions"])
            .with("expansions", POST_RELATIONS)
            .with("post.fields", POST_FIELDS)
            .with("user.fields", "username")
            .with("max_results", limit.clamp(FEWEST, LOOK_BACK).to_string())
            .with_some("since_id", since_id)
            .with_some("pagination_token", page);
        let found = wire::tweets(self.ask(&Owner::Account(account.clone()), &ask).await?)?;
        let people = names(&found.includes.users);
        let seen = found.data.iter().map(|tweet| mention(tweet, &people));
        Ok((seen.collect::<Result<Vec<_>, _>>()?, found.meta.next_token))
    }

    async fn timeline(&self, account: &Account, wanted: &Wanted) -> Result<Tweets, ReadFault> {
        let user = self.user(account).await?;
        let limit = if wanted.text.is_some() { LOOK_BACK } else { wanted.limit.clamp(FEWEST, LOOK_BACK) };
        let since = wanted.since.and_then(|since| Timestamp::from_second(since.as_second()).ok());
        let ask = whole(Ask::get(["2", "users", &user.id, "tweets"]))
            .with("exclude", "retweets")
            .with("max_results", limit.to_string())
            .with_some("start_time", since.map(|since| since.to_string()));
        let answer = self.ask(&Owner::Account(account.clone()), &ask).await?;
        Ok(wire::tweets(answer)?)
    }
}

impl<V: SecretVault, C: Clock + Send + 'static> Timeline for Live<V, C> {
    async fn posts(&self, account: &Account, wanted: &Wanted) -> Result<Vec<ShownPost>, ReadFault> {
        let found = match &wanted.post_id {
            Some(post_id) => self.own_posts(account, post_id, whole(Ask::get(["2", "tweets"]))).await?,
            None => self.timeline(account, wanted).await?,
        };
        let pictures: HashMap<&str, &Media> =
            found.includes.media.iter().map(|media| (media.media_key.as_str(), media)).collect();
        let asked = wanted.text.as_deref();
        let shown = found.data.iter().map(|tweet| shown(account, tweet, &pictures, asked));
        let mut posts = shown.collect::<Result<Vec<_>, _>>()?;
        posts.retain(|post| {
            let says = asked.is_none_or(|text| post.text.contains(text));
            says && wanted.since.is_none_or(|since| post.created_at >= since)
        });
        posts.truncate(wanted.limit);
        Ok(posts)
    }

    async fn profile(&self, account: &Account) -> Result<Profile, ReadFault> {
        let User { username, public_metrics, .. } = self.ask_user(account).await?;
        Ok(Profile {
            account: account.name.clone(),
            url: format!("https://x.com/{username}"),
            automated: None,
            posts: public_metrics.posts(),
            followers: public_metrics.followers_count,
        })
    }

    async fn mentions(
        &self,
        account: &Account,
        since_id: Option<&str>,
        limit: usize,
    ) -> Result<Mentions, ReadFault> {
        let (mentions, next) = self.page_of_mentions(account, since_id, limit, None).await?;
        let newest_id = mentions.first().map(|mention| mention.id.clone());
        Ok(Mentions { mentions, newest_id, has_more: next.is_some() })
    }

    async fn mentions_after(
        &self,
        account: &Account,
        since_id: &str,
        limit: usize,
    ) -> Result<Mentions, ReadFault> {
        let since = Some(since_id).filter(|id| *id != "0");
        let (mut said, mut next) = self.page_of_mentions(account, since, LOOK_BACK, None).await?;
        // The platform gives the newest first: the oldest are on the last page.
        for _ in 1..PAGES {
            let Some(token) = next.take() else { break };
            let (more, after) = self.page_of_mentions(account, since, LOOK_BACK, Some(&token)).await?;
            said.extend(more);
            next = after;
        }
        said.reverse();
        Ok(oldest(said, limit))
    }

    async fn recent(
        &self,
        tenant: &TenantId,
        query: &str,
        limit: usize,
    ) -> Result<Vec<FoundPost>, ReadFault> {
        let ask = Ask::get(["2", "tweets", "search", "recent"])
            .with("query", query)
            .with("expansions", "author_id")
            .with("post.fields", "created_at,entities,public_metrics")
            .with("user.fields", "username")
            .with("max_results", limit.to_string());
        let found = wire::tweets(self.ask(&Owner::Tenant(tenant.clone()), &ask).await?)?;
        let people = names(&found.includes.users);
        found.data.iter().map(|tweet| found_post(tweet, &people)).collect()
    }

    async fn trends(&self, tenant: &TenantId, woeid: u32, limit: usize) -> Result<Vec<Trend>, ReadFault> {
        let ask = Ask::get(["2", "trends", "by", "woeid", &woeid.to_string()])
            .with("max_trends", limit.to_string())
            .with("trend.fields", "trend_name,tweet_count");
        let found: Vec<Trending> = wire::data(self.ask(&Owner::Tenant(tenant.clone()), &ask).await?)?;
        let trend = |found: Trending| Trend { name: found.trend_name, posts: found.tweet_count };
        Ok(found.into_iter().take(limit).map(trend).collect())
    }

    async fn metrics(&self, account: &Account, post_ids: &[String]) -> Result<Vec<PostMetrics>, ReadFault> {
        let ask =
            Ask::get(["2", "tweets"]).with("post.fields", "public_metrics").with("expansions", "author_id");
        let found = self.own_posts(account, &post_ids.join(","), ask).await?;
        Ok(found.data.into_iter().map(metrics).collect())
    }

    async fn usage(&self, account: &Account) -> Result<Usage, ReadFault> {
        let ask = Ask::get(["2", "usage", "tweets"])
            .with("usage.fields", "cap_reset_day,project_cap,project_usage");
        let used: ProjectUse = wire::data(self.ask(&Owner::Tenant(account.tenant.clone()), &ask).await?)?;
        Ok(Usage::Project(ProjectUsage {
            posts_read: used.project_usage,
            posts_cap: used.project_cap,
            reset_day: used.cap_reset_day,
        }))
    }
}

/// With everything that is shown of a post.
fn whole(ask: Ask) -> Ask {
    ask.with("post.fields", POST_FIELDS)
        .with("expansions", format!("{POST_RELATIONS},attachments.media_keys"))
        .with("media.fields", "type,alt_text")
}

fn shown(
    account: &Account,
    tweet: &Tweet,
    pictures: &HashMap<&str, &Media>,
    asked: Option<&str>,
) -> Result<ShownPost, ReadFault> {
    let media = tweet.attachments.media_keys.iter().filter_map(|key| pictures.get(key.as_str()));
    let medium = |media: &&Media| ShownMedium {
        kind: media.kind.clone(),
        alt_text: media.alt_text.clone(),
        ..ShownMedium::default()
    };
    Ok(ShownPost {
        url: url_of(&tweet.id),
        post_id: tweet.id.clone(),
        account: account.name.clone(),
        text: said(tweet, asked),
        made_with_ai: None,
        paid_partnership: None,
        in_reply_to: tweet.replied_to().map(str::to_owned),
        media: media.map(medium).collect(),
        created_at: created_at(tweet)?,
        idempotency_key: None,
    })
}

fn mention(tweet: &Tweet, people: &HashMap<&str, &str>) -> Result<SeenMention, ReadFault> {
    Ok(SeenMention {
        id: tweet.id.clone(),
        author: author(tweet, people),
        text: said(tweet, None),
        created_at: created_at(tweet)?,
        in_reply_to: tweet.replied_to().map(str::to_owned),
    })
}

fn found_post(tweet: &Tweet, people: &HashMap<&str, &str>) -> Result<FoundPost, ReadFault> {
    Ok(FoundPost {
        url: url_of(&tweet.id),
        post_id: tweet.id.clone(),
        author: author(tweet, people),
        text: said(tweet, None),
        created_at: created_at(tweet)?,
        likes: tweet.public_metrics.like_count,
    })
}

fn metrics(tweet: Tweet) -> PostMetrics {
    let Tweet { id, public_metrics: of, .. } = tweet;
    PostMetrics {
        post_id: id,
        impressions: of.impression_count,
        likes: of.like_count,
        replies: of.reply_count,
        reposts: of.reposts(),
        quotes: of.quote_count,
        bookmarks: of.bookmark_count,
    }
}

fn names(users: &[User]) -> HashMap<&str, &str> {
    users.iter().map(|user| (user.id.as_str(), user.username.as_str())).collect()
}

/// By name, or by number where the platform does not tell the name.
fn author(tweet: &Tweet, people: &HashMap<&str, &str>) -> String {
    let id = tweet.author_id.as_deref().unwrap_or_default();
    people.get(id).copied().unwrap_or(id).to_owned()
}

fn created_at(tweet: &Tweet) -> Result<Timestamp, ReadFault> {
    tweet
        .created_at
        .ok_or_else(|| ReadFault::Unreached("the platform gave a post without its time".to_owned()))
}
