//! Acceptance criteria, checked on the final bytes.

use std::collections::BTreeSet;

use chimera_domain::{Check, Confidence, Criterion, Intent, Payment, PaymentOrder, RuleEvidence, Source};
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
    /// A picture, by what it tells those who cannot see it.
    Picture {
        /// Its description.
        alt_text: &'a str,
        /// Whether it can be published at all.
        is_sound: bool,
    },
    /// A payment, by what it pays and by what goes out with it.
    Payment(&'a Intent),
    /// What an agent is to remember.
    Memories {
        /// Whether it is what the campaign has published.
        is_sound: bool,
    },
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriteriaCheck {
    /// Share of the criteria that were met, of those that apply; halved where a mandatory one was broken.
    pub share: Confidence,
    /// Whether a mandatory one was broken.
    pub is_mandatory_broken: bool,
    /// The mandatory ones that were broken, by id, where a human may let every one of them pass.
    pub waivable: Option<Vec<String>>,
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
        waivable: Some(Vec::new()),
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
            if criterion.mandatory {
                found.is_mandatory_broken = true;
                found.waivable = found.waivable.filter(|_| is_waivable(&criterion.check));
                found.waivable.iter_mut().for_each(|waivable| waivable.push(criterion.id.clone()));
            }
            found.broken.push(format!("criterion {}: {asks}", criterion.id));
        }
        found.rules.push(RuleEvidence { rule, met, seen: seen.chars().take(120).collect() });
    }
    // A text that breaks what must hold is no good text in other respects.
    let halves = if found.is_mandatory_broken { 2 } else { 1 };
    found.share = Confidence::share(met_count, found.rules.len() * halves);
    found
}

/// [J-7] Whether a human may let a result pass that does not meet it: what an operator or the house asks for, but not what
/// law demands, nor what a payment or a memory is.
fn is_waivable(check: &Check) -> bool {
    !matches!(check, Check::DisclosesAi | Check::DisclosesSponsor | Check::Pays(_) | Check::OwnWords)
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
        (Check::OwnWords, Subject::Memories { is_sound }) => Some(is_own(is_sound)),
        (Check::MinSources(_), Subject::Text { .. }) | (_, Subject::Notes(_) | Subject::Memories { .. }) => {
            None
        }
        (Check::CarriesImage, Subject::Picture { is_sound, .. }) => Some(is_image(is_sound)),
        (check, Subject::Picture { alt_text, .. }) => look_at_text(check, alt_text),
        (Check::Pays(order), Subject::Payment(intent)) => Some(pays(intent, order)),
        (check, Subject::Payment(intent)) => look_at_text(check, memo(intent).unwrap_or_default()),
        (Check::CarriesSource, Subject::Text { intent, source, support, .. }) => {
            Some(carries_source(intent.text().unwrap_or_default(), source, support))
        }
        (Check::SaysMoreThanTitle, Subject::Text { intent, source, .. }) => {
            Some(says_more_than_title(intent.text().unwrap_or_default(), source))
        }
        (Check::FitsPersona, Subject::Text { fit, .. }) => Some(fits_persona(fit)),
        (Check::MustNotMention(phrase), Subject::Text { intent, .. }) => {
            Some(must_not_mention(&intent.published_texts(), phrase))
        }
        (Check::CarriesImage, Subject::Text { intent, .. }) => Some(carries_image(intent)),
        (Check::Pays(order), Subject::Text { intent, .. }) => Some(pays(intent, order)),
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
        Check::MustNotMention(phrase) => must_not_mention(&[text], phrase),
        Check::Language(code) => is_in_language(text, code),
        Check::DisclosesAi => says(discloses(text), "must say plainly that an AI made it"),
        Check::DisclosesSponsor => says(discloses_sponsor(text), "must say that it is paid for, such as #ad"),
        // Those that rest on more than the text, and those that are not about texts.
        Check::CarriesSource
        | Check::SaysMoreThanTitle
        | Check::FitsPersona
        | Check::CarriesImage
        | Check::Pays(_)
        | Check::OwnWords
        | Check::MinSources(_) => return None,
    })
}

/// What is published with a text, such as the description of a picture, is read like the text.
fn must_not_mention(texts: &[&str], phrase: &str) -> Finding {
    let met = !texts.iter().any(|text| mentions(&views(text), phrase));
    let seen = if met { "not mentioned".to_owned() } else { format!("\"{phrase}\"") };
    Finding { met, seen, asks: format!("must not mention \"{phrase}\"") }
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

fn is_image(is_sound: bool) -> Finding {
    Finding {
        met: is_sound,
        seen: if is_sound { "one picture" } else { "no picture that could be published" }.to_owned(),
        asks: "must be a picture with a description".to_owned(),
    }
}

fn is_own(is_sound: bool) -> Finding {
    Finding {
        met: is_sound,
        seen: if is_sound { "posts of the campaign" } else { "what the campaign has not published" }
            .to_owned(),
        asks: "must be posts of the campaign, in their own words, and how they did".to_owned(),
    }
}

/// What goes out with a payment.
fn memo(intent: &Intent) -> Option<&str> {
    intent.arguments.get("memo").and_then(Value::as_str)
}

/// [K-5] Whether recipient, amount and memo are the order's.
#[must_use]
pub fn is_ordered(intent: &Intent, order: &PaymentOrder) -> bool {
    let pays = |paid: Payment| paid.recipient == order.recipient && paid.amount == order.amount;
    intent.payment().is_some_and(pays) && memo(intent) == Some(order.reason.as_str())
}

/// [K-5] Recipient, amount and memo are the order's to the letter: what was ordered is what a human or a policy agreed to.
fn pays(intent: &Intent, order: &PaymentOrder) -> Finding {
    let told = |paid: Payment| format!("{} to {}", paid.amount, paid.recipient);
    Finding {
        met: is_ordered(intent, order),
        seen: intent.payment().map_or_else(|| "no payment".to_owned(), told),
        asks: format!("must pay {} to {} for {:?}", order.amount, order.recipient, order.reason),
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
mod tests;
