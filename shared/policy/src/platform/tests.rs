//! Each rule, on values.

use serde_json::json;

use super::*;

fn intent(arguments: Value) -> Intent {
    Intent { server: "twitter".to_owned(), tool: "post_create".to_owned(), arguments, cites: None }
}

fn post(text: &str) -> Intent {
    intent(json!({"account": "ada", "text": text, "made_with_ai": true}))
}

fn reply(text: &str, to: &str) -> Intent {
    let mut reply = intent(json!({"account": "ada", "text": text, "made_with_ai": true, "in_reply_to": to}));
    reply.tool = "post_reply".to_owned();
    reply
}

fn mention() -> Mention {
    Mention { id: "m-1".to_owned(), author: "Bob".to_owned(), text: "nice".to_owned() }
}

fn checked(intent: &Intent, change: impl FnOnce(&mut Setting<'_>)) -> PlatformCheck {
    let agent = AgentId::new("ada").unwrap();
    let mut setting = Setting { replies_approved: true, ..Setting::of(&agent) };
    change(&mut setting);
    check(intent, &setting)
}

fn broken(intent: &Intent) -> Vec<String> {
    checked(intent, |_| {}).broken
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

///
#[test]
fn a_link_costs_twenty_cents_with_or_without_its_scheme() {
    let price = |text: &str| price_upper_bound(&post(text)).minor();
    assert_eq!(price("no link. None at all, e.g. none."), 2);
    assert_eq!(price("see https://a.example/x"), 20);
    assert_eq!(price("see example.com for more"), 20);
    assert_eq!(price_upper_bound(&reply("no link", "m-1")).minor(), 2);
    assert_eq!(price_upper_bound(&reply("see example.com", "m-1")).minor(), 20);
}

#[test]
fn a_post_that_keeps_the_rules_is_allowed() {
    assert_eq!(broken(&post("hello")), Vec::<String>::new());
}

///
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
}

///
#[test]
fn likes_follows_and_reposts_are_never_automated() {
    for (tool, rule) in [
        ("like_create", Rule::NoLikes),
        ("post_like", Rule::NoLikes),
        ("follow_create", Rule::NoFollows),
        ("account_unfollow", Rule::NoFollows),
        ("repost_create", Rule::NoReposts),
        ("post_retweet", Rule::NoReposts),
    ] {
        let mut act = post("hello");
        act.tool = tool.to_owned();
        let expected = format!("platform:x.{}: twitter.{tool} is not for automation", rule.name());
        assert_eq!(broken(&act), [expected]);
    }
    let mut other = post("hello");
    other.tool = "account_rename".to_owned();
    assert_eq!(broken(&other), ["platform:x.tool: twitter.account_rename"]);
    other.server = "bank".to_owned();
    assert_eq!(broken(&other), ["platform:tool: bank.account_rename is no tool of a known network"]);
}

///
#[test]
fn what_somebody_pays_for_is_labelled_and_nothing_else_is() {
    let mut labelled = post("hello #ad");
    labelled.arguments["paid_partnership"] = json!(true);
    assert!(checked(&labelled, |setting| setting.is_paid = true).broken.is_empty());
    let unlabelled = checked(&post("hello #ad"), |setting| setting.is_paid = true).broken;
    assert_eq!(unlabelled, ["platform:x.paid_partnership: false"]);
    assert!(broken(&labelled)[0].starts_with("platform:x.arguments: "));
}

///
#[test]
fn a_reply_answers_its_mention_where_the_network_approved_it() {
    let mention = mention();
    let of = |intent: &Intent, approved: bool| {
        let agent = AgentId::new("ada").unwrap();
        let setting = Setting { mention: Some(&mention), replies_approved: approved, ..Setting::of(&agent) };
        check(intent, &setting).broken
    };
    assert_eq!(of(&reply("thanks", "m-1"), true), Vec::<String>::new());
    assert!(of(&reply("thanks", "m-1"), false)[0].starts_with("platform:x.replies_approved: "));
    assert_eq!(of(&reply("thanks", "m-2"), true), ["platform:x.reply_target: m-2"]);
    assert_eq!(of(&post("thanks"), true), ["platform:x.reply_target: answers nothing"]);
    assert_eq!(broken(&reply("thanks", "m-1")), ["platform:x.reply_target: m-1"], "of no task");
}

///
#[test]
fn an_unasked_mention_is_for_a_human_and_the_addressee_is_not_unasked() {
    let flags = |intent: &Intent| checked(intent, |_| {}).flags;
    assert_eq!(flags(&post("hello @bob")), [Flag::new("platform:x.mention")]);
    let mention = mention();
    let agent = AgentId::new("ada").unwrap();
    let setting = Setting { mention: Some(&mention), replies_approved: true, ..Setting::of(&agent) };
    assert_eq!(check(&reply("@bob thanks", "m-1"), &setting).flags, []);
    assert_eq!(check(&reply("@bob and @eve", "m-1"), &setting).flags, [Flag::new("platform:x.mention")]);
}

#[test]
fn another_network_has_its_own_length_and_the_dearest_price() {
    let mut post = post(&"é".repeat(400));
    assert!(broken(&post)[0].starts_with("platform:x.length: "));
    post.server = "social".to_owned();
    assert_eq!(broken(&post), Vec::<String>::new());
    assert_eq!(price_upper_bound(&post).minor(), 20);
}
