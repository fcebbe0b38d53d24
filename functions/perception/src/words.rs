//! Words and patterns: what relevance and questions are read with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chimera_policy::normalise::plain;
use chimera_policy::stem;
use regex::Regex;

/// Shorter words tell nothing.
const SHORTEST: usize = 3;

/// Compiles a pattern that is part of the program.
#[expect(clippy::expect_used, reason = "the pattern is a constant and every one is compiled by a test")]
pub(crate) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern compiles")
}

/// One pattern of the lines of a list; those that begin with `#` are for people.
pub(crate) fn any_of<'a>(lines: impl IntoIterator<Item = &'a str>, begins: &str) -> Regex {
    let lines: Vec<&str> =
        lines.into_iter().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    pattern(&format!("{begins}(?:{})", lines.join("|")))
}

static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"https?://\S+"));
static HANDLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"[@＠](\w+)"));

/// The text with its links replaced by spaces.
pub(crate) fn without_links(text: &str) -> String {
    LINK.replace_all(text, " ").into_owned()
}

/// The accounts that are named, in small letters.
pub(crate) fn handles(text: &str) -> Vec<String> {
    HANDLE.captures_iter(text).map(|found| found[1].to_lowercase()).collect()
}

/// The text in plain small letters, without links and names of accounts, hashtags parted.
pub(crate) fn prose(text: &str) -> String {
    let text = without_links(text);
    let text = HANDLE.replace_all(&text, " ");
    let mut parted = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            parted.push(' ');
        }
        parted.push(c);
        before = c;
    }
    if !parted.is_ascii() {
        return plain(&parted);
    }
    // What is plain already need not be folded, and most of what is read is.
    let words: Vec<&str> = parted.split_whitespace().collect();
    words.join(" ").to_ascii_lowercase()
}

/// The words of a plain text as they are written: letters, digits, and what stands between them in `don't`.
pub(crate) fn tokens(plain: &str) -> impl Iterator<Item = &str> {
    let words = plain.split(|c: char| !(c.is_alphanumeric() || c == '\''));
    words.map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty())
}

/// The words of a plain text: possessives and apostrophes dropped.
pub(crate) fn words(plain: &str) -> Vec<String> {
    tokens(plain).map(|word| word.strip_suffix("'s").unwrap_or(word).replace('\'', "")).collect()
}

/// The words of one line, for lists in the program.
pub(crate) fn list(words: &'static str) -> BTreeSet<&'static str> {
    words.split_whitespace().collect()
}

/// A field of life, such as gardening, by its place in the list.
pub(crate) type Field = usize;

/// The lists that words are looked up in.
pub(crate) struct Lists {
    common: BTreeSet<String>,
    common_stems: BTreeSet<String>,
    foreign: BTreeSet<String>,
    chatter: BTreeSet<String>,
    everyday: BTreeSet<String>,
    fields: BTreeMap<String, Vec<Field>>,
    quiet: BTreeSet<Field>,
    loud: BTreeSet<Field>,
}

/// Fields that come up whatever is spoken of: they tell of no other subject.
const QUIET: &str = "family work money city home transport school phone trains travel events community news health mind paper law \
    weather clocks";
/// Fields that are spoken of by everybody everywhere: whoever begins with them has left the subject.
const LOUD: &str = "football sport motorsport television celebrity politics crypto stocks beauty war law religion wine beer news \
    diet";

/// Small words by which English is known.
static ENGLISH: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    list(
        "the a an and or but of to in on at for with from by as is are was were be it its this that these those i you we they \
         he she my your our their not no so if than there here what when who why how which will would can could should has \
         have had do does did just more most any",
    )
});

impl Lists {
    /// The ones that are shipped.
    pub(crate) fn shipped() -> &'static Self {
        static LISTS: LazyLock<Lists> = LazyLock::new(Lists::read);
        &LISTS
    }

    fn read() -> Self {
        let lines: Vec<&str> = include_str!("reading/common.txt").lines().collect();
        // After three lines of English words come those of other languages.
        let (english, foreign) = lines.split_at(lines.len().min(3));
        let folded = |words: &str| words.split_whitespace().map(fold).collect::<BTreeSet<String>>();
        let (common, foreign) = (folded(&english.join(" ")), folded(&foreign.join(" ")));
        let common: BTreeSet<String> = common.union(&foreign).cloned().collect();
        let fields = include_str!("reading/fields.txt").lines().filter_map(|line| line.split_once(':'));
        let named = |names: &str| {
            let is_named = |name: &str| names.split_whitespace().any(|one| one == name);
            fields.clone().enumerate().filter(|(_, (name, _))| is_named(name)).map(|(at, _)| at).collect()
        };
        let mut of_words: BTreeMap<String, Vec<Field>> = BTreeMap::new();
        for (at, (_, words)) in fields.clone().enumerate() {
            for word in words.split_whitespace() {
                let of_word = of_words.entry(stem(word)).or_default();
                if of_word.last() != Some(&at) {
                    of_word.push(at);
                }
            }
        }
        Self {
            common_stems: common.iter().map(|word| stem(word)).collect(),
            chatter: folded(include_str!("reading/chatter.txt")),
            everyday: folded(include_str!("reading/everyday.txt")).iter().map(|word| stem(word)).collect(),
            quiet: named(QUIET),
            loud: named(LOUD),
            fields: of_words,
            common,
            foreign,
        }
    }

    /// The stem of a word that tells what a text is about.
    pub(crate) fn telling(&self, word: &str) -> Option<String> {
        let is_figure = word.chars().all(char::is_numeric);
        let is_short = word.chars().count() < SHORTEST;
        if is_short || is_figure || self.common.contains(word) || self.chatter.contains(word) {
            return None;
        }
        Some(stem(word)).filter(|stem| !self.common_stems.contains(stem))
    }

    /// Whether every text has the word.
    pub(crate) fn is_common(&self, word: &str) -> bool {
        self.common.contains(word)
    }

    /// Whether texts of all sorts have the stem.
    pub(crate) fn is_everyday(&self, stem: &str) -> bool {
        self.everyday.contains(stem)
    }

    /// The fields that a stem belongs to.
    pub(crate) fn fields(&self, stem: &str) -> &[Field] {
        self.fields.get(stem).map_or(&[], Vec::as_slice)
    }

    /// Whether the field comes up whatever is spoken of.
    pub(crate) fn is_quiet(&self, field: Field) -> bool {
        self.quiet.contains(&field)
    }

    /// Whether the field is spoken of everywhere.
    pub(crate) fn is_loud(&self, field: Field) -> bool {
        self.loud.contains(&field)
    }

    /// Whether more small words are of another language than of English.
    pub(crate) fn is_foreign(&self, words: &[String]) -> bool {
        let foreign = words.iter().filter(|word| self.foreign.contains(*word)).count();
        let english = words.iter().filter(|word| is_english(word) && !self.foreign.contains(*word)).count();
        foreign > english
    }
}

/// Whether it is one of the small words that hold an English sentence together.
pub(crate) fn is_english(word: &str) -> bool {
    ENGLISH.contains(word)
}

fn fold(word: &str) -> String {
    plain(word).replace('\'', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telling(text: &str) -> Vec<String> {
        words(&prose(text)).iter().filter_map(|word| Lists::shipped().telling(word)).collect()
    }

    #[test]
    fn what_a_text_is_about_is_in_its_telling_words() {
        assert_eq!(
            telling("@nova The libraries of small tools lent 300 kites: https://news.example/1 #SlowFerry"),
            ["library", "tool", "lent", "kit", "ferry"]
        );
        assert!(telling("it is what it is, and so are we! great post").is_empty());
    }

    #[test]
    fn every_named_field_is_in_the_list() {
        let lists = Lists::shipped();
        assert_eq!(lists.quiet.len(), QUIET.split_whitespace().count());
        assert_eq!(lists.loud.len(), LOUD.split_whitespace().count());
        assert!(!lists.fields("basil").is_empty() && lists.fields("xyzzy").is_empty());
    }

    #[test]
    fn a_language_is_known_by_its_small_words() {
        let is_foreign = |text: &str| Lists::shipped().is_foreign(&words(&prose(text)));
        assert!(is_foreign("¿Y la albahaca aguanta en octubre?"));
        assert!(!is_foreign("Does the basil survive in October?"));
        assert!(!is_foreign("Basil?"));
    }
}
