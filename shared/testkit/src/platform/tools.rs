//! The read half: looking at the account, and the news server.

use std::time::Duration;

use chimera_domain::Refusal;
use chimera_domain::ports::{Clock as _, ReadTools, ToolError};
use serde_json::{Value, json};

use super::{Inner, Post, SandboxPlatform};
use crate::Fault;
use crate::faults::crash_after;

/// Where a post can be seen.
pub(super) fn url_of(post_id: &str) -> String {
    format!("https://twitter.example/{post_id}")
}

impl Inner {
    fn search(&self, arguments: &Value) -> Result<Value, ToolError> {
        let named = |name: &str| arguments.get(name).and_then(Value::as_str);
        let (Some(tenant), Some(account)) = (named("tenant"), named("account")) else {
            let message = "tenant and account must be named".to_owned();
            let code = "invalid_input".to_owned();
            return Err(ToolError::Refused(Refusal { code, message, retryable: false }));
        };
        let (text, post_id) = (named("text"), named("post_id"));
        let limit = arguments.get("limit").and_then(Value::as_u64).unwrap_or(20);
        let own = |post: &&Post| post.tenant.as_str() == tenant && post.account.as_str() == account;
        let found = self.visible().rev().filter(own);
        let found = found.filter(|post| text.is_none_or(|text| post.text.contains(text)));
        let found = found.filter(|post| post_id.is_none_or(|id| post.post_id == id));
        let found = found.take(usize::try_from(limit).unwrap_or(usize::MAX));
        let posts: Vec<Value> = found.map(|post| shown(post, self.hides_keys)).collect();
        Ok(json!({ "posts": posts }))
    }

    /// How posts of the account did; those that are not there are left out.
    fn metrics(&self, arguments: &Value) -> Result<Value, ToolError> {
        let named = |name: &str| arguments.get(name).and_then(Value::as_str);
        let (Some(tenant), Some(account)) = (named("tenant"), named("account")) else {
            let message = "tenant and account must be named".to_owned();
            let code = "invalid_input".to_owned();
            return Err(ToolError::Refused(Refusal { code, message, retryable: false }));
        };
        let ids = arguments.get("post_ids").and_then(Value::as_array);
        let ids: Vec<&str> = ids.into_iter().flatten().filter_map(Value::as_str).collect();
        let own = |post: &&Post| post.tenant.as_str() == tenant && post.account.as_str() == account;
        let asked = self.visible().filter(own).filter(|post| ids.contains(&post.post_id.as_str()));
        let metrics: Vec<Value> = asked.map(figures).collect();
        Ok(json!({ "metrics": metrics, "missing": [] }))
    }

    fn headlines(&self, arguments: &Value) -> Result<Value, ToolError> {
        let url = arguments.get("url").and_then(Value::as_str).unwrap_or_default();
        let limit = arguments.get("limit").and_then(Value::as_u64).unwrap_or(20);
        let refuse = |code: &str, message: &str, retryable: bool| {
            let (code, message) = (code.to_owned(), message.to_owned());
            Err(ToolError::Refused(Refusal { code, message, retryable }))
        };
        match self.feeds.get(url) {
            None => refuse("unreachable", "nobody answers there", true),
            Some(feed) if feed.is_empty() => refuse("empty_feed", "the feed has no articles", false),
            Some(feed) => Ok(feed.headlines(usize::try_from(limit).unwrap_or(usize::MAX))),
        }
    }
}

impl Inner {
    /// An article of any feed, as `news_get` answers it.
    fn article(&self, arguments: &Value) -> Result<Value, ToolError> {
        let id = arguments.get("id").and_then(Value::as_str).unwrap_or_default();
        let found = self.feeds.values().find_map(|feed| feed.article(id));
        found.ok_or_else(|| {
            let message = "no source has this article any more".to_owned();
            ToolError::Refused(Refusal { code: "not_found".to_owned(), message, retryable: false })
        })
    }
}

/// Figures that differ from post to post and never change.
fn figures(post: &Post) -> Value {
    let of = |step: usize| post.text.bytes().step_by(step).map(u64::from).sum::<u64>() % 97;
    json!({ "post_id": post.post_id, "likes": of(1), "replies": of(5) / 9, "reposts": of(3) / 4, "quotes": of(7) / 16 })
}

fn shown(post: &Post, hides_keys: bool) -> Value {
    let mut shown = json!({
        "post_id": post.post_id,
        "url": url_of(&post.post_id),
        "account": post.account,
        "text": post.text,
        "created_at": post.created_at.to_string(),
    });
    if let Some(to) = &post.in_reply_to {
        shown["in_reply_to"] = json!(to);
    }
    if !hides_keys {
        shown["idempotency_key"] = json!(post.idempotency_key);
    }
    shown
}

impl ReadTools for SandboxPlatform {
    async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        _deadline: Duration,
    ) -> Result<Value, ToolError> {
        let fault = self.faults.at(&self.function, tool).await;
        if let Some(Fault::Contention | Fault::Unavailable) = fault {
            return Err(ToolError::Unsent("injected: connection refused".to_owned()));
        }
        let answer = {
            let mut inner = self.lock();
            inner.settle_late(self.clock.now());
            match (server, tool) {
                ("twitter", "posts_search") => inner.search(&arguments),
                ("twitter", "posts_metrics") => inner.metrics(&arguments),
                ("twitter", "account_get") => {
                    let account = arguments.get("account").cloned().unwrap_or_default();
                    Ok(json!({ "account": account }))
                }
                ("news", "news_headlines") => inner.headlines(&arguments),
                ("news", "news_get") => inner.article(&arguments),
                _ => Err(ToolError::Forbidden(format!("{server}.{tool} is not known here"))),
            }
        };
        crash_after(fault);
        match fault {
            Some(Fault::LostReply) => Err(ToolError::Unknown("injected: the reply was lost".to_owned())),
            _ => answer,
        }
    }
}
