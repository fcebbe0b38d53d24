//! What is published by nobody: notes, pictures, clips, and what an agent is to remember. It claims nothing that a source could
//! support, so that its evidence is whether it is what it says it is.

use std::collections::BTreeSet;

use chimera_domain::{Digest, Engagement, Intent, Picture, Published, Source, is_carriable, limits};

use crate::criteria::{self, Subject};
use crate::honesty::discloses;
use crate::normalise::is_ignorable;
use crate::platform;
use crate::screen::screen;
use crate::verdict::{Case, Draft, Judgement, setting_of};

/// Types of pictures that the networks take.
const MIMES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];
/// Types of clips that they take, and that our own sandboxes make and take.
const CLIP_MIMES: [&str; 2] = ["video/mp4", "image/apng"];
/// Pixels of one side: what the networks take, and more than any of them shows.
const LONGEST_SIDE: u32 = 8_192;
/// A description, in characters: what the networks take.
const ALT_TEXT: usize = 1_000;

/// Notes to write from.
pub(crate) fn judge_notes(case: &Case<'_>, sources: &[Source]) -> Judgement {
    let checked = criteria::check(&case.task.criteria, Subject::Notes(sources));
    let mut draft = Draft::default();
    if criteria::usable_sources(sources) == 0 {
        draft.refused.push("shape: notes without a usable source".to_owned());
    }
    draft.take_criteria(case, checked);
    draft.settle(case)
}

/// [J-5] A picture that could be published as it is: bytes, type, size, a description that was screened, the model that
/// made it, and the agent in it.
pub(crate) fn judge_picture(case: &Case<'_>, picture: &Picture) -> Judgement {
    let stands = ("image:length", picture.duration_ms.is_none(), length_of(picture));
    let rules = rules_of(case, picture, "image", &MIMES).into_iter().chain([named(stands)]);
    judge_visual(case, picture, rules.collect())
}

/// [J-8] A clip that could be published as it is: the same of a clip, not too long, and its description says that an AI made
/// it.
pub(crate) fn judge_clip(case: &Case<'_>, clip: &Picture) -> Judgement {
    let runs = clip.duration_ms.is_some_and(|length| (1..=limits::CLIP_MS).contains(&length));
    let label = discloses(&clip.alt_text);
    let told = if label { "says that an AI made it" } else { "does not say that an AI made it" };
    let own = [("video:length", runs, length_of(clip)), ("video:label", label, told.to_owned())];
    let rules = rules_of(case, clip, "video", &CLIP_MIMES).into_iter().chain(own.map(named));
    judge_visual(case, clip, rules.collect())
}

/// A rule's name, whether it is met, and what was seen.
type Found = (String, bool, String);

fn named((rule, met, seen): (&str, bool, String)) -> Found {
    (rule.to_owned(), met, seen)
}

fn judge_visual(case: &Case<'_>, picture: &Picture, rules: Vec<Found>) -> Judgement {
    let is_sound = rules.iter().all(|(_, met, _)| *met);
    let mut draft = Draft::default();
    for (rule, met, seen) in rules {
        draft.rule(&rule, met, seen);
    }
    let subject = Subject::Picture { alt_text: &picture.alt_text, is_sound };
    draft.take_criteria(case, criteria::check(&case.task.criteria, subject));
    draft.take_screened(screen(&picture.alt_text, case.policy));
    draft.settle(case)
}

fn rules_of(case: &Case<'_>, picture: &Picture, what: &str, mimes: &[&str]) -> [Found; 6] {
    let Picture { digest, mime, width, height, alt_text, model, character, .. } = picture;
    let is_side = |side: u32| (1..=LONGEST_SIDE).contains(&side);
    let described = alt_text.chars().filter(|c| is_visible(*c)).count();
    let fits = described > 0 && alt_text.chars().count() <= ALT_TEXT && is_carriable(alt_text);
    let in_it = character.as_ref().map_or_else(|| "nobody is named".to_owned(), ToString::to_string);
    [
        ("bytes", is_digest(digest) && *digest != Digest::of_bytes(b""), digest.to_string()),
        ("mime", mimes.contains(&mime.as_str()), mime.clone()),
        ("size", is_side(*width) && is_side(*height), format!("{width} x {height}")),
        ("alt_text", fits, format!("{described} visible characters")),
        ("model", !model.trim().is_empty(), model.clone()),
        ("character", character.as_ref() == Some(&case.task.agent), in_it),
    ]
    .map(|(rule, met, seen)| (format!("{what}:{rule}"), met, seen))
}

fn length_of(picture: &Picture) -> String {
    picture.duration_ms.map_or_else(|| "it does not move".to_owned(), |length| format!("{length} ms"))
}

/// [J-6] Memories that are nothing but what the campaign has published and how it did, each kept once. They are screened
/// like everything that acts; what was seen of a post when it was approved is asked about once. That they are judged at all
/// is due to what they do: an agent writes on from what it remembers.
pub(crate) fn judge_memories(case: &Case<'_>, intent: &Intent) -> Judgement {
    let (task, memories) = (case.task, intent.memories().unwrap_or_default());
    let mut draft = Draft::default();
    let mut posts: Vec<(&Published, Engagement)> = Vec::new();
    let mut stranger = None;
    for memory in &memories {
        match memory.post(&task.campaign, &task.published) {
            Some(found) => posts.push(found),
            None => stranger = stranger.or(Some(memory)),
        }
    }
    let seen = match stranger {
        Some(memory) => format!("{:?} was never published so", excerpt(&memory.text)),
        None => format!("{} of {} published posts", posts.len(), task.published.len()),
    };
    let is_published = stranger.is_none() && !posts.is_empty();
    draft.rule("memory:published", is_published, seen);
    let ids: BTreeSet<&str> = posts.iter().map(|(post, _)| post.post_id.as_str()).collect();
    draft.rule("memory:once", ids.len() == posts.len(), format!("{} memories", memories.len()));
    let idle = posts.iter().filter(|(_, did)| did.weight() == 0).count();
    draft.rule("memory:engagement", idle == 0, format!("{idle} posts to which nobody reacted"));
    draft.take_criteria(case, criteria::check(&task.criteria, Subject::Memories { is_sound: is_published }));
    draft.take_platform(platform::check(intent, &setting_of(case)));
    draft.take_money(case, intent);
    for (post, _) in posts {
        let mut screened = screen(&post.text, case.policy);
        screened.flags.retain(|flag| !post.flags.contains(flag));
        draft.take_screened(screened);
    }
    draft.settle(case)
}

fn excerpt(text: &str) -> String {
    text.chars().take(60).collect()
}

fn is_visible(c: char) -> bool {
    !(c.is_whitespace() || c.is_control() || is_ignorable(c))
}

fn is_digest(digest: &Digest) -> bool {
    let hex = digest.as_str().strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}
