//! Text from outside: one bounded line that steers nothing, and how each form escapes it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Characters of a line: enough to recognise a goal or a reason, and two hundred of them still fit an answer.
const LINE_CHARS: usize = 240;

/// [PL-23] One line of text that somebody else wrote: goals, reasons, what was perceived. It is cut at 240 characters, and holds no
/// control character, no noncharacter and nothing that turns the direction of what follows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Line(String);

impl Line {
    /// The line as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        let mut line = String::new();
        let (mut chars, mut is_apart) = (0_usize, false);
        for c in text.chars() {
            if c.is_whitespace() {
                is_apart = !line.is_empty();
                continue;
            }
            if steers(c) {
                continue;
            }
            if chars + usize::from(is_apart) >= LINE_CHARS {
                line.push('…');
                break;
            }
            if is_apart {
                line.push(' ');
                chars += 1;
                is_apart = false;
            }
            line.push(c);
            chars += 1;
        }
        Self(line)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a character is none to look at: it would move a cursor, turn the writing, hide, or be no character at all.
fn steers(c: char) -> bool {
    let is_hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    let is_no_character = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    c.is_control() || is_hidden || is_no_character
}

/// As much of the text as fits so many columns, of which wide characters take two.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let width = |c: char| if is_wide(c) { 2 } else { 1 };
    if text.chars().map(width).sum::<usize>() <= columns {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += width(*c);
        used <= columns
    };
    let head: String = text.chars().take_while(fits).collect();
    format!("{}…", head.trim_end())
}

fn is_wide(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

/// [PL-23] The text as XML has it, between tags and in attributes.
pub(crate) fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// [PL-23] The text as a quoted label of Mermaid has it. Mermaid reads directives, comments, entities and HTML also inside of
/// quotes, so that whatever is neither letter, digit nor plain is written as its number.
pub(crate) fn mermaid(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',') {
            escaped.push(c);
        } else {
            escaped.push_str(&format!("#{};", u32::from(c)));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [PL-23]
    #[test]
    fn a_line_is_one_line_and_steers_nothing() {
        let hostile = " a\u{1b}[2J\r\nb\u{202e}c\u{200b}\u{2066}d\u{ffff}\u{feff}\u{0}\t\u{2028} e ";
        assert_eq!(Line::from(hostile).as_str(), "a[2J bcd e");
        assert_eq!(Line::from("  \n\u{7}").as_str(), "");
        assert_eq!(Line::from("日本 é").as_str(), "日本 é");
    }

    /// [PL-23]
    #[test]
    fn a_line_is_cut_where_it_is_too_long_and_nowhere_else() {
        let exact = "x".repeat(LINE_CHARS);
        assert_eq!(Line::from(exact.as_str()).as_str(), exact);
        let cut = Line::from(format!("{exact}y"));
        assert_eq!(cut.as_str(), format!("{exact}…"));
        let words = Line::from("ab ".repeat(LINE_CHARS));
        assert!(words.as_str().chars().count() <= LINE_CHARS + 1, "{words}");
        let again: Line = serde_json::from_value(serde_json::json!("a\u{1b}b\nc")).unwrap();
        assert_eq!(serde_json::json!(again), "ab c");
    }

    #[test]
    fn what_does_not_fit_is_marked_as_cut() {
        assert_eq!(fit("abcdef", 6), "abcdef");
        assert_eq!(fit("abcdefg", 6), "abcde…");
        assert_eq!(fit("日本語日本", 6), "日本…");
        assert_eq!(fit("ab cdef", 4), "ab…");
    }

    /// [PL-23]
    #[test]
    fn nothing_escapes_from_a_label() {
        assert_eq!(xml("<b a=\"1\">'&"), "&lt;b a=&quot;1&quot;&gt;&#39;&amp;");
        assert_eq!(mermaid("a\"]; b"), "a#34;#93;#59; b");
        assert_eq!(mermaid("%%{init}%%"), "#37;#37;#123;init#125;#37;#37;");
        assert_eq!(mermaid("Straße 7, ok."), "Straße 7, ok.");
    }
}
