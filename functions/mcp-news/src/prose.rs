//! From the HTML of a feed item to prose.

use std::sync::LazyLock;

use html2text::config;
use html2text::render::{TaggedLine, TextDecorator};
use regex::Regex;
use unicode_segmentation::UnicodeSegmentation as _;

/// Longest text of an item, in characters: enough for a post about it, and fifty of them fit an answer.
pub const TEXT_CHARS: usize = 4_000;
/// Of longer HTML only the beginning is read: four thousand characters of prose are in it.
const HTML_BYTES: usize = 256 * 1024;
/// Nothing is wrapped: a line of output is a block of the page.
const WIDTH: usize = 10_000_000;
/// Put before headings by the renderer, and found again there: no text has it, see [`is_noise`].
const HEADING: &str = "\u{1}";

/// The prose of `html`, at most [`TEXT_CHARS`] characters, one line per block. A first line that only repeats `title`
/// is dropped.
pub(crate) fn read(html: &str, title: &str) -> String {
    let html: String = cut(html, HTML_BYTES).chars().filter(|c| !is_noise(*c)).collect();
    let mut lines = blocks(&html);
    if lines.iter().any(|line| has_markup(line)) {
        lines = blocks(&lines.join("\n"));
    }
    let repeats = |line: &String| line.trim_end_matches(':').trim_end() == title;
    if lines.first().is_some_and(repeats) {
        lines.remove(0);
    }
    clip(&without_boilerplate(&lines.join("\n")), TEXT_CHARS)
}

/// A title: all of it on one line.
pub(crate) fn title(html: &str) -> String {
    let html: String = cut(html, HTML_BYTES).chars().filter(|c| !is_noise(*c)).collect();
    single_line(&blocks(&html).join(" "))
}

/// At most `limit` characters of `text`, ending with a sentence, or with a word where no sentence ends in time.
pub(crate) fn clip(text: &str, limit: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(limit) else {
        return text.to_owned();
    };
    let sentence =
        text.split_sentence_bound_indices().map(|(start, _)| start).take_while(|start| *start <= end).last();
    let sentence = sentence.filter(|start| *start > end / 2);
    let word = || text[..end].rfind(char::is_whitespace);
    let end = sentence.or_else(word).unwrap_or(end);
    text[..end].trim_end().to_owned()
}

/// The text with every white space collapsed, line breaks too.
fn single_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Characters that carry no text: controls, soft hyphens, zero-width marks, and those that queues refuse.
fn is_noise(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    invisible || (c.is_control() && !c.is_whitespace())
}

fn blocks(html: &str) -> Vec<String> {
    let renderer = config::with_decorator(Plain).raw_mode(true).unicode_strikeout(false);
    // The renderer's one failure is a page too narrow; a page it cannot read has no prose.
    let lines = renderer.lines_from_read(html.as_bytes(), WIDTH).unwrap_or_default();
    lines.iter().filter_map(block).collect()
}

/// A line's prose: none where it is a heading, code, or nothing but a link's name.
fn block(line: &TaggedLine<Vec<Mark>>) -> Option<String> {
    let mut text = String::new();
    let mut only_links = true;
    for piece in line.tagged_strings().filter(|piece| !piece.tag.contains(&Mark::Code)) {
        only_links &= piece.tag.contains(&Mark::Link) || piece.s.trim().is_empty();
        text.push_str(&piece.s);
    }
    let heading = text.trim_start().starts_with(HEADING);
    let text = single_line(&text);
    let is_name = only_links && !text.ends_with(['.', '!', '?', '…']);
    (!text.is_empty() && !heading && !is_name).then_some(text)
}

fn without_boilerplate(text: &str) -> String {
    let mut text = text.trim();
    while let Some(found) = boilerplate().find_map(|pattern| pattern.find(text)) {
        text = text[..found.start()].trim_end();
    }
    match unfinished().and_then(|pattern| pattern.find(text)) {
        Some(found) => whole_sentences(text[..found.start()].trim_end()).to_owned(),
        None => text.to_owned(),
    }
}

/// The text without a last sentence that has no end; all of it where that is all there is.
fn whole_sentences(text: &str) -> &str {
    let begins = text.split_sentence_bound_indices().last().map_or(0, |(start, _)| start);
    let ended = text.ends_with(['.', '!', '?', '…']);
    if ended || begins == 0 { text } else { text[..begins].trim_end() }
}

/// What feeds put behind an item's text.
fn boilerplate() -> impl Iterator<Item = &'static Regex> {
    static TAILS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        let tails = [
            // Forums: who submitted it, and links to it and to its comments.
            r"(?i)(?:^|\s)submitted by\s+/?u/\S+[^\n]{0,80}(?:\s*\[link\])?(?:\s*\[comments\])?\s*$",
            r"(?i)(?:\[link\]|\[comments\])\s*$",
            // Weblogs: where it appeared first.
            r"(?i)(?:^|\n)[^\n]{0,400}\bappeared first on [^\n]{0,200}$",
            r"(?i)(?:^|\n)(?:continue reading|read more|read the (?:rest|full))[^\n]{0,80}$",
        ];
        tails.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
    });
    TAILS.iter()
}

/// The mark of a summary that breaks off.
fn unfinished() -> Option<&'static Regex> {
    static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\[\s*(?:…|\.\.\.)\s*\]\s*$").ok());
    MARK.as_ref()
}

/// Whether the text still has tags: markup that was escaped once too often.
fn has_markup(text: &str) -> bool {
    static TAG: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)</(?:p|a|div|span|li|em|strong|b|i)>|<br\s*/?>").ok());
    TAG.as_ref().is_some_and(|tag| tag.is_match(text))
}

/// What a piece of text is, beside text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mark {
    #[default]
    Text,
    Link,
    Code,
}

/// Decorates nothing, and remembers links, code and headings.
#[derive(Debug, Clone, Copy)]
struct Plain;

impl TextDecorator for Plain {
    type Annotation = Mark;

    fn decorate_link_start(&mut self, _url: &str) -> (String, Mark) {
        (String::new(), Mark::Link)
    }
    fn decorate_link_end(&mut self) -> String {
        String::new()
    }
    fn decorate_em_start(&self) -> (String, Mark) {
        Default::default()
    }
    fn decorate_em_end(&self) -> String {
        String::new()
    }
    fn decorate_strong_start(&self) -> (String, Mark) {
        Default::default()
    }
    fn decorate_strong_end(&self) -> String {
        String::new()
    }
    fn decorate_strikeout_start(&self) -> (String, Mark) {
        Default::default()
    }
    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }
    fn decorate_code_start(&self) -> (String, Mark) {
        Default::default()
    }
    fn decorate_code_end(&self) -> String {
        String::new()
    }
    fn decorate_preformat_first(&self) -> Mark {
        Mark::Code
    }
    fn decorate_preformat_cont(&self) -> Mark {
        Mark::Code
    }
    fn decorate_image(&mut self, _url: &str, _title: &str) -> (String, Mark) {
        Default::default()
    }
    fn header_prefix(&self, _level: usize) -> String {
        HEADING.to_owned()
    }
    fn quote_prefix(&self) -> String {
        String::new()
    }
    fn unordered_item_prefix(&self) -> String {
        String::new()
    }
    fn ordered_item_prefix(&self, _number: i64) -> String {
        String::new()
    }
    fn make_subblock_decorator(&self) -> Self {
        Self
    }
    fn decorate_superscript_start(&self) -> (String, Mark) {
        Default::default()
    }
    fn decorate_superscript_end(&self) -> String {
        String::new()
    }
    fn finalise(&mut self, _urls: Vec<String>) -> Vec<TaggedLine<Mark>> {
        Vec::new()
    }
}
