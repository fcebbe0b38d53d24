//! What no provider draws. A handful of words, so that a refusal by content policy can be met without Bedrock, which keeps
//! the real list.

use crate::refused::{ProviderError, Refused};

/// Words that are refused, whole and in lower case.
const BLOCKED: [&str; 12] = [
    "nude",
    "naked",
    "nsfw",
    "porn",
    "gore",
    "beheading",
    "torture",
    "swastika",
    "terrorist",
    "suicide",
    "lynching",
    "deepfake",
];

/// Refuses a prompt as Bedrock would.
pub(super) fn check(prompt: &str) -> Result<(), Refused> {
    let prompt = prompt.to_lowercase();
    let mut words = prompt.split(|letter: char| !letter.is_alphanumeric());
    if words.any(|word| BLOCKED.contains(&word)) {
        let answer = ProviderError {
            status: 400,
            kind: "ValidationException".to_owned(),
            detail: "This request has been blocked by our content filters.".to_owned(),
            retry_after_s: None,
        };
        return Err(answer.meaning());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_refused() {
        assert_eq!(check("A NUDE, in oil").unwrap_err().code(), "policy_violation");
        assert_eq!(check("a denuded hill above the Gorey marina"), Ok(()));
    }
}
