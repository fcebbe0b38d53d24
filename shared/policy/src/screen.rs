//! The screen for sensitive topics (NFR1.2), two signals side by side: words and phrases, and a trained model. Either asks
//! a human. Both see every text that would be published, with its disguises undone.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use chimera_domain::{Flag, Policy, Topic};
use regex::Regex;

use crate::disguise::{Reading, read};
use crate::features::features;
use crate::language::unreadable;
use crate::lexicon::{LEXICONS, Lexicon};
use crate::normalise::{pattern, plain, spaced_runs, split_camel_case, views};
use crate::semantic::Model;
use crate::vocabulary::Vocabulary;
use crate::words::has_phrase;

/// Words that one topic's evidence names at most.
const MAX_SEEN: usize = 8;

/// So many words ask a human whatever the model says; fewer do unless it sees nothing of any topic around them.
pub const SURE_WORDS: usize = 2;

/// What the screen found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Screened {
    /// `topic:<name>` for each topic found, `unreadable` where the text could not be read.
    pub flags: BTreeSet<Flag>,
    /// By topic: the words that were seen, or `semantic` with how sure the model is (0.50 is where it begins to ask).
    pub seen: Vec<(String, String)>,
    /// Why the text could not be read, if it could not.
    pub unreadable: Option<&'static str>,
}

impl Screened {
    fn saw(&mut self, topic: &str, what: String) {
        self.flags.insert(Flag::new(format!("topic:{topic}")));
        let seen = (topic.to_owned(), what);
        if !self.seen.contains(&seen) && self.seen.iter().filter(|(name, _)| name == topic).count() < MAX_SEEN
        {
            self.seen.push(seen);
        }
    }

    fn cannot_read(&mut self, why: &'static str) {
        self.flags.insert(Flag::new("unreadable"));
        self.unreadable.get_or_insert(why);
    }

    fn join(&mut self, other: Self) {
        self.flags.extend(other.flags);
        for (topic, what) in other.seen {
            self.saw(&topic, what);
        }
        self.unreadable = self.unreadable.or(other.unreadable);
    }
}

/// [R-6] Screens `text` for the topics that `policy` names. Text that cannot be read is flagged, and screened all the same; so
/// is text on which the screen itself fails.
///
/// ```
/// use chimera_domain::{Currency, Policy};
/// let policy = Policy::standard(Currency::Usd);
/// let screened = chimera_policy::screen("Vote in the e l e c t i o n!", &policy);
/// assert_eq!(screened.flags.first().map(|flag| flag.as_str()), Some("topic:politics"));
/// assert!(chimera_policy::screen("A killer deal on court shoes", &policy).flags.is_empty());
/// ```
#[must_use]
pub fn screen(text: &str, policy: &Policy) -> Screened {
    guarded(|| look_through(text, policy))
}

/// [R-6] Screens everything that would be published: each text alone, and all of them as one, for what is spread over them.
#[must_use]
pub fn screen_all(texts: &[&str], policy: &Policy) -> Screened {
    let mut screened = screen(&texts.join("\n"), policy);
    if texts.len() > 1 {
        for text in texts.iter().filter(|text| text.chars().any(char::is_alphabetic)) {
            screened.join(screen(text, policy));
        }
    }
    screened
}

/// What the screen cannot get through goes to a human, like what it cannot read.
fn guarded(look: impl FnOnce() -> Screened) -> Screened {
    catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| {
        let mut screened = Screened::default();
        screened.cannot_read("the screen failed");
        screened
    })
}

fn look_through(text: &str, policy: &Policy) -> Screened {
    let mut screened = Screened::default();
    if let Some(why) = unreadable(text) {
        screened.cannot_read(why);
        if why == "too long" {
            return screened;
        }
    }
    let reading = read(text, Vocabulary::shipped());
    if reading.is_in_disguise() {
        screened.cannot_read("words in disguise");
    }
    let views = lexicon_views(text, &reading);
    let opinion = Model::shipped().opinion(&features(&without_idioms(&reading.canonical)));
    for words in TOPICS.iter().filter(|words| policy.topics.contains(&words.topic)) {
        let seen = words.seen(&views, &reading.runs);
        let is_hidden =
            || seen.strong.iter().any(|word| !views.iter().skip(1).any(|view| view.contains(word)));
        // Who disguises a word means it.
        let is_sure = seen.weight() >= SURE_WORDS || reading.deciphered > 0 && is_hidden();
        if is_sure || !opinion.rules_out(words.topic) {
            let all = seen.certain.iter().chain(&seen.strong).chain(&seen.weak);
            all.for_each(|word| screened.saw(words.topic.name(), word.clone()));
        }
    }
    for (topic, sure) in opinion.topics {
        if policy.topics.contains(&topic) {
            screened.saw(topic.name(), format!("semantic {sure:.2}"));
        }
    }
    tenant_topics(text, policy, &reading, &mut screened);
    screened
}

/// The text without idioms that look like a topic and are none: what words and model are given to see.
#[must_use]
pub fn without_idioms(canonical: &str) -> Cow<'_, str> {
    static IDIOMS: LazyLock<Regex> =
        LazyLock::new(|| whole_words(&include_str!("idioms.txt").lines().collect::<Vec<_>>()));
    IDIOMS.replace_all(canonical, " | ")
}

/// The canonical reading, then the text as it stands where that is another.
fn lexicon_views(text: &str, reading: &Reading) -> Vec<String> {
    let mut views = vec![reading.canonical.clone()];
    for view in [plain(text), plain(&split_camel_case(text))] {
        if !views.contains(&view) {
            views.push(view);
        }
    }
    views.iter().map(|view| without_idioms(view).into_owned()).collect()
}

/// The tenant's own words need not be known ones, so every view is looked at.
fn tenant_topics(text: &str, policy: &Policy, reading: &Reading, screened: &mut Screened) {
    if policy.tenant_topics.is_empty() {
        return;
    }
    let mut views = views(text);
    views.push(reading.canonical.clone());
    let runs = spaced_runs(text);
    for (name, words) in &policy.tenant_topics {
        for word in words {
            let phrase = plain(word);
            let glued: String = phrase.chars().filter(|c| c.is_alphanumeric()).collect();
            let is_spelled_out =
                glued.len() >= 4 && runs.iter().chain(&reading.runs).any(|run| run.contains(&glued));
            if is_spelled_out || views.iter().any(|view| has_phrase(view, &phrase)) {
                screened.saw(name, phrase);
            }
        }
    }
}

/// How many words of each topic are seen: what the training must know to leave to the words what they find.
#[must_use]
pub fn words_seen(text: &str, reading: &Reading) -> [usize; Topic::ALL.len()] {
    let views = lexicon_views(text, reading);
    Topic::ALL.map(|topic| {
        let of_topic = TOPICS.iter().filter(|words| words.topic == topic);
        of_topic.map(|words| words.seen(&views, &reading.runs).weight()).sum()
    })
}

struct TopicWords {
    topic: Topic,
    certain: Regex,
    strong: Regex,
    weak: Regex,
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
            certain: whole_words(&fragments(lexicon.certain)),
            strong: whole_words(&fragments(lexicon.strong)),
            weak: whole_words(&fragments(lexicon.weak)),
            glued: pattern(&glued.join("|")),
        }
    }

    fn seen(&self, views: &[String], runs: &[String]) -> Seen {
        let mut seen = Seen::default();
        for run in runs {
            seen.strong.extend(self.glued.find_iter(run).map(|found| found.as_str().to_owned()));
        }
        for view in views {
            let certain = self.certain.find_iter(view).map(|found| bare(found.as_str()).to_owned());
            seen.certain.extend(certain);
            seen.strong.extend(self.strong.find_iter(view).map(|found| bare(found.as_str()).to_owned()));
            let weak: BTreeSet<&str> = self.weak.find_iter(view).map(|found| bare(found.as_str())).collect();
            if weak.len() >= 2 {
                seen.weak.extend(weak.into_iter().map(str::to_owned));
            }
        }
        seen
    }
}

/// The words of a topic that were seen.
#[derive(Debug, Default)]
struct Seen {
    certain: BTreeSet<String>,
    strong: BTreeSet<String>,
    /// Two or more, or none.
    weak: BTreeSet<String>,
}

impl Seen {
    /// How much they count: a certain word alone, a strong word by itself, the weak ones together.
    fn weight(&self) -> usize {
        self.certain.len() * SURE_WORDS + self.strong.len() + usize::from(!self.weak.is_empty())
    }
}

fn fragments(words: &str) -> Vec<&str> {
    words.split(" | ").map(str::trim).filter(|fragment| !fragment.is_empty()).collect()
}

/// The alternatives as whole words. A leading `$` is no word character, so the boundary is spelled out. Views are folded to
/// plain letters, so ASCII classes do and keep the patterns small and fast.
fn whole_words(fragments: &[&str]) -> Regex {
    let words = fragments.join("|").replace(r"\w", "[a-z0-9_]").replace(r"\d", "[0-9]");
    pattern(&format!(r"(?:^|[^\p{{L}}\p{{N}}$])(?:{words})(?-u:\b)"))
}

/// The word without the sign before it.
fn bare(found: &str) -> &str {
    found.trim_start_matches(|c: char| !(c.is_alphanumeric() || c == '$'))
}

#[cfg(test)]
mod tests {
    use chimera_testkit::builders::a_policy;

    use super::*;

    fn topics_of(text: &str) -> Vec<String> {
        let screened = screen(text, &a_policy());
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
    fn a_hint_without_the_usual_words_is_found_by_the_model() {
        let screened = screen(
            "Threw the little white ones in the bin in May, told nobody, and my head has never been clearer.",
            &a_policy(),
        );
        assert!(screened.flags.contains(&Flag::new("topic:health_advice")), "{screened:?}");
        assert!(
            screened
                .seen
                .iter()
                .any(|(topic, what)| topic == "health_advice" && what.starts_with("semantic 0."))
        );
    }

    #[test]
    fn the_evidence_names_the_word_that_was_seen() {
        let screened = screen("The senator wants gun control", &a_policy());
        assert!(screened.seen.contains(&("politics".to_owned(), "gun control".to_owned())), "{screened:?}");
    }

    #[test]
    fn a_tenants_own_words_are_found_in_every_view() {
        let words = BTreeSet::from(["Kestrel".to_owned(), "project dawn".to_owned()]);
        let policy = Policy { tenant_topics: [("launch".to_owned(), words)].into(), ..a_policy() };
        for text in [
            "The new kestrel looks lovely",
            "The new K e s t r e l looks lovely",
            "The new Kеstrеl looks lovely",
            "Loving #ProjectDawn so far",
            "P.r.o.j.e.c.t dawn is here",
        ] {
            assert!(screen(text, &policy).flags.contains(&Flag::new("topic:launch")), "{text}");
        }
        assert!(screen("Two kestrels over the moor at dawn", &policy).flags.is_empty());
    }

    #[test]
    fn everything_that_would_be_published_is_screened() {
        let texts = ["Look at this view", "#VoteBlue", "a hill at dawn"];
        assert!(screen_all(&texts, &a_policy()).flags.contains(&Flag::new("topic:politics")));
        assert!(
            screen_all(&["Look at this view", "#sunset", "a hill at dawn"], &a_policy()).flags.is_empty()
        );
    }

    #[test]
    fn what_the_screen_fails_on_goes_to_a_human() {
        let screened = guarded(|| panic!("a flaw of the screen"));
        assert_eq!(screened.flags, BTreeSet::from([Flag::new("unreadable")]));
        assert_eq!(screened.unreadable, Some("the screen failed"));
    }

    #[test]
    fn a_text_that_must_be_deciphered_goes_to_a_human() {
        let text = "w h a t   a   l o v e l y   d a y   a t   t h e   b e a c h";
        assert_eq!(screen(text, &a_policy()).unreadable, Some("words in disguise"));
    }

    #[test]
    fn a_topic_that_policy_does_not_name_is_not_flagged() {
        let policy = Policy { topics: BTreeSet::from([Topic::HealthAdvice]), ..a_policy() };
        assert!(screen("The election is on Sunday, please go", &policy).flags.is_empty());
    }
}
