//! Whether the screen can read a text at all: script, language, size. What it cannot read goes to a human.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use crate::words::without_links;

/// Longer texts are not read: no post is, and a screen must answer in bounded time.
const MAX_BYTES: usize = 64 * 1024;
/// Letters in one word beyond which it is an encoding, not a word.
const MAX_WORD_LETTERS: usize = 40;

/// Why the text cannot be read, if it cannot.
pub(crate) fn unreadable(text: &str) -> Option<&'static str> {
    if text.len() > MAX_BYTES {
        return Some("too long");
    }
    if text.chars().any(|c| matches!(c, '\u{e0001}'..='\u{e007f}')) {
        return Some("hidden letters");
    }
    let text: String = without_links(text).nfkc().filter(|c| !crate::normalise::is_ignorable(*c)).collect();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if letters == 0 {
        return Some("no letters");
    }
    let foreign = text.chars().filter(|c| c.is_alphabetic() && !is_latin(*c)).count();
    if foreign * 10 > letters * 3 {
        return Some("another script");
    }
    if text.split(|c: char| !c.is_alphabetic()).any(mixes_scripts) {
        return Some("a word of two scripts");
    }
    if text.split(|c: char| !c.is_alphanumeric()).any(|word| word.chars().count() > MAX_WORD_LETTERS) {
        return Some("an encoded word");
    }
    is_another_language(&text).then_some("another language")
}

fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{aa}' | '\u{ba}' | '\u{c0}'..='\u{24f}' | '\u{1d00}'..='\u{1d7f}' | '\u{1e00}'..='\u{1eff}')
}

fn mixes_scripts(word: &str) -> bool {
    word.chars().any(is_latin) && word.chars().any(|c| matches!(c, '\u{370}'..='\u{52f}'))
}

/// Counts distinct small words: each language has its own, and English prose cannot do without them. Short posts that
/// are mostly names have none of either and pass.
fn is_another_language(text: &str) -> bool {
    let lower = text.to_lowercase();
    let is_shouted = !text.chars().any(char::is_lowercase);
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
    let distinct: BTreeSet<&str> = words.iter().copied().collect();
    let english = distinct.iter().filter(|word| ENGLISH.contains(*word)).count();
    // As part of a name (`Los Angeles`) a small word begins with a capital.
    let as_written: BTreeSet<&str> = text.split(|c: char| !c.is_alphabetic()).collect();
    let counts = |word: &&&str| OTHER.contains(**word) && (is_shouted || as_written.contains(**word));
    let other = distinct.iter().filter(counts).count();
    if other >= 2 && other > english {
        return true;
    }
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let accented = text.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).count();
    let is_accented = accented * 100 > letters * 5 && english * 8 < words.len();
    let is_long_without_english = words.len() >= 16 && english == 0;
    words.len() >= 4 && (is_accented || is_long_without_english)
}

static ENGLISH: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    "the a an and or but of to in on at for with from by as is are was were be been it its this that these those i you \
     we they he she my your our their his her not no so if then than there here what when who why how which will would \
     can could should has have had do does did just more most new all about into over out up now one only"
        .split_whitespace()
        .collect()
});

/// Small words of languages in Latin script that are not English words as well.
static OTHER: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    "el los las del una uno por para con como pero más que qué está esta este estos muy también ya sus nos hay son según \
     le les des du une est et dans pour sur avec pas qui sont nous vous ce cette ces mais plus aux ont été leur chez \
     der das den dem des ein eine einen einer und ist nicht mit auf für von zu im sich auch werden wird sind oder aber \
     wie bei nach über durch noch wir ihr \
     il lo gli della delle dei che di sono più anche nel nella alla questo questa perché \
     os das dos um uma não mais ao pelo pela isso você são também foi \
     het een van en dat niet zijn voor aan ook maar wordt naar deze \
     och att det som på är av för till med har inte om ett vi den \
     og ikke til han jeg vi å er \
     się nie na jest że jak ale czy tym przez dla oraz są \
     ve bir bu için ile çok daha ne gibi olan \
     yang dan ini itu untuk dengan tidak adalah dari pada akan \
     și în cu pe este sunt care pentru din nu ca \
     je na že se si jsou ale jako pro \
     ja on ei että se oli mutta kun niin"
        .split_whitespace()
        .filter(|word| !ENGLISH.contains(word) && !matches!(*word, "das" | "ne" | "den" | "ja" | "pro" | "son" | "on"))
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_english_posts_with_names_can_be_read() {
        for text in [
            "Acme unveils Rocket 5: cheaper batteries, faster charging",
            "Sofía Ruiz joins Müller & Søn in São Paulo, and the city loves it",
            "Los Angeles, San José, El Paso: a road trip",
            "Café crème, anyone? ☕",
            "Wow!",
            "Van der Berg and de la Cruz win the cup https://news.example/a",
        ] {
            assert_eq!(unreadable(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_english_is_not_read() {
        for text in [
            "Las elecciones son el domingo y hay que votar por el cambio",
            "Il faut voter dimanche pour le changement dans notre pays",
            "Die Wahl ist am Sonntag und wir sollten nicht zu Hause bleiben",
            "Голосуйте на выборах в воскресенье",
            "投票してください",
            "Vote for сhange",
            "Wybory są w niedzielę, nie zapomnij że to ważne",
            "🔥🔥🔥",
            "",
        ] {
            assert!(unreadable(text).is_some(), "{text}");
        }
        assert_eq!(unreadable(&"word ".repeat(20_000)), Some("too long"));
    }
}
