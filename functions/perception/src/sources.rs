//! Asking the servers: all at the same time, each for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chimera_domain::ports::{Resources, ToolError};
use chimera_domain::{AgentId, Headline, React, TenantId, Timestamp};
use futures::future::join_all;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::event::{Heard, MentionsPage, NewsPage, SeenHeadline, SeenMention};
use crate::servers::{NEWS, TWITTER};

/// Pages of mentions read to get past what was said before any campaign began: the platform shows eight hundred mentions,
/// the server a hundred at once.
const PAGES: usize = 8;
/// Mentions looked at in one look. One transaction writes what follows from all of them; the rest comes next time.
pub(crate) const MENTIONS: usize = 90;
/// In an address: wherever, whatever.
const ANY: &str = "any";

/// What a look asks for.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) agent: &'a AgentId,
    /// The newest mention that was looked at, where mentions are wanted.
    pub(crate) since: Option<&'a str>,
    /// Nobody reacts to what was said before this.
    pub(crate) from: Timestamp,
    /// The regions and topics whose news are wanted.
    pub(crate) places: BTreeSet<String>,
}

/// The news that a campaign's brief means, as an address spells it.
pub(crate) fn place(react: &React) -> String {
    let name = |name: &Option<String>| name.as_deref().unwrap_or(ANY).to_owned();
    format!("{}/{}", name(&react.region), name(&react.topic))
}

/// What was said, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) mentions: Vec<Heard>,
    /// The last one that was looked at, whether it could go on or not.
    pub(crate) newest: Option<String>,
    /// Whether there is more already.
    pub(crate) has_more: bool,
}

/// What the servers answered, as far as they were asked and did.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) said: Option<Said>,
    pub(crate) news: BTreeMap<String, Vec<Headline>>,
    /// How many were asked.
    pub(crate) asked: usize,
    /// How many of them did not answer.
    pub(crate) silent: usize,
}

impl Answers {
    /// Whether everybody who was asked was silent.
    pub(crate) fn is_nothing(&self) -> bool {
        self.asked > 0 && self.silent == self.asked
    }

    /// Whether all that concerns such a campaign was answered.
    pub(crate) fn cover(&self, react: &React) -> bool {
        let has_mentions = react.mentions == 0 || self.said.is_some();
        has_mentions && (react.trends == 0 || self.news.contains_key(&place(react)))
    }

    fn missed(&mut self, server: &str, why: &ToolError) {
        self.silent += 1;
        tracing::warn!(mcp.server = server, error = %why, "A source was not heard; it is asked again");
    }
}

/// [PE-12] Asks every source at once. One that does not answer keeps no other from being heard.
pub(crate) async fn ask(servers: &impl Resources, question: &Question<'_>, within: Duration) -> Answers {
    let end = Instant::now() + within;
    let said = async {
        match question.since {
            Some(since) => Some(mentions(servers, question, since, end).await),
            None => None,
        }
    };
    let news =
        question.places.iter().map(|place| async move { (place, headlines(servers, place, end).await) });
    let (said, news) = futures::join!(said, join_all(news));

    let mut answers = Answers { asked: news.len() + usize::from(said.is_some()), ..Answers::default() };
    match said {
        Some(Ok(said)) => answers.said = Some(said),
        Some(Err(why)) => answers.missed(TWITTER, &why),
        None => {}
    }
    for (place, headlines) in news {
        match headlines {
            Ok(headlines) => {
                answers.news.insert(place.clone(), headlines);
            }
            Err(why) => answers.missed(NEWS, &why),
        }
    }
    answers
}

async fn mentions(
    servers: &impl Resources,
    question: &Question<'_>,
    since: &str,
    end: Instant,
) -> Result<Said, ToolError> {
    let mut page = mentions_since(servers, question, since, end).await?;
    for _ in 1..PAGES {
        let is_too_old = page.latest_at().is_some_and(|at| at < question.from);
        match page.newest().filter(|_| is_too_old && page.has_more).map(str::to_owned) {
            Some(newest) => page = mentions_since(servers, question, &newest, end).await?,
            None => break,
        }
    }
    Ok(said(page, question.agent, since))
}

async fn mentions_since(
    servers: &impl Resources,
    question: &Question<'_>,
    since: &str,
    end: Instant,
) -> Result<MentionsPage, ToolError> {
    let uri = format!("twitter://{}/{}/mentions/{since}", question.tenant, question.agent);
    let shown = servers.read(TWITTER, &uri, end.saturating_duration_since(Instant::now())).await?;
    typed(shown)
}

/// [PE-14] As many as one look takes, each once. A page that leads nowhere has nothing after it, whatever it says: it would be
/// asked for again at once, for ever.
fn said(mut page: MentionsPage, agent: &AgentId, since: &str) -> Said {
    let rest = page.mentions.split_off(page.mentions.len().min(MENTIONS));
    let last =
        if rest.is_empty() { page.newest() } else { page.mentions.iter().rev().find_map(SeenMention::id) };
    let newest = last.map(str::to_owned);
    let goes_on = newest.as_deref().is_some_and(|newest| newest != since) && !page.mentions.is_empty();
    let has_more = goes_on && (page.has_more || !rest.is_empty());
    let mut mentions: Vec<Heard> =
        page.mentions.into_iter().filter_map(|mention| mention.heard(agent.as_str())).collect();
    let mut seen = BTreeSet::new();
    mentions.retain(|heard| seen.insert(heard.mention.id.clone()));
    Said { mentions, newest, has_more }
}

async fn headlines(servers: &impl Resources, place: &str, end: Instant) -> Result<Vec<Headline>, ToolError> {
    let uri = format!("news://{place}/trends");
    let shown = servers.read(NEWS, &uri, end.saturating_duration_since(Instant::now())).await?;
    let page: NewsPage = typed(shown)?;
    Ok(page.headlines.into_iter().filter_map(|headline: SeenHeadline| headline.read(place)).collect())
}

fn typed<T: DeserializeOwned>(shown: Value) -> Result<T, ToolError> {
    // A parser's message may quote what it read.
    serde_json::from_value(shown)
        .map_err(|_| ToolError::Unknown("what is shown is not of the form it should have".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(ids: &[&str], newest: Option<&str>, has_more: bool) -> Said {
        let shown = |id: &&str| {
            json!({
                "id": id, "author": "nora", "text": "which tools?", "created_at": "2026-01-05T06:00:00Z",
            })
        };
        let mentions: Vec<Value> = ids.iter().map(shown).collect();
        let page = json!({ "mentions": mentions, "newest_id": newest, "has_more": has_more });
        said(serde_json::from_value(page).unwrap(), &AgentId::new("mira").unwrap(), "16")
    }

    /// [PE-14]
    #[test]
    fn a_mention_that_is_shown_twice_is_looked_at_once() {
        let said = page(&["17", "18", "17"], Some("18"), false);
        let ids: Vec<&str> = said.mentions.iter().map(|heard| heard.mention.id.as_str()).collect();
        assert_eq!((ids, said.newest.as_deref()), (vec!["17", "18"], Some("18")));
    }

    /// [PE-14]
    #[test]
    fn a_page_that_leads_nowhere_has_nothing_after_it() {
        assert!(page(&["17"], Some("17"), true).has_more);
        assert!(!page(&[], Some("18"), true).has_more);
        for newest in [Some("16"), None, Some("1/7")] {
            assert!(!page(&["17"], newest, true).has_more, "{newest:?}");
        }
    }
}
