//! Text of other people's servers as prose: Markdown and HTML without their marks. It takes time in proportion to the text,
//! whatever stands in it.

/// Tags that end a line.
const BLOCKS: [&str; 10] = ["article", "blockquote", "br", "div", "li", "p", "section", "td", "title", "tr"];
/// Tags whose content is no text.
const SILENT: [&str; 2] = ["script", "style"];
/// What escaped characters stand for; the ampersand last, so that nothing is unescaped twice.
const ENTITIES: [(&str, &str); 7] = [
    ("&nbsp;", " "),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&amp;", "&"),
];

/// A title: all of it on one line of at most so many characters.
pub(super) fn title(text: &str, most: usize) -> String {
    let text = untagged(text);
    clip(&single_line(&unmarked(text.trim_start_matches(['#', ' ', '\n']))), most)
}

/// The prose of a text, at most so many characters, one line per block: without headings, code, tables and marks.
pub(super) fn body(text: &str, most: usize) -> String {
    clip(&prose(&untagged(text)), most)
}

/// Title and prose of a page: its heading of the first level, or else its first line. What comes first and only names the
/// page's address says nothing and is passed over.
pub(super) fn page(text: &str, address: &str, (title_most, most): (usize, usize)) -> (String, String) {
    let text = untagged(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let begins = lines.iter().position(|line| !line.contains(address)).unwrap_or(lines.len());
    let lines = &lines[begins..];
    let heading = lines.iter().find(|line| line.starts_with("# ")).or(lines.first());
    (heading.map_or_else(String::new, |line| title(line, title_most)), clip(&prose(&lines.join("\n")), most))
}

fn prose(text: &str) -> String {
    let mut lines = Vec::new();
    let mut in_code = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") || line.starts_with("~~~") {
            in_code = !in_code;
        } else if !(in_code || is_heading(line) || is_drawn(line)) {
            lines.push(single_line(&unmarked(line)));
        }
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn is_heading(line: &str) -> bool {
    line.starts_with('#') && line.trim_start_matches('#').starts_with(' ')
}

/// Whether a line is a rule or a table's.
fn is_drawn(line: &str) -> bool {
    line.starts_with('|') || line.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | ' '))
}

/// At most so many characters of the text, ending with a line or sentence, or with a word where none ends in time.
fn clip(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let kept = &text[..end];
    let ends = [". ", "! ", "? ", "\n"].iter().filter_map(|mark| kept.rfind(mark)).max();
    let ends = ends.map(|at| at + 1).filter(|at| *at >= end / 2);
    let ends = ends.or_else(|| kept.rfind(char::is_whitespace)).unwrap_or(end);
    kept[..ends].trim_end().to_owned()
}

fn single_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A line of Markdown without its marks: links are their text, pictures are nothing.
fn unmarked(line: &str) -> String {
    // Twice, because a picture may stand in a link.
    let line = unlinked(&unlinked(line.trim_start_matches(['>', ' '])));
    line.replace("**", "").replace("__", "").replace('`', "")
}

fn unlinked(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('[') {
        let (before, inside) = (&rest[..at], &rest[at + 1..]);
        match (link(inside), before.strip_suffix('!')) {
            (Some((_, after)), Some(before)) => {
                plain.push_str(before);
                rest = after;
            }
            (Some((text, after)), None) => {
                plain.push_str(before);
                plain.push_str(text);
                rest = after;
            }
            (None, _) => {
                plain.push_str(&rest[..=at]);
                rest = inside;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The text of a link behind its first bracket, and what comes after it.
fn link(inside: &str) -> Option<(&str, &str)> {
    let end = inside.find(['[', ']'])?;
    let address = inside[end..].strip_prefix("](")?;
    let closed = address.find([')', '['])?;
    Some((&inside[..end], address[closed..].strip_prefix(')')?))
}

/// The text without tags, escapes, and characters that carry nothing or that no queue can. Headings and code of HTML become
/// those of Markdown.
fn untagged(text: &str) -> String {
    let text: String = text.chars().filter(|c| !is_noise(*c)).collect();
    let is_html = ["</", "<br", "<BR", "<p>", "<P>"].iter().any(|tag| text.contains(tag));
    let plain = if is_html { without_tags(&text) } else { text };
    ENTITIES.iter().fold(plain, |plain, (escaped, meant)| plain.replace(escaped, meant))
}

fn is_noise(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    invisible || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some((name, is_end)) = tag(rest) else {
            plain.push('<');
            continue;
        };
        rest = rest.split_once('>').map_or("", |(_, after)| after);
        match name.as_str() {
            "h1" if !is_end => plain.push_str("\n# "),
            "h2" | "h3" | "h4" | "h5" | "h6" if !is_end => plain.push_str("\n## "),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => plain.push('\n'),
            "pre" => plain.push_str("\n```\n"),
            name if SILENT.contains(&name) && !is_end => {
                rest = rest.find("</").map_or("", |end| &rest[end..]);
            }
            name if BLOCKS.contains(&name) => plain.push('\n'),
            _ => {}
        }
    }
    plain.push_str(rest);
    plain
}

/// The name of the tag that begins here, behind its angle, and whether it ends one; nothing where none begins.
fn tag(rest: &str) -> Option<(String, bool)> {
    let is_end = rest.starts_with('/');
    let name = rest.trim_start_matches(['/', '!', '?']);
    let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
    let is_tag = name.starts_with(|c: char| c.is_ascii_alphabetic()) || rest.starts_with("!--");
    is_tag.then(|| (name.to_ascii_lowercase(), is_end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_read_as_prose() {
        let text = "# Tub 2\n\n> Tub keeps **notes** in [plain files](https://a.example/f).\n![logo](l.png)\n\n\
                    ```\nrm -rf /\n```\n| a | b |\n|---|---|\n***\n- It `starts` in 2 ms, [see below] [![x](y)](z).";
        assert_eq!(body(text, 4_000), "Tub keeps notes in plain files.\n- It starts in 2 ms, [see below] .");
        assert_eq!(title(" ## [Tub](t)  **2**\n", 40), "Tub 2");
    }

    #[test]
    fn html_is_read_as_prose() {
        let text = "<!-- x --><h1>Tub</h1><script>if (a<b) evil()</script><p>Tub &amp; Pail keep <b>notes</b>.</p>\
                    <PRE>make</PRE><p class=\"x\">5 &lt; 7.<br/>Done\u{200b}.</p>";
        assert_eq!(body(text, 4_000), "Tub & Pail keep notes.\n5 < 7.\nDone.");
        assert_eq!(page(text, "https://a.example", (40, 40)).0, "Tub");
        assert_eq!(body("x<y and a>b, &quot;so&quot;\u{0}", 4_000), "x<y and a>b, \"so\"");
    }

    #[test]
    fn a_page_is_named_by_its_heading_or_its_first_line() {
        let sizes = (20, 4_000);
        let address = "https://a.example/tub";
        let named = |text: &str| page(text, address, sizes);
        let found = named("Contents of https://a.example/tub:\nIntro.\n\n# Tub\nTub keeps notes.");
        assert_eq!(found, ("Tub".to_owned(), "Intro.\nTub keeps notes.".to_owned()));
        assert_eq!(named("\n\nTub\nMore at https://a.example/tub.").0, "Tub");
        assert_eq!(named("Tub keeps notes in plain files.").0, "Tub keeps notes in");
        assert_eq!(named("Contents of https://a.example/tub:\n"), (String::new(), String::new()));
    }

    #[test]
    fn what_is_cut_ends_with_a_sentence_or_a_word() {
        assert_eq!(body("One two. Three four five", 16), "One two.");
        assert_eq!(body("One two three. Four", 9), "One two");
        assert_eq!(body("Öneandonlyword", 4), "Önea");
    }

    #[test]
    fn hostile_marks_are_only_characters() {
        for mark in ["[", "](", "[](", "<", "<a", "</", "![", "&", "`", "<script>", "<!--"] {
            let text = mark.repeat(20_000);
            assert!(body(&text, 4_000).chars().count() <= 4_000, "{mark}");
            assert!(title(&text, 40).chars().count() <= 40, "{mark}");
        }
    }
}
