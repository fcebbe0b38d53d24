//! The forms that questions have where no mark says so.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::End;
use crate::words::{list, pattern};

type Words = LazyLock<BTreeSet<&'static str>>;

static CONTRACTED: Words =
    LazyLock::new(|| list("what's whats where's wheres when's whens who's whos how's hows why's"));
static INTERROGATIVES: Words = LazyLock::new(|| list("what where when why how who which whose"));
static AUXILIARIES: Words = LazyLock::new(|| {
    list(
        "is are was were do does did can could should will would have has am may might isn't aren't doesn't don't didn't can't \
         couldn't won't wouldn't shouldn't wasn't weren't haven't hasn't isnt arent dont doesnt didnt cant wont",
    )
});
static SUBJECTS: Words = LazyLock::new(|| {
    list(
        "you u ya i we it this that these those there they he she the a an your my his her their our any anyone anybody somebody \
         someone ur one two three four five six seven eight nine ten",
    )
});
/// Subjects of a question that stands behind a comma.
static SUBJECTS_BEHIND: Words =
    LazyLock::new(|| list("you u it that this they there i two three four five six seven eight nine ten"));

/// Whether a sentence puts its question in a statement: `I'd love to know how ...`. `None` where it does nothing of the kind.
pub(super) fn asks_indirectly(sentence: &str) -> Option<bool> {
    static INDIRECT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:wondering (?:if|whether|how|what|where|which|when|why|about)|i wonder (?:if|whether|how|what|where|which|when|why) (?:you|your|this|that|there|it|the|one)|(?:like|want|wanted|have) to ask(?: you)? (?:how|what|which|where|when|why|whether|if|about)|(?:could|can|would) (?:you|u) (?:please |pls |kindly )?(?:tell|share|explain|repeat|say|show|send|recommend|let)|let (?:me|us) know (?:if|whether|when|what|which|how|where|who|why)|tell (?:me|us),? (?:how|what|which|where|when|why|whether|if|more about|who)|(?:(?:i'd|i would|would|we'd) (?:really )?(?:love|like)|want|keen|curious|eager) to (?:know|hear|learn|see) (?:how|what|which|where|when|why|whether|if|who|more about|whose)|may i ask|can i ask|please (?:tell|explain|share|say|let)|do you (?:happen to )?know)\b",
        )
    });
    static OF_OTHERS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:he|she|they) (?:could|can|would)\b"));
    static GIVES_UP: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:no idea|don't know|didn't)\b"));
    let is_indirect = INDIRECT.is_match(sentence) && !OF_OTHERS.is_match(sentence);
    is_indirect.then(|| !GIVES_UP.is_match(sentence))
}

/// Whether a sentence begins as a request for an answer does: `any tips for ...`, `curious how ...`.
pub(super) fn is_request(body: &str) -> bool {
    static REQUEST: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?:(?:i'm |i am |just |really |so )*curious (?:how|what|why|which|if|whether|where|when|who|about)\b|explain (?:what|how|why|the|please)|any (?:tips|ideas?|advice|chance|recommendations?|suggestions?|plans? to|news on|way|clue|update|word on|thoughts on|hints?|pointers)\b|(?:what|how) (?:about|if|come|happens)\b|(?:is|are) there\b|what to do\b)",
        )
    });
    REQUEST.is_match(body)
}

/// Whether the words of a clause stand as in a question: `where can i ...`, `is it ...`. `is_all` where it is the whole
/// sentence.
pub(super) fn is_inverted(clause: &str, is_all: bool, end: End) -> bool {
    if end == End::Nothing && is_foreign_question(clause) {
        return true;
    }
    let spaced = clause.replace(',', " , ").replace(':', " : ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let [first, second, _, ..] = words[..] else { return false };
    if CONTRACTED.contains(first) {
        return true;
    }
    if INTERROGATIVES.contains(first) {
        return is_after_an_interrogative(&words, is_all);
    }
    if AUXILIARIES.contains(first) {
        return is_after_an_auxiliary(first, second, is_all);
    }
    let offers = matches!(first, "u" | "you") && matches!(second, "got" | "ship" | "sell");
    offers && is_all && end == End::Nothing
}

fn is_after_an_auxiliary(first: &str, second: &str, is_all: bool) -> bool {
    let is_figure = second.chars().all(char::is_numeric);
    let is_statement = match first {
        "do" => matches!(second, "it" | "that" | "this" | "the"),
        "have" | "has" => matches!(second, "a" | "an" | "the" | "any" | "it"),
        "don't" | "dont" | "can't" | "cant" => !matches!(second, "you" | "they" | "we"),
        "may" => !matches!(second, "i" | "we"),
        _ => false,
    };
    let subjects = if is_all { &SUBJECTS } else { &SUBJECTS_BEHIND };
    !is_statement && (is_figure || subjects.contains(second))
}

fn is_after_an_interrogative(words: &[&str], is_all: bool) -> bool {
    /// Words between the interrogative and its verb, at most: `which of the two ...`.
    const REACH: usize = 6;
    let [first, second, third, ..] = *words else { return false };
    if SUBJECTS.contains(second) && second != "one" {
        return false;
    }
    let has = |of: &[&str]| words.iter().any(|word| of.contains(word));
    if first == "who" {
        let is_inverted = AUXILIARIES.contains(second) && SUBJECTS.contains(third);
        let of_something = has(&["this", "that", "these", "those", "it", "your", "you", "the"]);
        return is_all && (is_inverted || of_something);
    }
    let reach = REACH.min(words.len() - 1);
    let mut before_verb = words[1..reach].iter().take_while(|word| !matches!(**word, "," | ":"));
    let Some(verb) = before_verb.position(|word| AUXILIARIES.contains(word)).map(|at| at + 1) else {
        return false;
    };
    if first == "which" && verb == 1 {
        return has(&["or", "better", "best", "cheaper", "faster", "easier", "bigger"]);
    }
    verb == 1 || words.get(verb + 1).is_some_and(|subject| SUBJECTS.contains(subject))
}

/// The simplest forms of German, Spanish, French, Portuguese and Italian.
fn is_foreign_question(clause: &str) -> bool {
    static FORMS: LazyLock<Regex> = LazyLock::new(|| {
        any_form(&[
            r"(?:kann|konnen|konnt|darf|durfen|habt|hat|gibt|seid|ist|sind|macht|muss|soll|konnten|konntest|weisst|wisst|verkauft) (?:man|ich|wir|ihr|du|sie|es|das|der|die|jemand)",
            r"(?:wie|was|wo|wann|warum|wieso|welche[rsn]?|woher|wohin) (?:ist|sind|kann|konnen|macht|habt|hat|gibt|heisst|kostet|finde|finden|komme|bekomme|geht|muss|soll|sollte|backt|verkauft|kauft)",
            r"wie (?:lange|viel|viele|oft|alt|gross|weit|teuer) (?:\w+ )?(?:ist|sind|kann|konnen|macht|habt|hat|braucht|kostet|dauert|halt|muss|geht|gibt)",
            r"(?:cuanto cuesta|cuando (?:abre|abris|es|sale)|donde (?:puedo|esta|estan|se|compro|encuentro)|como (?:se|puedo|hago|hacer|faco|posso)|me puedes|se puede|puedo|puedes|podeis|teneis|haceis|tienen|hay (?:algun|algo|plazas)|que \w+ (?:usaste|usas|es|recomiendas))",
            r"(?:est-ce que|ou (?:est|puis|peut|se)|comment (?:faire|on|puis|fait)|combien|quel(?:le)?s? (?:est|sont)|peut-on|puis-je|avez-vous|pouvez-vous|c'est quoi)",
            r"(?:quanto (?:custa|costa|tempo|e)|onde (?:fica|posso|esta)|posso|voces|tem como)",
            r"(?:dove (?:posso|si|e|siete)|come si|si puo|avete|quando (?:riaprite|apre|esce))",
        ])
    });
    FORMS.is_match(clause)
}

fn any_form(forms: &[&str]) -> Regex {
    pattern(&format!(r"^(?:{})\b", forms.join("|")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_known_by_the_order_of_their_words() {
        for asked in [
            "what camera did you use for this",
            "where can i buy one",
            "is it ok to use tap water",
            "which is better for a small kitchen, gas or induction",
            "who made the music",
            "whats the difference between the two",
            "kann man das auch ohne ofen machen",
        ] {
            assert!(is_inverted(asked, true, End::Nothing), "{asked}");
        }
        for said in [
            "what i like most is the colour",
            "how i learned to bake",
            "do it again and again",
            "have a great weekend",
            "which is exactly my point",
            "who dares wins",
            "where the wild bees live",
            "wo ich wohne gibt es das nicht",
        ] {
            assert!(!is_inverted(said, true, End::Nothing), "{said}");
        }
    }

    #[test]
    fn a_question_may_be_put_as_a_statement() {
        assert_eq!(asks_indirectly("i'd love to know how you chose the wood"), Some(true));
        assert_eq!(asks_indirectly("no idea, do you know"), Some(false));
        assert_eq!(asks_indirectly("she asked if they could tell me how"), None);
        assert_eq!(asks_indirectly("the bread is good"), None);
    }
}
