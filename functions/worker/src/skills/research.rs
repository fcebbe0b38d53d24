//! Reads a feed, or asks the tool that stands for one, and notes the sources worth writing about.

use chimera_domain::ports::{Ask, ModelRole, ReasoningModel, SkillTools};
use chimera_domain::{Artifact, Binding, Source, Task, ToolFeed, WorkOutcome, limits};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::desk::{Desk, SkillError};
use crate::skills::{ToolName, others};

/// It reads feeds. [K-12] The tool of somebody else's server that a brief names is not ours to list.
pub(super) const TOOLS: &[ToolName] = &[("news", "news_headlines"), ARTICLE];
const ARTICLE: ToolName = ("news", "news_get");

/// Articles asked of a feed at least and at most: enough to choose from, few enough for one prompt.
const HEADLINES: (u32, u32) = (40, 200);

/// An excerpt's most characters where many sources share the notes, and where few do: it is copied into the task that
/// writes about it.
const EXCERPT_CHARS: (usize, usize) = (240, 1_500);

/// What a source usually takes beside its excerpt, in bytes: title, link, date.
const BESIDE_EXCERPT: usize = 220;

#[derive(Debug, Deserialize)]
struct Headlines {
    items: Vec<Headline>,
}

/// An article as the news server gives it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Headline {
    pub(super) id: String,
    #[serde(default)]
    pub(super) title: String,
    pub(super) url: String,
    #[serde(default)]
    pub(super) published_at: Option<String>,
    #[serde(default)]
    pub(super) text: String,
}

/// One article by its id, as the news server gives it.
#[derive(Debug, Deserialize)]
struct Article {
    id: String,
    title: String,
    url: String,
    #[serde(default)]
    published_at: Option<String>,
    #[serde(default)]
    summary: String,
}

impl From<Article> for Headline {
    fn from(article: Article) -> Self {
        let Article { id, title, url, published_at, summary } = article;
        Self { id, title, url, published_at, text: summary }
    }
}

#[derive(Debug, Deserialize)]
struct Picks {
    picks: Vec<Pick>,
}

#[derive(Debug, Deserialize)]
struct Pick {
    id: String,
    excerpt: String,
}

pub(super) async fn run<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    let (headlines, want, from) = match &task.binding {
        Binding::Feed { url, want } => (headlines(desk, url, *want).await?, *want, url.as_str()),
        Binding::Articles { ids } => {
            let found = articles(desk, ids).await?;
            let want = u32::try_from(found.items.len()).unwrap_or(u32::MAX);
            (found, want, "the news")
        }
        _ => return Err(SkillError::bad_task("a research task is bound to a feed or to articles")),
    };
    let answer = desk.ask(&question(task, want, &headlines)).await?;
    let picks: Picks =
        serde_json::from_value(answer).map_err(|error| SkillError::unreadable("researcher-1", &error))?;
    let sources = fitting(sources(headlines, picks, usize::try_from(want).unwrap_or(usize::MAX))?);
    if sources.is_empty() {
        let message = format!("no article of {from} says enough to write about");
        return Err(SkillError::Failed { code: "no_usable_source", message, retryable: false });
    }
    Ok(WorkOutcome::Artifact { artifact: Artifact::Notes { sources } })
}

/// [PE-3] The articles of a trend, so many as the news server still has. That one of them is gone costs nothing; that all
/// are is the first one's refusal.
async fn articles<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    ids: &[String],
) -> Result<Headlines, SkillError> {
    let (mut items, mut missing) = (Vec::new(), None);
    for id in ids.iter().take(limits::ARTICLES_PER_TASK) {
        match desk.call(ARTICLE.0, ARTICLE.1, json!({ "id": id })).await {
            Ok(answer) => {
                let article: Article = serde_json::from_value(answer)
                    .map_err(|error| SkillError::unreadable(ARTICLE.1, &error))?;
                items.push(article.into());
            }
            Err(refused @ SkillError::Failed { .. }) => missing = missing.or(Some(refused)),
            Err(later @ SkillError::Later(_)) => return Err(later),
        }
    }
    match missing {
        Some(refused) if items.is_empty() => Err(refused),
        _ => Ok(Headlines { items }),
    }
}

/// What there is to choose from: enough for as many sources as are wanted.
async fn headlines<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    url: &str,
    want: u32,
) -> Result<Headlines, SkillError> {
    let limit = want.saturating_add(want / 4).clamp(HEADLINES.0, HEADLINES.1);
    if let Some(feed) = ToolFeed::of(url).map_err(|why| SkillError::bad_task(format!("{url}: {why}")))? {
        let answer = desk.call_named(&feed).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        return Ok(Headlines { items: others::headlines(&feed, &answer, most)? });
    }
    let answer = desk.call("news", "news_headlines", json!({ "url": url, "limit": limit })).await?;
    serde_json::from_value(answer).map_err(|error| SkillError::unreadable("news_headlines", &error))
}

/// The longest excerpt of each of so many sources that the notes have room for all.
fn excerpt_chars(want: u32) -> usize {
    let share = limits::NOTES_BYTES / usize::try_from(want).unwrap_or(usize::MAX).max(1);
    share.saturating_sub(BESIDE_EXCERPT).clamp(EXCERPT_CHARS.0, EXCERPT_CHARS.1)
}

/// As many of the sources, best first, as the notes have room for.
fn fitting(sources: Vec<Source>) -> Vec<Source> {
    let mut bytes = 0_usize;
    let fits = |source: &Source| {
        bytes = bytes.saturating_add(serde_json::to_vec(source).map_or(usize::MAX, |json| json.len()));
        bytes <= limits::NOTES_BYTES
    };
    sources.into_iter().take_while(fits).collect()
}

fn question(task: &Task, want: u32, headlines: &Headlines) -> Ask {
    let most = excerpt_chars(want);
    Ask {
        role: ModelRole::Researcher,
        prompt: "researcher-1",
        input: json!({ "goal": task.goal, "want": want, "excerpt_chars": most, "items": headlines.items }),
        schema: schema(most),
        seed: task.seed,
    }
}

/// The picked articles with their excerpts, best first. A model may choose, not invent: an excerpt must stand in its
/// article.
fn sources(headlines: Headlines, picks: Picks, want: usize) -> Result<Vec<Source>, SkillError> {
    let mut left = headlines.items;
    let mut sources = Vec::new();
    for pick in picks.picks.into_iter().take(want) {
        let Some(at) = left.iter().position(|headline| headline.id == pick.id) else {
            return Err(SkillError::unusable(format!("picked {:?}, which is not in the feed", pick.id)));
        };
        let headline = left.swap_remove(at);
        if pick.excerpt.chars().count() > EXCERPT_CHARS.1 || !stands_in(&pick.excerpt, &headline.text) {
            return Err(SkillError::unusable(format!(
                "the excerpt of {:?} is not from its article",
                pick.id
            )));
        }
        sources.push(Source {
            id: headline.id,
            title: headline.title,
            url: headline.url,
            published_at: headline.published_at,
            excerpt: pick.excerpt,
        });
    }
    Ok(sources)
}

/// Whether each paragraph of the excerpt occurs in the text, white space aside.
fn stands_in(excerpt: &str, text: &str) -> bool {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let text = bare(text);
    excerpt.split("\n\n").all(|paragraph| text.contains(&bare(paragraph)))
}

fn schema(excerpt_chars: usize) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["picks"],
        "properties": { "picks": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["id", "excerpt"],
                "properties": {
                    "id": { "type": "string" },
                    "excerpt": { "type": "string", "minLength": 1, "maxLength": excerpt_chars }
                }
            }
        } }
    })
}
