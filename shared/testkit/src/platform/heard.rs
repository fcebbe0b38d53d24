//! What is heard: what people say to an account, and what sources write about, shown by address as our own servers do.

use std::time::Duration;

use chimera_domain::ports::{Clock as _, Resources, ToolError};
use chimera_domain::{AgentId, TenantId, Timestamp};
use serde_json::{Value, json};

use super::server::refusal;
use super::{Inner, SandboxPlatform};
use crate::Fault;
use crate::faults::crash_after;

/// The first mention's id; later ones have larger ones.
const FIRST_MENTION: usize = 7_000_000_001;
/// Mentions shown at once.
const MENTIONS_AT_ONCE: usize = 100;
/// How long what was written is news.
const WINDOW: Duration = Duration::from_secs(4 * 60 * 60);

/// Something said to an account.
#[derive(Debug)]
pub(super) struct Mention {
    tenant: TenantId,
    account: AgentId,
    id: usize,
    author: String,
    text: String,
    in_reply_to: Option<String>,
    at: Timestamp,
}

/// Something that a source wrote.
#[derive(Debug)]
pub(super) struct Report {
    article: String,
    title: String,
    source: String,
    region: String,
    topic: String,
    at: Timestamp,
}

impl SandboxPlatform {
    /// Somebody says something to an account, perhaps in answer to a post; the mention's id.
    pub fn say(
        &self,
        (tenant, account): (&TenantId, &AgentId),
        author: &str,
        text: &str,
        in_reply_to: Option<&str>,
    ) -> String {
        let at = self.clock.now();
        let mut inner = self.lock();
        let id = FIRST_MENTION + inner.mentions.len();
        inner.mentions.push(Mention {
            tenant: tenant.clone(),
            account: account.clone(),
            id,
            author: author.to_owned(),
            text: text.to_owned(),
            in_reply_to: in_reply_to.map(str::to_owned),
            at,
        });
        id.to_string()
    }

    /// A source writes an article of a feed, or any other, in a region and about a topic.
    pub fn report(&self, article: &str, title: &str, source: &str, (region, topic): (&str, &str)) {
        let at = self.clock.now();
        let own = |text: &str| text.to_owned();
        self.lock().reports.push(Report {
            article: own(article),
            title: own(title),
            source: own(source),
            region: own(region),
            topic: own(topic),
            at,
        });
    }
}

impl Inner {
    fn show(&self, uri: &str, now: Timestamp) -> Option<Value> {
        let (scheme, path) = uri.split_once("://")?;
        let parts: Vec<&str> = path.split('/').collect();
        match (scheme, parts.as_slice()) {
            ("twitter", [tenant, account, "mentions", since]) => {
                Some(self.mentions_after(tenant, account, since.parse().ok()?))
            }
            ("news", [region, topic, "trends"]) => Some(self.headlines_of(region, topic, now)),
            _ => None,
        }
    }

    fn mentions_after(&self, tenant: &str, account: &str, since: usize) -> Value {
        let own = |one: &&Mention| one.tenant.as_str() == tenant && one.account.as_str() == account;
        let newer: Vec<&Mention> =
            self.mentions.iter().filter(own).filter(|mention| mention.id > since).collect();
        let shown: Vec<Value> = newer.iter().take(MENTIONS_AT_ONCE).map(|mention| mention.shown()).collect();
        let mut page = json!({ "mentions": shown, "has_more": newer.len() > MENTIONS_AT_ONCE });
        if let Some(last) = newer.iter().take(MENTIONS_AT_ONCE).next_back() {
            page["newest_id"] = json!(last.id.to_string());
        }
        page
    }

    fn headlines_of(&self, region: &str, topic: &str, now: Timestamp) -> Value {
        let is_wanted = |wanted: &str, is: &str| wanted == "any" || wanted == is;
        let of = |report: &&Report| is_wanted(region, &report.region) && is_wanted(topic, &report.topic);
        let lately = self.reports.iter().rev().filter(of).filter(|report| report.at + WINDOW > now);
        let headlines: Vec<Value> = lately
            .map(|Report { article, title, source, at, .. }| {
                json!({ "id": article, "title": title, "source": source, "published_at": at })
            })
            .collect();
        json!({ "trends": [], "headlines": headlines, "silent": [] })
    }
}

impl Mention {
    fn shown(&self) -> Value {
        let Self { id, author, text, at, in_reply_to, .. } = self;
        let mut shown = json!({ "id": id.to_string(), "author": author, "text": text, "created_at": at });
        if let Some(to) = in_reply_to {
            shown["in_reply_to"] = json!(to);
        }
        shown
    }
}

impl Resources for SandboxPlatform {
    async fn read(&self, server: &str, uri: &str, _deadline: Duration) -> Result<Value, ToolError> {
        let fault = self.faults.at(&self.function, &format!("read_{server}")).await;
        if let Some(Fault::Contention | Fault::Unavailable) = fault {
            return Err(ToolError::Unsent("injected: connection refused".to_owned()));
        }
        let shown = self.lock().show(uri, self.clock.now());
        crash_after(fault);
        match fault {
            Some(Fault::LostReply) => Err(ToolError::Unknown("injected: the reply was lost".to_owned())),
            _ => {
                shown.ok_or_else(|| ToolError::Refused(refusal("not_found", "nothing is shown there", false)))
            }
        }
    }
}
