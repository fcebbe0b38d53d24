//! How far the cited source, as committed, supports what a post says.
//!
//! Hard claims are quotations, numbers, names and links: each one that the source does not hold costs a fixed part, so
//! that no number of supported ones can buy it back. Other content words weigh lightly, until most of them are foreign to
//! the source.

use std::collections::BTreeSet;

use chimera_domain::{Confidence, Mention, Persona, Source};

use crate::normalise::{plain, split_camel_case};
use crate::words::{has_phrase, is_ordinary, links, stem, stems, without_links, words};

/// What one claim that the source does not hold costs, in basis points.
const CLAIM_COST: u32 = 2_500;
/// What one quotation that the source does not hold costs: words were put into a mouth.
const QUOTE_COST: u32 = 5_000;
/// What it costs when up to half of the other words are foreign to the source.
const WORDS_COST: u32 = 500;
/// What it costs when all of them are.
const ALL_WORDS_COST: u32 = 5_000;
/// Shorter words claim nothing by themselves.
const MIN_CONTENT_LETTERS: usize = 5;

/// The support of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// The share that is supported.
    pub share: Confidence,
    /// What is not, short enough for feedback.
    pub unsupported: Vec<String>,
}

/// Compares `text` with its source; without a source nothing is supported. Words in `exempt` (the persona's name, what
/// criteria demand to be mentioned) are nobody's claim.
#[must_use]
pub fn support(text: &str, source: Option<&Source>, exempt: &[&str]) -> Support {
    let Some(source) = source else {
        return Support { share: Confidence::ZERO, unsupported: vec!["no source".to_owned()] };
    };
    tally(text, &Said::by(source, exempt)).into_support()
}

/// Compares a reply with what it answers and with who speaks: a quotation, number, name or link that is in neither is
/// made up. Where nothing is claimed from a source, a speaker's own words need none.
#[must_use]
pub fn support_of_reply(text: &str, mention: &Mention, persona: &Persona, exempt: &[&str]) -> Support {
    let known = Source {
        id: mention.id.clone(),
        title: format!("{} {}", mention.author, mention.text),
        url: String::new(),
        published_at: None,
        excerpt: format!("{} {}", persona.name, persona.backstory),
    };
    let claimed = tally(text, &Said::by(&known, exempt));
    Tally { words: 0, foreign: 0, ..claimed }.into_support()
}

fn tally(text: &str, said: &Said) -> Tally {
    let (quotes, prose) = split_quotes(&without_links(text));
    let mut tally = Tally::default();
    for link in links(text) {
        tally.claim(said.has_link(link), CLAIM_COST, link);
    }
    for quote in &quotes {
        let is_said = said.has_quote(quote);
        tally.claim(is_said, QUOTE_COST, &format!("\"{quote}\""));
        let contents = words(quote).into_iter().filter(|word| is_content(word));
        contents.for_each(|_| tally.word(is_said));
    }
    for token in tokens(&prose) {
        match token {
            Token::Number(number) => tally.claim(said.has_number(&number), CLAIM_COST, &number),
            Token::Name(name) => {
                let is_said = said.has_stem(&name);
                tally.claim(is_said, CLAIM_COST, &name);
                if is_said {
                    tally.word(true);
                }
            }
            Token::Word(word) if is_content(&word) && !said.is_exempt(&word) => {
                tally.word(said.has_word(&word));
            }
            Token::Word(_) => {}
        }
    }
    tally
}

fn is_content(word: &str) -> bool {
    word.chars().count() >= MIN_CONTENT_LETTERS && !is_ordinary(word)
}

#[derive(Default)]
struct Tally {
    cost: u32,
    words: u32,
    foreign: u32,
    unsupported: Vec<String>,
}

impl Tally {
    fn claim(&mut self, is_said: bool, cost: u32, what: &str) {
        if !is_said {
            self.cost = self.cost.saturating_add(cost);
            self.unsupported.push(what.chars().take(80).collect());
        }
    }

    fn word(&mut self, is_said: bool) {
        self.words += 1;
        self.foreign += u32::from(!is_said);
    }

    fn into_support(self) -> Support {
        let cost = self.cost.saturating_add(words_cost(self.foreign, self.words));
        let left = u32::from(Confidence::FULL.basis_points()).saturating_sub(cost);
        let share = u16::try_from(left).ok().and_then(Confidence::new).unwrap_or(Confidence::ZERO);
        Support { share, unsupported: self.unsupported }
    }
}

/// Half of the words may be the speaker's own; beyond that the post is about something else.
fn words_cost(foreign: u32, words: u32) -> u32 {
    let Some(share) = foreign.saturating_mul(10_000).checked_div(words) else { return 0 };
    match share.checked_sub(5_000) {
        None => WORDS_COST * share / 5_000,
        Some(beyond) => WORDS_COST + (ALL_WORDS_COST - WORDS_COST) * beyond / 5_000,
    }
}

/// What the source says, ready to be looked up.
struct Said {
    text: String,
    stems: BTreeSet<String>,
    numbers: BTreeSet<String>,
    url: String,
    exempt: BTreeSet<String>,
}

impl Said {
    fn by(source: &Source, exempt: &[&str]) -> Self {
        let text = plain(&format!("{}\n{}", source.title, source.excerpt));
        let stems = stems(&format!("{text} {}", source.url));
        let numbers = tokens(&text)
            .into_iter()
            .filter_map(|token| match token {
                Token::Number(number) => Some(number),
                Token::Word(word) | Token::Name(word) => small_number(&word).map(str::to_owned),
            })
            .collect();
        let exempt = exempt.iter().flat_map(|words| stems_of(words)).collect();
        Self { text, stems, numbers, url: source.url.clone(), exempt }
    }

    fn has_link(&self, link: &str) -> bool {
        link == self.url || self.text.contains(&plain(link))
    }

    /// Each part between ellipses must occur as it is.
    fn has_quote(&self, quote: &str) -> bool {
        let quote = plain(quote).replace("[...]", "...");
        quote.split("...").map(|part| part.trim_matches(|c: char| !c.is_alphanumeric())).all(|part| {
            part.is_empty()
                || has_phrase(&self.text, part)
                || (quote.ends_with("...") && self.text.contains(part))
        })
    }

    /// Nobody's claim, for or against.
    fn is_exempt(&self, word: &str) -> bool {
        self.exempt.contains(&stem(word))
    }

    fn has_number(&self, number: &str) -> bool {
        self.numbers.contains(number) || self.exempt.contains(number)
    }

    fn has_stem(&self, word: &str) -> bool {
        let stem = stem(word);
        self.stems.contains(&stem) || self.exempt.contains(&stem)
    }

    /// Other words are found by their stem or by a common beginning.
    fn has_word(&self, word: &str) -> bool {
        let head: String = word.chars().take(MIN_CONTENT_LETTERS).collect();
        self.has_stem(word)
            || self.stems.range(head.clone()..).next().is_some_and(|stem| stem.starts_with(&head))
    }
}

fn stems_of(text: &str) -> Vec<String> {
    words(text).iter().map(|word| stem(word)).collect()
}

/// Takes the quotations out of a text; what is left reads as several sentences.
fn split_quotes(text: &str) -> (Vec<String>, String) {
    let (mut quotes, mut prose, mut open) = (Vec::new(), String::new(), None::<(char, String)>);
    for c in text.chars() {
        match (&mut open, c) {
            (Some((end, quote)), c) if c == *end => {
                quotes.push(std::mem::take(quote));
                prose.push_str(" . ");
                open = None;
            }
            (Some((_, quote)), c) => quote.push(c),
            (None, '"') => open = Some(('"', String::new())),
            (None, '“' | '„' | '”') => open = Some(('”', String::new())),
            (None, '«') => open = Some(('»', String::new())),
            (None, c) => prose.push(c),
        }
    }
    if let Some((_, unclosed)) = open {
        prose.push(' ');
        prose.push_str(&unclosed);
    }
    quotes.retain(|quote| !quote.trim().is_empty());
    (quotes, prose)
}

enum Token {
    /// Digits, separators dropped.
    Number(String),
    /// A word written as a name where no sentence begins; plain.
    Name(String),
    /// Any other word; plain.
    Word(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for line in text.lines() {
        let mut begins = true;
        for raw in line.split_whitespace() {
            read_token(raw, &mut begins, &mut tokens);
        }
    }
    tokens
}

fn read_token(raw: &str, begins: &mut bool, tokens: &mut Vec<Token>) {
    if raw.starts_with('@') {
        return;
    }
    let core = raw.trim_matches(|c: char| !c.is_alphanumeric());
    let (lead, tail) = raw.split_once(core).filter(|_| !core.is_empty()).unwrap_or((raw, ""));
    *begins |= ends_sentence(lead);
    let is_tag = raw.starts_with('#');
    let core = if is_tag { split_camel_case(core) } else { core.to_owned() };
    for part in core.split(['-', '/', '–', '—', '_', ' ', '…', ':', ';']) {
        if let Some(token) = read_word(part, *begins || is_tag) {
            tokens.push(token);
            *begins = false;
        }
    }
    *begins |= ends_sentence(tail);
}

/// Marks after which a capital letter names nothing. Brackets, commas and signs of money are none.
fn ends_sentence(marks: &str) -> bool {
    const WITHIN: &str = "()'’‘,#$%€£+~&*";
    marks.chars().any(|c| !WITHIN.contains(c))
}

fn read_word(part: &str, begins: bool) -> Option<Token> {
    let word = words(part).concat();
    if word.is_empty() {
        return None;
    }
    if part.contains(|c: char| c.is_ascii_digit()) {
        return Some(Token::Number(digits(part)));
    }
    if MAGNITUDES.contains(&word.as_str()) {
        return Some(Token::Number(word));
    }
    let is_name =
        part.starts_with(char::is_uppercase) && !begins && word.chars().count() >= 2 && !is_ordinary(&word);
    Some(if is_name { Token::Name(word) } else { Token::Word(word) })
}

/// Words that make a number another one.
const MAGNITUDES: [&str; 6] = ["hundred", "thousand", "million", "billion", "trillion", "percent"];

/// The digits of a number, thousands separators and a zero fraction dropped: `1,000.0` is `1000`.
fn digits(part: &str) -> String {
    let kept: String = part.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let kept = kept.trim_matches('.');
    match kept.split_once('.') {
        Some((whole, fraction)) if fraction.chars().all(|c| c == '0') => whole.to_owned(),
        _ => kept.to_owned(),
    }
}

fn small_number(word: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 12] = [
        ("one", "1"),
        ("two", "2"),
        ("three", "3"),
        ("four", "4"),
        ("five", "5"),
        ("six", "6"),
        ("seven", "7"),
        ("eight", "8"),
        ("nine", "9"),
        ("ten", "10"),
        ("eleven", "11"),
        ("twelve", "12"),
    ];
    NAMES.iter().find(|(name, _)| *name == word).map(|(_, digits)| *digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        Source {
            id: "1".to_owned(),
            title: "Lumen Labs opens a solar workshop in Porto".to_owned(),
            url: "https://news.example/lumen".to_owned(),
            published_at: None,
            excerpt: "Lumen Labs opened its doors on Friday. The workshop teaches 120 neighbours to repair \
                      solar panels, and every third place is free. \"We want roofs that pay their rent,\" said Ana Reis."
                .to_owned(),
        }
    }

    const FAITHFUL: &str = "This one caught my eye: Lumen Labs opens a solar workshop in Porto. \
        \"teaches 120 neighbours to repair solar panels\" https://news.example/lumen";

    #[test]
    fn a_faithful_post_is_supported() {
        let found = support(FAITHFUL, Some(&source()), &[]);
        assert!(found.share.basis_points() >= 9_500, "{found:?}");
        assert!(found.unsupported.is_empty(), "{found:?}");
    }

    #[test]
    fn without_its_source_nothing_is_supported() {
        assert_eq!(support(FAITHFUL, None, &[]).share, Confidence::ZERO);
    }

    #[test]
    fn every_unsupported_claim_lowers_the_support() {
        let before = support(FAITHFUL, Some(&source()), &[]).share;
        for claim in [
            " It took 45 days.",
            " Thanks to Helios for it.",
            " \"Nobody else comes close\"",
            " See https://other.example/x",
            " Worth three million.",
        ] {
            let after = support(&format!("{FAITHFUL}{claim}"), Some(&source()), &[]);
            assert!(after.share < before, "{claim}: {after:?}");
            assert!(after.share.basis_points() <= 7_500, "{claim}: {after:?}");
            assert_eq!(after.unsupported.len(), 1, "{claim}: {after:?}");
        }
    }

    #[test]
    fn a_post_about_something_else_is_not_supported() {
        let other =
            "Chocolate factories everywhere quietly doubled wages without telling workers about layoffs";
        assert!(support(other, Some(&source()), &[]).share.basis_points() <= 6_500);
    }

    #[test]
    fn names_that_the_campaign_demands_are_no_claim() {
        let text = "Good news for fans of Brightside: a solar workshop in Porto.";
        assert_eq!(support(text, Some(&source()), &[]).unsupported, ["brightside"]);
        assert!(support(text, Some(&source()), &["Brightside"]).unsupported.is_empty());
    }
}
