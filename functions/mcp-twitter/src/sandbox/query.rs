//! What the sandbox understands of the platform's search language: words, "phrases", `#tags`, `from:` and `-` before any of
//! them, `OR` between groups of them.

/// A search that the sandbox cannot read. The caller asks in other words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox does not search by {0}")]
pub(crate) struct Unread(String);

/// A search: any of these groups, and of a group every term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    any: Vec<Vec<Term>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    is_negated: bool,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// A word or a phrase, in lower case.
    Says(String),
    /// An account's name, in lower case.
    From(String),
    /// What is true of every post of the sandbox, or of none.
    Known(bool),
}

impl Query {
    /// Reads a search.
    ///
    /// # Errors
    /// [`Unread`] for what the platform understands and the sandbox does not.
    pub(crate) fn parse(text: &str) -> Result<Self, Unread> {
        let mut any = vec![Vec::new()];
        for word in words(text)? {
            if word == "OR" {
                any.push(Vec::new());
            } else if let Some(group) = any.last_mut() {
                group.push(term(&word)?);
            }
        }
        if any.iter().any(|group| group.iter().all(|term| term.is_negated)) {
            return Err(Unread("nothing but what is not there".to_owned()));
        }
        Ok(Self { any })
    }

    /// Whether a post is looked for.
    pub(crate) fn matches(&self, author: &str, text: &str) -> bool {
        let (author, text) = (author.to_lowercase(), text.to_lowercase());
        self.any.iter().any(|group| group.iter().all(|term| term.matches(&author, &text)))
    }
}

impl Term {
    fn matches(&self, author: &str, text: &str) -> bool {
        let is_so = match &self.what {
            What::Says(words) => says(text, words),
            What::From(name) => author == name,
            What::Known(is_so) => *is_so,
        };
        is_so != self.is_negated
    }
}

/// Whether the text says the words as words, and not as a part of others.
fn says(text: &str, words: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(words).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn term(word: &str) -> Result<Term, Unread> {
    let (is_negated, word) = match word.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, word),
    };
    let lower = word.trim_matches('"').to_lowercase();
    let what = match word.split_once(':') {
        Some(("from", name)) => What::From(name.trim_start_matches('@').to_lowercase()),
        Some(("lang", language)) => What::Known(language == "en"),
        Some(("is", "retweet" | "reply" | "quote")) => What::Known(false),
        Some((operator, value)) if is_operator(operator, value) => {
            return Err(Unread(format!("{operator}:")));
        }
        _ if lower.is_empty() => return Err(Unread("nothing".to_owned())),
        _ => What::Says(lower),
    };
    Ok(Term { is_negated, what })
}

/// Whether it looks like an operator, and not like a time or a link.
fn is_operator(name: &str, value: &str) -> bool {
    !name.is_empty() && !value.starts_with("//") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

/// Words, with what is in quotes as one.
fn words(text: &str) -> Result<Vec<String>, Unread> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut is_quoted = false;
    for c in text.chars() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                word.push(c);
            }
            '(' | ')' if !is_quoted => return Err(Unread("parentheses".to_owned())),
            c if c.is_whitespace() && !is_quoted => {
                found.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            c => word.push(c),
        }
    }
    found.extend((!word.is_empty()).then_some(word));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str) -> bool {
        let query = Query::parse(query).unwrap();
        query.matches("Kit_Kites", "Looking for a gentle introduction to #HomeLab and night trains")
    }

    #[test]
    fn words_are_found_as_words() {
        for found in [
            "gentle",
            "GENTLE night",
            "\"night trains\"",
            "#homelab",
            "kites OR trains",
            "from:kit_kites",
            "from:@Kit_kites a",
            "gentle -rough",
            "gentle -is:retweet lang:en",
            "nothing OR gentle -rough",
        ] {
            assert!(finds(found), "{found}");
        }
        for not in [
            "gent",
            "\"trains night\"",
            "from:somebody",
            "gentle -night",
            "gentle is:reply",
            "nothing OR nobody",
            "a b c",
            "gentle lang:de",
        ] {
            assert!(!finds(not), "{not}");
        }
    }

    #[test]
    fn what_it_cannot_read_it_does_not_guess() {
        for unread in ["(a b)", "place:berlin a", "-a", "", "a OR -b", "a OR", "\"\""] {
            assert!(Query::parse(unread).is_err(), "{unread}");
        }
        assert!(finds("\"trains\"") && Query::parse("12:30 https://example.org").is_ok());
    }
}
