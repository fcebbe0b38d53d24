//! What the tools need of the platform: two ports, for two roles.

use std::future::Future;
use std::time::Duration;

use chimera_domain::{AgentId, TenantId, Timestamp};
use chimera_mcp::server::{StoreFault, ToolFault, Upstream};
use chimera_policy::refusals::PlatformRefusal;
use thiserror::Error;
use uuid::Uuid;

use crate::answers::PlatformError;
use crate::media::Picture;
use crate::shown::{FoundPost, Mentions, PostMetrics, Profile, SeenMention, ShownPost, Trend, Usage};

/// [E-8] An account: two tenants may each have one of the same name, and neither knows of the other's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// Whose.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
}

impl Account {
    /// The account of a tenant's agent, which is called like it.
    #[must_use]
    pub fn of(tenant: TenantId, agent: AgentId) -> Self {
        Self { tenant, name: agent.into() }
    }
}

/// Which of an account's posts are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Those that contain this.
    pub text: Option<String>,
    /// The one with this id.
    pub post_id: Option<String>,
    /// Those that are not older.
    pub since: Option<Timestamp>,
    /// At most so many, newest first.
    pub limit: usize,
}

/// Looks at the platform.
pub trait Timeline: Send + Sync + 'static {
    /// The account's posts and replies that were not deleted, newest first.
    fn posts(
        &self,
        account: &Account,
        wanted: &Wanted,
    ) -> impl Future<Output = Result<Vec<ShownPost>, ReadFault>> + Send;

    /// The account as anybody sees it.
    fn profile(&self, account: &Account) -> impl Future<Output = Result<Profile, ReadFault>> + Send;

    /// What was said to the account after `since_id`, newest first, at most `limit`.
    fn mentions(
        &self,
        account: &Account,
        since_id: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Mentions, ReadFault>> + Send;

    /// What was said to the account after `since_id` (`0` for the first that is known), oldest first, at most `limit`:
    /// whoever reads on from the last one misses none, however many there are.
    fn mentions_after(
        &self,
        account: &Account,
        since_id: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Mentions, ReadFault>> + Send;

    /// What anybody said in the last days, newest first, at most `limit`.
    fn recent(
        &self,
        tenant: &TenantId,
        query: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<FoundPost>, ReadFault>> + Send;

    /// What many speak of in a place, most first, at most `limit`.
    fn trends(
        &self,
        tenant: &TenantId,
        woeid: u32,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Trend>, ReadFault>> + Send;

    /// How posts of the account did; those that it does not show are left out.
    fn metrics(
        &self,
        account: &Account,
        post_ids: &[String],
    ) -> impl Future<Output = Result<Vec<PostMetrics>, ReadFault>> + Send;

    /// What the account used.
    fn usage(&self, account: &Account) -> impl Future<Output = Result<Usage, ReadFault>> + Send;
}

/// The first `limit` of mentions that come oldest first.
pub(crate) fn oldest(mut mentions: Vec<SeenMention>, limit: usize) -> Mentions {
    let has_more = mentions.len() > limit;
    mentions.truncate(limit);
    let newest_id = mentions.last().map(|mention| mention.id.clone());
    Mentions { mentions, newest_id, has_more }
}

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
    /// Its pictures, already checked.
    pub media: Vec<Picture>,
    /// The effect's key.
    pub key: Uuid,
}

/// Changes the platform, each call once.
pub trait Outlet: Send + Sync + 'static {
    /// Posts, with its pictures or not at all.
    fn post(&self, new: NewPost) -> impl Future<Output = Upstream> + Send;

    /// [E-9] Deletes a post of the account. One that is not there is gone: what was asked for is the case.
    fn delete(&self, account: &Account, post_id: &str, key: Uuid) -> impl Future<Output = Upstream> + Send;
}

/// Nothing was read.
#[derive(Debug, Error)]
pub enum ReadFault {
    /// The platform says no. Who must act depends on what it says.
    #[error("the platform answered {}: {}", .0.status, .0.detail)]
    Platform(PlatformError),
    /// The platform was not reached or did not answer. The caller tries again.
    #[error("the platform did not answer: {0}")]
    Unreached(String),
    /// There is no credential that could read it. Whoever runs the account must see to its secret.
    #[error("{0}")]
    Credentials(String),
    /// This backend cannot do it. The caller asks for something else.
    #[error("{0}")]
    Unsupported(String),
    /// The sandbox's store failed. An operator looks.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl From<ReadFault> for ToolFault {
    fn from(fault: ReadFault) -> Self {
        match fault {
            ReadFault::Platform(error) => refused(&error),
            ReadFault::Unreached(_) => {
                Self::refused(PlatformRefusal::UpstreamUnavailable.code(), fault.to_string(), true)
            }
            ReadFault::Credentials(_) => {
                Self::refused(PlatformRefusal::CredentialsRefused.code(), fault.to_string(), false)
            }
            ReadFault::Unsupported(_) => Self::refused("unsupported", fault.to_string(), false),
            ReadFault::Store(fault) => fault.into(),
        }
    }
}

/// [E-11] The same table as for effects, but that a reader may ask again where nobody knows what happened.
fn refused(error: &PlatformError) -> ToolFault {
    let row = error.refusal().unwrap_or(PlatformRefusal::UpstreamUnavailable);
    match error.retry_after_s.filter(|_| row.is_retryable()) {
        Some(seconds) => ToolFault::wait(row.code(), error.words(), Duration::from_secs(u64::from(seconds))),
        None => ToolFault::refused(row.code(), error.words(), row.is_retryable()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(fault: ReadFault) -> (String, bool) {
        let fault = ToolFault::from(fault);
        let refusal = fault.refusal().unwrap();
        (refusal.code.clone(), refusal.retryable)
    }

    /// [E-11]
    #[test]
    fn a_reader_is_told_what_to_do() {
        let answered = |status| ReadFault::Platform(PlatformError::new(status, ""));
        for (fault, told) in [
            (answered(429), ("rate_limited", true)),
            (answered(503), ("upstream_unavailable", true)),
            (answered(401), ("credentials_refused", false)),
            (answered(404), ("not_found", false)),
            (answered(422), ("platform_refused", false)),
            (ReadFault::Unreached("reset".to_owned()), ("upstream_unavailable", true)),
            (ReadFault::Credentials("no secret".to_owned()), ("credentials_refused", false)),
            (ReadFault::Unsupported("parentheses".to_owned()), ("unsupported", false)),
        ] {
            assert_eq!(code(fault), (told.0.to_owned(), told.1));
        }
        let limited = PlatformError { retry_after_s: Some(90), ..PlatformError::new(429, "") };
        let told = ToolFault::from(ReadFault::Platform(limited));
        assert!(matches!(told, ToolFault::Wait { retry_after_s: 90, .. }), "{told:?}");
    }
}
