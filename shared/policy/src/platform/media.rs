//! The pictures of a post, or its clip: only what a task before it has made and the Judge has committed.

use std::collections::BTreeSet;

use chimera_domain::{Intent, Picture};
use serde_json::{Value, json};

use super::{PlatformCheck, Rule};

/// Pictures that one post may carry: what the platform takes.
const MOST: usize = 4;

/// Each picture, or one clip, by digest, type and description exactly as it was committed, none twice. [K-6] What the task was given
/// to publish is among them.
pub(super) fn check(check: &mut PlatformCheck, intent: &Intent, committed: &[Picture], given: &[Picture]) {
    let media = intent.arguments.get("media");
    if media.is_none() && given.is_empty() {
        return;
    }
    let wrong = media.and_then(|media| strange(media, committed)).or_else(|| left_out(media, given));
    let seen = wrong.clone().unwrap_or_else(|| format!("{} committed pictures", listed(media).len()));
    check.rule(Rule::Media, wrong.is_none(), &seen);
}

fn listed(media: Option<&Value>) -> &[Value] {
    media.and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
}

/// The picture that the task was given and the post does not carry, if there is one.
fn left_out(media: Option<&Value>, given: &[Picture]) -> Option<String> {
    let left_out = given.iter().find(|picture| !listed(media).contains(&named(picture)));
    left_out.map(|picture| format!("{} is left out", picture.digest))
}

/// What is wrong with the media, if something is.
fn strange(media: &Value, committed: &[Picture]) -> Option<String> {
    let Some(media) = media.as_array() else { return Some("media are no list".to_owned()) };
    if media.len() > MOST {
        return Some(format!("{} pictures, at most {MOST}", media.len()));
    }
    let moves = |medium: &Value| medium.get("mime").and_then(Value::as_str).is_some_and(Picture::goes_alone);
    if media.len() > 1 && media.iter().any(moves) {
        return Some("what moves goes alone".to_owned());
    }
    let known: Vec<Value> = committed.iter().map(named).collect();
    let mut seen = BTreeSet::new();
    media.iter().find_map(|medium| {
        let digest = medium.get("digest").and_then(Value::as_str).unwrap_or("no digest");
        if !known.contains(medium) {
            return Some(format!("{digest} is not as a task before this one committed it"));
        }
        (!seen.insert(digest)).then(|| format!("{digest} twice"))
    })
}

/// A picture as a post names it.
fn named(picture: &Picture) -> Value {
    json!({"digest": picture.digest, "mime": picture.mime, "alt_text": picture.alt_text})
}

#[cfg(test)]
mod tests {
    use chimera_domain::{AgentId, Digest};

    use super::*;
    use crate::platform::{Setting, check as check_post};

    fn picture(bytes: &[u8]) -> Picture {
        Picture {
            digest: Digest::of_bytes(bytes),
            mime: "image/png".to_owned(),
            width: 640,
            height: 360,
            alt_text: "A bridge at dawn".to_owned(),
            model: "sandbox-1".to_owned(),
            character: None,
            duration_ms: None,
        }
    }

    fn broken(media: &Value, committed: &[Picture]) -> Vec<String> {
        broken_of(Some(media), committed, &[])
    }

    fn broken_of(media: Option<&Value>, committed: &[Picture], given: &[Picture]) -> Vec<String> {
        let mut arguments = json!({"account": "ada", "text": "look", "made_with_ai": true});
        if let Some(media) = media {
            arguments["media"] = media.clone();
        }
        let (server, tool) = ("twitter".to_owned(), "post_create".to_owned());
        let agent = AgentId::new("ada").unwrap();
        let setting = Setting { pictures: committed, given, ..Setting::of(&agent) };
        check_post(&Intent { server, tool, arguments, cites: None }, &setting).broken
    }

    /// [K-6]
    #[test]
    fn a_post_carries_the_pictures_that_its_task_was_given() {
        let committed = [picture(b"one"), picture(b"other")];
        let (both, one) =
            (json!([named(&committed[0]), named(&committed[1])]), json!([named(&committed[0])]));
        assert!(broken_of(Some(&both), &committed, &committed).is_empty());
        assert!(broken_of(None, &committed, &[]).is_empty());
        for media in [None, Some(&json!([])), Some(&one)] {
            let broken = broken_of(media, &committed, &committed);
            assert!(broken.len() == 1 && broken[0].ends_with(" is left out"), "{media:?}: {broken:?}");
        }
    }

    ///
    #[test]
    fn a_post_carries_only_pictures_that_were_committed_before_it() {
        let (one, other) = (picture(b"one"), picture(b"other"));
        let committed = [one.clone(), other.clone()];
        assert_eq!(broken(&json!([named(&one), named(&other)]), &committed), Vec::<String>::new());
        assert_eq!(broken(&json!([]), &[]), Vec::<String>::new());
        let swapped = |name: &str, value: &str| {
            let mut medium = named(&one);
            medium[name] = json!(value);
            json!([medium])
        };
        for media in [
            json!([named(&picture(b"swapped"))]),
            swapped("alt_text", "Buy this"),
            swapped("mime", "image/gif"),
            swapped("bytes_base64", "aGk="),
            json!([named(&one), named(&one)]),
            json!([json!("sha256:00")]),
            named(&one),
        ] {
            let broken = broken(&media, &committed);
            assert_eq!(broken.len(), 1, "{media}: {broken:?}");
            assert!(broken[0].starts_with("platform:x.media: "), "{broken:?}");
        }
    }

    ///
    #[test]
    fn four_pictures_are_the_most() {
        let committed: Vec<Picture> = (0..5).map(|at| picture(&[at])).collect();
        let media: Vec<Value> = committed.iter().map(named).collect();
        assert!(broken(&json!(media[..4]), &committed).is_empty());
        assert_eq!(broken(&json!(media), &committed), ["platform:x.media: 5 pictures, at most 4"]);
    }

    ///
    #[test]
    fn what_moves_goes_alone() {
        for mime in ["image/gif", "image/apng", "video/mp4"] {
            let moving = |bytes: &[u8]| Picture { mime: mime.to_owned(), ..picture(bytes) };
            let committed = [picture(b"still"), moving(b"moving"), moving(b"moving on")];
            let [still, one, other] = committed.each_ref().map(named);
            assert!(broken(&json!([one]), &committed).is_empty(), "{mime}");
            for both in [json!([still, one]), json!([one, other])] {
                assert_eq!(broken(&both, &committed), ["platform:x.media: what moves goes alone"], "{mime}");
            }
        }
    }
}
