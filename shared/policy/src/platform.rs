//! What the platform allows and charges.

use std::sync::LazyLock;

use chimera_domain::{AgentId, Currency, Flag, Intent, Money, RuleEvidence};
use regex::Regex;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::normalise::{is_ignorable, pattern};
use crate::persona::is_emoji;

/// Longest post, in weighted characters.
pub const POST_LENGTH: usize = 280;
/// Every link counts as this many characters: the platform shortens it.
const LINK_LENGTH: usize = 23;
/// A post with a link, in US cents.
const LINK_PRICE: i64 = 20;
/// A post without one, in US cents: 1.5, rounded up.
const POST_PRICE: i64 = 2;
/// Deleting a post, in US cents.
const DELETE_PRICE: i64 = 1;

/// The tools a result may propose. Automated likes and follows are forbidden by the platform, so no such tool is ever
/// added here.
const ALLOWED_TOOLS: [(&str, &str); 1] = [("twitter", "post_create")];

/// Everything that the platform may turn into a link, scheme or not.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)https?://\S+|\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}\b(?:/\S*)?")
});
static MENTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^\p{L}\p{N}_])[@＠][A-Za-z0-9_]{1,15}"));

/// The length as the platform counts it: a link 23, an emoji 2, wide characters 2, others 1. Words that only look like a
/// link count as the longer of the two readings.
#[must_use]
pub fn weighted_length(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let (mut length, mut at) = (0, 0);
    for link in LINK.find_iter(&text) {
        length += weight(&text[at..link.start()]);
        let has_scheme = link.as_str().contains("://");
        length += if has_scheme { LINK_LENGTH } else { LINK_LENGTH.max(weight(link.as_str())) };
        at = link.end();
    }
    length + weight(&text[at..])
}

fn weight(text: &str) -> usize {
    text.graphemes(true)
        .map(|grapheme| {
            let is_picture = grapheme.chars().any(|c| is_emoji(c) || c == '\u{fe0f}');
            if is_picture { 2 } else { grapheme.chars().map(char_weight).sum() }
        })
        .sum()
}

fn char_weight(c: char) -> usize {
    let is_narrow = matches!(u32::from(c), 0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247);
    if is_narrow { 1 } else { 2 }
}

/// Whether the platform may turn a part of the text into a link, and charge for it.
#[must_use]
pub fn carries_link(text: &str) -> bool {
    LINK.is_match(text)
}

/// The most that the intent may cost, in US cents: the platform's own currency.
#[must_use]
pub fn price_upper_bound(intent: &Intent) -> Money {
    let minor = match intent.tool.as_str() {
        "post_delete" => DELETE_PRICE,
        "post_create" if !intent.text().is_some_and(carries_link) => POST_PRICE,
        // What is not known is priced like the dearest.
        _ => LINK_PRICE,
    };
    Money::new(minor, Currency::Usd).unwrap_or(Money::zero(Currency::Usd))
}

/// What the platform's rules say about an intent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlatformCheck {
    /// Every rule looked at.
    pub rules: Vec<RuleEvidence>,
    /// The broken ones, as feedback.
    pub broken: Vec<String>,
    /// What a human must see.
    pub flags: Vec<Flag>,
}

/// Checks the tool, its arguments and the text. Rules are named `platform:x.<rule>`.
#[must_use]
pub fn check(intent: &Intent, agent: &AgentId) -> PlatformCheck {
    let mut check = PlatformCheck::default();
    let tool = (intent.server.as_str(), intent.tool.as_str());
    check.rule("tool", ALLOWED_TOOLS.contains(&tool), format!("{}.{}", tool.0, tool.1));
    let keys: Vec<&str> = intent
        .arguments
        .as_object()
        .map(|fields| fields.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    check.rule("arguments", sorted == ["account", "made_with_ai", "text"], keys.join(", "));
    let account = intent.arguments.get("account").and_then(Value::as_str).unwrap_or_default();
    check.rule("account", account == agent.as_str(), account.to_owned());
    let is_labelled = intent.arguments.get("made_with_ai") == Some(&Value::Bool(true));
    check.rule("made_with_ai", is_labelled, is_labelled.to_string());
    let text = intent.text().unwrap_or_default();
    let visible = text.chars().filter(|c| !c.is_whitespace() && !c.is_control() && !is_ignorable(*c)).count();
    check.rule("text", visible > 0, format!("{visible} visible characters"));
    let length = weighted_length(text);
    check.rule("length", length <= POST_LENGTH, format!("{length} of {POST_LENGTH}"));
    let is_carriable =
        text.chars().all(|c| c == '\n' || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')));
    check.rule("characters", is_carriable, is_carriable.to_string());
    // Unasked mentions and replies by automation need the platform's prior approval: a human decides.
    if MENTION.is_match(text) {
        check.flags.push(Flag::new("platform:x.mention"));
    }
    check
}

impl PlatformCheck {
    fn rule(&mut self, name: &str, met: bool, seen: String) {
        let rule = format!("platform:x.{name}");
        let seen: String = seen.chars().take(80).collect();
        if !met {
            self.broken.push(format!("{rule}: {seen}"));
        }
        self.rules.push(RuleEvidence { rule, met, seen });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn intent(arguments: Value) -> Intent {
        Intent { server: "twitter".to_owned(), tool: "post_create".to_owned(), arguments, cites: None }
    }

    fn broken(intent: &Intent) -> Vec<String> {
        check(intent, &AgentId::new("ada").unwrap()).broken
    }

    #[test]
    fn length_is_counted_as_the_platform_does() {
        assert_eq!(weighted_length("hello"), 5);
        assert_eq!(weighted_length(&format!("see https://a.example/{}", "x".repeat(200))), 4 + 23);
        assert_eq!(weighted_length("日本"), 4);
        assert_eq!(weighted_length("👨‍👩‍👧‍👦!"), 3);
        assert_eq!(weighted_length("“quoted” — dash"), 15);
        assert_eq!(weighted_length("cafe\u{301}"), 4);
    }

    #[test]
    fn a_link_costs_twenty_cents_with_or_without_its_scheme() {
        let price = |text: &str| price_upper_bound(&intent(json!({"text": text}))).minor();
        assert_eq!(price("no link. None at all, e.g. none."), 2);
        assert_eq!(price("see https://a.example/x"), 20);
        assert_eq!(price("see example.com for more"), 20);
    }

    #[test]
    fn a_post_that_keeps_the_rules_is_allowed() {
        let post = intent(json!({"account": "ada", "text": "hello", "made_with_ai": true}));
        assert_eq!(broken(&post), Vec::<String>::new());
    }

    #[test]
    fn each_platform_rule_can_refuse() {
        let long = "x".repeat(281);
        for (arguments, rule) in [
            (json!({"account": "bob", "text": "hello", "made_with_ai": true}), "account"),
            (json!({"account": "ada", "text": "hello", "made_with_ai": false}), "made_with_ai"),
            (json!({"account": "ada", "text": " \u{200b} ", "made_with_ai": true}), "text"),
            (json!({"account": "ada", "text": long, "made_with_ai": true}), "length"),
            (json!({"account": "ada", "text": "hello", "made_with_ai": true, "like": "1"}), "arguments"),
            (json!({"account": "ada", "text": "a\u{ffff}", "made_with_ai": true}), "characters"),
        ] {
            let broken = broken(&intent(arguments));
            assert_eq!(broken.len(), 1, "{broken:?}");
            assert!(broken[0].starts_with(&format!("platform:x.{rule}: ")), "{broken:?}");
        }
        let mut like = intent(json!({"account": "ada", "text": "hello", "made_with_ai": true}));
        like.tool = "like_create".to_owned();
        assert_eq!(broken(&like), ["platform:x.tool: twitter.like_create"]);
    }

    #[test]
    fn a_mention_is_for_a_human() {
        let post = intent(json!({"account": "ada", "text": "hello @bob", "made_with_ai": true}));
        assert_eq!(check(&post, &AgentId::new("ada").unwrap()).flags, [Flag::new("platform:x.mention")]);
    }
}
