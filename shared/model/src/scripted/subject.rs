//! What to call an article: its name where the title is one, else the title in quotation marks.

use crate::text;

/// A title of at most so many words is taken for a name.
const NAME_WORDS: usize = 4;

/// Longest name, in characters.
const NAME_CHARS: usize = 40;

/// Widest quoted title, in characters; leaves room for a fact.
const QUOTED_CHARS: usize = 64;

/// Names for the article, most telling first, shortest last. Empty where the title has none that can be said as it is.
pub(super) fn subjects(title: &str) -> Vec<String> {
    let title = clean(title);
    if let Some(head) = head(&title).filter(|head| is_sayable(head)) {
        return vec![head.to_owned()];
    }
    if title.is_empty() || !is_sayable(&title) {
        return Vec::new();
    }
    if is_name(&title) {
        return vec![title];
    }
    let quoted = |max| format!("“{}”", text::clip(&title, max));
    vec![quoted(QUOTED_CHARS), quoted(QUOTED_CHARS / 2)]
}

/// Without tags in brackets, a site's name behind a bar, quotation marks around it, or surplus white space.
fn clean(title: &str) -> String {
    let mut rest = title.trim();
    while let Some((_, behind)) = rest.strip_prefix('[').and_then(|tagged| tagged.split_once(']')) {
        rest = behind.trim_start();
    }
    for prefix in ["Show HN:", "Ask HN:", "Tell HN:"] {
        rest = rest.strip_prefix(prefix).map_or(rest, str::trim_start);
    }
    let rest = rest.split(" | ").next().unwrap_or(rest);
    let words: Vec<&str> = rest.split_whitespace().collect();
    let marks = ['.', ':', ',', ';', '-', '"', '“', '”', '„', '«', '»', ' '];
    words.join(" ").trim_start_matches(['"', '“', '„', '«']).trim_end_matches(marks).to_owned()
}

/// Quotation marks inside would end ours; a mention or link would act.
fn is_sayable(text: &str) -> bool {
    !text.contains("://") && !text.contains(['"', '“', '”', '„', '«', '»', '@', '<', '`'])
}

/// One word, or a few that are written large: others would read as part of our sentence.
fn is_name(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let is_large = |word: &&str| word.len() <= 3 || !word.starts_with(char::is_lowercase);
    let shape = words.len() == 1 || (words.len() <= NAME_WORDS && words.iter().all(is_large));
    shape
        && !text::words(text).is_empty()
        && text.chars().count() <= NAME_CHARS
        && !text.contains(['?', '!', '…', '。', ':', ',', ';'])
}

/// The name before a colon or dash, as in `Kettle 2: faster and quieter`.
fn head(title: &str) -> Option<&str> {
    [": ", " – ", " — ", " - "].iter().find_map(|mark| {
        let (head, _) = title.split_once(mark)?;
        (is_name(head) && head.chars().next().is_some_and(|c| !c.is_lowercase())).then(|| head.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_title_is_a_name_and_a_headline_is_quoted() {
        assert_eq!(subjects("Pail"), ["Pail"]);
        assert_eq!(subjects("Order of the Bath"), ["Order of the Bath"]);
        assert_eq!(subjects("City bees")[0], "“City bees”");
        assert_eq!(subjects("Show HN: Kettle 2: faster and quieter boiling"), ["Kettle 2"]);
        assert_eq!(
            subjects("[Newbie] Does my shed need a door lock?")[0],
            "“Does my shed need a door lock?”"
        );
        assert_eq!(subjects("“Kettle”"), ["Kettle"]);
        assert!(subjects("Does my shed need a \"real\" door lock?").is_empty());
        assert!(subjects("  ").is_empty());
    }

    #[test]
    fn a_long_title_is_cut_after_a_word() {
        let long =
            "The council of Lund has decided after nine years of debate to build a second harbour crane";
        let found = subjects(long);
        assert!(found[0].ends_with("…”") && found[0].chars().count() <= QUOTED_CHARS + 2);
        assert!(long.contains(found[0].trim_matches(['“', '”', '…'])));
    }
}
