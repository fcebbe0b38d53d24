//! What the servers show, as they spell it, and what of it may go on: somebody else's words, cut and cleaned.

use chimera_domain::{Headline, Mention, Timestamp, is_carriable, limits};
use serde::Deserialize;

/// Longest id of an article, in characters: it is bound to tasks.
const ARTICLE_ID_CHARS: usize = 64;
/// Bytes of a title that are kept: more than a title has.
const TITLE_BYTES: usize = 240;
/// Bytes of a source's name that are kept.
const SOURCE_BYTES: usize = 60;

/// `twitter://{tenant}/{account}/mentions/{since}`.
#[derive(Debug, Deserialize)]
pub(crate) struct MentionsPage {
    /// Oldest first.
    pub(crate) mentions: Vec<SeenMention>,
    /// Where the next page begins.
    pub(crate) newest_id: Option<String>,
    /// Whether there is one.
    pub(crate) has_more: bool,
}

/// A mention as it is shown.
#[derive(Debug, Deserialize)]
pub(crate) struct SeenMention {
    id: String,
    author: String,
    text: String,
    created_at: Timestamp,
    in_reply_to: Option<String>,
}

/// A mention that may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) mention: Mention,
    pub(crate) at: Timestamp,
    pub(crate) in_reply_to: Option<String>,
}

impl MentionsPage {
    /// Where to read on; none where there was nothing, or nothing that an address can carry.
    pub(crate) fn newest(&self) -> Option<&str> {
        self.newest_id.as_deref().filter(|id| is_plain(id, limits::MENTION_ID_CHARS))
    }

    /// When the latest of them was said, in whatever order they come.
    pub(crate) fn latest_at(&self) -> Option<Timestamp> {
        self.mentions.iter().map(|mention| mention.created_at).max()
    }
}

impl SeenMention {
    /// The platform's id of it, where an address can carry it.
    pub(crate) fn id(&self) -> Option<&str> {
        Some(self.id.as_str()).filter(|id| is_plain(id, limits::MENTION_ID_CHARS))
    }

    /// [PE-17] The mention, where it can be answered and is not the account's own; its text as a queue can carry it.
    pub(crate) fn heard(self, account: &str) -> Option<Heard> {
        let Self { id, author, text, created_at: at, in_reply_to } = self;
        let is_answerable =
            is_plain(&id, limits::MENTION_ID_CHARS) && is_plain(&author, limits::ACCOUNT_CHARS);
        if !is_answerable || author.eq_ignore_ascii_case(account) {
            return None;
        }
        let text: String = cleaned(&text).chars().take(limits::MENTION_CHARS).collect();
        let in_reply_to = in_reply_to.filter(|id| is_plain(id, limits::MENTION_ID_CHARS));
        let mention = Mention { id, author, text };
        mention.text.chars().any(char::is_alphanumeric).then_some(Heard { mention, at, in_reply_to })
    }
}

/// `news://{region}/{topic}/trends`: the headlines of the last hours. What the server makes of them itself is not looked at:
/// a trend is what several looks have seen.
#[derive(Debug, Deserialize)]
pub(crate) struct NewsPage {
    pub(crate) headlines: Vec<SeenHeadline>,
}

/// A headline as it is shown.
#[derive(Debug, Deserialize)]
pub(crate) struct SeenHeadline {
    id: String,
    title: String,
    source: String,
    published_at: Timestamp,
}

impl SeenHeadline {
    /// [PE-17] The headline, where it can be read about by its id.
    pub(crate) fn read(self, place: &str) -> Option<Headline> {
        let Self { id, title, source, published_at: at } = self;
        let (title, source) = (cut(&cleaned(&title), TITLE_BYTES), cut(&cleaned(&source), SOURCE_BYTES));
        let is_readable = is_plain(&id, ARTICLE_ID_CHARS) && !title.is_empty() && !source.is_empty();
        is_readable.then(|| Headline { id, title, source, place: place.to_owned(), at })
    }
}

/// What can be a part of a key or of an address.
fn is_plain(text: &str, most: usize) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=most).contains(&text.len()) && text.bytes().all(fits)
}

/// The text without what a queue refuses, and without what shows it in another order than it is in.
fn cleaned(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_harmless = |c: char| is_carriable(c.encode_utf8(&mut [0; 4])) && !turns(c);
    let kept: String = text.chars().map(|c| if is_harmless(c) { c } else { ' ' }).collect();
    kept.trim().to_owned()
}

fn cut(text: &str, most: usize) -> String {
    text[..text.floor_char_boundary(most)].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(id: &str, author: &str, text: &str) -> Option<Heard> {
        let (id, author, text) = (id.to_owned(), author.to_owned(), text.to_owned());
        let in_reply_to = Some("a/b".to_owned());
        SeenMention { id, author, text, created_at: Timestamp::UNIX_EPOCH, in_reply_to }.heard("mira")
    }

    /// [PE-17]
    #[test]
    fn what_cannot_be_answered_and_what_the_account_said_itself_is_passed_over() {
        assert!(said("17", "nora", "hello?").is_some());
        for (id, author, text) in [
            ("", "nora", "hello?"),
            ("17/../18", "nora", "hello?"),
            ("17", "", "hello?"),
            ("17", "no ra", "hello?"),
            ("17", "Mira", "hello?"),
            ("17", "nora", "\u{200b}\u{7} …"),
            (&"1".repeat(65), "nora", "hello?"),
        ] {
            assert_eq!(said(id, author, text), None, "{id} {author} {text}");
        }
    }

    /// [PE-17]
    #[test]
    fn what_somebody_said_is_cut_and_cleaned() {
        let heard = said("17", "nora", &format!("a\u{0}b\u{ffff}\u{202e}c{}", "é".repeat(600))).unwrap();
        assert!(heard.mention.text.starts_with("a b  cé"), "{}", heard.mention.text);
        assert_eq!(heard.mention.text.chars().count(), limits::MENTION_CHARS);
        assert_eq!(heard.in_reply_to, None, "no id of the platform's");
    }

    /// [PE-17]
    #[test]
    fn a_headline_is_short_and_can_be_read_about() {
        let seen = |id: &str, title: &str, source: &str| {
            let (id, title, source) = (id.to_owned(), title.to_owned(), source.to_owned());
            SeenHeadline { id, title, source, published_at: Timestamp::UNIX_EPOCH }.read("any/any")
        };
        let long = seen("a1", &"é".repeat(500), &"x".repeat(500)).unwrap();
        assert!(long.title.len() <= TITLE_BYTES && long.source.len() == SOURCE_BYTES);
        assert_eq!(long.place, "any/any");
        for (id, title, source) in [("a/1", "t", "s"), ("a1", " \u{7}", "s"), ("a1", "t", "")] {
            assert_eq!(seen(id, title, source), None);
        }
    }
}
