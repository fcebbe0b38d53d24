//! What an article says beyond its title, as fragments that can stand in quotation marks.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::key_of;
use super::voice::Register;
use crate::text;

/// Words a quotation has at least and at most. Writing without spaces is counted by the character, so it may have more.
const WORDS: (usize, usize) = (6, 18);
const WORDS_UNSPACED: usize = 40;

/// Content words that the title lacks, at least.
const NOVEL: usize = 3;

/// No fragment ends on one of these: the reader would wait for more.
const DANGLING: &[&str] = &[
    "above", "across", "against", "although", "around", "behind", "below", "beside", "during", "inside",
    "near", "outside", "per", "since", "toward", "towards", "via", "where", "while", "within", "without",
    "a", "about", "after", "all", "also", "among", "an", "and", "any", "are", "as", "at", "be", "because",
    "been", "before", "between", "both", "but", "by", "can", "could", "did", "do", "does", "each", "either",
    "every", "for", "from", "had", "has", "have", "he", "her", "his", "i", "if", "in", "into", "is", "it's",
    "its", "just", "like", "many", "may", "might", "more", "most", "much", "must", "my", "no", "nor", "not",
    "of", "on", "onto", "or", "our", "over", "she", "should", "so", "some", "such", "than", "that", "the",
    "their", "them", "then", "these", "they", "this", "those", "through", "to", "under", "until", "upon",
    "very", "was", "we", "were", "when", "which", "who", "will", "with", "would", "your",
];

/// A fragment that begins with one of these and stops before the sentence does is half a thought.
const SUBORDINATING: [&str; 30] = [
    "after",
    "although",
    "as",
    "at",
    "because",
    "before",
    "by",
    "despite",
    "during",
    "even",
    "for",
    "if",
    "in",
    "instead",
    "like",
    "on",
    "once",
    "since",
    "though",
    "to",
    "unless",
    "unlike",
    "until",
    "when",
    "where",
    "whether",
    "while",
    "with",
    "without",
    "according",
];

/// Cut away where a fragment begins with them.
const LEADING: [&str; 10] = ["and", "but", "or", "so", "which", "who", "then", "plus", "yet", "nor"];

/// A long sentence may be cut before these.
const CONJUNCTIONS: [&str; 9] =
    [" because ", " which ", " while ", " but ", " when ", " where ", " although ", " so that ", " and "];

const GREETING: [&str; 9] = ["hello", "hi", "hey", "thanks", "thank", "well", "edit", "update", "note"];
const POINTING: [&str; 12] =
    ["it", "this", "they", "he", "she", "these", "that", "those", "such", "both", "here", "there"];
const FIRST_PERSON: [&str; 9] = ["i", "i'm", "i've", "i’m", "i’ve", "my", "me", "we", "our"];

/// Where the reader stands: what is known already and what is liked.
pub(super) struct Lens<'a> {
    pub(super) title: &'a str,
    pub(super) register: Register,
    /// Breaks ties, so that two of the same taste do not always choose alike.
    pub(super) key: u64,
    /// At most so many words.
    pub(super) max_words: usize,
}

/// Something the article says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// Its words, ready for quotation marks.
    pub(super) quote: String,
    /// Which sentence of the excerpt it is from.
    pub(super) sentence: usize,
    score: i64,
}

impl Fact {
    /// Whether it is worth a post.
    pub(super) fn is_good(&self) -> bool {
        self.score >= 0
    }

    /// The first figure in it that means something by itself, such as `190W` or `2.5`.
    pub(super) fn figure(&self) -> Option<&str> {
        let words = self.quote.split_whitespace().map(|word| {
            word.trim_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '%' | '$' | '€' | '£')))
        });
        words.filter(|word| word.chars().count() <= 8).find(|word| {
            let digits = word.chars().filter(char::is_ascii_digit).count();
            digits > 0 && 2 * digits >= word.chars().count() && word.len() > 1
        })
    }
}

/// The excerpt's sentences, in order.
pub(super) fn sentences(excerpt: &str) -> Vec<String> {
    let paragraphs = text::paragraphs(excerpt);
    paragraphs.iter().flat_map(|paragraph| text::sentences(paragraph)).map(str::to_owned).collect()
}

/// Everything quotable, best first.
pub(super) fn facts(sentences: &[String], lens: &Lens<'_>) -> Vec<Fact> {
    let title = text::content_words(lens.title);
    let mut facts: Vec<Fact> = Vec::new();
    for (at, sentence) in sentences.iter().enumerate() {
        if !text::is_boilerplate(sentence) {
            facts.extend(
                fragments(sentence, lens.max_words).into_iter().filter_map(|f| f.rated(at, &title, lens)),
            );
        }
    }
    facts.sort_by_key(|fact| (Reverse(fact.score), fact.sentence));
    facts
}

/// A stretch of a sentence.
struct Fragment {
    words: String,
    from_start: bool,
    to_end: bool,
    /// Of a sentence, and not of a heading or a line of a list.
    prose: bool,
    /// Cut where no clause ends.
    torn: bool,
}

/// Stretches that begin and end with a clause; where none is short enough, the sentence's beginning.
fn fragments(sentence: &str, max_words: usize) -> Vec<Fragment> {
    let max = if sentence.contains(' ') { max_words } else { WORDS_UNSPACED };
    let clauses = clauses(sentence);
    let prose = text::is_finished(sentence);
    let mut found = Vec::new();
    for (from, (start, _)) in clauses.iter().enumerate() {
        for (to, (_, end)) in clauses.iter().enumerate().skip(from) {
            let (from_start, to_end) = (from == 0, to + 1 == clauses.len());
            let words = tidy(&sentence[*start..*end], from_start, to_end && prose);
            if text::words(&words).len() <= max {
                found.push(Fragment { words, from_start, to_end, prose, torn: false });
            }
        }
    }
    if !found.iter().any(|fragment| fragment.from_start && text::words(&fragment.words).len() >= WORDS.0) {
        let words = beginning(sentence, max);
        found.push(Fragment { words, from_start: true, to_end: false, prose, torn: true });
    }
    found
}

/// Byte ranges between the sentence's inner marks and before its conjunctions.
fn clauses(sentence: &str) -> Vec<(usize, usize)> {
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    let mut letters = sentence.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let end = at + c.len_utf8();
        let spaced = letters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if matches!(c, '，' | '、' | '；' | '：' | '—') || (spaced && matches!(c, ',' | ';' | ':' | '–'))
        {
            cuts.push((at, end));
        }
        // A sentence that begins with a small letter was not told apart from the one before.
        if spaced && matches!(c, '.' | '!' | '?') && ends_word(&sentence[..at]) {
            cuts.push((end, end));
        }
    }
    for word in CONJUNCTIONS {
        cuts.extend(sentence.match_indices(word).map(|(at, _)| (at, at + 1)));
    }
    cuts.extend(sentence.match_indices(" - ").map(|(at, found)| (at, at + found.len())));
    cuts.extend(sentence.match_indices(" (").map(|(at, _)| (at, at + 1)));
    cuts.sort_unstable();
    let mut clauses = Vec::new();
    let mut start = 0;
    for (end, next) in cuts {
        if end > start {
            clauses.push((start, end));
            start = next;
        }
    }
    if start < sentence.len() {
        clauses.push((start, sentence.len()));
    }
    clauses
}

/// Whether the text ends with a word too long to be an abbreviation.
fn ends_word(text: &str) -> bool {
    let last = text.rsplit(' ').next().unwrap_or_default();
    last.chars().filter(|c| c.is_alphanumeric()).count() >= 4 && !last.contains('.') && last != "approx"
}

/// Without a conjunction in front or a mark behind.
fn tidy(stretch: &str, from_start: bool, finished: bool) -> String {
    let mut words: Vec<&str> = stretch.split_whitespace().collect();
    while !from_start && words.first().is_some_and(|word| LEADING.contains(&word.to_lowercase().as_str())) {
        words.remove(0);
    }
    let joined = words.join(" ");
    if finished {
        return joined;
    }
    joined.trim_end_matches([',', ';', ':', '.', '-', '–', '—', ' ', '，', '、', '；', '：']).to_owned()
}

/// The first words of a sentence, cut where it hurts least.
fn beginning(sentence: &str, max_words: usize) -> String {
    let cleaned = tidy(sentence, true, false);
    let mut words: Vec<&str> = cleaned.split(' ').collect();
    words.truncate(max_words);
    while words.last().is_some_and(|word| is_dangling(word)) {
        words.pop();
    }
    let kept = words.join(" ");
    format!("{}…", kept.trim_end_matches([',', ';', ':', '.', '-', '–', '—', '(', ' ']))
}

fn is_dangling(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    DANGLING.contains(&bare.as_str())
}

impl Fragment {
    /// What it is worth; `None` where it cannot be quoted or says nothing new.
    fn rated(self, sentence: usize, title: &BTreeSet<String>, lens: &Lens<'_>) -> Option<Fact> {
        let words = text::words(&self.words);
        let content = text::content_words(&self.words);
        let novel = content.difference(title).count();
        let hangs = !self.to_end && !self.torn && words.last().is_some_and(|word| is_dangling(word));
        if novel == 0 || words.len() < 3 || hangs || !is_quotable(&self.words) {
            return None;
        }
        let has_figure = words.iter().any(|word| word.chars().any(|c| c.is_ascii_digit()));
        let whole = self.from_start && self.to_end;
        let first = words.first().map_or("", String::as_str);
        let mut score =
            3 * count(novel.min(8)) + 2 * count(names(&self.words).min(2)) - count(sentence.min(6));
        score += 8 * i64::from(has_figure) + 10 * i64::from(whole) + 4 * i64::from(self.from_start);
        score += 3 * i64::from(self.to_end);
        score -= self.flaws(first, &words);
        score -= 40 * i64::from(words.len() < WORDS.0) + 30 * i64::from(novel < NOVEL);
        score += taste(lens.register, &words, has_figure);
        score += count(usize::try_from(key_of(&[&lens.key.to_string(), &self.words]) % 4).unwrap_or(0));
        Some(Fact { quote: self.words, sentence, score })
    }

    /// What makes it a poor quotation, though one.
    fn flaws(&self, first: &str, words: &[String]) -> i64 {
        let inner = !self.from_start;
        5 * i64::from(POINTING.contains(&first))
            + 6 * i64::from(words.iter().any(|word| FIRST_PERSON.contains(&word.as_str())))
            + 10 * i64::from(SUBORDINATING.contains(&first) && (inner || !self.to_end))
            + 12 * i64::from(GREETING.contains(&first))
            + 8 * i64::from(inner)
            + 6 * i64::from(!self.to_end)
            + 6 * i64::from(self.words.ends_with('?'))
            + 14 * i64::from(!self.prose)
            + 15 * i64::from(self.torn)
            + 25 * i64::from(self.words.starts_with('('))
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Words written large though no sentence begins with them.
fn names(fragment: &str) -> usize {
    fragment.split(' ').skip(1).filter(|word| word.chars().next().is_some_and(char::is_uppercase)).count()
}

/// What a register likes to hear.
fn taste(register: Register, words: &[String], has_figure: bool) -> i64 {
    let has = |liked: &[&str]| words.iter().any(|word| liked.contains(&word.as_str()));
    let liked = match register {
        Register::Dry => has_figure,
        Register::Warm => {
            has(&["you", "your", "people", "help", "helps", "together", "share", "easy", "free"])
        }
        Register::Curious => has(&["because", "how", "why", "by", "without", "instead", "only", "if"]),
        Register::Playful => words.len() <= 12,
    };
    6 * i64::from(liked)
}

/// No quotation mark, link, address, mark-up or code, and every bracket closed.
fn is_quotable(fragment: &str) -> bool {
    let coded = ["http", "www.", "::", "==", "()", "&&", "//", "/u/", "/r/", "--"];
    let marked = [
        '"', '“', '”', '„', '«', '»', '`', '{', '}', '<', '>', '=', '\\', '|', '@', '_', '[', ']', '#', '$',
        '~', '^', '\u{fffd}',
    ];
    let balanced = fragment.matches('(').count() == fragment.matches(')').count();
    balanced && !coded.iter().any(|mark| fragment.contains(mark)) && !fragment.contains(marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotes(excerpt: &str, title: &str) -> Vec<String> {
        let lens = Lens { title, register: Register::Dry, key: 1, max_words: WORDS.1 };
        facts(&sentences(excerpt), &lens).into_iter().map(|fact| fact.quote).collect()
    }

    #[test]
    fn a_fragment_ends_with_a_clause_and_never_on_a_small_word() {
        let text = "The new pump, which Ines Marten built from 14 salvaged parts over two winters in a shed near the \
                    river, lifts 900 litres an hour and needs no fuel because it is driven by the tide.";
        let found = quotes(text, "A tidal pump");
        assert!(!found.is_empty());
        for quote in &found {
            assert!(!is_dangling(quote.split(' ').next_back().unwrap()), "{quote}");
            assert!(text.contains(quote.trim_end_matches('…')), "{quote}");
        }
    }

    #[test]
    fn code_links_and_open_brackets_are_not_quoted() {
        let text = "Run `pail --fast` now to see all nine logs. See https://pail.example for the other seven \
                    formats. It reads nine formats (and writes three of them too) without any setup.";
        let found = quotes(text, "Pail");
        assert!(found.iter().all(|quote| is_quotable(quote)), "{found:?}");
        assert!(found[0].starts_with("It reads nine formats"), "{found:?}");
    }

    #[test]
    fn what_the_title_says_is_no_fact() {
        let found = quotes("Pail sorts nine logs quickly today.", "Pail sorts nine logs quickly today");
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn writing_without_spaces_is_quoted_too() {
        let found = quotes("新しいポンプは毎時九百リットルを汲み上げ、燃料を必要としない。", "潮力ポンプ");
        assert!(!found.is_empty());
    }
}
