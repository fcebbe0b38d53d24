//! A headline as words: stems, names and figures, and which words say little.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::normalise::pattern;
use crate::words::stem;

/// Letters by which words are compared: `promoted` and `promotion`, `champion` and `championship` are one.
const LETTERS: usize = 6;
/// Shorter words say nothing.
const SHORTEST: usize = 3;

/// A headline's telling words, each once, in order.
#[derive(Debug)]
pub(super) struct Title {
    pub(super) words: Vec<Word>,
}

/// A telling word.
#[derive(Debug)]
pub(super) struct Word {
    /// What it is compared by.
    pub(super) stem: String,
    /// As it is written, in small letters.
    pub(super) shown: String,
    /// Its place among all words.
    pub(super) at: usize,
    /// Whether it is part of a name.
    pub(super) is_name: bool,
}

impl Title {
    pub(super) fn find(&self, stem: &str) -> Option<&Word> {
        self.words.iter().find(|word| word.stem == stem)
    }

    /// Whether both name somebody or something, and nothing that the other one names.
    pub(super) fn names_others(&self, other: &Self) -> bool {
        let names = |title: &Self| title.words.iter().any(|word| word.is_name);
        let shares = |word: &&Word| word.is_name && other.find(&word.stem).is_some_and(|there| there.is_name);
        names(self) && names(other) && !self.words.iter().any(|word| shares(&word))
    }
}

/// How a word is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Small,
    /// With a capital that only a name has.
    Capital,
    /// With a capital, where every word begins with one: at the beginning, or in a title that capitalises all.
    Perhaps,
    Figure,
}

struct Token {
    stem: String,
    shown: String,
    at: usize,
    written: Written,
}

/// Reads titles together: what is a name at the beginning of one is seen in the others.
pub(super) fn read(titles: &[&str]) -> Vec<Title> {
    let titles: Vec<Vec<Token>> = titles.iter().map(|title| tokens(title)).collect();
    let mut written: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for token in titles.iter().flatten() {
        let (capital, small) = written.entry(&token.stem).or_default();
        *capital += usize::from(token.written == Written::Capital);
        *small += usize::from(token.written == Written::Small);
    }
    let names: BTreeSet<String> = written
        .into_iter()
        .filter(|(_, (capital, small))| capital > small)
        .map(|(stem, _)| stem.to_owned())
        .collect();
    titles.into_iter().map(|tokens| title(tokens, &names)).collect()
}

fn title(tokens: Vec<Token>, names: &BTreeSet<String>) -> Title {
    let mut words: Vec<Word> = Vec::with_capacity(tokens.len());
    for Token { stem, shown, at, written } in tokens {
        if words.iter().all(|word| word.stem != stem) {
            let is_name =
                matches!(written, Written::Capital | Written::Perhaps) && names.contains(stem.as_str());
            words.push(Word { stem, shown, at, is_name });
        }
    }
    Title { words }
}

static WORD: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\d+(?:[.,:\-]\d+)*|[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*"));

fn tokens(title: &str) -> Vec<Token> {
    let found: Vec<regex::Match<'_>> = WORD.find_iter(title).collect();
    let is_raised = |word: &str| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    let raised = found.iter().filter(|word| is_raised(word.as_str())).count();
    let capitalises_all = found.len() >= 4 && raised * 4 > found.len() * 3;
    let mut tokens = Vec::with_capacity(found.len());
    let (mut at, mut end, mut begins) = (0, 0, true);
    for word in found {
        begins |= title[end..word.start()].contains([':', '?', '!', '.', '"', '“', '”']);
        end = word.end();
        let is_first = std::mem::take(&mut begins);
        let shown = spelled(word.as_str());
        if shown.starts_with(|c: char| c.is_ascii_digit()) {
            if shown.len() > 1 {
                tokens.push(Token { stem: shown.clone(), shown, at, written: Written::Figure });
                at += 1;
            }
            continue;
        }
        if let Some(stem) = telling(&shown) {
            let is_capital = word.as_str().starts_with(char::is_uppercase);
            let written = match (capitalises_all, is_capital) {
                (true, _) => Written::Perhaps,
                (false, true) if is_first => Written::Perhaps,
                (false, true) => Written::Capital,
                (false, false) => Written::Small,
            };
            tokens.push(Token { stem, shown, at, written });
        }
        at += 1;
    }
    tokens
}

/// In small letters, without a possessive, figures without the marks between thousands.
fn spelled(word: &str) -> String {
    let word = word.to_lowercase().replace('’', "'");
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix('\'')).unwrap_or(&word).replace('\'', "");
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return word;
    }
    let mut figure = String::with_capacity(word.len());
    for (at, c) in word.char_indices() {
        let behind = &word[at + c.len_utf8()..];
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        if !(matches!(c, ',' | '.') && digits == 3) {
            figure.push(c);
        }
    }
    figure
}

/// What a word is compared by, if it says anything.
fn telling(word: &str) -> Option<String> {
    let stem = stem(word);
    if word.chars().count() < SHORTEST || COMMON.contains(word) || COMMON.contains(stem.as_str()) {
        return None;
    }
    let stem = SAME.get(&stem).unwrap_or(&stem);
    Some(stem.chars().take(LETTERS).collect())
}

/// Whether a word is in too many headlines to say much.
pub(super) fn is_weak(stem: &str) -> bool {
    WEAK.contains(stem)
}

/// Words that say nothing of what a headline is about, and their stems.
static COMMON: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let words = "a an the of in on at to for from by with as is are was were be been it its this that these those and or but not \
        no his her their our your my he she they we you i after before over under into out off up down about against amid \
        near than then when where who what why how will would can could should may might must do does did has have had more \
        most less least all some any every each half new first last next one two three four five six seven eight nine ten \
        say says said tell told here there now still again back year month week day morning night today tonight yesterday \
        hour minute people know see set get make take give go come keep begin start end open close show find found call ask \
        want need use long many much very too so if else only just";
    words.split_whitespace().flat_map(|word| [word.to_owned(), stem(word)]).collect()
});

static WEAK: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let words = "home town city village country world old young big small record time season water report study team house \
        capital north south east west local national price million billion percent company firm maker school test return";
    words.split_whitespace().map(|word| stem(word).chars().take(LETTERS).collect()).collect()
});

/// Words that headlines use for each other, by their stems.
static SAME: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let sets = [
        "quake earthquake tremor aftershock",
        "fire blaze flame burnt burn gut",
        "die death dead mourn",
        "resign quit",
        "strike walkout",
        "ban prohibit outlaw",
        "raise lift increase rise",
        "cut slash",
        "crash collision collide",
        "explosion blast explode",
        "firm company business",
        "buy acquire takeover sold sell",
        "flood flooding",
        "unveil present launch announce reveal introduce",
        "evacuate evacuation evacuated",
        "win won victory champion crown title",
        "retire farewell",
        "cancel cancelled cancellation",
        "rain downpour",
        "plant works",
        "sunken wreck",
        "fine fined",
        "scientist researcher",
        "newspaper paper",
        "child children kid",
        "boss chief",
    ];
    let of_set = |set: &'static str| {
        let mut words = set.split(' ').map(stem);
        let first = words.next().unwrap_or_default();
        words.map(move |word| (word, first.clone())).collect::<Vec<_>>()
    };
    sets.into_iter().flat_map(of_set).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(title: &str) -> Vec<String> {
        read(&[title]).remove(0).words.into_iter().map(|word| word.stem).collect()
    }

    #[test]
    fn forms_and_words_of_one_meaning_are_one() {
        assert_eq!(stems("Lenn's promotion"), stems("LENN PROMOTED"));
        assert_eq!(stems("Quake"), stems("aftershocks"));
        assert_eq!(stems("40,000 bikes at 6.3 and 3-1"), ["40000", "bik", "6.3", "3-1"]);
    }

    #[test]
    fn a_name_is_known_by_its_capital_inside_a_sentence() {
        let titles = read(&["Valdoro shakes", "Quake hits Valdoro", "Why Valdoro Is Loved By All"]);
        let names = |title: &Title| -> Vec<String> {
            title.words.iter().filter(|word| word.is_name).map(|word| word.stem.clone()).collect()
        };
        assert_eq!(titles.iter().map(names).collect::<Vec<_>>(), [["valdor"], ["valdor"], ["valdor"]]);
    }
}
