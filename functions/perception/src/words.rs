//! The words that tell what a text is about.

use std::collections::BTreeSet;

/// Words that are in every text, as they are stemmed.
const COMMON: &str = "a about after again all also am an and any are as at be been before but by can come could did do does \
    done down each even every few for from get give go good had has have he her here him his how i if in into is it its \
    just know let like look make many may me more most much must my near new no not now of off on one only or other our \
    out over own post put read said same say see she should so some still such take tell than thank that the their them \
    then there these they thing this those three time to too two under until up us use very want was way we well were \
    what when where which while who why will with would year you your people";
/// Shortest word that tells anything.
const SHORTEST: usize = 3;

/// The telling words of a text, each by its stem. Names of accounts, links and numbers tell nothing.
pub(crate) fn telling(text: &str) -> BTreeSet<String> {
    let common: BTreeSet<&str> = COMMON.split_whitespace().collect();
    let plain = |token: &&str| !token.contains("://") && !token.starts_with('@');
    let tokens = text.split_whitespace().filter(plain);
    let words = tokens.flat_map(|token| token.split(|c: char| !c.is_alphanumeric() && c != '\''));
    let words = words.map(|word| word.to_lowercase().replace('\'', ""));
    let words =
        words.filter(|word| word.chars().count() >= SHORTEST && word.chars().any(char::is_alphabetic));
    words
        .filter(|word| !common.contains(word.as_str()))
        .map(|word| stem(&word))
        .filter(|word| !common.contains(word.as_str()))
        .collect()
}

/// A light stem: the endings of number and tense dropped where enough of the word is left.
fn stem(word: &str) -> String {
    for (ending, instead) in [("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", "")] {
        if let Some(head) = word.strip_suffix(ending)
            && head.chars().count() >= SHORTEST
            && !head.ends_with('s')
        {
            return format!("{head}{instead}");
        }
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_is_about_is_in_its_telling_words() {
        let words = telling("@nova The libraries of small tools lent 300 tools: https://news.example/1");
        assert_eq!(words.into_iter().collect::<Vec<_>>(), ["lent", "library", "small", "tool"]);
        assert!(telling("it is what it is, and so are we").is_empty());
    }
}
