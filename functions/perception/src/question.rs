//! [PE-24] Whether somebody asks the account something and expects an answer.

mod forms;
mod rhetoric;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chimera_policy::normalise::plain;
use regex::Regex;

use crate::words::{handles, list, pattern, without_links};
use forms::{asks_indirectly, is_inverted, is_request};
use rhetoric::{is_advertised, is_answered, is_headline, is_rhetorical, is_tag};

/// Whether the text asks the account something and expects an answer: not what is quoted or told, asked of others by name,
/// or asked for its sound; no headline and no advertisement.
#[must_use]
pub fn is_direct_question(text: &str) -> bool {
    asks(text, None)
}

/// The same for an account whose name is known: who calls it by its name asks it.
pub(crate) fn asks(text: &str, account: Option<&str>) -> bool {
    let heard = Heard::of(text, account);
    !is_advertised(&heard.whole) && (0..heard.sentences.len()).any(|at| heard.is_asked(at))
}

/// A text as it is said.
#[derive(Debug)]
pub(super) struct Heard<'a> {
    account: Option<&'a str>,
    /// Accounts that it begins with.
    addressed: usize,
    /// Whether it has a link.
    pub(super) has_link: bool,
    /// All of it in plain small letters, without quotations and links.
    pub(super) whole: String,
    pub(super) sentences: Vec<Sentence>,
}

/// One sentence.
#[derive(Debug)]
pub(super) struct Sentence {
    /// As it is written.
    pub(super) raw: String,
    /// In plain small letters.
    pub(super) plain: String,
    pub(super) end: End,
}

/// How a sentence ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Question,
    /// `?!`
    Outcry,
    Exclamation,
    /// `...`
    Trail,
    Stop,
    Nothing,
}

impl End {
    pub(super) fn is_question(self) -> bool {
        matches!(self, Self::Question | Self::Outcry)
    }

    fn of(marks: &str) -> Self {
        match (marks.contains('?'), marks.contains('!')) {
            (true, true) => Self::Outcry,
            (true, false) => Self::Question,
            (false, true) => Self::Exclamation,
            (false, false) if marks.contains("..") || marks.contains('…') => Self::Trail,
            (false, false) if marks.contains('.') => Self::Stop,
            (false, false) => Self::Nothing,
        }
    }
}

static LEAD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:\.?[@＠]\w+[,:]?\s*)+"));
static QUOTED: LazyLock<Regex> = LazyLock::new(|| pattern(r#"["“„«][^"“”„«»]{1,200}["”»]"#));
static FIGURE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d)\.(\d)"));
/// Words and the marks that part a sentence.
static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\p{L}\p{N}]+(?:['\-][\p{L}\p{N}]+)*|[,:]"));
/// Who is called by name at the beginning.
static CALLED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:(?i:hey|hi|hello|dear|so|oh|and|but|ok|okay|yo|well|hallo|hola|ciao|bonjour|oi)[ ,]+)?(\p{Lu}[\w’']+),\s",
    )
});
static NAMED_LAST: LazyLock<Regex> = LazyLock::new(|| pattern(r"[@＠]\w+\W*$"));
static SEVERAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\byou (?:two|guys|all|both)\b"));
/// Asks everybody.
static ANYBODY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:anyone|anybody|somebody|someone|everybody) (?:else|know|knows|here|out there|tried|got|have|has|selling|want|wants|up)\b|^(?:does|do|did|has|have|is|was|who) (?:anyone|anybody|everyone|everybody|else)\b",
    )
});
/// Who is spoken to.
static YOU: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:you|you're|you've|you'd|you'll|your|yours|u|ur|youre|ya|du|dich|dir|dein\w*|sie|ihnen|ihr|euch|euer|tu|te|vous|votre|vos|toi|usted\w*|vosotros|vuestr\w*|voces?|seu|sua|vostr\w*|lei)\b",
    )
});
/// What is told of a question.
static REPORTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:asked|asks|asking|wondered|said|says|shouted) (?:him|her|them|us|me|myself|whether|if|why|how|my|a|the|everybody|everyone)\b|\b(?:said|asked|says|asks)\b ?[:,]?$|^(?:he|she|they|my \w+|the \w+ \w*) (?:said|asked|says|asks|told)\b",
    )
});

impl<'a> Heard<'a> {
    fn of(text: &str, account: Option<&'a str>) -> Self {
        let addressed = LEAD.find(text).map_or(0, |lead| lead.as_str().matches(['@', '＠']).count());
        let linkless = without_links(text);
        let has_link = linkless != text;
        let text = QUOTED.replace_all(&linkless, " quoted ");
        let text = LEAD.replace(&text, "");
        let text = FIGURE.replace_all(&text, "${1}\u{b7}${2}");
        let text = text.replace(['¿', '¡'], ". ").replace(['？', '؟'], "?").replace('！', "!");
        Self { account, addressed, has_link, whole: plain(&text), sentences: sentences(&text) }
    }

    fn is_asked(&self, at: usize) -> bool {
        let sentence = &self.sentences[at];
        let all = tokens(&sentence.plain);
        let words = without_openers(&all);
        if words.is_empty() || self.is_for_others(sentence) {
            return false;
        }
        let body = joined(words);
        let whole: Vec<&str> = all.iter().filter(|word| !is_mark(word)).copied().collect();
        let is_told = REPORTED.is_match(&sentence.plain);
        if is_told || is_rhetorical(&body) || is_rhetorical(&whole.join(" ")) {
            return false;
        }
        if let Some(is_asked) = asks_indirectly(&sentence.plain) {
            return is_asked;
        }
        let speaks_to_you = YOU.is_match(&sentence.plain);
        if ANYBODY.is_match(&body) && !speaks_to_you {
            return false;
        }
        if !sentence.end.is_question() {
            return is_unmarked_question(&body, sentence.end, speaks_to_you);
        }
        let next = self.sentences.get(at + 1);
        let is_moot = sentence.end == End::Outcry && !speaks_to_you
            || is_tag(sentence, words, &body, speaks_to_you)
            || next.is_some_and(|next| is_answered(next, speaks_to_you));
        !is_moot && !is_headline(self, at)
    }

    /// Whether it is put to somebody else by name.
    fn is_for_others(&self, sentence: &Sentence) -> bool {
        let account = self.account.unwrap_or_default();
        let names_others = handles(&sentence.raw).iter().any(|handle| handle != account);
        // Without its name, an account may be the one named at the end.
        let is_last = || self.account.is_none() && NAMED_LAST.is_match(&sentence.raw);
        if names_others && (self.addressed > 0 || !is_last()) {
            return true;
        }
        let called = CALLED.captures(&sentence.raw).map(|found| plain(&found[1]));
        let is_name = |name: &str| !NO_NAMES.contains(name) && !OPENERS.contains(name) && name != account;
        called.is_some_and(|name| is_name(&name)) || self.addressed > 1 && SEVERAL.is_match(&sentence.plain)
    }
}

fn sentences(text: &str) -> Vec<Sentence> {
    let is_end = |c: char| matches!(c, '.' | '!' | '?' | '…' | '\n');
    let (mut found, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (body, behind) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
        let (marks, next) = behind.split_at(behind.find(|c| !is_end(c)).unwrap_or(behind.len()));
        rest = next;
        let sentence = Sentence { raw: body.trim().to_owned(), plain: plain(body), end: End::of(marks) };
        if !tokens(&sentence.plain).is_empty() {
            found.push(sentence);
        }
    }
    found
}

/// A question without its mark, as people write in a hurry: as a whole, or behind a colon or the last comma.
fn is_unmarked_question(body: &str, end: End, speaks_to_you: bool) -> bool {
    if end != End::Exclamation && is_request(body) {
        return true;
    }
    if end == End::Exclamation || end == End::Trail && !speaks_to_you {
        return false;
    }
    let behind = |mark: &str| {
        let words = body.rsplit_once(mark).map(|(_, clause)| tokens(clause)).unwrap_or_default();
        joined(without_openers(&words))
    };
    let is_question = |clause: &str, is_all: bool| !is_rhetorical(clause) && is_inverted(clause, is_all, end);
    is_question(body, true) || [": ", ", "].into_iter().any(|mark| is_question(&behind(mark), false))
}

/// The words of a plain sentence, commas and colons among them.
pub(super) fn tokens(plain: &str) -> Vec<&str> {
    WORD.find_iter(plain).map(|word| word.as_str()).collect()
}

fn is_mark(word: &str) -> bool {
    matches!(word, "," | ":")
}

/// What a sentence begins with before it says anything.
fn without_openers<'a, 'b>(words: &'b [&'a str]) -> &'b [&'a str] {
    let opens = |word: &&&str| is_mark(word) || OPENERS.contains(**word);
    &words[words.iter().take_while(opens).count()..]
}

/// The words as a sentence again.
fn joined(words: &[&str]) -> String {
    let text = words.join(" ").replace(" ,", ",").replace(" :", ":");
    text.trim_matches([' ', ',', ':']).to_owned()
}

static OPENERS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    list(
        "ok okay so and but well hey hi hello wait hm hmm sorry please also oh lol nice great thanks thank then yo ah um anyway \
         pls btw dear just hola oye bonjour salut oi ciao hallo moin sag or now team all everyone everybody folks guys there \
         mods admin ooh wow yes no plus quick question",
    )
});
/// Words that are no name although they stand before a comma with a capital.
static NO_NAMES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    list(
        "what what's whats where where's wheres when when's whens why why's how how's hows who who's whos which whose is are was \
         were do does did can could should will would have has am may might curious honestly seriously actually first second \
         third finally lovely brilliant beautiful amazing congratulations love loved in on at for after before if since because \
         while once today tomorrow yesterday last this that with without besides maybe perhaps next as by the my your our its \
         it's i'm i you we they he she it there here still again good morning evening afternoon fair right true same not",
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    /// [PE-24]
    #[test]
    fn a_question_to_the_account_is_told_from_talk() {
        for asked in [
            "@nova are you a bot?",
            "How much is it?",
            "can you say more",
            "Was kostet das?",
            "why?",
            "¿Dónde puedo comprar las semillas?",
            "I'd love to know where you found it.",
        ] {
            assert!(is_direct_question(asked), "{asked}");
        }
        for said in [
            "saved for the weekend",
            "she asked \"is it good?\" and left",
            "Who knew?! lovely",
            "?",
            "Tom, did you see this?",
            "What a day",
            "Did it work? No.",
        ] {
            assert!(!is_direct_question(said), "{said}");
        }
    }

    /// [PE-24]
    #[test]
    fn who_calls_the_account_by_its_name_asks_it() {
        assert!(asks("Mira, what is your favourite?", Some("mira")));
        assert!(!asks("Mira, what is your favourite?", Some("otto")));
        assert!(asks("what soil do you use, @mira?", Some("mira")));
        assert!(!asks("what soil do you use, @otto?", Some("mira")));
    }
}
