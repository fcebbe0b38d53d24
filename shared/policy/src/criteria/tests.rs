//! Each check, on values.

use chimera_domain::{Digest, Persona};
use serde_json::json;

use super::*;
use crate::persona::persona_fit;

fn criterion(check: Check, mandatory: bool) -> Criterion {
    Criterion { id: "c1".to_owned(), text: "as asked".to_owned(), mandatory, check }
}

fn source() -> Source {
    Source {
        id: "1".to_owned(),
        title: "A solar workshop opens".to_owned(),
        url: "https://a.example/1".to_owned(),
        published_at: None,
        excerpt: "Neighbours learn to repair panels.".to_owned(),
    }
}

fn on_text(check: Check, text: &str) -> CriteriaCheck {
    on_intent(check, json!({"text": text}))
}

fn on_intent(wanted: Check, arguments: Value) -> CriteriaCheck {
    let source = source();
    let intent =
        Intent { server: "twitter".to_owned(), tool: "post_create".to_owned(), arguments, cites: None };
    let persona = Persona {
        name: "Ada".to_owned(),
        voice_traits: Vec::new(),
        directives: vec!["No emoji".to_owned()],
        backstory: String::new(),
        soul: Digest::of_bytes(b""),
    };
    let fit = persona_fit(intent.text().unwrap_or_default(), &persona);
    let subject =
        Subject::Text { intent: &intent, source: Some(&source), support: Confidence::FULL, fit: &fit };
    check(&[criterion(wanted, true)], subject)
}

/// [J-2]
#[test]
fn every_check_of_a_text_has_a_text_that_meets_it_and_one_that_breaks_it() {
    let long = "x".repeat(21);
    for (check, meets, breaks) in [
        (Check::MaxLength(20), "short", long.as_str()),
        (Check::MinLength(20), long.as_str(), "short"),
        (Check::MustMention("Pail".to_owned()), "I like pail", "I like it"),
        (Check::MustNotMention("Pail".to_owned()), "I like it", "I like P A I L"),
        (Check::Language("en".to_owned()), "The workshop is open", "Der Laden ist offen und das ist gut"),
        (Check::Language("de".to_owned()), "Der Laden ist offen und das ist gut", "The workshop is open"),
        (Check::FitsPersona, "Great", "Great 🎉"),
        (Check::DisclosesAi, "Great. I'm an AI.", "Great. I'm not an AI."),
        (Check::DisclosesSponsor, "Great #ad", "Great, add it"),
    ] {
        let met = on_text(check.clone(), meets);
        assert_eq!((met.share, met.rules.len()), (Confidence::FULL, 1), "{check:?} {meets}: {met:?}");
        let broken = on_text(check.clone(), breaks);
        assert!(broken.is_mandatory_broken, "{check:?} {breaks}: {broken:?}");
        assert!(!broken.rules[0].met && !broken.rules[0].seen.is_empty(), "{broken:?}");
    }
}

/// [J-2]
#[test]
fn an_image_has_a_digest_and_a_description() {
    let of = |media: Value| on_intent(Check::CarriesImage, json!({"text": "look", "media": media}));
    let image = json!({"digest": "sha256:00ff", "mime": "image/png", "alt_text": "A bridge at dawn"});
    assert!(of(json!([image])).broken.is_empty());
    for bad in [
        json!([]),
        json!([{"digest": "sha256:00ff", "mime": "image/png"}]),
        json!([{"digest": "sha256:00ff", "alt_text": "  "}]),
        json!([{"digest": "https://a.example/1.png", "alt_text": "A bridge"}]),
        json!([image, {"digest": "sha256:01", "alt_text": ""}]),
    ] {
        assert!(of(bad.clone()).is_mandatory_broken, "{bad}");
    }
}

/// [K-5]
#[test]
fn a_payment_is_the_ordered_one_to_the_letter() {
    let usd = |minor: i64| json!({"minor": minor, "currency": "USD"});
    let order = json!({"recipient": "0xa1", "name": "Iris", "amount": usd(300), "reason": "The banner"});
    let order: PaymentOrder = serde_json::from_value(order).unwrap();
    let of = |recipient: &str, minor: i64, memo: &str| {
        let arguments = json!({"recipient": recipient, "amount": usd(minor), "memo": memo});
        let (server, tool) = ("coinbase".to_owned(), "transfer".to_owned());
        let intent = Intent { server, tool, arguments, cites: None };
        pays(&intent, &order)
    };
    assert!(of("0xa1", 300, "The banner").met);
    for (recipient, minor, memo) in
        [("0xa2", 300, "The banner"), ("0xa1", 301, "The banner"), ("0xa1", 300, "The other banner")]
    {
        let broken = of(recipient, minor, memo);
        assert!(!broken.met && broken.asks.contains("3.00 USD to 0xa1"), "{}", broken.asks);
    }
    assert!(on_intent(Check::Pays(order.clone()), json!({"text": "Great"})).is_mandatory_broken);
}

#[test]
fn a_forbidden_word_is_named_in_the_feedback() {
    let found = on_text(Check::MustNotMention("Tesla".to_owned()), "The new TESLA is here");
    assert_eq!(found.broken, ["criterion c1: must not mention \"Tesla\""]);
    assert!(found.is_mandatory_broken);
    assert_eq!(found.share, Confidence::ZERO);
    assert!(on_text(Check::MustNotMention("art".to_owned()), "The party starts").broken.is_empty());
    assert!(!on_text(Check::MustNotMention("Tesla".to_owned()), "The T e s l a is here").broken.is_empty());
}

/// [J-2]
#[test]
fn a_word_is_forbidden_in_what_is_published_with_a_text_as_well() {
    let with = |alt_text: &str| {
        let media = json!([{"digest": "sha256:00ff", "mime": "image/png", "alt_text": alt_text}]);
        on_intent(Check::MustNotMention("Tesla".to_owned()), json!({"text": "A new car", "media": media}))
    };
    assert!(with("A car by the sea").broken.is_empty());
    let broken = with("A picture for the article 'The T e s l a is here'");
    assert!(broken.is_mandatory_broken && broken.broken[0].contains("Tesla"), "{broken:?}");
}

#[test]
fn the_link_must_be_the_sources_own() {
    assert!(on_text(Check::CarriesSource, "Read https://a.example/1.").broken.is_empty());
    assert!(!on_text(Check::CarriesSource, "Read https://a.example/12").broken.is_empty());
    assert!(!on_text(Check::CarriesSource, "Read it").broken.is_empty());
}

#[test]
fn repeating_the_title_says_no_more() {
    assert!(
        !on_text(Check::SaysMoreThanTitle, "Wow: a solar workshop opens https://a.example/1")
            .broken
            .is_empty()
    );
    assert!(on_text(Check::SaysMoreThanTitle, "Neighbours learn to repair their panels").broken.is_empty());
}

#[test]
fn notes_are_counted_by_usable_distinct_sources() {
    let sources = [source(), source(), Source { excerpt: String::new(), ..source() }];
    let found = check(&[criterion(Check::MinSources(2), true)], Subject::Notes(&sources));
    assert_eq!(found.broken, ["criterion c1: at least 2 usable sources, has 1"]);
}

#[test]
fn a_criterion_for_texts_does_not_apply_to_notes() {
    let found = check(&[criterion(Check::MaxLength(1), true)], Subject::Notes(&[source()]));
    assert_eq!((found.share, found.is_mandatory_broken), (Confidence::FULL, false));
}
