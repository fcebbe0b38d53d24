//! Four registers of speech. A persona's traits choose one; each has words of its own.
//!
//! Fixed phrases are short on purpose: two posts of a campaign must not share five words in a row. No list below may hold
//! a phrase of more than four words, a lead or last words none of more than three.

mod curious;
mod dry;
mod playful;
mod warm;

use chimera_domain::limits;

use crate::text;

/// How many openers a register has ready: most campaigns ask for fewer posts.
pub(super) const OPENERS: usize = 60;
/// How many more it makes of a word of its own and a noun: one for each task that a plan can have.
pub(super) const HEADS: usize = limits::TASKS_PER_PLAN - OPENERS;
/// How many last words it has.
pub(super) const CLOSERS: usize = 24;

/// The words of a register.
#[derive(Debug)]
pub(super) struct Voice {
    /// Which one.
    pub(super) register: Register,
    /// First words of a first draft, each beginning with another word.
    pub(super) openers: [&'static str; OPENERS],
    /// First words of the openers that are made, apart by spaces: [`HEADS`] of them, none of which begins another opener.
    pub(super) heads: &'static str,
    /// What stands behind them.
    pub(super) nouns: [&'static str; 12],
    /// First word of a later draft.
    pub(super) again_heads: [&'static str; 20],
    /// The words behind it.
    pub(super) again_tails: [&'static str; 20],
    /// Between a subject and a quotation.
    pub(super) leads: [&'static str; 20],
    /// The same where the quotation has a figure, which stands for `#`; each ends with another word.
    pub(super) figure_leads: [&'static str; 6],
    /// Between a quotation and a subject.
    pub(super) credits: [&'static str; 12],
    /// Last words.
    pub(super) closers: [&'static str; CLOSERS],
    /// Stand-ins for a title that may not be said.
    pub(super) nameless: [&'static str; 8],
    /// Emoji, one code point each; empty for a register that uses none of its own accord.
    pub(super) emoji: &'static [&'static str],
    /// What ends the sentence that names the subject.
    pub(super) stop: char,
}

/// Last words for those who end with a question.
pub(super) const QUESTIONS: [&str; CLOSERS] = [
    "Would you try?",
    "What comes next?",
    "Why not sooner?",
    "Did that land?",
    "Who else watches?",
    "Where next?",
    "Does it hold?",
    "Any counterexamples?",
    "Surprised at all?",
    "Which part matters?",
    "Shall we dig?",
    "Your theory?",
    "How far then?",
    "Seen anything similar?",
    "Convinced yet?",
    "Thoughts?",
    "Can it last?",
    "Is that enough?",
    "Could it scale?",
    "Should others copy?",
    "When would you?",
    "Ready to try?",
    "Are we sure?",
    "Has anyone checked?",
];

/// How a persona sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Register {
    /// Short and factual.
    Dry,
    /// Kind and close.
    Warm,
    /// Asking.
    Curious,
    /// Loud and light.
    Playful,
}

const REGISTERS: [Register; 4] = [Register::Dry, Register::Warm, Register::Curious, Register::Playful];

const NEGATIONS: [&str; 6] = ["no", "not", "never", "avoid", "don't", "without"];

impl Register {
    /// The register whose words the traits (and, with less weight, the directives) use most; by `key` where they use
    /// none.
    pub(super) fn of(traits: &[String], directives: &[String], key: u64) -> Self {
        let score = |register: Self| -> usize {
            2 * hits(traits, register.lexicon()) + hits(directives, register.lexicon())
        };
        let most = REGISTERS.into_iter().map(score).max().unwrap_or(0);
        if most == 0 {
            return REGISTERS[usize::try_from(key % 4).unwrap_or(0)];
        }
        REGISTERS.into_iter().find(|register| score(*register) == most).unwrap_or(Self::Dry)
    }

    /// Its words.
    pub(super) fn voice(self) -> &'static Voice {
        match self {
            Self::Dry => &dry::VOICE,
            Self::Warm => &warm::VOICE,
            Self::Curious => &curious::VOICE,
            Self::Playful => &playful::VOICE,
        }
    }

    fn lexicon(self) -> &'static [&'static str] {
        match self {
            Self::Dry => &dry::LEXICON,
            Self::Warm => &warm::LEXICON,
            Self::Curious => &curious::LEXICON,
            Self::Playful => &playful::LEXICON,
        }
    }
}

/// How many of the phrases hold a word of the lexicon that is not denied.
fn hits(phrases: &[String], lexicon: &[&str]) -> usize {
    let meant = phrases.iter().filter(|phrase| {
        let words = text::words(phrase);
        let denied = words.iter().any(|word| NEGATIONS.contains(&word.as_str()));
        !denied && words.iter().any(|word| lexicon.contains(&word.as_str()))
    });
    meant.count()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn tokens(phrase: &str) -> Vec<String> {
        phrase
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn no_fixed_phrase_is_long_enough_to_be_recognised() {
        for voice in REGISTERS.map(Register::voice) {
            let lists: [&[&str]; 6] = [
                &voice.openers,
                &voice.leads,
                &voice.figure_leads,
                &voice.credits,
                &voice.closers,
                &voice.nameless,
            ];
            for phrase in lists.into_iter().flatten() {
                assert!(tokens(phrase).len() <= 4, "{phrase:?}");
            }
            let short: [&[&str]; 4] = [&voice.leads, &voice.credits, &voice.closers, &QUESTIONS];
            for phrase in short.into_iter().flatten() {
                assert!(tokens(phrase).len() <= 3, "{phrase:?}");
            }
            for tail in voice.again_tails {
                assert!((2..=3).contains(&tokens(tail).len()), "{tail:?}");
            }
        }
    }

    #[test]
    fn the_openers_of_a_register_begin_with_different_words() {
        for voice in REGISTERS.map(Register::voice) {
            let mut first = BTreeSet::new();
            let made: Vec<&str> = voice.heads.split_whitespace().collect();
            assert_eq!(made.len(), HEADS, "{:?}", voice.register);
            for opener in voice.openers.iter().chain(&made).chain(&voice.again_heads) {
                assert!(first.insert(tokens(opener)[0].clone()), "{opener:?} of {:?}", voice.register);
            }
            let tails: BTreeSet<_> =
                voice.again_tails.iter().map(|tail| tokens(tail)[..2].to_vec()).collect();
            assert_eq!(tails.len(), voice.again_tails.len(), "{:?}", voice.register);
            let lists: [&[&str]; 4] = [&voice.leads, &voice.credits, &voice.nouns, &voice.figure_leads];
            for list in lists {
                assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), list.len());
            }
            for closers in [&voice.closers, &QUESTIONS] {
                let first: BTreeSet<_> = closers.iter().map(|words| tokens(words)[0].clone()).collect();
                assert_eq!(first.len(), closers.len(), "{:?}", voice.register);
            }
        }
    }

    #[test]
    fn traits_choose_the_register_and_a_denied_one_does_not() {
        let of = |traits: &[&str], directives: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
            Register::of(&owned(traits), &owned(directives), 2)
        };
        assert_eq!(of(&["dry wit", "precise"], &["be kind"]), Register::Dry);
        assert_eq!(of(&["Playful"], &[]), Register::Playful);
        assert_eq!(of(&["never dry", "warm-hearted"], &[]), Register::Warm);
        assert_eq!(of(&[], &[]), Register::Curious);
    }
}
