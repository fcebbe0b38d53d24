//! A small edit, as a hurried reviewer would make one.

/// What the edit puts in place of a post's last words.
const CLOSER: &str = "Have a look.";
/// A sentence of at most this many words counts as last words that may go: it says nothing about the source.
const CLOSER_WORDS: usize = 4;

/// No edit makes a text that counts more than this: the platform's own limit, less some room for how it counts.
const WIDTH: usize = 270;
/// A link counts this much, however long it is.
const LINK_WIDTH: usize = 23;

/// The text with other last words: those before the link are replaced, and where the text ends on a statement its full
/// stop is taken away instead, so that no claim and no length is added.
pub(super) fn small_edit(text: &str) -> String {
    let (body, link) = split_at_link(text);
    let (body, gap) = (body.trim_end(), &body[body.trim_end().len()..]);
    let (start, _) = last_sentence(body);
    let last = body[start..].trim();
    let words = last.split_whitespace().count();
    let may_go =
        start > 0 && words <= CLOSER_WORDS && !last.contains(['"', '“', '”', '«', '»']) && last != CLOSER;
    let edited = format!("{}{CLOSER}{gap}", &body[..start]);
    if may_go && width(&edited) + LINK_WIDTH <= WIDTH {
        return format!("{edited}{link}");
    }
    match body.strip_suffix('.') {
        Some(shorter) => format!("{shorter}{gap}{link}"),
        None => format!("{body}.{gap}{link}"),
    }
}

/// Counts every letter beyond ASCII twice: never less than the platform does.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

fn split_at_link(text: &str) -> (&str, &str) {
    let at = ["https://", "http://"].iter().filter_map(|scheme| text.rfind(scheme)).max();
    text.split_at(at.unwrap_or(text.len()))
}

/// Where the last sentence begins, and its bytes: after a mark that ends a sentence and a blank.
fn last_sentence(body: &str) -> (usize, usize) {
    let inner = body.trim_end_matches(['.', '!', '?', '…']);
    let ends = inner.char_indices().zip(inner.chars().skip(1)).filter_map(|((at, c), next)| {
        let is_end = matches!(c, '.' | '!' | '?' | '…' | '”' | '"' | '\n') && next.is_whitespace();
        (is_end || c == '\n').then_some(at + c.len_utf8())
    });
    let end = ends.last().unwrap_or(0);
    let blank = body[end..].len() - body[end..].trim_start().len();
    (end + blank, body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_replaced_and_the_link_stays() {
        assert_eq!(
            small_edit("Tub keeps notes in 64 files. Pass it on. https://n.example/tub"),
            "Tub keeps notes in 64 files. Have a look. https://n.example/tub"
        );
        assert_eq!(
            small_edit("Tub keeps notes in 64 files.\n\nWould you use it?\nhttps://n.example/tub"),
            "Tub keeps notes in 64 files.\n\nHave a look.\nhttps://n.example/tub"
        );
    }

    #[test]
    fn a_statement_and_a_quotation_are_kept() {
        for text in [
            "Tub keeps its notes in plain files. https://n.example/tub",
            "Tub: “It just works.” https://n.example/tub",
            "Tub",
            "",
        ] {
            let edited = small_edit(text);
            assert_ne!(edited, text);
            assert!(edited.len() <= text.len() + 1, "{edited}");
            assert!(!edited.contains("Have a look"), "{edited}");
        }
    }
}
