//! What is made and published by nobody yet: notes, pictures, memories. An artifact claims nothing that a source could
//! support, so that its evidence is whether it is what it says it is.

use std::collections::BTreeSet;

use chimera_domain::{Digest, Picture, Remembered, Source, is_carriable};

use crate::criteria::{self, Subject};
use crate::normalise::is_ignorable;
use crate::screen::screen;
use crate::verdict::{Case, Draft, Judgement};

/// Types of pictures that the networks take.
const MIMES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];
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
    draft.take_criteria(checked);
    draft.settle(case)
}

/// [J-5] A picture that could be published as it is: bytes, type, size, a description that was screened, and the model
/// that made it.
pub(crate) fn judge_picture(case: &Case<'_>, picture: &Picture) -> Judgement {
    let rules = rules_of(picture);
    let is_sound = rules.iter().all(|(_, met, _)| *met);
    let mut draft = Draft::default();
    for (rule, met, seen) in rules {
        draft.rule(rule, met, seen);
    }
    let subject = Subject::Picture { alt_text: &picture.alt_text, is_sound };
    draft.take_criteria(criteria::check(&case.task.criteria, subject));
    draft.take_screened(screen(&picture.alt_text, case.policy));
    draft.settle(case)
}

fn rules_of(picture: &Picture) -> [(&'static str, bool, String); 5] {
    let Picture { digest, mime, width, height, alt_text, model } = picture;
    let is_side = |side: u32| (1..=LONGEST_SIDE).contains(&side);
    let described = alt_text.chars().filter(|c| is_visible(*c)).count();
    let fits = described > 0 && alt_text.chars().count() <= ALT_TEXT && is_carriable(alt_text);
    [
        ("image:bytes", is_digest(digest) && *digest != Digest::of_bytes(b""), digest.to_string()),
        ("image:mime", MIMES.contains(&mime.as_str()), mime.clone()),
        ("image:size", is_side(*width) && is_side(*height), format!("{width} x {height}")),
        ("image:alt_text", fits, format!("{described} visible characters")),
        ("image:model", !model.trim().is_empty(), model.clone()),
    ]
}

/// [J-6] Memories that are nothing but what the campaign has published, each kept once. What was published has been
/// screened and, where it had to be, seen by a human: nobody is asked about the same words twice.
pub(crate) fn judge_memories(case: &Case<'_>, notes: &[Remembered]) -> Judgement {
    let published: BTreeSet<&str> = case.task.published.iter().map(|post| post.text.as_str()).collect();
    let mut draft = Draft::default();
    if notes.is_empty() && !published.is_empty() {
        draft.refused.push("shape: nothing is remembered of what was published".to_owned());
    }
    let stranger = notes.iter().find(|note| !published.contains(note.text.as_str()));
    let seen = match stranger {
        Some(note) => format!("{:?} was never published", excerpt(&note.text)),
        None => format!("{} of {} published texts", notes.len(), published.len()),
    };
    draft.rule("memory:published", stranger.is_none(), seen);
    let (mut ids, mut texts) = (BTreeSet::new(), BTreeSet::new());
    let is_new = |note: &Remembered| {
        let is_named = !note.id.trim().is_empty();
        is_named && ids.insert(note.id.clone()) && texts.insert(note.text.clone())
    };
    draft.rule("memory:once", notes.iter().all(is_new), format!("{} memories", notes.len()));
    draft.take_criteria(criteria::check(&case.task.criteria, Subject::Memories));
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
