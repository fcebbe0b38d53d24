//! Whether a post keeps to those of its persona's directives that can be checked.

use std::sync::LazyLock;

use chimera_domain::{Confidence, Persona};
use regex::Regex;

use crate::normalise::{pattern, plain};
use crate::words::{has_phrase, links, without_links};

/// What one broken directive costs, in basis points.
const BROKEN_COST: usize = 3_000;

/// How a post fits its persona.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The fit: full where nothing was broken.
    pub share: Confidence,
    /// The directives that were broken, as the persona words them.
    pub broken: Vec<String>,
}

/// Checks the directives that forbid something countable or a word. Others are for the writer and for people.
#[must_use]
pub fn persona_fit(text: &str, persona: &Persona) -> Fit {
    let broken: Vec<String> =
        persona.directives.iter().filter(|directive| breaks(text, directive)).cloned().collect();
    let left = 10_000_usize.saturating_sub(broken.len() * BROKEN_COST);
    Fit { share: Confidence::share(left, 10_000), broken }
}

/// Countable things that a directive may forbid.
const THINGS: &str = "emojis?|exclamation (?:marks?|points?)|hashtags?|question marks?|links?|all caps";

static FORBIDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?:^|[.,;] ?|\band |\bbut )(?:no|never|never (?:use|add)|avoid|(?:don't|do not) use|uses? no)(?: any| using)? ((?:{THINGS})(?:(?:, or |, and |, | or | and | nor )(?:no )?(?:{THINGS}))*)(?:$|[.,;!]| in | at | ever)"
    ))
});
static FORBIDS_WORD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^(?:never|do not|don't|avoid)(?: ever)? (?:say|saying|mention|mentioning|write|writing|use the words?|using the words?|the words?) ["']?([^"'.;]+)["']?\.?$"#,
    )
});

fn breaks(text: &str, directive: &str) -> bool {
    let directive = plain(directive);
    if directive.contains("lower case only") || directive.contains("lowercase only") {
        return without_links(text).chars().any(char::is_uppercase);
    }
    if let Some(word) = FORBIDS_WORD.captures(&directive).and_then(|found| found.get(1)) {
        return has_phrase(&plain(text), word.as_str().trim());
    }
    let forbidden: String = FORBIDS
        .captures_iter(&directive)
        .filter_map(|found| found.get(1))
        .map(|things| things.as_str())
        .collect();
    let names = |thing: &str| forbidden.contains(thing);
    (names("emoji") && text.chars().any(is_emoji))
        || (names("exclamation") && text.contains(['!', '！']))
        || (names("hashtag") && text.split_whitespace().any(|word| word.starts_with('#') && word.len() > 1))
        || (names("question mark") && without_links(text).contains('?'))
        || (names("link") && !links(text).is_empty())
        || (names("all caps") && text.split_whitespace().any(is_shouted))
}

fn is_shouted(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic());
    letters.clone().count() >= 5 && letters.clone().all(char::is_uppercase)
}

/// Pictures, not signs: arrows, bullets and the copyright mark are not meant.
pub(crate) fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b50}' | '\u{2b55}' | '\u{231a}' | '\u{231b}' | '\u{23e9}'..='\u{23fa}')
}

#[cfg(test)]
mod tests {
    use chimera_domain::Digest;

    use super::*;

    fn persona(directive: &str) -> Persona {
        Persona {
            name: "Ada".to_owned(),
            voice_traits: Vec::new(),
            directives: vec![directive.to_owned()],
            backstory: String::new(),
            soul: Digest::of_bytes(b""),
        }
    }

    #[test]
    fn a_broken_directive_lowers_the_fit() {
        for (directive, breaks, keeps) in [
            ("No emoji.", "Great news 🎉", "Great news"),
            ("Never use exclamation marks", "Great news!", "Great news?"),
            ("No hashtags", "News #solar", "News"),
            ("Never say \"game changer\"", "A game changer for roofs", "A change for roofs"),
            ("Write in lower case only", "Great", "great https://a.example/X"),
        ] {
            assert!(persona_fit(breaks, &persona(directive)).share < Confidence::FULL, "{directive}");
            assert_eq!(persona_fit(keeps, &persona(directive)).share, Confidence::FULL, "{directive}");
        }
    }

    #[test]
    fn only_what_is_forbidden_outright_is_looked_for() {
        for directive in
            ["Never post without a link", "Never link to rivals", "No links to rivals", "Emoji are fine"]
        {
            let fit = persona_fit("Great 🎉 https://a.example/1", &persona(directive));
            assert_eq!(fit.share, Confidence::FULL, "{directive}");
        }
        let fit = persona_fit("Great 🎉", &persona("Plain words, no hashtags or emoji."));
        assert_eq!(fit.broken.len(), 1);
    }

    #[test]
    fn what_cannot_be_checked_is_not_held_against_a_post() {
        let fit = persona_fit("Anything goes!", &persona("Always be kind"));
        assert_eq!(fit.share, Confidence::FULL);
    }
}
