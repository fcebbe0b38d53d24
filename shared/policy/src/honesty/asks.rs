//! Whether somebody asks what the agent is. Generous on purpose: to say what one is without having been asked costs
//! nothing, to leave the question open is a lie.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::spoken::{is_spelled_out, speak, spoken_views, without_handles};
use crate::normalise::{pattern, plain};

/// Whether the text asks, in whatever words, whether it speaks with a machine or a human.
#[must_use]
pub fn asks_about_nature(text: &str) -> bool {
    spoken_views(text).iter().any(|view| asks_in_english(view))
        || is_spelled_out(text, &SPELLED_OUT)
        || asks_otherwise(&plain(&without_handles(text)))
}

fn asks_in_english(view: &str) -> bool {
    let is_asked =
        |(regex, behind): &(Regex, Behind)| regex.captures_iter(view).any(|found| behind.allows(&found));
    QUESTIONS.iter().any(is_asked)
}

/// The simplest forms of other languages: whole words, and for scripts without spaces any part of the text.
fn asks_otherwise(text: &str) -> bool {
    let spoken = format!(" {} ", speak(text));
    WORDS.iter().any(|phrase| spoken.contains(phrase.as_str()))
        || PARTS.iter().any(|part| text.contains(part.as_str()))
}

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let phrases = include_str!("foreign_asks.txt").lines();
    phrases.map(|phrase| format!(" {} ", speak(&plain(phrase)))).collect()
});
static PARTS: LazyLock<Vec<String>> =
    LazyLock::new(|| include_str!("foreign_parts.txt").lines().map(plain).collect());

/// What is asked letter by letter.
const SPELLED_OUT: [&str; 8] = [
    "areyouabot",
    "areyouarobot",
    "areyouhuman",
    "areyouahuman",
    "areyouanai",
    "areyouai",
    "areyoureal",
    "areyouaperson",
];

/// What may stand between `are you` and what is asked about.
const FILL: &str = "(?:(?:a|an|the|some|one|of|those|these|this|that|really|actually|truly|even|just|like|kind|sort|type|\
     secretly|honestly|legit|literally|fr|by|any|chance|perhaps|maybe|possibly|in|fact|still|fully|completely|totally|\
     entirely|being|run|powered|operated|driven|controlled|managed|written|made|generated|created|with|same|also|\
     probably|basically|not|real|actual|genuine|living|breathing|human|virtual|artificial|ai|automated|4|only|random|\
     stupid|fucking|freaking|damn|bloody|kinda|lowkey|deadass|clearly|obviously|definitely|surely|so|such|talking|to|,) ){0,7}";
/// What is asked about.
const NATURE: &str = "(?P<nature>artificial intelligence|language model|chatgpt|gpt|llm|robot[a-z]{0,3}|bot|ai|machine|\
     computer program|computer|program|algorithm|script|software|automated|automation|human being|human|person|people|\
     real|alive|sentient|conscious|cgi|virtual|deepfake|fake|synthetic|generated|simulation|hologram|flesh and blood)";
const TALK: &str =
    "(?:talking|speaking|chatting|texting|typing|messaging|dealing|arguing|interacting|conversing|debating)";
const ACCOUNT: &str = "(?:account|page|profile|feed|thing|one|post|posts|tweet|tweets|reply|replies|text|thread|message|\
     comment|answer|answers|handle|channel|blog|persona|influencer)";
const MAKE: &str = "(?:write|wrote|written|writing|writes|run|runs|make|made|generate|generated|generates|post|posted|\
     posting|type|typed|create|created|reply|answer|answers|operate|operated|automated|control|controls)";
/// The word behind, by which `real` is told from `real estate`.
const NEXT: &str = r"\b(?: (?P<next>\S+))?";

/// Which word may follow.
#[derive(Debug, Clone, Copy)]
enum Behind {
    Anything,
    /// The end, a mark, or a word that goes on with the question.
    TheQuestion,
    /// The same behind `is this`, where only an account's words can be meant.
    ThisAccount,
    /// The end or a mark.
    TheEnd,
    /// The end, or a word about answering.
    TheChoice,
}

impl Behind {
    fn allows(self, found: &Captures<'_>) -> bool {
        let group = |name| found.name(name).map(|found| found.as_str());
        let (nature, next) = (group("nature").unwrap_or_default(), group("next"));
        match self {
            Self::Anything => true,
            Self::TheQuestion => goes_on(nature, next),
            Self::ThisAccount => {
                let whole = found.get(0).map_or("", |whole| whole.as_str());
                let is_free = next.is_none_or(|next| FREE.contains(next));
                is_free
                    && (!LOOSE.contains(&nature) || (SAYABLE.contains(&nature) && OF_ACCOUNT.is_match(whole)))
            }
            Self::TheEnd => next.is_none_or(|next| matches!(next, "?" | "." | "," | "or")),
            Self::TheChoice => next.is_none_or(|next| CHOICE.contains(&next)),
        }
    }
}

fn goes_on(nature: &str, next: Option<&str>) -> bool {
    const RELATIVE: [&str; 15] = [
        "who",
        "that",
        "which",
        "in",
        "to",
        "from",
        "at",
        "i",
        "responsible",
        "behind",
        "with",
        "by",
        "for",
        "like",
        "account",
    ];
    let Some(next) = next else { return true };
    match nature {
        "person" | "people" | "human" if RELATIVE.contains(&next) => {
            nature == "human" && matches!(next, "behind" | "at" | "in")
        }
        _ => FREE.contains(next),
    }
}

static FREE: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    "? . , or and too though tho right by lol haha please pls like because cause cuz that who which then really actually \
     at in here now answer be honest i you tell with bro dude mate man fr irl omg just this account pretending behind \
     writing posting running talking are is no yes yeah huh influencer influencers accounts persona character generated \
     run what not 4 5 3 thing assistant yet still after all of course from"
        .split_whitespace()
        .collect()
});

/// Words that are about much else than an account.
const LOOSE: [&str; 14] = [
    "real",
    "automated",
    "software",
    "program",
    "script",
    "algorithm",
    "people",
    "computer",
    "virtual",
    "conscious",
    "alive",
    "fake",
    "generated",
    "synthetic",
];
/// Those of them that are said of an account's texts.
const SAYABLE: [&str; 4] = ["automated", "generated", "software", "program"];
const CHOICE: [&str; 15] = [
    "?", ".", ",", "and", "which", "are", "is", "here", "lol", "bro", "running", "behind", "replying",
    "writing", "please",
];

static OF_ACCOUNT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"\b(?:is this|is your|are your|are these|was this|is that) {ACCOUNT}\b"))
});

static QUESTIONS: LazyLock<Vec<(Regex, Behind)>> = LazyLock::new(|| {
    let direct = direct().into_iter().chain(about_this()).chain(without_a_name());
    direct.map(|(text, behind)| (pattern(&text), behind)).collect()
});

/// You are asked.
fn direct() -> Vec<(String, Behind)> {
    let known = "prove|swear|confirm|admit|deny|promise|reveal|disclose|confess|tell|know|wonder|wondering|curious|sure|say|\
                 explain|asks?|asking|figure|guess|question|check|see";
    vec![
        (format!(r"\b(?:are you|are not you|you are not|(?:could|might|can|would) you be|you (?:cant|cannot|must) be) {FILL}{NATURE}{NEXT}"), Behind::TheQuestion),
        (
            format!(
                r"(?:^|[.,?] |\b(?:yo|hey|so|thread|post) )you (?:(?:a|an|the|even|really|actually) ){{0,2}}(?P<nature>human|bot|robot[a-z]{{0,3}}|ai|real person|real|machine|person){NEXT}"
            ),
            Behind::TheQuestion,
        ),
        (
            format!(
                r"\byou are {FILL}{NATURE} (?:, )?(?:right|huh|are not you|are you|yes|no|correct|lol admit|admit|is not it|or what|or not|\?)"
            ),
            Behind::Anything,
        ),
        (
            format!(
                r"\b(?:{known})\b (?:(?:[a-z]+|,) ){{0,4}}?(?:if |whether |that )?(?:you are|this is|there is|i am {TALK} (?:to|with)) {FILL}{NATURE}{NEXT}"
            ),
            Behind::TheQuestion,
        ),
        (
            format!(
                r"\b(?:am i|are we|was i|do i|i am|can i|could i|may i|let me) (?:not )?(?:just )?(?:{TALK}|talk|speak|chat) (?:to|with) {FILL}(?:human being|human|person|bot|robot[a-z]{{0,3}}|ai|machine|chatgpt|computer|program|llm)\b"
            ),
            Behind::Anything,
        ),
        (r"\blike (?:a |an )?(?:bot|robot|ai|machine) [.,] are you \?".to_owned(), Behind::Anything),
        // Who is told what it is may not leave it there.
        (
            format!(r"\byou are {FILL}(?P<nature>chatgpt|llm|robot[a-z]{{0,3}}|bot|ai|language model){NEXT}"),
            Behind::TheQuestion,
        ),
        (format!(r"\byou are {FILL}{NATURE}\b[^.?]{{0,16}} are you \?"), Behind::Anything),
        (
            r"\bare you [^.?]{1,60} or (?:just |only )?(?:a |an )?(?:ai|bot|robot|machine|real|human|person|program)(?: one)? \?"
                .to_owned(),
            Behind::Anything,
        ),
        (r"\b(?:chatgpt|bot|robot|ai) is (?:that|this) you\b".to_owned(), Behind::Anything),
    ]
}

/// The account, its texts, or who is behind them.
fn about_this() -> Vec<(String, Behind)> {
    let which = "is this|is that|is it|are these|are those|is your|are your|was this|was that|were these";
    vec![
        (
            format!(r"\b(?:{which}) (?:{ACCOUNT} )?{FILL}(?:{MAKE} )?(?:by )?{FILL}{NATURE}{NEXT}"),
            Behind::ThisAccount,
        ),
        (format!(r"\bis the {ACCOUNT} {FILL}(?:{MAKE} )?(?:by )?{FILL}{NATURE}{NEXT}"), Behind::ThisAccount),
        (
            format!(
                r"\b(?:is there|are there|is|any|there) (?:(?:a|an|any|anyone|anybody|someone|somebody) )?(?:[a-z]+ )?{FILL}(?:human|person|people|real|someone|somebody|anyone|anybody) (?:[a-z]+ )?(?:behind|in there|here|on the other|at the other|reading|typing|home|answering|replying)\b"
            ),
            Behind::Anything,
        ),
        (
            format!(
                r"\b(?:did|does|do|has|is|was) (?:(?:a|an|the|some|any|real|actual) )*(?:ai|bot|robot|human|person|machine|chatgpt|llm|computer|program|algorithm) {MAKE} (?:all )?(?:this|these|that|your|you|it|here|me|us)\b"
            ),
            Behind::Anything,
        ),
        (
            r"\bwho(?: and| or)?(?: what)? (?:is |are )?(?:really |actually |even )?(?:behind|running|writing|writes|runs|operates|posting|posts) (?:this|these|that|your|you) (?:account|page|profile|tweets?|posts?|replies|reply|feed)\b"
                .to_owned(),
            Behind::Anything,
        ),
        (
            format!(r"\bis (?:[a-z]+ ){{1,2}}(?:even |really |actually )?(?:a |an )(?:real |actual )?(?P<nature>human being|human|person|bot|robot|ai){NEXT}"),
            Behind::TheEnd,
        ),
    ]
}

/// Neither you nor the account is named, or no nature.
fn without_a_name() -> Vec<(String, Behind)> {
    vec![
        (
            format!(
                r"\b(?:human|person|real) or (?:a |an |just a |some |maybe a )?(?:bot|robot|ai|machine|program|computer|fake|not|automated|script|chatgpt){NEXT}"
            ),
            Behind::TheChoice,
        ),
        (
            format!(
                r"\b(?:bot|robot|ai|machine|program|computer|fake|script|chatgpt) or (?:a |an |just a |an actual |some )?(?:human|person|real person|real|not){NEXT}"
            ),
            Behind::TheChoice,
        ),
        (
            r"\bwhat are you(?: (?:really|exactly|actually|even|anyway))?(?: ,)?(?: (?:really|exactly|actually|even|anyway))?(?: [.?]|$)"
                .to_owned(),
            Behind::Anything,
        ),
        (r"\bwho or what are you\b".to_owned(), Behind::Anything),
        (
            r"\bwhat (?:kind|sort|type) of (?:ai|bot|robot|machine|being|thing|creature|entity) are you\b".to_owned(),
            Behind::Anything,
        ),
        (
            r"\b(?:what|which) (?:ai |language )?(?:model|llm|ai|gpt|chatgpt) (?:are you|do you (?:run|use)|powers you|is (?:this|behind))"
                .to_owned(),
            Behind::Anything,
        ),
        (
            r"\bdo you (?:really |actually |even |truly )?(?:(?:exist|bleed|breathe)\b|have (?:a |an )?(?:body|pulse|heartbeat|soul|consciousness|real body|human body|feelings)(?: [.?,]| or\b| and\b|$))"
                .to_owned(),
            Behind::Anything,
        ),
        (
            r"^(?:(?:a|an|hey|hello|so|ok|wait|hmm|lol) )*(?:bot|robot|ai|human|real|real person|real human|machine|chatgpt)(?: lol| bro)?(?: \?)+$"
                .to_owned(),
            Behind::Anything,
        ),
        (
            r"\bany (?:real )?(?:human|person|people) (?:here|there|out there|in here|behind)\b".to_owned(),
            Behind::Anything,
        ),
    ]
}
