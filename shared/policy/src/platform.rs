//! What each network, wallet and memory allows, and what a network charges: one row of a table for each.

mod media;
mod memory;
mod wallet;

use std::sync::LazyLock;

use chimera_domain::{
    AgentId, Currency, Flag, Intent, Mention, Money, Outcome, PaymentOrder, Picture, RuleEvidence,
};
use regex::Regex;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::normalise::{is_ignorable, pattern};
use crate::persona::is_emoji;

/// Longest post on X, in weighted characters.
pub const POST_LENGTH: usize = 280;
/// Longest post on a network of which nothing else is known, in characters as readers count them.
const GENERIC_LENGTH: usize = 500;
/// Every link counts as this many characters: the platform shortens it.
const LINK_LENGTH: usize = 23;
/// A post with a link, in US cents.
const LINK_PRICE: i64 = 20;
/// A post without one, in US cents: 1.5, rounded up.
const POST_PRICE: i64 = 2;
/// Deleting a post, in US cents.
const DELETE_PRICE: i64 = 1;

/// Everything that the platform may turn into a link, scheme or not.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)https?://\S+|\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}\b(?:/\S*)?")
});
static MENTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^\p{L}\p{N}_])[@＠]([A-Za-z0-9_]{1,15})"));

/// What one network allows and charges.
#[derive(Debug, Clone, Copy)]
struct RuleSet {
    /// Names its rules: `platform:<name>.<rule>`.
    name: &'static str,
    /// The server that speaks to it.
    server: &'static str,
    /// Longest post, as `length` counts.
    longest: usize,
    length: fn(&str) -> usize,
    /// Prices in US cents: a post without a link, one with a link, a deletion.
    prices: [i64; 3],
}

/// The networks that posts may go to. What is on no row is refused.
const NETWORKS: [RuleSet; 2] = [
    RuleSet {
        name: "x",
        server: "twitter",
        longest: POST_LENGTH,
        length: weighted_length,
        prices: [POST_PRICE, LINK_PRICE, DELETE_PRICE],
    },
    // What is not known is priced like the dearest.
    RuleSet {
        name: "generic",
        server: "social",
        longest: GENERIC_LENGTH,
        length: |text| text.graphemes(true).count(),
        prices: [LINK_PRICE; 3],
    },
];

/// [X-1] What no network takes from automation, by the words of a tool's name.
const NEVER: [(Rule, &[&str]); 3] = [
    (
        Rule::NoLikes,
        &["like", "likes", "unlike", "favorite", "favourite", "heart", "react", "reaction", "upvote"],
    ),
    (Rule::NoFollows, &["follow", "follows", "unfollow", "subscribe", "friend", "connect"]),
    (Rule::NoReposts, &["repost", "reposts", "retweet", "reblog", "boost", "share", "quote"]),
];

/// The rules, each with its place in a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Only posts and replies.
    Tool,
    /// No automated likes.
    NoLikes,
    /// No automated follows.
    NoFollows,
    /// No automated reposts.
    NoReposts,
    /// No argument too few or too many.
    Arguments,
    /// The agent's own account.
    Account,
    /// The label of what an AI made.
    MadeWithAi,
    /// The label of what somebody pays for.
    PaidPartnership,
    /// Automated replies only where the network has approved them.
    RepliesApproved,
    /// A reply answers the mention of its task, and nothing else does.
    ReplyTarget,
    /// Something can be seen.
    Text,
    /// Not too long.
    Length,
    /// No character that nothing can carry.
    Characters,
    /// Only pictures that were committed before.
    Media,
    /// A payment goes to an address.
    Recipient,
    /// What a wallet may send.
    Asset,
    /// Where it may send it.
    Chain,
    /// Exactly the payment that its task orders.
    Order,
    /// No token of the agent's own, unless the policy allows it.
    TokenDeploy,
}

impl Rule {
    /// As verdicts spell it, behind the network's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::NoLikes => "no_likes",
            Self::NoFollows => "no_follows",
            Self::NoReposts => "no_reposts",
            Self::Arguments => "arguments",
            Self::Account => "account",
            Self::MadeWithAi => "made_with_ai",
            Self::PaidPartnership => "paid_partnership",
            Self::RepliesApproved => "replies_approved",
            Self::ReplyTarget => "reply_target",
            Self::Text => "text",
            Self::Length => "length",
            Self::Characters => "characters",
            Self::Media => "media",
            Self::Recipient => "recipient",
            Self::Asset => "asset",
            Self::Chain => "network",
            Self::Order => "order",
            Self::TokenDeploy => "token_deploy",
        }
    }
}

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

/// Whether the intent publishes something that can be taken back.
#[must_use]
pub fn is_post(intent: &Intent) -> bool {
    intent.server == "twitter" && publishes(&intent.tool)
}

/// Whether the intent is for a wallet, which takes nothing but money: its tools are not judged as posts, nor the reverse.
#[must_use]
pub fn is_of_wallet(intent: &Intent) -> bool {
    wallet::of(&intent.server).is_some()
}

fn publishes(tool: &str) -> bool {
    matches!(tool, "post_create" | "post_reply")
}

fn network(server: &str) -> Option<RuleSet> {
    NETWORKS.into_iter().find(|network| network.server == server)
}

/// The intent that takes back what `intent` published.
#[must_use]
pub fn taking_back(intent: &Intent, outcome: &Outcome) -> Intent {
    let account = intent.arguments.get("account").cloned().unwrap_or_default();
    Intent {
        server: intent.server.clone(),
        tool: "post_delete".to_owned(),
        arguments: json!({"account": account, "post_id": outcome.external_id}),
        cites: None,
    }
}

/// [X-4] The most that the intent may cost, in US cents: the networks' own currency.
#[must_use]
pub fn price_upper_bound(intent: &Intent) -> Money {
    // [X-9] What is remembered is kept in a store of ours.
    if intent.keeps_memories() {
        return Money::zero(Currency::Usd);
    }
    let prices = network(&intent.server).map(|network| network.prices);
    let minor = match (prices, intent.tool.as_str()) {
        (Some([_, _, delete]), "post_delete") => delete,
        (Some([plain, _, _]), tool) if publishes(tool) && !intent.text().is_some_and(carries_link) => plain,
        (Some([_, linked, _]), _) => linked,
        // What is not known is priced like the dearest.
        (None, _) => LINK_PRICE,
    };
    Money::new(minor, Currency::Usd).unwrap_or(Money::zero(Currency::Usd))
}

/// What the platform's rules say about an intent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlatformCheck {
    /// Which network's rules they are.
    network: &'static str,
    /// Every rule looked at.
    pub rules: Vec<RuleEvidence>,
    /// The broken ones, as feedback.
    pub broken: Vec<String>,
    /// What a human must see.
    pub flags: Vec<Flag>,
}

/// What the rules have to know beside the intent; all of it from rows.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Whose account it is.
    pub agent: &'a AgentId,
    /// What the task is to answer, if it is a reply.
    pub mention: Option<&'a Mention>,
    /// Whether somebody pays for the post.
    pub is_paid: bool,
    /// Whether the policy declares that the network has approved automated replies.
    pub replies_approved: bool,
    /// What the tasks before it have made, as committed.
    pub pictures: &'a [Picture],
    /// Those of them that the task was given to publish.
    pub given: &'a [Picture],
    /// What the task is to pay, if it is a payment.
    pub order: Option<&'a PaymentOrder>,
    /// Whether the policy allows tokens of the agent's own.
    pub may_deploy: bool,
}

impl<'a> Setting<'a> {
    /// A task of this agent about which nothing else is known.
    #[must_use]
    pub fn of(agent: &'a AgentId) -> Self {
        Self {
            agent,
            mention: None,
            is_paid: false,
            replies_approved: false,
            pictures: &[],
            given: &[],
            order: None,
            may_deploy: false,
        }
    }
}

/// Checks the tool, its arguments and the text. Rules are named `platform:<network>.<rule>`; a server that is no network,
/// no wallet and no memory breaks `platform:tool`.
#[must_use]
pub fn check(intent: &Intent, setting: &Setting<'_>) -> PlatformCheck {
    let mut check = PlatformCheck::default();
    if wallet::check(&mut check, intent, setting) || memory::check(&mut check, intent, setting) {
        return check;
    }
    let tool = format!("{}.{}", intent.server, intent.tool);
    let Some(network) = network(&intent.server) else {
        check.found("platform:tool".to_owned(), false, &format!("{tool} is no tool of a known network"));
        return check;
    };
    check.network = network.name;
    if let Some(rule) = forbidden(&intent.tool) {
        check.rule(rule, false, &format!("{tool} is not for automation"));
        return check;
    }
    check.rule(Rule::Tool, publishes(&intent.tool), &tool);
    check_arguments(&mut check, intent, setting);
    check_reply(&mut check, intent, setting);
    media::check(&mut check, intent, setting.pictures, setting.given);
    check_text(&mut check, intent.text().unwrap_or_default(), network);
    // [X-5] Unasked mentions by automation need the platform's prior approval: a human decides. A reply may name whom it
    // answers.
    let addressee = setting.mention.map_or("", |mention| mention.author.as_str());
    let names = |text: &str| {
        let mut names = MENTION.captures_iter(text).filter_map(|found| found.get(1));
        names.any(|name| !name.as_str().eq_ignore_ascii_case(addressee))
    };
    if intent.published_texts().into_iter().any(names) {
        check.flags.push(Flag::new(format!("platform:{}.mention", network.name)));
    }
    check
}

fn forbidden(tool: &str) -> Option<Rule> {
    let names = |words: &[&str]| tool.split(['_', '-', '.']).any(|word| words.contains(&word));
    NEVER.iter().find(|(_, words)| names(words)).map(|(rule, _)| *rule)
}

/// [X-3] Both labels are arguments of the post.
fn check_arguments(check: &mut PlatformCheck, intent: &Intent, setting: &Setting<'_>) {
    let is_reply = intent.tool == "post_reply";
    let mut wanted = vec!["account", "made_with_ai", "text"];
    wanted.extend(is_reply.then_some("in_reply_to"));
    let mut allowed = wanted.clone();
    allowed.extend((!is_reply).then_some("media"));
    allowed.extend(setting.is_paid.then_some("paid_partnership"));
    let fields = intent.arguments.as_object();
    let keys: Vec<&str> =
        fields.map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default();
    let is_whole =
        wanted.iter().all(|key| keys.contains(key)) && keys.iter().all(|key| allowed.contains(key));
    check.rule(Rule::Arguments, is_whole, &keys.join(", "));
    let account = intent.arguments.get("account").and_then(Value::as_str).unwrap_or_default();
    check.rule(Rule::Account, account == setting.agent.as_str(), account);
    let is_true = |label: &str| intent.arguments.get(label) == Some(&Value::Bool(true));
    check.rule(Rule::MadeWithAi, is_true("made_with_ai"), &is_true("made_with_ai").to_string());
    if setting.is_paid {
        check.rule(
            Rule::PaidPartnership,
            is_true("paid_partnership"),
            &is_true("paid_partnership").to_string(),
        );
    }
}

/// [X-2] One reply to what was asked, and only where the network has approved that a machine replies.
fn check_reply(check: &mut PlatformCheck, intent: &Intent, setting: &Setting<'_>) {
    let target = intent.in_reply_to();
    if intent.tool != "post_reply" && setting.mention.is_none() && target.is_none() {
        return;
    }
    let seen = match setting.replies_approved {
        true => "ai_replies_approved is declared",
        false => "replies by a machine need the network's approval; ai_replies_approved is not declared",
    };
    check.rule(Rule::RepliesApproved, setting.replies_approved, seen);
    let wanted = setting.mention.map(|mention| mention.id.as_str());
    let is_answer = intent.tool == "post_reply" && wanted.is_some() && target == wanted;
    check.rule(Rule::ReplyTarget, is_answer, target.unwrap_or("answers nothing"));
}

fn check_text(check: &mut PlatformCheck, text: &str, network: RuleSet) {
    let visible = text.chars().filter(|c| !c.is_whitespace() && !c.is_control() && !is_ignorable(*c)).count();
    check.rule(Rule::Text, visible > 0, &format!("{visible} visible characters"));
    let (length, longest) = ((network.length)(text), network.longest);
    check.rule(Rule::Length, length <= longest, &format!("{length} of {longest}"));
    let is_carriable =
        text.chars().all(|c| c == '\n' || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')));
    check.rule(Rule::Characters, is_carriable, &is_carriable.to_string());
}

impl PlatformCheck {
    fn rule(&mut self, rule: Rule, met: bool, seen: &str) {
        self.found(format!("platform:{}.{}", self.network, rule.name()), met, seen);
    }

    fn found(&mut self, rule: String, met: bool, seen: &str) {
        let seen: String = seen.chars().take(120).collect();
        if !met {
            self.broken.push(format!("{rule}: {seen}"));
        }
        self.rules.push(RuleEvidence { rule, met, seen });
    }
}

#[cfg(test)]
mod tests;
