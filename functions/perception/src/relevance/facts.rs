//! What is seen of a text besides its subject: whom it speaks to, and whether it wants an answer.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::{Goal, Said};
use crate::question::asks;
use crate::reading::{Evidence, Subject};
use crate::unwanted::is_trouble;
use crate::words::{Lists, handles, list, pattern, tokens};

/// Everything that a score is made of.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) evidence: Evidence,
    /// In plain small letters, without names of accounts.
    pub(super) text: &'a str,
    pub(super) words: usize,
    /// Whether it asks the account.
    pub(super) asks: bool,
    /// Whether it asks, or calls for help.
    pub(super) wants_answer: bool,
    /// Whether it asks whoever reads it.
    pub(super) asks_anybody: bool,
    /// Whether it points to something that was spoken of, or is the account's.
    pub(super) points: bool,
    /// Whether it says `this`, `that`, `it` or `your`.
    pub(super) points_here: bool,
    /// Whether it speaks of something of its own, or of something known.
    pub(super) is_own: bool,
    /// Whether something went wrong.
    pub(super) has_trouble: bool,
    /// Whether it names the account.
    pub(super) is_to_account: bool,
    /// Whether it names another one.
    pub(super) is_to_others: bool,
    /// Whether the account is spoken of, not only spoken to.
    pub(super) is_told_of: bool,
    /// Whether that is part of a sentence, or it wants something.
    pub(super) tells: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn of(
        goal: &Goal<'_>,
        said: &Said<'_>,
        subject: &Subject,
        evidence: Evidence,
        text: &'a str,
        words: &[String],
    ) -> Self {
        let account = goal.account.to_lowercase();
        let tokens: BTreeSet<&str> = tokens(text).collect();
        let has = |words: &BTreeSet<&'static str>| !tokens.is_disjoint(words);
        let handles = handles(said.text);
        let is_to_others = handles.iter().any(|handle| *handle != account);
        let is_to_account = handles.contains(&account);
        let asks = asks(said.text, Some(&account));
        let is_spoken_of = is_to_account && !is_to_others && !leading(said.text).contains(&account);
        Self {
            words: words.len(),
            wants_answer: asks || HELP.is_match(text),
            asks_anybody: ANYBODY.is_match(text),
            points: has(&POINTING) || words.len() <= 4 || Lists::shipped().is_foreign(words),
            points_here: has(&HERE),
            is_own: has(&OWN),
            has_trouble: is_trouble(&tokens),
            is_told_of: is_spoken_of || words.iter().any(|word| subject.is_named(word, &account)),
            tells: has(&PLEASE) || is_behind_a_preposition(said.text, &account),
            asks,
            is_to_account,
            is_to_others,
            evidence,
            text,
        }
    }

    /// Whether it asks on where a post ends: `what about ...`, or a question of which no word leads elsewhere.
    pub(super) fn goes_on(&self) -> bool {
        let is_plain = self.evidence.elsewhere == 0;
        is_plain && (self.evidence.telling > 0 || BEGINS.is_match(self.text)) || ON.is_match(self.text)
    }
}

/// The accounts that a text begins with: those that it is addressed to.
fn leading(text: &str) -> Vec<String> {
    let mut named = Vec::new();
    for word in text.split_whitespace() {
        let Some(handle) = word.strip_prefix(['@', '＠']) else { break };
        let end = handle.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(handle.len());
        named.push(handle[..end].to_lowercase());
        if end < handle.len() {
            break;
        }
    }
    named
}

/// Whether the account's name is part of a sentence: `thanks to @mira`.
fn is_behind_a_preposition(text: &str, account: &str) -> bool {
    let lower = text.to_lowercase();
    let before = lower.find(&format!("@{account}")).map(|at| &lower[..at]);
    before.and_then(|before| before.split_whitespace().last()).is_some_and(|word| PREPOSITIONS.contains(word))
}

type Words = LazyLock<BTreeSet<&'static str>>;

static POINTING: Words = LazyLock::new(|| {
    list(
        "this that these those it one ones your you here there mine yours second first third other either same both them they \
         cost price",
    )
});
static HERE: Words = LazyLock::new(|| list("your it this that"));
static OWN: Words = LazyLock::new(|| list("the i my we our me you your u ur yours myself"));
static PLEASE: Words = LazyLock::new(|| list("please pls"));
static PREPOSITIONS: Words =
    LazyLock::new(|| list("to from with at by of for the thanks because what and in on as like via than"));

static HELP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\bhelp\b\W*$|\b(?:please|pls) help\b|\bneed (?:some )?(?:help|advice)\b|\bwhat (?:now|next)\b")
});
static ANYBODY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:anyone|anybody|who else|who's|whos|somebody|you all|y'all|everyone)\b"));
static BEGINS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\W*(?:why|what|when|where|how|which|who)\b"));
static ON: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\W*(?:what about|what if|how about|and|but|or|so)\b"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_addressed_is_told_from_who_is_spoken_of() {
        assert_eq!(leading("@mira @otto, look"), ["mira", "otto"]);
        assert!(leading("thanks to @mira").is_empty());
        assert!(is_behind_a_preposition("thanks to @Mira!", "mira"));
        assert!(!is_behind_a_preposition("@mira thanks", "mira"));
    }
}
