//! What a read tool of somebody else's server answers, as items to choose from. All of it is data.

use std::collections::BTreeSet;

use chimera_domain::{Timestamp, ToolFeed, is_http_url};
use serde_json::Value;

use crate::desk::SkillError;
use crate::skills::plain;
use crate::skills::research::Headline;

/// Under which names servers list what they found, and give its parts: the first that holds something counts. A list or
/// text that a framework made an object of is its `result`.
const LISTS: [&str; 5] = ["items", "articles", "results", "posts", "result"];
const WHOLE: [&str; 2] = ["text", "result"];
const TITLES: [&str; 3] = ["title", "name", "headline"];
const LINKS: [&str; 2] = ["url", "link"];
const TEXTS: [&str; 5] = ["text", "summary", "description", "content", "snippet"];
const DATES: [&str; 3] = ["published_at", "publishedAt", "date"];

/// The argument that names the page a tool reads.
const PAGE: &str = "url";

/// Longest title, in characters: a post is not much longer.
const TITLE_CHARS: usize = 200;
/// Longest text of an item, in characters, and of all items of an answer: as the news server gives them.
const TEXT_CHARS: usize = 4_000;
const TEXTS_CHARS: usize = 50 * TEXT_CHARS;
/// Of a longer text only the beginning is read, in characters for each that is kept: marks take the rest.
const RAW_SHARE: usize = 8;

/// [K-13] The items of an answer, at most so many, each with a link of its own.
pub(super) fn headlines(feed: &ToolFeed, answer: &Value, most: usize) -> Result<Vec<Headline>, SkillError> {
    let name = format!("{}.{}", feed.server(), feed.tool());
    let Some(items) = items(answer, feed.argument(PAGE), most) else {
        let why = "it holds neither a list of items nor a text";
        return Err(SkillError::unreadable(&name, &serde::de::Error::custom(why)));
    };
    if items.is_empty() {
        let message = format!("nothing that {name} answered has a link to cite");
        return Err(SkillError::Failed { code: "no_usable_source", message, retryable: false });
    }
    Ok(items)
}

fn items(answer: &Value, page: Option<&str>, most: usize) -> Option<Vec<Headline>> {
    if let Some(list) = list(answer) {
        return Some(listed(list, most));
    }
    let text = WHOLE.iter().find_map(|name| answer.get(name)?.as_str())?;
    // A tool without structure may still write it down.
    match serde_json::from_str::<Value>(text).ok().as_ref().and_then(list) {
        Some(list) => Some(listed(list, most)),
        None => Some(page.and_then(|url| read_page(text, url)).into_iter().collect()),
    }
}

fn list(answer: &Value) -> Option<&Vec<Value>> {
    answer.as_array().or_else(|| LISTS.iter().find_map(|name| answer.get(name)?.as_array()))
}

fn listed(list: &[Value], most: usize) -> Vec<Headline> {
    let mut seen = BTreeSet::new();
    let mut cited: Vec<(&str, &Value)> = Vec::new();
    for item in list {
        let mut links = LINKS.iter().filter_map(|name| Some(item.get(name)?.as_str()?.trim()));
        let url = links.find(|link| is_http_url(link));
        // A post carries its source: what has no link cannot become one.
        if let Some(url) = url.filter(|url| cited.len() < most && seen.insert(*url)) {
            cited.push((url, item));
        }
    }
    let share = TEXT_CHARS.min(TEXTS_CHARS / cited.len().max(1));
    cited.into_iter().enumerate().map(|(at, (url, item))| read_item(at, url, item, share)).collect()
}

fn read_item(at: usize, url: &str, item: &Value, share: usize) -> Headline {
    let parts = |names: &[&str], most: usize, read: fn(&str, usize) -> String| {
        let given = names.iter().filter_map(|name| item.get(name)?.as_str());
        given.map(|text| read(raw(text, most), most)).find(|text| !text.is_empty()).unwrap_or_default()
    };
    let mut dates = DATES.iter().filter_map(|name| item.get(name)?.as_str());
    Headline {
        id: (at + 1).to_string(),
        title: parts(&TITLES, TITLE_CHARS, plain::title),
        url: url.to_owned(),
        published_at: dates.find_map(|date| date.parse::<Timestamp>().ok()).map(|at| at.to_string()),
        text: parts(&TEXTS, share, plain::body),
    }
}

/// The one item that a text without structure is: the page that was asked for.
fn read_page(text: &str, url: &str) -> Option<Headline> {
    let url = Some(url).filter(|url| is_http_url(url))?;
    let (title, text) = plain::page(raw(text, TEXT_CHARS), url, (TITLE_CHARS, TEXT_CHARS));
    Some(Headline { id: "1".to_owned(), title, url: url.to_owned(), published_at: None, text })
}

/// The beginning of a text that is worth reading for so many characters.
fn raw(text: &str, most: usize) -> &str {
    text.char_indices().nth(most * RAW_SHARE).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ASKED: &str = "mcp://wire/latest?url=https%3A%2F%2Fa.example%2Ftub";

    fn read(feed: &str, answer: &Value) -> Result<Vec<Headline>, SkillError> {
        headlines(&ToolFeed::of(feed).unwrap().unwrap(), answer, 3)
    }

    fn code(feed: &str, answer: &Value) -> &'static str {
        match read(feed, answer).unwrap_err() {
            SkillError::Failed { code, .. } => code,
            SkillError::Later(error) => panic!("{error}"),
        }
    }

    /// [K-13]
    #[test]
    fn every_usual_name_of_a_list_and_its_parts_is_known() {
        let parts = [
            json!({ "title": "Tub", "url": "https://a.example/1", "text": "It keeps notes.", "published_at": "2031-02-01T12:00:00+02:00" }),
            json!({ "name": "Tub", "link": " https://a.example/1 ", "summary": "It keeps notes.", "publishedAt": "2031-02-01T10:00:00Z" }),
            json!({ "headline": "Tub", "url": "https://a.example/1", "description": "It keeps notes.", "date": "2031-02-01T10:00:00Z" }),
            json!({ "title": " ", "name": "**Tub**", "url": "https://a.example/1", "text": "", "content": "<p>It keeps notes.</p>", "date": "2031-02-01T10:00:00Z" }),
            json!({ "title": "Tub", "url": "https://a.example/1", "content": { "no": "text" }, "snippet": "It keeps notes.", "published_at": "soon", "date": "2031-02-01T10:00:00Z" }),
        ];
        for (list, part) in LISTS.iter().zip(&parts) {
            let found = read("mcp://wire/latest", &json!({ *list: [part] })).unwrap();
            let found = serde_json::to_value(&found).unwrap();
            let expected = json!([{
                "id": "1", "title": "Tub", "url": "https://a.example/1", "text": "It keeps notes.",
                "published_at": "2031-02-01T10:00:00Z",
            }]);
            assert_eq!(found, expected, "{list}");
        }
        let bare = json!([{ "title": "Tub", "url": "https://a.example/1", "date": "yesterday" }]);
        let written = json!({ "text": json!({ "items": bare }).to_string(), "untrusted": true });
        for answer in [bare, written] {
            let found = read("mcp://wire/latest", &answer).unwrap();
            assert_eq!((found[0].text.as_str(), found[0].published_at.as_deref()), ("", None));
        }
    }

    /// [K-13]
    #[test]
    fn what_has_no_link_of_its_own_is_dropped() {
        let item = |url: Value| json!({ "title": "T", "url": url, "text": "It is." });
        let answer = json!({ "items": [
            item(json!(null)), item(json!("/tub")), item(json!("javascript:alert(1)")), item(json!("https://u:p@a.example")),
            item(json!("https://a.example/a b")), item(json!(7)), json!("https://a.example/"), json!(null),
            item(json!("https://a.example/1")), item(json!("https://a.example/1")),
            json!({ "title": "T", "url": "/2", "link": "http://a.example/2", "text": "It is." }),
        ] });
        let urls: Vec<String> =
            read("mcp://wire/latest", &answer).unwrap().into_iter().map(|found| found.url).collect();
        assert_eq!(urls, ["https://a.example/1", "http://a.example/2"]);
        assert_eq!(code("mcp://wire/latest", &json!({ "items": [item(json!("/tub"))] })), "no_usable_source");
        assert_eq!(code("mcp://wire/latest", &json!({ "items": [] })), "no_usable_source");
    }

    /// [K-13]
    #[test]
    fn a_text_is_the_page_that_was_asked_for() {
        let text = "Contents of https://a.example/tub:\n# Tub\n\nIt keeps **notes** in files.";
        for answer in [json!({ "text": text, "untrusted": true, "cut": true }), json!({ "result": text })] {
            let found = read(ASKED, &answer).unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!((found[0].title.as_str(), found[0].url.as_str()), ("Tub", "https://a.example/tub"));
            assert_eq!(found[0].text, "It keeps notes in files.");
        }
        let answer = json!({ "text": text });
        for nowhere in
            ["mcp://wire/latest", "mcp://wire/latest?url=tub", "mcp://wire/latest?page=https://a.example/tub"]
        {
            assert_eq!(code(nowhere, &answer), "no_usable_source", "{nowhere}");
        }
    }

    /// [K-13]
    #[test]
    fn an_answer_is_bounded_whatever_it_holds() {
        let item = |at: usize| json!({ "title": "T ".repeat(9_000), "url": format!("https://a.example/{at}"), "text": "It is so. ".repeat(9_000) });
        let items: Vec<Value> = (0..200).map(item).collect();
        let found = read("mcp://wire/latest", &json!({ "items": items })).unwrap();
        assert_eq!(found.len(), 3, "as many as were asked for");
        let chars = |text: &str| text.chars().count();
        assert!(
            found.iter().all(|item| chars(&item.title) <= TITLE_CHARS && chars(&item.text) <= TEXT_CHARS)
        );
        let many = listed(&items, 200);
        assert!(many.iter().map(|item| chars(&item.text)).sum::<usize>() <= TEXTS_CHARS && many.len() == 200);
        let long = json!({ "text": "It is so. ".repeat(400_000) });
        assert!(chars(&read(ASKED, &long).unwrap()[0].text) <= TEXT_CHARS);
    }

    /// [K-13]
    #[test]
    fn an_answer_that_is_neither_list_nor_text_cannot_be_read() {
        for answer in
            [json!(null), json!({}), json!({ "items": 7, "text": { "a": 1 } }), json!("Tub"), json!(7)]
        {
            assert_eq!(code(ASKED, &answer), "unreadable_answer", "{answer}");
        }
    }
}
