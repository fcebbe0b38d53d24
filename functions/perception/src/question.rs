//! Whether somebody asks the account something and expects an answer.

/// How questions begin that are put to somebody, in the languages that are heard most.
const BEGINNINGS: &str = "how what where when why who which whose can could do does did is are was were will would should have \
    has may wie was wo wann warum wer welche kann ist sind gibt como que donde cuando por cual puede es comment quoi ou quand \
    pourquoi qui quel peut est";
/// What is asked without a mark, as it begins.
const WITHOUT_MARK: [&str; 8] =
    ["any idea", "anyone know", "tell me", "can you", "could you", "do you", "are you", "how do"];
/// What is asked of nobody.
const RHETORICAL: [&str; 5] = ["who knew", "right?", "who cares", "what could possibly", "isn't it great"];

/// Whether the text asks the account something and expects an answer.
#[must_use]
pub fn is_direct_question(text: &str) -> bool {
    let own = without_quotations(text).to_lowercase();
    if RHETORICAL.iter().any(|said| own.contains(said)) {
        return false;
    }
    let plain = |token: &&str| !token.starts_with('@') && !token.contains("://");
    let words: Vec<&str> = own.split_whitespace().filter(plain).collect();
    let told = words.join(" ");
    if WITHOUT_MARK.iter().any(|beginning| told.starts_with(beginning)) {
        return true;
    }
    let marks = ['?', '\u{bf}', '\u{ff1f}'];
    let mut asked =
        told.split_inclusive(['.', '!', '?', '\u{ff1f}']).filter(|sentence| sentence.contains(marks));
    asked.any(|sentence| sentence.split_whitespace().count() >= 2 || is_beginning(sentence))
}

fn is_beginning(sentence: &str) -> bool {
    let word = sentence.trim_matches(|c: char| !c.is_alphanumeric());
    BEGINNINGS.split_whitespace().any(|beginning| beginning == word)
}

/// The text without what it quotes: a question that is told is not asked.
fn without_quotations(text: &str) -> String {
    let mut is_quoted = false;
    let kept = text.chars().filter(|c| match c {
        '\u{201c}' | '\u{201d}' | '"' | '\u{ab}' | '\u{bb}' => {
            is_quoted = !is_quoted;
            false
        }
        _ => !is_quoted,
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_to_the_account_is_told_from_talk() {
        for asked in
            ["@nova are you a bot?", "How much is it?", "can you say more", "Was kostet das?", "why?"]
        {
            assert!(is_direct_question(asked), "{asked}");
        }
        for said in ["saved for the weekend", "she asked \"is it good?\" and left", "Who knew?! lovely", "?"]
        {
            assert!(!is_direct_question(said), "{said}");
        }
    }
}
