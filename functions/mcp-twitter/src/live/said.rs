//! What a post says, as its author wrote it. The platform gives links in its own short form, escapes three characters, and puts
//! the names of those who are answered in front.

use unicode_normalization::UnicodeNormalization as _;

use super::wire::{Link, Tweet};

/// The text of a post, written out. Where `asked` is given and the post says just that, or contains it, in whatever spelling
/// the platform gives, it is told in the asked spelling.
pub(crate) fn said(tweet: &Tweet, asked: Option<&str>) -> String {
    let written = written_out(tweet, asked);
    let Some(asked) = asked else { return written };
    let unaddressed = if tweet.replied_to().is_some() { without_addressees(&written) } else { &written };
    for reading in [written.as_str(), unaddressed] {
        if plain(reading) == plain(asked) {
            return asked.to_owned();
        }
    }
    written
}

fn written_out(tweet: &Tweet, asked: Option<&str>) -> String {
    let mut text = tweet.text.clone();
    for link in &tweet.entities.urls {
        // Without the short form there is nothing to write out.
        let Some(short) = link.url.as_deref().filter(|short| !short.is_empty()) else { continue };
        let long = if link.media_key.is_some() { String::new() } else { spelled(link, short, asked) };
        text = text.replace(short, &long);
    }
    // The ampersand last, or an escaped escape would be undone twice.
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").trim_end().to_owned()
}

/// The link as the author may have spelled it: with its scheme or without, with a slash at its end or without.
fn spelled(link: &Link, short: &str, asked: Option<&str>) -> String {
    let long = link.expanded_url.as_deref().unwrap_or(short);
    let bare = long.strip_prefix("https://").or_else(|| long.strip_prefix("http://")).unwrap_or(long);
    let spellings = [long, long.trim_end_matches('/'), bare, bare.trim_end_matches('/')];
    let found = asked.and_then(|asked| spellings.into_iter().find(|spelling| asked.contains(spelling)));
    found.unwrap_or(long).to_owned()
}

fn without_addressees(text: &str) -> &str {
    let mut rest = text;
    while let Some(name) = rest.strip_prefix('@') {
        let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
        rest = name[end..].trim_start();
    }
    rest
}

/// What two spellings of one text have in common.
fn plain(text: &str) -> String {
    text.trim().nfc().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn tweet(text: &str, urls: &Value, is_reply: bool) -> Tweet {
        let references = if is_reply { json!([{ "type": "replied_to", "id": "9" }]) } else { json!([]) };
        let tweet =
            json!({ "id": "1", "text": text, "entities": { "urls": urls }, "referenced_posts": references });
        serde_json::from_value(tweet).unwrap()
    }

    #[test]
    fn links_are_written_out_as_they_were_spelled() {
        let urls = json!([{ "url": "https://t.co/a", "expanded_url": "https://example.org/", "display_url": "example.org" }]);
        let shown = tweet("see https://t.co/a now", &urls, false);
        assert_eq!(said(&shown, None), "see https://example.org/ now");
        for asked in ["see https://example.org/ now", "see https://example.org now", "see example.org now"] {
            assert_eq!(said(&shown, Some(asked)), asked);
        }
        assert_eq!(said(&shown, Some("see example.com now")), "see https://example.org/ now");
    }

    #[test]
    fn a_pictures_link_is_no_part_of_the_text() {
        let urls = json!([{ "url": "https://t.co/p", "expanded_url": "https://x.com/nova/status/1/photo/1", "media_key": "3_1" }]);
        assert_eq!(said(&tweet("look https://t.co/p", &urls, false), None), "look");
    }

    #[test]
    fn escapes_and_other_forms_of_one_character_are_one_text() {
        let shown = tweet("R&amp;D &lt;3 caf\u{e9} &amp;lt;", &json!([]), false);
        assert_eq!(said(&shown, None), "R&D <3 caf\u{e9} &lt;");
        let decomposed = "R&D <3 cafe\u{301} &lt;";
        assert_eq!(said(&shown, Some(decomposed)), decomposed);
    }

    #[test]
    fn whom_a_reply_answers_is_no_part_of_what_it_says() {
        let reply = tweet("@ada @bo_2 thank you", &json!([]), true);
        assert_eq!(said(&reply, Some("thank you")), "thank you");
        assert_eq!(said(&reply, Some("@ada @bo_2 thank you")), "@ada @bo_2 thank you");
        assert_eq!(said(&reply, None), "@ada @bo_2 thank you");
        let post = tweet("@ada thank you", &json!([]), false);
        assert_eq!(said(&post, Some("thank you")), "@ada thank you");
    }
}
