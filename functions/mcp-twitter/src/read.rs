//! The read half: what the platform shows anybody. Holds nothing that could post.

use chimera_mcp::ToolClass;
use chimera_mcp::server::{ToolFault, ToolSpec, Tools};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::posts::PostStore;

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
    account: String,
    text: Option<String>,
    limit: Option<usize>,
}

impl<P: PostStore> ReadHalf<P> {
    /// Tools over a store.
    pub fn new(posts: P) -> Self {
        Self { posts }
    }

    async fn search(&self, search: Search) -> Result<Value, ToolFault> {
        let limit = search.limit.unwrap_or(DEFAULT_LIMIT);
        // What is filtered away does not count: a read-back must find its post behind any number of others.
        let read = if search.text.is_some() { MAX_LIMIT } else { limit };
        let mut posts = self.posts.list(&search.account, read).await?;
        posts.retain(|post| search.text.as_ref().is_none_or(|text| post.text.contains(text.as_str())));
        posts.truncate(limit);
        Ok(json!({ "posts": posts }))
    }

    async fn account(&self, account: &str) -> Result<Value, ToolFault> {
        Ok(json!({
            "account": account,
            "url": format!("https://x.example/{account}"),
            "automated": true,
            "posts": self.posts.count(account).await?,
        }))
    }
}

impl<P: PostStore> Tools for ReadHalf<P> {
    fn server(&self) -> &'static str {
        "twitter"
    }

    fn specs(&self) -> Vec<ToolSpec> {
        vec![
            ToolSpec {
                name: "posts_search",
                description: "An account's posts, newest first, optionally those that contain a text.",
                input: json!({
                    "type": "object",
                    "required": ["account"],
                    "properties": {
                        "account": { "type": "string", "minLength": 1, "maxLength": 64 },
                        "text": { "type": "string", "maxLength": 4000 },
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
                    "required": ["account"],
                    "properties": { "account": { "type": "string", "minLength": 1, "maxLength": 64 } },
                    "additionalProperties": false,
                }),
                output: json!({ "type": "object", "required": ["account", "url", "posts"] }),
                class: ToolClass::Read,
            },
        ]
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<Value, ToolFault> {
        let search: Search =
            serde_json::from_value(arguments).map_err(|error| ToolFault::Failed(error.into()))?;
        match tool {
            "posts_search" => self.search(search).await,
            _ => self.account(&search.account).await,
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
            "created_at": { "type": "string" },
            "idempotency_key": { "type": "string" },
        },
    })
}
