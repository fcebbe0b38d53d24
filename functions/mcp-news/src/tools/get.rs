//! `news_get`: one article by its id.

use std::sync::Arc;

use chimera_domain::ports::Clock;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::article::Article;
use crate::wire::Newsroom;

/// Finds an article.
#[derive(Debug)]
pub struct NewsGet<C>(pub Arc<Newsroom<C>>);

/// Which article.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// Its id, from another answer.
    #[schemars(length(min = 1, max = 64))]
    id: String,
}

impl<C: Clock + Send + 'static> Tool for NewsGet<C> {
    const NAME: &'static str = "news_get";
    const DESCRIPTION: &'static str = "One article by the id that another answer gave it.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Get;
    type Output = Article;

    async fn call(&self, _context: &CallContext, input: Get) -> Result<Article, ToolFault> {
        let wired = self.0.articles().await?;
        let found = wired.articles.into_iter().find(|article| article.id == input.id);
        let why = match wired.silent.as_slice() {
            [] => "no source has this article any more".to_owned(),
            silent => format!("no source that can be read has this article; silent: {}", silent.join(", ")),
        };
        // A source that is silent may have it.
        found.ok_or_else(|| ToolFault::refused("not_found", why, !wired.silent.is_empty()))
    }
}
