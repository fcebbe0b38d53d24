//! Looks at how the campaign's posts did and proposes to remember those that did best.

use std::cmp::Reverse;

use chimera_domain::ports::{ReasoningModel, SkillTools};
use chimera_domain::{Engagement, Intent, ProposedMemory, Published, Task, WorkOutcome, limits};
use serde::Deserialize;
use serde_json::json;

use crate::desk::{Desk, SkillError};
use crate::skills::ToolName;

/// It asks how posts did. What it proposes to remember it cannot keep itself.
pub(super) const TOOLS: &[ToolName] = &[METRICS];
const METRICS: ToolName = ("twitter", "posts_metrics");

#[derive(Debug, Deserialize)]
struct Metrics {
    metrics: Vec<Figures>,
}

/// How a post did.
#[derive(Debug, Deserialize)]
struct Figures {
    post_id: String,
    #[serde(flatten)]
    did: Engagement,
}

pub(super) async fn run<T: SkillTools, M: ReasoningModel>(
    desk: &mut Desk<'_, T, M>,
    task: &Task,
) -> Result<WorkOutcome, SkillError> {
    if task.published.is_empty() {
        return Err(SkillError::bad_task("a remember task comes with what was published"));
    }
    let ids: Vec<&str> = task.published.iter().map(|post| post.post_id.as_str()).collect();
    let arguments = json!({ "tenant": task.tenant, "account": task.agent, "post_ids": ids });
    let answer = desk.call(METRICS.0, METRICS.1, arguments).await?;
    let answer: Metrics =
        serde_json::from_value(answer).map_err(|error| SkillError::unreadable(METRICS.1, &error))?;
    let known = known(&task.published, &answer.metrics);
    if known.is_empty() {
        return Err(nothing("the platform shows none of the posts"));
    }
    let best = best(known);
    if best.is_empty() {
        return Err(nothing("nobody has reacted to any of the posts so far"));
    }
    let memories: Vec<ProposedMemory> =
        best.into_iter().map(|(post, did)| ProposedMemory::of(&task.campaign, post, &did)).collect();
    Ok(WorkOutcome::Intent { intent: Intent::remembering(&task.agent, &memories) })
}

/// Another attempt may do better: figures grow, and platforms show what they did not show a moment ago.
fn nothing(why: &str) -> SkillError {
    SkillError::Failed { code: "nothing_to_remember", message: why.to_owned(), retryable: true }
}

/// The posts of which the platform says how they did, in the order of their row: the newest first.
fn known<'a>(published: &'a [Published], figures: &[Figures]) -> Vec<(&'a Published, Engagement)> {
    let of = |post: &Published| figures.iter().find(|figures| figures.post_id == post.post_id);
    published.iter().filter_map(|post| Some((post, of(post)?.did))).collect()
}

/// [K-11] The posts that did best, each once; of equals the newer one. None did best that did worse than half of the
/// campaign's, or to which nobody reacted.
fn best(mut known: Vec<(&Published, Engagement)>) -> Vec<(&Published, Engagement)> {
    known.sort_by_key(|(_, did)| Reverse(did.weight()));
    let at = |place: usize| known.get(place).map_or(0, |(_, did)| u128::from(did.weight()));
    // Twice the median, so that it is a whole number.
    let median_twice = known.len().checked_sub(1).map_or(0, |last| at(last / 2) + at(last.div_ceil(2)));
    let is_high = |did: &Engagement| did.weight() > 0 && u128::from(did.weight()) * 2 >= median_twice;
    let high = known.into_iter().filter(|(_, did)| is_high(did));
    high.take(limits::MEMORIES_PER_TASK).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chimera_domain::TaskId;

    use super::*;

    fn posts(count: usize) -> Vec<Published> {
        let post = |at: usize| Published {
            post_id: at.to_string(),
            url: None,
            text: format!("Post {at}"),
            task: TaskId::new("write-1").unwrap(),
            flags: BTreeSet::new(),
        };
        (0..count).map(post).collect()
    }

    /// The ids of the best of posts that got so many likes.
    fn best_of(likes: &[u64]) -> Vec<String> {
        let posts = posts(likes.len());
        let known = posts.iter().zip(likes);
        let known = known.map(|(post, likes)| (post, Engagement { likes: *likes, ..Engagement::default() }));
        best(known.collect()).into_iter().map(|(post, _)| post.post_id.clone()).collect()
    }

    /// [K-11]
    #[test]
    fn only_what_did_at_least_as_well_as_half_of_the_posts_is_remembered() {
        assert_eq!(best_of(&[5]), ["0"]);
        assert_eq!(best_of(&[2, 14]), ["1"], "between two there is a half");
        assert_eq!(best_of(&[1, 9, 5]), ["1", "2"]);
        assert_eq!(best_of(&[1, 9, 5, 4]), ["1", "2"], "4 and 5 are the middle");
        assert_eq!(best_of(&[7, 7, 7, 7, 7]), ["0", "1", "2"], "of equals the newer, and three at most");
        assert_eq!(best_of(&[0, 0, 3]), ["2"]);
        assert_eq!(best_of(&[0, 0]), Vec::<String>::new());
        assert_eq!(best_of(&[u64::MAX, u64::MAX]), ["0", "1"]);
    }
}
