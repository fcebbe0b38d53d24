//! Acceptance criteria, checked on the final bytes.

use std::collections::BTreeSet;

use chimera_domain::{Check, Confidence, Criterion, RuleEvidence, Source};

use crate::normalise::{plain, views};
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
        /// The text.
        text: &'a str,
        /// The source it cites, as committed.
        source: Option<&'a Source>,
        /// How far that supports it.
        support: Confidence,
    },
    /// Notes to write from.
    Notes(&'a [Source]),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriteriaCheck {
    /// Share of the criteria that were met, of those that apply.
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
    found.share = Confidence::share(met_count, found.rules.len());
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
        (check, Subject::Text { text, source, support }) => look_at_text(check, text, source, support),
    }
}

fn look_at_text(check: &Check, text: &str, source: Option<&Source>, support: Confidence) -> Option<Finding> {
    Some(match check {
        Check::MaxLength(most) => {
            let length = weighted_length(text);
            Finding {
                met: length <= usize::try_from(*most).unwrap_or(usize::MAX),
                seen: format!("{length} characters"),
                asks: format!("at most {most} characters, has {length}"),
            }
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
        Check::CarriesSource => carries_source(text, source, support),
        Check::SaysMoreThanTitle => says_more_than_title(text, source),
        // Not about texts.
        Check::MinSources(_) => return None,
    })
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
    use super::*;

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

    fn on_text(check_: Check, text: &str) -> CriteriaCheck {
        let source = source();
        let subject = Subject::Text { text, source: Some(&source), support: Confidence::FULL };
        check(&[criterion(check_, true)], subject)
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
