//! Disguises undone: one canonical reading of a text, in which words are as a reader sees them.

use crate::fold::{GAP, decode_entities, fold, restore_direction};
use crate::vocabulary::{Vocabulary, skeleton};

/// A text as the screen reads it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Lower case, disguises undone, words parted by single spaces.
    pub canonical: String,
    /// Spelled-out letters that are no known words: glued together, looked through for parts of words.
    pub runs: Vec<String>,
    /// Words that could be read only after they were deciphered: spelled out, joined, without vowels, in figures.
    pub deciphered: usize,
}

impl Reading {
    /// Whether so much had to be deciphered that a person should look at it: honest posts are not written so.
    #[must_use]
    pub fn is_in_disguise(&self) -> bool {
        self.deciphered >= MIN_DECIPHERED && self.deciphered * 2 >= self.canonical.split(' ').count()
    }
}

/// A name, a hashtag and a slip of the pen are no disguise.
const MIN_DECIPHERED: usize = 5;

/// Undoes entities, overridden direction, look-alikes, emoji for words, joined, spaced, stretched, masked and leet words.
#[must_use]
pub fn read(text: &str, vocabulary: &Vocabulary) -> Reading {
    let decoded = decode_entities(text);
    let (folded, humps) = fold(&restore_direction(&decoded));
    let mut reader =
        Reader { vocabulary, reading: Reading::default(), letters: Vec::new(), is_spaced: false };
    for token in folded.split_whitespace() {
        reader.take(token);
    }
    reader.end_run();
    reader.reading.deciphered += humps;
    reader.reading
}

struct Reader<'a> {
    vocabulary: &'a Vocabulary,
    reading: Reading,
    /// Tokens of one letter each that came in a row.
    letters: Vec<char>,
    /// Whether words were spelled out before.
    is_spaced: bool,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) {
        if token == GAP {
            return self.end_run();
        }
        let mut inside = token.chars().filter(|c| c.is_alphanumeric());
        match (inside.next(), inside.next()) {
            (Some(letter), None) if token.chars().count() <= 3 && !token.starts_with(['$', '#']) => {
                self.letters.push(letter);
            }
            (None, _) if !self.letters.is_empty() && token.chars().count() <= 2 => {}
            _ => {
                self.end_run();
                if token.is_ascii() && self.vocabulary.knows(token) {
                    self.push(token);
                } else {
                    self.repair(token);
                }
            }
        }
    }

    /// Letters that were spaced out become words again; fewer than three in a row are left as they are.
    fn end_run(&mut self) {
        let letters = std::mem::take(&mut self.letters);
        let is_spaced = letters.len() >= 3 || letters.len() == 2 && self.is_spaced;
        self.is_spaced |= letters.len() >= 4;
        if !is_spaced {
            for letter in letters {
                self.push(letter.encode_utf8(&mut [0; 4]));
            }
            return;
        }
        let glued: String = letters.iter().collect();
        self.glued(&unleet(&glued, 'i'));
    }

    fn glued(&mut self, glued: &str) {
        let words = self.parted_run(glued);
        self.reading.deciphered += words.len();
        words.iter().for_each(|word| self.push(word));
    }

    /// The words of spelled-out letters. What is no known word is kept for the search for parts of words.
    fn parted_run(&mut self, glued: &str) -> Vec<String> {
        let words = self.vocabulary.part(glued).unwrap_or_else(|| vec![glued.to_owned()]);
        if !words.iter().all(|word| self.vocabulary.knows(word)) {
            self.reading.runs.push(glued.to_owned());
        }
        words
    }

    fn push(&mut self, word: &str) {
        if !self.reading.canonical.is_empty() {
            self.reading.canonical.push(' ');
        }
        self.reading.canonical.push_str(word);
    }

    /// A token that is not known as it stands.
    fn repair(&mut self, token: &str) {
        let is_edge = |c: char| !(c.is_alphanumeric() || matches!(c, '@' | '$' | '*'));
        let core = token.trim_end_matches(|c: char| is_edge(c) || matches!(c, '@' | '$' | '*'));
        let tail = &token[core.len()..];
        let head_len = core.len() - core.trim_start_matches(is_edge).len();
        let (head, core) = core.split_at(head_len);
        if core.is_empty() || core.starts_with("http") || core.starts_with('@') && !head.is_empty() {
            return self.push(token);
        }
        match self.repaired(core, head.ends_with('#')) {
            Some(repair) => {
                let (Repair::Tidied(word) | Repair::Deciphered(word)) = &repair;
                if matches!(repair, Repair::Deciphered(_)) {
                    self.reading.deciphered += word.split(' ').count();
                }
                self.push(&format!("{head}{word}{tail}"));
            }
            None => self.push(token),
        }
    }

    fn repaired(&mut self, core: &str, is_hashtag: bool) -> Option<Repair> {
        let v = self.vocabulary;
        if v.knows(core) {
            return None;
        }
        if core.chars().all(|c| c.is_alphabetic() || c == '\'') {
            return self.word(core, is_hashtag);
        }
        if core.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '%' | '$' | ':' | '/')) {
            return None;
        }
        let groups: Vec<&str> =
            core.split(|c: char| !c.is_alphanumeric()).filter(|g| !g.is_empty()).collect();
        let single = groups.iter().filter(|group| group.chars().count() == 1).count();
        if groups.len() >= 3 && single * 4 >= groups.len() * 3 {
            let words = self.parted_run(&unleet(&groups.concat(), 'i'));
            return Some(Repair::Deciphered(words.join(" ")));
        }
        if groups.len() >= 2 && groups.iter().all(|group| v.knows(group)) {
            return core.contains('/').then(|| Repair::Tidied(groups.join(" / ")));
        }
        let letters: String = groups.concat();
        if letters.len() >= 4 && v.knows(&letters) {
            let is_compound = core.contains('-');
            return Some(if is_compound { Repair::Tidied(letters) } else { Repair::Deciphered(letters) });
        }
        if core.contains('*')
            && let Some(word) = v.with_vowels(&skeleton(&letters))
        {
            return Some(Repair::Deciphered(word.to_owned()));
        }
        self.unleeted(core, groups.len() == 1, is_hashtag).map(Repair::Deciphered)
    }

    /// A word in which figures and signs stand for letters.
    fn unleeted(&self, core: &str, is_one_group: bool, is_hashtag: bool) -> Option<String> {
        for one in ['i', 'l'] {
            let word: String = unleet(core, one).chars().filter(|c| c.is_alphanumeric()).collect();
            if word.chars().all(char::is_alphabetic) {
                if self.vocabulary.knows(&word) {
                    return Some(word);
                }
                if let Some(word) = self.stretched(&word) {
                    return Some(word);
                }
            }
        }
        let is_sign_inside = core.as_bytes().windows(3).any(|three| {
            let is_sign = !three[1].is_ascii_alphabetic() && !matches!(three[1], b'\'' | b'-');
            three[0].is_ascii_alphabetic() && is_sign && three[2].is_ascii_alphabetic()
        });
        if !(is_one_group && is_sign_inside) {
            return None;
        }
        let word = unleet(core, 'i');
        match self.word(&word, is_hashtag) {
            Some(Repair::Tidied(word) | Repair::Deciphered(word)) => Some(word),
            None => Some(word),
        }
    }

    /// A word of letters only that is not known.
    fn word(&self, word: &str, is_hashtag: bool) -> Option<Repair> {
        if let Some(word) = self.stretched(word) {
            return Some(Repair::Tidied(word));
        }
        if !word.is_ascii() {
            return None;
        }
        if word.len() >= 2 && !word.contains(['a', 'e', 'i', 'o', 'u', '\'']) {
            return self.vocabulary.with_vowels(word).map(|word| Repair::Deciphered(word.to_owned()));
        }
        // Most words that are not known are names; only what is too long for one is parted.
        if word.len() >= if is_hashtag { 6 } else { 10 } {
            let words = self.vocabulary.part(word).filter(|words| words.len() > 1)?;
            let known: usize = words.iter().filter(|word| self.vocabulary.knows(word)).map(String::len).sum();
            // A name that happens to begin with a word is left whole.
            return (known * 3 >= word.len() * 2).then(|| Repair::Deciphered(words.join(" ")));
        }
        None
    }

    /// The known word of which letters were repeated.
    fn stretched(&self, word: &str) -> Option<String> {
        let letters: Vec<char> = word.chars().collect();
        if !letters.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let kept = |from: usize, keep: usize| {
            let mut kept = String::with_capacity(word.len());
            for run in letters.chunk_by(|a, b| a == b) {
                kept.extend(run.iter().take(if run.len() >= from { keep } else { run.len() }));
            }
            kept
        };
        let found = [kept(3, 2), kept(3, 1), kept(2, 1)].into_iter().find(|word| self.vocabulary.knows(word));
        found.or_else(|| {
            letters.windows(3).any(|run| run[0] == run[1] && run[1] == run[2]).then(|| kept(3, 1))
        })
    }
}

/// A token as it was meant.
enum Repair {
    /// As people write when they are merry or in haste: `sooo`, `and/or`.
    Tidied(String),
    /// As people write who do not want it read by a machine.
    Deciphered(String),
}

/// Digits and signs back to the letters they stand for. `one` is what a 1 stands for.
fn unleet(word: &str, one: char) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => one,
        '|' => 'l',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '2' => 'z',
        other => other,
    };
    word.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vocabulary {
        Vocabulary::new([
            "vote", "for", "the", "election", "now", "good", "blue", "take", "pills", "senate", "iphone",
        ])
    }

    fn canonical(text: &str) -> String {
        read(text, &known()).canonical
    }

    #[test]
    fn a_disguised_word_is_read_as_it_is_seen() {
        for text in [
            "v o t e for the election",
            "v.o.t.e for the e-l-e-c-t-i-o-n",
            "v0t3 for the 3l3ct10n",
            "vоtе for the еlесtіоn",
            "vo\u{200b}te for the elec\u{ad}tion",
            "ｖｏｔｅ for the election",
            "vóte for the e\u{301}lection",
            "&#118;ote for the &#x65;lection",
            "voooote for the electiooon",
            "VoteForTheElection",
            "#voteforthe election",
            "\u{202e}noitcele eht rof etov\u{202c}",
            "VOTE for the eLeCtIoN",
            "v*te for the el*ction",
            "vt fr the lctn",
        ] {
            assert_eq!(canonical(text).trim_start_matches('#'), "vote for the election", "{text:?}");
        }
    }

    #[test]
    fn honest_writing_is_left_as_it_is() {
        for text in [
            "a b test",
            "take 2 pills at 10:30",
            "mp3 and 4k",
            "e-mail",
            "https://a.example/v0te",
            "the rhythm",
        ] {
            assert_eq!(canonical(text), text);
        }
        assert_eq!(canonical("Sooo good!"), "so good!");
    }

    #[test]
    fn pictures_are_read_as_words() {
        assert_eq!(canonical("take the 💊 now 🗳️"), "take the pill now vote");
    }

    #[test]
    fn a_text_that_is_all_disguise_is_known_as_such() {
        let is_in_disguise = |text| read(text, &known()).is_in_disguise();
        assert!(is_in_disguise("v o t e   f o r   t h e   e l e c t i o n   n o w"));
        assert!(is_in_disguise("#voteforthe #electionnow"));
        assert!(!is_in_disguise("vote for the election n o w"));
        assert!(!is_in_disguise("good iphone now #VoteBlue for the good of the senate"));
    }

    #[test]
    fn letters_that_are_no_known_word_are_kept_for_the_search() {
        assert_eq!(read("q z x w k", &known()).runs, ["qzxwk"]);
    }
}
