//! The read half: what the platform shows anybody. Holds nothing that could post.

use chimera_domain::{AgentId, TenantId};
use chimera_mcp::ToolClass;
use chimera_mcp::server::{ToolFault, ToolSpec, Tools};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::posts::{Account, Post, PostStore};
use crate::schemas::{account, id, post_id};

/// Posts answered where the caller names no limit.
const DEFAULT_LIMIT: usize = 20;
/// Posts answered at most.
const MAX_LIMIT: usize = 100;

/// The read half's tools.
#[derive(Debug)]
pub struct ReadHalf<P> {
    posts: P,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    tenant: TenantId,
    account: AgentId,
    text: Option<String>,
    post_id: Option<String>,
    limit: Option<usize>,
}

impl<P: PostStore> ReadHalf<P> {
    /// Tools over a store.
    pub fn new(posts: P) -> Self {
        Self { posts }
    }

    async fn search(&self, account: &Account, search: Search) -> Result<Value, ToolFault> {
        let limit = search.limit.unwrap_or(DEFAULT_LIMIT);
        let mut posts = match &search.post_id {
            Some(post_id) => self.posts.one(account, post_id).await?.into_iter().collect(),
            // What is filtered away does not count: a read-back must find its post behind any number of others.
            None => self.posts.list(account, if search.text.is_some() { MAX_LIMIT } else { limit }).await?,
        };
        posts.retain(|post| search.text.as_ref().is_none_or(|text| post.text.contains(text.as_str())));
        posts.truncate(limit);
        let shown: Vec<Value> = posts.iter().map(shown).collect();
        Ok(json!({ "posts": shown }))
    }

    async fn account(&self, account: &Account) -> Result<Value, ToolFault> {
        let name = &account.name;
        Ok(json!({
            "account": name,
            "url": format!("https://x.example/{name}"),
            "automated": true,
            "posts": self.posts.count(account).await?,
        }))
    }
}

/// A post as the caller sees it, who has named the tenant.
fn shown(post: &Post) -> Value {
    let mut shown = json!(post);
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("tenant");
    }
    shown
}

impl<P: PostStore> Tools for ReadHalf<P> {
    fn server(&self) -> &'static str {
        "twitter"
    }

    fn specs(&self) -> Vec<ToolSpec> {
        vec![
            ToolSpec {
                name: "posts_search",
                description: "A tenant's account's posts and replies that were not deleted, newest first; optionally those that contain a text, or the one of an id.",
                input: json!({
                    "type": "object",
                    "required": ["tenant", "account"],
                    "properties": {
                        "tenant": id(),
                        "account": account(),
                        "text": { "type": "string", "maxLength": 4000 },
                        "post_id": post_id(),
                        "limit": { "type": "integer", "minimum": 1, "maximum": MAX_LIMIT },
                    },
                    "additionalProperties": false,
                }),
                output: json!({
                    "type": "object",
                    "required": ["posts"],
                    "properties": { "posts": { "type": "array", "items": post_schema() } },
                }),
                class: ToolClass::Read,
            },
            ToolSpec {
                name: "account_get",
                description: "An account as anybody sees it.",
                input: json!({
                    "type": "object",
                    "required": ["tenant", "account"],
                    "properties": { "tenant": id(), "account": account() },
                    "additionalProperties": false,
                }),
                output: json!({ "type": "object", "required": ["account", "url", "posts"] }),
                class: ToolClass::Read,
            },
        ]
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<Value, ToolFault> {
        let search: Search = serde_json::from_value(arguments)
            .map_err(|error| ToolFault::refused("invalid_input", error.to_string(), false))?;
        let account = Account { tenant: search.tenant.clone(), name: search.account.to_string() };
        match tool {
            "posts_search" => self.search(&account, search).await,
            _ => self.account(&account).await,
        }
    }
}

fn post_schema() -> Value {
    json!({
        "type": "object",
        "required": ["post_id", "url", "account", "text", "created_at"],
        "properties": {
            "post_id": { "type": "string" },
            "url": { "type": "string" },
            "account": { "type": "string" },
            "text": { "type": "string" },
            "in_reply_to": { "type": "string" },
            "made_with_ai": { "type": "boolean" },
            "paid_partnership": { "type": "boolean" },
            "created_at": { "type": "string" },
            "idempotency_key": { "type": "string" },
        },
    })
}
