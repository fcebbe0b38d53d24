//! Questions that nobody is to answer: for their sound, answered at once, of a headline or an advertisement.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::{Heard, Sentence, is_mark, tokens};
use crate::words::{any_of, list, pattern};

/// The parts of the list of rhetorical questions: always, unless you are spoken of, unless you, I or it are.
static RHETORICAL: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let parts = include_str!("rhetorical.txt").split("# [").skip(1);
    parts.map(|part| any_of(part.lines().skip(1), "^")).collect()
});

static MEASURES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    list(
        "long much many big far old heavy high fast deep tall wide often hot warm cold loud expensive hard accurate thick late \
         early safe strong",
    )
});
static YOU: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| list("you your yours u ur ya you're you've you'd you'll youre youve"));

/// Whether a sentence, in plain words without what opens it, is asked for its sound.
pub(super) fn is_rhetorical(sentence: &str) -> bool {
    let spaced = sentence.replace([',', ':'], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let has = |of: &[&str]| words.iter().any(|word| of.contains(word));
    let speaks_of_you = || words.iter().any(|word| YOU.contains(word));
    // `How beautiful is that`, but not `how old is it`.
    if let ["how", what, "is" | "are" | "was", "that" | "this" | "it" | "these" | "he" | "she" | "they", ..] =
        words[..]
        && !MEASURES.contains(what)
    {
        return true;
    }
    let is_like = |part: usize| RHETORICAL.get(part).is_some_and(|pattern| pattern.is_match(sentence));
    is_like(0) || is_like(1) && !speaks_of_you() || is_like(2) && !speaks_of_you() && !has(&["i", "my", "it"])
}

/// Whether it only wants to be agreed with: `right?`, `really?`, `isn't it?`.
pub(super) fn is_tag(sentence: &Sentence, words: &[&str], body: &str, speaks_to_you: bool) -> bool {
    static TAGS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
        list(
            "right really seriously huh eh no yes innit what ok okay lol wow hello ne verdad vero oder gell hein",
        )
    });
    const ALONE: [&str; 8] = ["why", "how", "when", "where", "which", "who", "price", "cost"];
    const SAYINGS: [&str; 7] =
        ["why not", "so what", "who cares", "what else", "you sure", "now what", "what gives"];
    static TAIL: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r", ?(?:isn't|aren't|doesn't|don't|didn't|wasn't|right|no|innit|hasn't|haven't|won't) ?(?:it|they|he|she|we)?$",
        )
    });
    let is_short = match words {
        [only] => TAGS.contains(only) || !(ALONE.contains(only) || speaks_to_you),
        [first, _] => TAGS.contains(first),
        _ => false,
    };
    is_short || SAYINGS.contains(&body) || !speaks_to_you && TAIL.is_match(&sentence.plain)
}

/// Whether the next sentence answers: whoever asked knew.
pub(super) fn is_answered(next: &Sentence, speaks_to_you: bool) -> bool {
    static ANSWERS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
        list(
            "yes no nope yep exactly absolutely definitely obviously nothing nobody probably never me not oh feels makes every maybe \
             perhaps totally none zero both neither hell same guess turns apparently judging thought because ja nein si oui non sim \
             nao tambem also",
        )
    });
    static SHORT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?:i|we|he|she|they|it|you) (?:just )?(?:did|do|does|was|were|am|are|is|have|has|think|guess|suppose|will|would|can't|don't|didn't|won't|should|could|bet)(?: \w+){0,2}$",
        )
    });
    if next.end.is_question() {
        return false;
    }
    let words: Vec<&str> = tokens(&next.plain).into_iter().filter(|word| !is_mark(word)).collect();
    let goes_on = |first: &str| matches!(first, "not" | "oh" | "also" | "never") && words.len() > 6;
    let answers = |first: &&str| ANSWERS.contains(*first) && !speaks_to_you && !goes_on(first);
    SHORT.is_match(&words.join(" ")) || words.first().is_some_and(answers)
}

/// Whether something is offered by who seems to ask.
pub(super) fn is_advertised(whole: &str) -> bool {
    static OFFERS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:click|order (?:now|today)|switch today|buy now|dm (?:me|us)|message me|link in (?:my )?bio|subscribe|sign up now|we can help|our new (?:video|tea|offer|shop|product)|watch our|limited offer|hiring|earn|ask me how|write me|want to (?:double|make money|lose|grow your))\b|\d+ ?% off",
        )
    });
    OFFERS.is_match(whole)
}

/// Whether the sentence is a headline: in capitals, or a question about the world that what follows goes into.
pub(super) fn is_headline(heard: &Heard<'_>, at: usize) -> bool {
    static LETTERS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\p{L}[\w’'\-]*"));
    static NEWSY: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?:new|our|the|what|how|why|a look|here's|here is|scientists|experts|read|watch|listen|five|ten|three|study|report|analysis|podcast|find out|more) ",
        )
    });
    static GOES_ON: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^(?:what about|what if|how do i|how about)\b"));
    static WEATHER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bit (?:rain|snow|storm|freeze)\b"));
    const PERSONS: [&str; 17] = [
        "i", "i'm", "i've", "i'd", "im", "ive", "my", "mine", "me", "you", "you're", "you've", "your",
        "yours", "u", "ur", "youre",
    ];
    let sentence = &heard.sentences[at];
    let words: Vec<&str> = LETTERS.find_iter(&sentence.raw).map(|word| word.as_str()).collect();
    if is_capitalised(&words) && sentence.raw.contains(char::is_lowercase) {
        return true;
    }
    // `Good for you` speaks to nobody.
    let whole = heard.whole.replace("for you", "");
    let said = tokens(&whole);
    let has = |words: &[&str]| said.iter().any(|word| words.contains(word));
    let next = heard.sentences.get(at + 1);
    let is_newsy = next.is_some_and(|next| NEWSY.is_match(&next.plain));
    if heard.has_link && is_newsy && !has(&["you", "u", "i", "i'm", "my", "me"]) {
        return true;
    }
    if at > 0 || words.len() < 3 || has(&PERSONS) || GOES_ON.is_match(&sentence.plain) {
        return false;
    }
    let about = WEATHER.replace_all(&sentence.plain, "");
    let points = ["it", "this", "that", "these", "those", "there", "one"];
    if tokens(&about).iter().any(|word| points.contains(word)) {
        return false;
    }
    let begins = |c: char| c.is_uppercase() || matches!(c, ':' | '|' | '-');
    heard.has_link || next.is_some_and(|next| next.raw.starts_with(begins))
}

/// Whether seven of ten longer words begin with a capital.
fn is_capitalised(words: &[&str]) -> bool {
    let long: Vec<&&str> = words.iter().skip(1).filter(|word| word.chars().count() >= 4).collect();
    let raised = long.iter().filter(|word| word.starts_with(char::is_uppercase)).count();
    words.len() >= 5 && long.len() >= 2 && raised * 10 >= 7 * long.len()
}

#[cfg(test)]
mod tests {
    use super::super::End;
    use super::*;

    #[test]
    fn the_list_has_three_parts_and_each_is_known() {
        assert_eq!(RHETORICAL.len(), 3);
        for said in ["who cares", "what says the clock", "how cool is that", "why does everything even end"] {
            assert!(is_rhetorical(said), "{said}");
        }
        for asked in ["how old is it", "what time is it", "where can i buy it", "what says your clock"] {
            assert!(!is_rhetorical(asked), "{asked}");
        }
    }

    #[test]
    fn an_answer_that_is_a_question_is_none() {
        let next = |plain: &str, end| Sentence { raw: plain.to_owned(), plain: plain.to_owned(), end };
        assert!(is_answered(&next("no", End::Stop), false));
        assert!(is_answered(&next("i did", End::Nothing), true));
        assert!(!is_answered(&next("maybe the fuse", End::Question), false));
        assert!(!is_answered(&next("i have the older model here", End::Stop), false));
    }
}
