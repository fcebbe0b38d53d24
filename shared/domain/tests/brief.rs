//! What a brief may ask for.
#![expect(clippy::unwrap_used, reason = "what cannot be made fails the test")]

use chimera_domain::{Brief, BriefError, PaymentError, ToolFeedError};
use serde_json::json;

fn brief(of: &serde_json::Value) -> Brief {
    let mut brief = json!({
        "goal": "Tell people about small tools", "feeds": ["https://a.example/f"], "posts": 2,
        "budget": {"minor": 500, "currency": "USD"},
    });
    for (name, value) in of.as_object().unwrap() {
        brief[name] = value.clone();
    }
    serde_json::from_value(brief).unwrap()
}

fn order(changes: &serde_json::Value) -> serde_json::Value {
    let mut order = json!({
        "recipient": format!("0x{}", "a1".repeat(20)), "name": "Iris", "reason": "The banner",
        "amount": {"minor": 300, "currency": "USD"},
    });
    for (name, value) in changes.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

fn refused(of: &serde_json::Value) -> String {
    brief(of).check().unwrap_err().to_string()
}

/// [K-4]
#[test]
fn a_payment_that_could_not_be_proposed_is_refused_with_its_place_and_the_reason() {
    let upper = json!({"recipient": format!("0x{}", "A1".repeat(20))});
    for (orders, why) in [
        (json!([order(&json!({"recipient": "iris.eth"}))]), PaymentError::Recipient),
        (json!([order(&json!({"recipient": format!("0x{}", "g1".repeat(20))}))]), PaymentError::Recipient),
        (json!([order(&json!({"amount": {"minor": 0, "currency": "USD"}}))]), PaymentError::Nothing),
        (json!([order(&json!({"amount": {"minor": 1, "currency": "EUR"}}))]), PaymentError::Currency),
        (json!([order(&json!({"name": " "}))]), PaymentError::Name),
        (json!([order(&json!({"name": "x".repeat(61)}))]), PaymentError::Name),
        (json!([order(&json!({"reason": "two\nlines"}))]), PaymentError::Reason),
        (json!([order(&json!({"reason": "\u{ffff}"}))]), PaymentError::Reason),
        (json!([order(&json!({"reason": "for \u{202e}uoy\u{202c}"}))]), PaymentError::Reason),
        (json!([order(&json!({})), order(&upper)]), PaymentError::Twice),
    ] {
        let at = orders.as_array().unwrap().len();
        assert_eq!(brief(&json!({"payments": orders})).check(), Err(BriefError::Payment { at, why }));
    }
    let too_many: Vec<_> = (0..11).map(|n| order(&json!({"reason": format!("Banner {n}")}))).collect();
    assert_eq!(brief(&json!({"payments": too_many})).check(), Err(BriefError::Payments));
    assert_eq!(brief(&json!({"payments": too_many[..10]})).check(), Ok(()));
}

/// [K-4]
#[test]
fn a_campaign_may_consist_of_payments_alone() {
    let alone = json!({"feeds": [], "posts": 0, "payments": [order(&json!({}))]});
    assert_eq!(brief(&alone).check(), Ok(()));
    assert_eq!(brief(&json!({"feeds": [], "posts": 0})).check(), Err(BriefError::Feeds));
}

/// [K-12]
#[test]
fn a_feed_is_a_page_or_a_tool_of_somebody_elses_server() {
    let feeds = |feed: &str| brief(&json!({"feeds": ["https://a.example/f", feed]})).check();
    for fine in
        ["http://b.example", "mcp://fetch/fetch?url=https%3A%2F%2Fa.example%2Ftub", "mcp://wire/latest"]
    {
        assert_eq!(feeds(fine), Ok(()), "{fine}");
    }
    for (feed, why) in [
        ("mcp://fetch", ToolFeedError::Tool),
        ("mcp://u:p@fetch/fetch", ToolFeedError::Credentials),
        ("mcp://fetch/fetch?url", ToolFeedError::Argument("url".to_owned())),
    ] {
        assert_eq!(feeds(feed), Err(BriefError::ToolFeed { feed: feed.to_owned(), why }));
    }
    for feed in ["MCP://fetch/fetch", "mcp:fetch", "https://u:p@a.example", "https://", "file:///etc/passwd"]
    {
        assert_eq!(feeds(feed), Err(BriefError::FeedUrl(feed.to_owned())));
    }
}

/// [K-3]
#[test]
fn pictures_and_memories_need_posts() {
    assert_eq!(brief(&json!({"illustrations": 2, "remember": true})).check(), Ok(()));
    assert_eq!(brief(&json!({"illustrations": 3})).check(), Err(BriefError::Illustrations(2)));
    let nothing_to_look_at = json!({"remember": true, "posts": 0, "payments": [order(&json!({}))]});
    assert_eq!(brief(&nothing_to_look_at).check(), Err(BriefError::Remember));
}

/// [K-5]
#[test]
fn no_post_can_be_asked_to_be_a_payment() {
    let criterion =
        json!({"id": "paid", "text": "Pays", "mandatory": true, "check": {"pays": order(&json!({}))}});
    let asked = brief(&json!({"criteria": [criterion]}));
    assert_eq!(asked.check(), Err(BriefError::NotForPosts("paid".to_owned())));
}

/// [P-10]
#[test]
fn a_plan_has_room_for_everything_that_is_asked_for_or_the_brief_is_refused() {
    assert_eq!(brief(&json!({"posts": 99, "illustrations": 99, "remember": true})).check(), Ok(()));
    assert_eq!(
        refused(&json!({"posts": 100, "illustrations": 99, "remember": true})),
        "1 feeds, 100 posts, 99 illustrations, 1 remember task are more than the 200 tasks of a plan"
    );
}

#[test]
fn a_brief_of_before_wants_no_pictures_payments_or_memories() {
    let old = brief(&json!({}));
    assert_eq!((old.illustrations, old.payments.len(), old.remember), (0, 0, false));
}
