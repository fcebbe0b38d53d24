//! `news_search`: articles by their words.

use std::sync::Arc;

use chimera_domain::Timestamp;
use chimera_domain::ports::Clock;
use chimera_mcp::ToolClass;
use chimera_mcp::server::{CallContext, Tool, ToolFault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::article::Article;
use crate::search::{Order, Question, search};
use crate::wire::Newsroom;

/// Articles of a page where the caller names no number.
const PAGE_SIZE: usize = 20;

/// Searches the newsroom.
#[derive(Debug)]
pub struct NewsSearch<C>(pub Arc<Newsroom<C>>);

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words that an article must have, all of them.
    #[schemars(length(min = 1, max = 500))]
    query: String,
    /// Not before, RFC 3339.
    #[schemars(with = "Option<String>")]
    from: Option<Timestamp>,
    /// Not after, RFC 3339.
    #[schemars(with = "Option<String>")]
    to: Option<Timestamp>,
    /// Sources by name; all where none is named.
    #[serde(default)]
    #[schemars(length(max = 20))]
    sources: Vec<String>,
    /// In which order; by relevance unless named.
    #[serde(default)]
    sort: Sort,
    /// Articles of a page; 20 unless named.
    #[schemars(range(min = 1, max = 100))]
    page_size: Option<usize>,
    /// Which page, from 1.
    #[schemars(range(min = 1, max = 100))]
    page: Option<usize>,
}

/// In which order articles come.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    /// The best first.
    #[default]
    Relevance,
    /// The newest first.
    PublishedAt,
}

/// One page of what was found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Page {
    /// How many articles there are on all pages.
    total: usize,
    /// The articles.
    articles: Vec<Hit>,
    /// Sources that could not be read this time.
    silent: Vec<String>,
}

/// An article and how well it answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Hit {
    /// The article.
    article: Article,
    /// How well it answers, in basis points of the best.
    #[schemars(range(max = 10_000))]
    relevance: u32,
}

impl<C: Clock + Send + 'static> Tool for NewsSearch<C> {
    const NAME: &'static str = "news_search";
    const DESCRIPTION: &'static str = "Finds articles that have all the words of a query.";
    const CLASS: ToolClass = ToolClass::Read;
    type Input = Search;
    type Output = Page;

    async fn call(&self, _context: &CallContext, input: Search) -> Result<Page, ToolFault> {
        if let (Some(from), Some(to)) = (input.from, input.to)
            && from > to
        {
            return Err(ToolFault::refused("invalid_input", "from is after to", false));
        }
        let wired = self.0.articles().await?;
        let order = match input.sort {
            Sort::Relevance => Order::Relevance,
            Sort::PublishedAt => Order::Newest,
        };
        let Search { from, to, .. } = input;
        let question = Question { query: &input.query, from, to, sources: &input.sources, order };
        let found = search(&wired.articles, &question);
        let size = input.page_size.unwrap_or(PAGE_SIZE);
        let before = size.saturating_mul(input.page.unwrap_or(1).saturating_sub(1));
        let total = found.len();
        let page = found.into_iter().skip(before).take(size);
        let articles = page.map(|(article, relevance)| Hit { article, relevance }).collect();
        Ok(Page { total, articles, silent: wired.silent })
    }
}
