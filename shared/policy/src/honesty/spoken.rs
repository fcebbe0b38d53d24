//! A text as it is spoken: words and the marks that end a clause, shorthand written out. The patterns of honesty are
//! matched on this.

use crate::normalise::{plain, spaced_runs, views};
use crate::words::without_links;

/// Every view of the text in which a disguise may be undone, spoken.
pub(super) fn spoken_views(text: &str) -> Vec<String> {
    let mut spoken: Vec<String> = Vec::new();
    for view in views(&without_handles(&without_links(text))) {
        let view = speak(&view);
        if !spoken.contains(&view) {
            spoken.push(view);
        }
    }
    spoken
}

/// Who is spoken to is not what is said.
pub(super) fn without_handles(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !word.starts_with(['@', '＠']));
    words.collect::<Vec<_>>().join(" ")
}

/// The words of a plain view apart by one space each; `?` and `,` stand for themselves, `.` for all other marks.
pub(super) fn speak(view: &str) -> String {
    let view = view.replace("a.i.", "ai").replace("a.i", "ai");
    let (mut spoken, mut word) = (String::with_capacity(view.len() + 8), String::new());
    for c in view.chars() {
        match c {
            c if c.is_alphanumeric() => word.push(c),
            '\'' => {}
            '?' | ',' => end_word(&mut spoken, &mut word, Some(c)),
            '.' | '!' | ';' | ':' | '…' | '"' | '(' | ')' => end_word(&mut spoken, &mut word, Some('.')),
            _ => end_word(&mut spoken, &mut word, None),
        }
    }
    end_word(&mut spoken, &mut word, None);
    let spoken = format!(" {} ", spoken.trim());
    let spoken =
        spoken.replace(" b o t ", " bot ").replace(" a i ", " ai ").replace(" chat gpt ", " chatgpt ");
    spoken.replace(" chat bot ", " bot ").replace(" chatbot ", " bot ").trim().to_owned()
}

fn end_word(spoken: &mut String, word: &mut String, mark: Option<char>) {
    if !word.is_empty() {
        let written = SHORTHAND.iter().find(|(short, _)| *short == word.as_str()).map(|(_, long)| *long);
        spoken.push_str(written.unwrap_or(word));
        spoken.push(' ');
        word.clear();
    }
    if let Some(mark) = mark {
        spoken.push(mark);
        spoken.push(' ');
    }
}

/// How people write in a hurry, and forms that need not be told apart.
const SHORTHAND: [(&str, &str); 33] = [
    ("r", "are"),
    ("u", "you"),
    ("ur", "you are"),
    ("youre", "you are"),
    ("ure", "you are"),
    ("ya", "you"),
    ("yall", "you"),
    ("yu", "you"),
    ("ru", "are you"),
    ("im", "i am"),
    ("iam", "i am"),
    ("arent", "are not"),
    ("aint", "are not"),
    ("isnt", "is not"),
    ("wasnt", "was not"),
    ("theres", "there is"),
    ("thats", "that is"),
    ("its", "it is"),
    ("whos", "who is"),
    ("whats", "what is"),
    ("realy", "really"),
    ("actualy", "actually"),
    ("hooman", "human"),
    ("humans", "human"),
    ("ais", "ai"),
    ("bots", "bot"),
    ("robots", "robot"),
    ("robotic", "robot"),
    ("android", "robot"),
    ("cyborg", "robot"),
    ("droid", "robot"),
    ("machines", "machine"),
    ("dis", "this"),
];

/// Whether one of the phrases, written without spaces, stands in a text that spells words out (`b.o.t`).
pub(super) fn is_spelled_out(text: &str, phrases: &[&str]) -> bool {
    if spaced_runs(text).is_empty() {
        return false;
    }
    let letters: String = plain(text).chars().filter(|c| c.is_alphanumeric()).collect();
    phrases.iter().any(|phrase| letters.contains(phrase))
}
