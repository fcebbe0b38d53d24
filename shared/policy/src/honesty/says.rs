//! What a text says about its speaker. A denial is found generously, a disclosure strictly: hedged, quoted or asked, it
//! counts for nothing.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::spoken::{is_spelled_out, spoken_views};
use crate::normalise::{pattern, views};
use crate::words::{has_phrase, without_links};

/// Whether the text says plainly and truthfully that an AI, or a virtual figure, speaks or made it.
#[must_use]
pub fn discloses(text: &str) -> bool {
    !claims_human(text)
        && spoken_views(&without_quotes(text)).iter().any(|view| clauses(view).any(is_disclosure))
}

/// Whether the text claims a human speaker, or denies the machine.
#[must_use]
pub fn claims_human(text: &str) -> bool {
    // What somebody else's role is may be quoted; a human speaker or a denial not even in quotation marks.
    spoken_views(text).iter().any(|view| clauses(view).any(|clause| is_claim(clause, CLAIMS.as_slice())))
        || spoken_views(&without_quotes(text))
            .iter()
            .any(|view| clauses(view).any(|clause| is_claim(clause, ROLES.as_slice())))
        || is_spelled_out(text, &SPELLED_OUT)
}

/// Whether the text says that somebody pays for it.
#[must_use]
pub fn discloses_sponsor(text: &str) -> bool {
    const TAGS: [&str; 9] = [
        "#ad",
        "#sponsored",
        "#paidpartnership",
        "#sponsoredpost",
        "#advertisement",
        "#promotedpost",
        "#paidad",
        "#anzeige",
        "#werbung",
    ];
    const NEGATED: [&str; 5] = ["not", "no", "never", "without", "isn't"];
    let is_tag = |word: &str| {
        let word = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        TAGS.contains(&word)
    };
    let is_said = |view: &String| {
        view.split(' ').any(is_tag)
            || view.split(['.', '!', '?', ';']).any(|clause| {
                PAID.is_match(clause.trim()) && !NEGATED.iter().any(|word| has_phrase(clause, word))
            })
    };
    views(&without_links(&without_quotes(text))).iter().any(is_said)
}

static PAID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:paid (?:partnership|promotion|advert(?:isement)?|post|content|ad|for by)|in (?:a )?paid (?:partnership|collaboration) with|sponsored (?:by|post|content|message)|this (?:post|is) (?:is )?(?:a |an )?(?:sponsored|ad|advert|advertisement)|brought to you by our sponsor|(?:our|my|with our|thanks to our) sponsor)\b|^(?:ad|advert|advertisement|sponsored|promoted|anzeige|werbung)(?::| -|$|\s*\||\])|[\[(](?:ad|advert|advertisement|sponsored|paid|anzeige)[\])]",
    )
});

/// Without what stands in quotation marks: those are another's words.
fn without_quotes(text: &str) -> String {
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| pattern("[“\"«„][^”\"»“]*[”\"»“]"));
    QUOTED.replace_all(text, " … ").into_owned()
}

/// The clauses that assert: those that do not end with a question mark.
fn clauses(view: &str) -> impl Iterator<Item = &str> {
    let marked = view.split_inclusive([' ']).collect::<Vec<_>>();
    let mut found: Vec<&str> = Vec::new();
    let (mut start, mut at) = (0, 0);
    for word in marked {
        if matches!(word.trim_end(), "." | "?") {
            if word.trim_end() == "." {
                found.push(view[start..at].trim());
            }
            start = at + word.len();
        }
        at += word.len();
    }
    found.push(view[start..].trim());
    found.into_iter().filter(|clause| !clause.is_empty())
}

fn next<'a>(found: &Captures<'a>) -> Option<&'a str> {
    found.name("next").map(|next| next.as_str())
}

fn is_disclosure(clause: &str) -> bool {
    !HEDGE.is_match(clause)
        && DISCLOSURES.iter().any(|(regex, may_be_denied)| {
            regex.captures_iter(clause).any(|found| {
                let before =
                    clause[..found.get(0).map_or(0, |whole| whole.start())].rsplit(',').next().unwrap_or("");
                let is_other = next(&found).is_some_and(|next| OTHER.contains(next));
                !is_other && (*may_be_denied || !DENIAL.is_match(before))
            })
        })
}

fn is_claim(clause: &str, claims: &[(Regex, Holds)]) -> bool {
    claims.iter().any(|(regex, holds)| regex.captures_iter(clause).any(|found| holds.of(clause, &found)))
}

/// When a claim is one.
#[derive(Debug, Clone, Copy)]
enum Holds {
    Always,
    /// Not of an `AI researcher`, nor of what one would be if.
    Denial,
    /// Nor where it is denied itself.
    Human,
    /// Where nothing follows that makes it another's.
    AtTheEnd,
}

impl Holds {
    fn of(self, clause: &str, found: &Captures<'_>) -> bool {
        let whole = found.get(0).map_or(0..0, |whole| whole.range());
        let (before, said) = (&clause[..whole.start], &clause[whole]);
        let is_other = next(found)
            .is_some_and(|next| next != "like" && (OTHER.contains(next) || OF_HUMAN.contains(&next)));
        let nearby = format!(
            "{}{}",
            before.rsplit(',').next().unwrap_or(""),
            said.rsplit_once(' ').map_or("", |(head, _)| head)
        );
        match self {
            Self::Always => true,
            Self::Denial => !is_other && !WISH.is_match(before),
            Self::Human => !is_other && !WISH.is_match(before) && !PLAIN_DENIAL.is_match(&nearby),
            Self::AtTheEnd => next(found).is_none_or(|next| matches!(next, "," | "not" | "and" | "like")),
        }
    }
}

static HEDGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:maybe|perhaps|might|could|may|if|were|wish|would|think|say|says|said|call|calls|imagine|pretend|as if|suppose|who knows|or am i|not sure|guess|joking|kidding|used to|possibly|probably|almost|feel like|sometimes|ask|asks|claims?|claimed|told|heard|whether|unless)\b",
    )
});
static WISH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:if|wish|were|would|imagine|pretend|say|think)\b"));
static DENIAL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:not|no|never|nor|neither|without|nothing|none|dont)\b"));
static PLAIN_DENIAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:not|no|never)\b"));

/// Words behind `AI` or `bot` that make it somebody else.
static OTHER: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    "researcher researchers engineer engineers developer developers dev fan fans expert experts enthusiast skeptic sceptic \
     lover nerd geek guy girl person people startup company club tool tools student scientist ethicist professor consultant \
     artist maker builder critic teacher learner user users based curious fanatic hater first native friendly centric focused \
     powered art news"
        .split_whitespace()
        .collect()
});
/// Words behind `human` that make it something else.
const OF_HUMAN: [&str; 14] = [
    "centred",
    "centered",
    "readable",
    "rights",
    "resources",
    "made",
    "error",
    "errors",
    "nature",
    "scale",
    "sized",
    "account",
    "accounts",
    "development",
];

const ADVERB: &str = "(?:(?:really|actually|truly|just|in fact|of course|indeed|honestly|simply|only|yes|still|also|\
     certainly|definitely|absolutely|totally|very much|100|fully|completely|obviously|literally|proudly|basically|happily|\
     openly|,|all|quite) )*";
const ARTICLE: &str = "(?:a |an |the |your |some |kind of )*";
const KIND: &str = "(?:(?:simple|friendly|humble|small|little|mere|ordinary|virtual|automated|artificial|digital|fully|\
     synthetic|plain|helpful|curious|computer generated) )*";
const MACHINE: &str = "(?:ai (?:account|persona|influencer|character|assistant|agent|model|writer)|artificial intelligence|ai|\
     bot|robot|machine|language model|llm|computer program|piece of software|software|automated (?:account|persona)|\
     virtual (?:persona|influencer|character|figure|person|assistant|being)|\
     digital (?:persona|influencer|character|figure|being)|fictional character|virtual)";
const NO_MACHINE: &str = "(?:artificial intelligence|ai|bot|robot|machine|language model|llm|computer program|program|software|\
     computer|chatgpt|automated|algorithm|script|fake|virtual)";
const HUMAN: &str = "(?:human being|human|real person|actual person|living person|flesh and blood)";
const NEXT: &str = r"\b(?: (?P<next>\S+)|$)";

/// Each with whether `not` may stand before it.
static DISCLOSURES: LazyLock<Vec<(Regex, bool)>> = LazyLock::new(|| {
    let speaker = "i am|we are|this is|this account is|this is just|you are talking to|you are speaking with|\
                   you are speaking to|you are talking with|you are chatting with|it is|yes|yep|yeah|yup|correct|right|true|\
                   this profile is|this page is";
    let made = "written|made|posted|generated|created|run|managed|operated|drafted|composed|powered|automated|comes?|came";
    let elsewhere = "soy una ia|soy un bot|soy un robot|je suis une ia|je suis un robot|je suis un bot|ich bin eine ki|\
                     ich bin ein bot|ich bin ein roboter|sou uma ia|sou um robo|sou um bot|sono una ia|sono unia|sono un bot|\
                     ik ben een ai|ik ben een bot|jag ar en ai|jag ar en bot";
    [
        (format!(r"\b(?:{speaker}) {ADVERB}(?:, )?{ARTICLE}{KIND}{MACHINE}{NEXT}"), false),
        (
            format!(
                r"\b(?:i am|we are|this is) {ADVERB}(?:not|no) {ADVERB}{ARTICLE}(?:human being|human|real person|person|actual person|living person){NEXT}"
            ),
            true,
        ),
        (
            format!(
                r"^{ARTICLE}{KIND}(?:ai|bot|robot|automated account|virtual persona|virtual influencer) (?:here|speaking|account|talking|writing){NEXT}"
            ),
            false,
        ),
        (format!("^automated account{NEXT}"), false),
        (
            format!(
                r"\b(?:{made}) (?:and [a-z]+ )?(?:entirely |fully |wholly )?(?:by|from|with) (?:the help of )?{ARTICLE}{KIND}(?:artificial intelligence|ai|bot|robot|machine|software|language model|llm){NEXT}"
            ),
            false,
        ),
        (
            format!(
                r"\b(?:an|the|our|my) (?:ai|bot|robot|language model) (?:writes|wrote|runs|made|makes|posts|posted|answers|speaks|talks|generated) (?:for me|this|these|that|my|the|here|everything|all){NEXT}"
            ),
            false,
        ),
        (
            format!(
                r"\b(?:post|account|text|reply|content|this|persona|page|profile|image|everything here) (?:is|was|are|were) (?:fully |entirely |partly )?ai (?:generated|written|made|run|assisted|operated){NEXT}"
            ),
            false,
        ),
        (
            r"\b(?:aigenerated|ai generated|madewithai|made with ai|aimade|aiwritten|botaccount|virtualinfluencer|ai account)$"
                .to_owned(),
            false,
        ),
        (format!(r"\b(?:{elsewhere})\b"), false),
    ]
    .map(|(text, may_be_denied)| (pattern(&text), may_be_denied))
    .into()
});

static CLAIMS: LazyLock<Vec<(Regex, Holds)>> = LazyLock::new(|| {
    let shrug = "nope|no|nah|lol|haha|sorry|well|and|but|,";
    let elsewhere = "soy humano|soy humana|soy una persona real|no soy un bot|no soy un robot|no soy una ia|je suis humain|\
                     je suis humaine|je suis une vraie personne|je ne suis pas un robot|je ne suis pas un bot|\
                     je ne suis pas une ia|ich bin ein mensch|ich bin echt|ich bin kein bot|ich bin kein roboter|\
                     ich bin keine ki|sou humano|sou humana|nao sou um robo|nao sou um bot|sono umano|sono umana|\
                     non sono un bot|non sono un robot|ik ben een mens|ik ben geen bot|ik ben geen robot|\
                     jag ar en manniska|jag ar ingen robot|jag ar inte en bot";
    [
        (
            format!(r"\b(?:i am|we are|lm|l m) {ADVERB}(?:not|no|never) {ADVERB}{ARTICLE}{KIND}{NO_MACHINE}{NEXT}"),
            Holds::Denial,
        ),
        (
            format!(
                r"^(?:{ADVERB}(?:{shrug}) )*{ADVERB}(?:not|no|never) {ARTICLE}(?:[a-z]+ )?(?:bot|robot|ai|machine)(?: ,.*| (?:here|lol|haha|just|only|at all|i promise|whatsoever)\b.*)?$"
            ),
            Holds::Always,
        ),
        (
            format!(
                r"\b(?:i am|we are|lm|l m) {ADVERB}(?:as )?{ARTICLE}{ADVERB}(?:(?:real|living|breathing|normal|regular|ordinary|actual|genuine|young|old|proud) )*{HUMAN}{NEXT}"
            ),
            Holds::Human,
        ),
        (
            format!(
                r"^(?:{ADVERB}(?:yes|no|nope|well|,) )*{ARTICLE}(?:real |actual |fellow )?(?:human|real person) (?:here|speaking|typing|writing)\b"
            ),
            Holds::Always,
        ),
        (
            format!(
                r"\b(?:this|these|account|posts?|reply|replies|text|page|everything here) (?:is|was|are|were) (?:entirely |only |fully |all )?(?:run|written|made|managed|operated|posted|typed|created) by {ARTICLE}(?:real |actual |living )*(?:human being|human|person){NEXT}"
            ),
            Holds::AtTheEnd,
        ),
        (
            format!(
                r"\b(?:a|one|real) (?:real |actual )?(?:human|person) (?:wrote|writes|runs|made|makes|posts|typed|types) (?:this|these|that|every|all)(?: (?:post|posts|reply|replies|tweet|text|account))?{NEXT}"
            ),
            Holds::AtTheEnd,
        ),
        (
            r"\bno ai (?:(?:was |is |were |has been )?(?:used|involved) (?:for|in|to write|to make) (?:this|these|my)|here\b|involved here)"
                .to_owned(),
            Holds::Always,
        ),
        (
            format!(
                r"\b(?:this |that |my )?(?:post|text|account|reply|tweet) (?:is|was) not {ARTICLE}(?:ai|bot|robot|automated)\b"
            ),
            Holds::Always,
        ),
        (r"\b(?:this|it) (?:is|was) not ai (?:generated|written|made)\b".to_owned(), Holds::Always),
        (
            r"\bit is not (?:a |an )?(?:bot|robot|ai|machine) (?:, )?(?:it is |this is )?(?:just |only )?me\b".to_owned(),
            Holds::Always,
        ),
        (
            format!(
                r"\byou are (?:talking|speaking|chatting|texting) (?:to|with) {ARTICLE}(?:real |actual |living )?(?:human being|human|person)\b"
            ),
            Holds::Always,
        ),
        (
            r"\bthere (?:is|are) (?:a |an |only )*(?:(?:real |actual |living )+(?:human|person|people) (?:behind|here|writing|typing)|(?:human|person) behind (?:this|these|my))\b"
                .to_owned(),
            Holds::Always,
        ),
        (format!(r"\b(?:{elsewhere})\b"), Holds::Always),
    ]
    .map(|(text, holds)| (pattern(&text), holds))
    .into()
});

/// What only a human is.
static ROLES: LazyLock<[(Regex, Holds); 1]> = LazyLock::new(|| {
    let role =
        "person|woman|man|girl|guy|boy|mom|mum|dad|mother|father|dude|gal|lady|husband|wife|grandma|grandpa";
    let text =
        format!(r"\b(?:i am|we are|lm|l m) {ADVERB}(?:a |an |your |the )(?:[a-z]+ ){{0,2}}(?:{role}){NEXT}");
    [(pattern(&text), Holds::Human)]
});

const SPELLED_OUT: [&str; 8] =
    ["imhuman", "iamhuman", "imahuman", "iamahuman", "imnotabot", "iamnotabot", "imnotanai", "imnotarobot"];
