//! The screen for sensitive topics (NFR1.2): words and phrases, looked for in every view of the final bytes.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chimera_domain::{Flag, Topic};
use regex::Regex;

use crate::language::unreadable;
use crate::lexicon::{LEXICONS, Lexicon};
use crate::normalise::{pattern, spaced_runs, views};

/// What the screen found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Screened {
    /// `topic:<name>` for each topic found, `unreadable` where the text could not be read.
    pub flags: BTreeSet<Flag>,
    /// The words that were seen, by topic.
    pub seen: Vec<(Topic, String)>,
    /// Why the text could not be read, if it could not.
    pub unreadable: Option<&'static str>,
}

/// [R-6] Screens `text` for `topics`. Text that cannot be read is flagged, and screened all the same.
///
/// ```
/// use chimera_domain::Topic;
/// let topics = Topic::ALL.into_iter().collect();
/// let screened = chimera_policy::screen("Vote in the e l e c t i o n!", &topics);
/// assert_eq!(screened.flags.first().map(|flag| flag.as_str()), Some("topic:politics"));
/// assert!(chimera_policy::screen("A killer deal on court shoes", &topics).flags.is_empty());
/// ```
#[must_use]
pub fn screen(text: &str, topics: &BTreeSet<Topic>) -> Screened {
    let mut screened = Screened { unreadable: unreadable(text), ..Screened::default() };
    if screened.unreadable.is_some() {
        screened.flags.insert(Flag::new("unreadable"));
    }
    if screened.unreadable == Some("too long") {
        return screened;
    }
    let (views, runs) = (views(text), spaced_runs(text));
    for words in TOPICS.iter().filter(|words| topics.contains(&words.topic)) {
        let seen = words.seen(&views, &runs);
        if !seen.is_empty() {
            screened.flags.insert(Flag::new(format!("topic:{}", words.topic.name())));
            screened.seen.extend(seen.into_iter().map(|word| (words.topic, word)));
        }
    }
    screened
}

struct TopicWords {
    topic: Topic,
    strong: Regex,
    weak: Regex,
    benign: Regex,
    /// Strong words of letters only, without boundaries, for letters that were spaced out.
    glued: Regex,
}

static TOPICS: LazyLock<Vec<TopicWords>> = LazyLock::new(|| LEXICONS.iter().map(TopicWords::new).collect());

impl TopicWords {
    fn new(lexicon: &Lexicon) -> Self {
        let glued: Vec<String> = fragments(lexicon.strong)
            .into_iter()
            .map(|fragment| fragment.replace("s?", ""))
            .filter(|fragment| fragment.chars().all(|c| c.is_ascii_lowercase() || c == ' '))
            .map(|fragment| fragment.replace(' ', ""))
            .filter(|fragment| fragment.len() >= 5)
            .collect();
        Self {
            topic: lexicon.topic,
            strong: whole_words(lexicon.strong),
            weak: whole_words(lexicon.weak),
            benign: whole_words(lexicon.benign),
            glued: pattern(&glued.join("|")),
        }
    }

    fn seen(&self, views: &[String], runs: &[String]) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        for run in runs {
            seen.extend(self.glued.find_iter(run).map(|found| found.as_str().to_owned()));
        }
        for view in views {
            let view = self.benign.replace_all(view, " | ");
            seen.extend(self.strong.find_iter(&view).map(|found| bare(found.as_str()).to_owned()));
            let weak: BTreeSet<&str> = self.weak.find_iter(&view).map(|found| bare(found.as_str())).collect();
            if weak.len() >= 2 {
                seen.extend(weak.into_iter().map(str::to_owned));
            }
        }
        seen
    }
}

fn fragments(words: &str) -> Vec<&str> {
    words.split(" | ").map(str::trim).filter(|fragment| !fragment.is_empty()).collect()
}

/// The alternatives as whole words. A leading `$` is no word character, so the boundary is spelled out. Views are folded to
/// plain letters, so ASCII classes do and keep the patterns small and fast.
fn whole_words(words: &str) -> Regex {
    let words = fragments(words).join("|").replace(r"\w", "[a-z0-9_]").replace(r"\d", "[0-9]");
    pattern(&format!(r"(?:^|[^\p{{L}}\p{{N}}$])(?:{words})(?-u:\b)"))
}

/// The word without the sign before it.
fn bare(found: &str) -> &str {
    found.trim_start_matches(|c: char| !(c.is_alphanumeric() || c == '$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics_of(text: &str) -> Vec<String> {
        let screened = screen(text, &Topic::ALL.into_iter().collect());
        screened.flags.iter().map(|flag| flag.as_str().to_owned()).collect()
    }

    #[test]
    fn each_topic_is_found() {
        for (text, flag) in [
            ("Make sure you vote blue this November", "topic:politics"),
            ("The senator wants gun control", "topic:politics"),
            ("#AbortionRights matter to all of us", "topic:politics"),
            ("Stop taking your meds and drink this tea", "topic:health_advice"),
            ("Take 200 mg of ibuprofen with it", "topic:health_advice"),
            ("This oil cures anxiety in a week", "topic:health_advice"),
            ("Buy the dip, this coin goes to the moon", "topic:financial_advice"),
            ("Put your savings into bitcoin today", "topic:financial_advice"),
            ("You should sell your shares now", "topic:financial_advice"),
            ("Clinically proven, results guaranteed", "topic:legal_claims"),
            ("They committed fraud and belong in jail", "topic:legal_claims"),
            ("You are legally entitled to that", "topic:legal_claims"),
        ] {
            assert!(topics_of(text).contains(&flag.to_owned()), "{text}: {:?}", topics_of(text));
        }
    }

    #[test]
    fn near_misses_are_let_through() {
        for text in [
            "A killer deal on court shoes, and free shipping",
            "Stock up on candles before the weekend",
            "Vote for my outfit in the comments",
            "Share this with a friend who needs it",
            "Invest in yourself: a good moisturizer goes a long way",
            "Retail therapy is my guilty pleasure",
            "A party dress for a birthday party",
            "She shares her favourite recipe for chicken stock",
            "The new phone is back in stock with free returns",
            "A digital detox weekend by the lake",
            "The tennis court at sunset",
            "Acme unveils Rocket 5: cheaper batteries, faster charging",
        ] {
            assert_eq!(topics_of(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn disguises_do_not_help() {
        for text in [
            "Think about the 3l3ct10n today",
            "Think about the e l e c t i o n today",
            "Think about the e\u{200b}lection today",
            "Think about the b.i.t.c.o.i.n today",
            "Think about the ｂｉｔｃｏｉｎ today",
            "Think about v o t e t r u m p today e l e c t i o n",
            "Think about b🔥i🔥t🔥c🔥o🔥i🔥n today",
        ] {
            assert!(topics_of(text).iter().any(|flag| flag.starts_with("topic:")), "{text}");
        }
    }

    #[test]
    fn a_topic_that_policy_does_not_name_is_not_flagged() {
        let topics = BTreeSet::from([Topic::HealthAdvice]);
        assert!(screen("The election is on Sunday, please go", &topics).flags.is_empty());
    }
}
