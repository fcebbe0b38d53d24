//! Acceptance criteria, checked on the final bytes.

use std::collections::BTreeSet;

use chimera_domain::{Check, Confidence, Criterion, Intent, RuleEvidence, Source};
use serde_json::Value;

use crate::honesty::{discloses, discloses_sponsor};
use crate::language::unreadable;
use crate::normalise::{plain, views};
use crate::persona::Fit;
use crate::platform::weighted_length;
use crate::words::{has_phrase, is_ordinary, links, stem, words};

/// Below this support a link to the source is decoration.
const CARRIED_SUPPORT: u16 = 5_000;
/// Content words beyond the title that count as saying more.
const MORE_THAN_TITLE: usize = 2;

/// What criteria are checked on.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A text to publish.
    Text {
        /// The intent that publishes it.
        intent: &'a Intent,
        /// The source it cites, as committed.
        source: Option<&'a Source>,
        /// How far that supports it.
        support: Confidence,
        /// How it fits its persona.
        fit: &'a Fit,
    },
    /// Notes to write from.
    Notes(&'a [Source]),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriteriaCheck {
    /// Share of the criteria that were met, of those that apply; halved where a mandatory one was broken.
    pub share: Confidence,
    /// Whether a mandatory one was broken.
    pub is_mandatory_broken: bool,
    /// Each criterion that applies, as `criterion:<id>`.
    pub rules: Vec<RuleEvidence>,
    /// The broken ones, as feedback.
    pub broken: Vec<String>,
}

/// Checks every criterion that applies to the subject; one for texts does not apply to notes, nor the reverse.
#[must_use]
pub fn check(criteria: &[Criterion], subject: Subject<'_>) -> CriteriaCheck {
    let mut found = CriteriaCheck {
        share: Confidence::FULL,
        is_mandatory_broken: false,
        rules: Vec::new(),
        broken: Vec::new(),
    };
    let mut met_count = 0;
    for criterion in criteria {
        let Some(Finding { met, seen, asks }) = look(&criterion.check, subject) else { continue };
        let rule = format!("criterion:{}", criterion.id);
        if met {
            met_count += 1;
        } else {
            found.is_mandatory_broken |= criterion.mandatory;
            found.broken.push(format!("criterion {}: {asks}", criterion.id));
        }
        found.rules.push(RuleEvidence { rule, met, seen: seen.chars().take(120).collect() });
    }
    // A text that breaks what must hold is no good text in other respects.
    let halves = if found.is_mandatory_broken { 2 } else { 1 };
    found.share = Confidence::share(met_count, found.rules.len() * halves);
    found
}

/// The sources that can be written from: with a title, a web link and a body.
#[must_use]
pub fn usable_sources(sources: &[Source]) -> usize {
    let links: BTreeSet<&str> =
        sources.iter().filter(|source| is_usable(source)).map(|s| s.url.as_str()).collect();
    links.len()
}

fn is_usable(source: &Source) -> bool {
    let is_web = source.url.starts_with("https://") || source.url.starts_with("http://");
    is_web && !source.title.trim().is_empty() && !source.excerpt.trim().is_empty()
}

struct Finding {
    met: bool,
    seen: String,
    asks: String,
}

fn look(check: &Check, subject: Subject<'_>) -> Option<Finding> {
    match (check, subject) {
        (Check::MinSources(least), Subject::Notes(sources)) => {
            let usable = usable_sources(sources);
            let met = usable >= usize::try_from(*least).unwrap_or(usize::MAX);
            Some(Finding {
                met,
                seen: format!("{usable} usable sources"),
                asks: format!("at least {least} usable sources, has {usable}"),
            })
        }
        (Check::MinSources(_), Subject::Text { .. }) | (_, Subject::Notes(_)) => None,
        (Check::CarriesSource, Subject::Text { intent, source, support, .. }) => {
            Some(carries_source(intent.text().unwrap_or_default(), source, support))
        }
        (Check::SaysMoreThanTitle, Subject::Text { intent, source, .. }) => {
            Some(says_more_than_title(intent.text().unwrap_or_default(), source))
        }
        (Check::FitsPersona, Subject::Text { fit, .. }) => Some(fits_persona(fit)),
        (Check::CarriesImage, Subject::Text { intent, .. }) => Some(carries_image(intent)),
        (check, Subject::Text { intent, .. }) => look_at_text(check, intent.text().unwrap_or_default()),
    }
}

/// [J-2] What is read off the text alone.
fn look_at_text(check: &Check, text: &str) -> Option<Finding> {
    let has_length = |met: bool, bound: &str, length: usize| Finding {
        met,
        seen: format!("{length} characters"),
        asks: format!("{bound} characters, has {length}"),
    };
    let says = |met: bool, asks: &str| {
        let seen = if met { "said" } else { "not said" };
        Finding { met, seen: seen.to_owned(), asks: asks.to_owned() }
    };
    Some(match check {
        Check::MaxLength(most) => {
            let length = weighted_length(text);
            has_length(length <= as_count(*most), &format!("at most {most}"), length)
        }
        Check::MinLength(least) => {
            let length = weighted_length(text);
            has_length(length >= as_count(*least), &format!("at least {least}"), length)
        }
        Check::MustMention(phrase) => {
            let met = mentions(&[plain(text)], phrase);
            let seen = if met { format!("\"{phrase}\"") } else { "not mentioned".to_owned() };
            Finding { met, seen, asks: format!("must mention \"{phrase}\"") }
        }
        Check::MustNotMention(phrase) => {
            let met = !mentions(&views(text), phrase);
            let seen = if met { "not mentioned".to_owned() } else { format!("\"{phrase}\"") };
            Finding { met, seen, asks: format!("must not mention \"{phrase}\"") }
        }
        Check::Language(code) => is_in_language(text, code),
        Check::DisclosesAi => says(discloses(text), "must say plainly that an AI made it"),
        Check::DisclosesSponsor => says(discloses_sponsor(text), "must say that it is paid for, such as #ad"),
        // Those that rest on more than the text, and the one that is not about texts.
        Check::CarriesSource
        | Check::SaysMoreThanTitle
        | Check::FitsPersona
        | Check::CarriesImage
        | Check::MinSources(_) => return None,
    })
}

fn as_count(bound: u32) -> usize {
    usize::try_from(bound).unwrap_or(usize::MAX)
}

/// English is read. Of another language only so much is known that a text is not English; whether it is the one that was
/// asked for is for the human to whom every such text goes.
fn is_in_language(text: &str, code: &str) -> Finding {
    let why = unreadable(text);
    let is_foreign = matches!(why, Some("another language" | "another script"));
    Finding {
        met: if code == "en" { why.is_none() } else { is_foreign },
        seen: match why {
            None => "en".to_owned(),
            Some(why) => why.to_owned(),
        },
        asks: format!("must be in {code}"),
    }
}

fn fits_persona(fit: &Fit) -> Finding {
    Finding {
        met: fit.broken.is_empty(),
        seen: if fit.broken.is_empty() { "no directive is broken".to_owned() } else { fit.broken.join("; ") },
        asks: format!("must keep the persona's directives: {}", fit.broken.join("; ")),
    }
}

/// An image is named by its digest, and those who cannot see it are told what it shows.
fn carries_image(intent: &Intent) -> Finding {
    let media: Vec<&Value> =
        intent.arguments.get("media").and_then(Value::as_array).into_iter().flatten().collect();
    let text_of = |medium: &Value, field: &str| {
        medium.get(field).and_then(Value::as_str).map(|text| text.trim().to_owned()).unwrap_or_default()
    };
    let is_image = |medium: &&&Value| text_of(medium, "digest").starts_with("sha256:");
    let images = media.iter().filter(is_image).count();
    let told = media.iter().filter(is_image).filter(|medium| !text_of(medium, "alt_text").is_empty()).count();
    Finding {
        met: images > 0 && told == images && images == media.len(),
        seen: format!("{images} images, {told} with a description"),
        asks: "must carry an image, each by digest and with an alt_text".to_owned(),
    }
}

/// A phrase of signs alone can never be found; such a criterion is not met by silence.
fn mentions(views: &[String], phrase: &str) -> bool {
    let phrase = plain(phrase);
    views.iter().any(|view| has_phrase(view, &phrase))
}

fn carries_source(text: &str, source: Option<&Source>, support: Confidence) -> Finding {
    let linked = source.is_some_and(|source| links(text).contains(&source.url.as_str()));
    let supported = support.basis_points() >= CARRIED_SUPPORT;
    let (seen, asks) = match (source, linked, supported) {
        (None, _, _) => ("no source".to_owned(), "has no committed source".to_owned()),
        (Some(source), false, _) => ("no link".to_owned(), format!("must carry the link {}", source.url)),
        (Some(_), true, _) => {
            (format!("link, support {support}"), format!("the source supports only {support}"))
        }
    };
    Finding { met: linked && supported, seen, asks }
}

fn says_more_than_title(text: &str, source: Option<&Source>) -> Finding {
    let contents = |text: &str| -> BTreeSet<String> {
        let content = words(text)
            .into_iter()
            .filter(|word| word.len() >= 4 || word.starts_with(|c: char| c.is_ascii_digit()));
        content.filter(|word| !is_ordinary(word)).map(|word| stem(&word)).collect()
    };
    let said = contents(&crate::words::without_links(text));
    let more: Vec<String> = source.map_or_else(Vec::new, |source| {
        let title = contents(&source.title);
        contents(&source.excerpt)
            .into_iter()
            .filter(|word| said.contains(word) && !title.contains(word))
            .collect()
    });
    Finding {
        met: more.len() >= MORE_THAN_TITLE,
        seen: more.join(", "),
        asks: "must say something from the source's body that its title does not".to_owned(),
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_forbidden_word_is_named_in_the_feedback() {
        let found = on_text(Check::MustNotMention("Tesla".to_owned()), "The new TESLA is here");
        assert_eq!(found.broken, ["criterion c1: must not mention \"Tesla\""]);
        assert!(found.is_mandatory_broken);
        assert_eq!(found.share, Confidence::ZERO);
        assert!(on_text(Check::MustNotMention("art".to_owned()), "The party starts").broken.is_empty());
        assert!(
            !on_text(Check::MustNotMention("Tesla".to_owned()), "The T e s l a is here").broken.is_empty()
        );
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
        assert!(
            on_text(Check::SaysMoreThanTitle, "Neighbours learn to repair their panels").broken.is_empty()
        );
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
}
