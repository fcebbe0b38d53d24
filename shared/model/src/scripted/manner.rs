//! What a persona always or never does, as far as a script can obey it.

use serde::Deserialize;

use super::key_of;
use super::voice::Register;
use crate::text;

/// The persona as the writer is told of it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Persona {
    #[serde(default)]
    name: String,
    #[serde(default)]
    voice_traits: Vec<String>,
    #[serde(default)]
    directives: Vec<String>,
}

/// How a persona writes.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub(super) register: Register,
    /// Stands for the persona in every choice.
    pub(super) key: u64,
    pub(super) emoji: Emoji,
    pub(super) exclaims: bool,
    pub(super) lowercase: Lowercase,
    /// `Some(true)`: ends with a question; `Some(false)`: never asks.
    pub(super) asks: Option<bool>,
    /// Whether a hashtag may stand in a post.
    pub(super) hashtags: bool,
    /// Ends every post with this.
    pub(super) signature: Option<String>,
    /// Never says these.
    pub(super) avoids: Vec<String>,
}

/// What is written in small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lowercase {
    /// What always is.
    AsUsual,
    /// All but quotations.
    OwnWords,
    /// Everything.
    All,
}

/// Whether there are emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Emoji {
    /// In no post.
    Never,
    /// As the register does.
    AsUsual,
    /// In every post.
    Always,
}

impl Manner {
    pub(super) fn of(persona: &Persona) -> Self {
        let mut parts: Vec<&str> = vec![&persona.name];
        parts.extend(persona.voice_traits.iter().map(String::as_str));
        parts.extend(persona.directives.iter().map(String::as_str));
        let key = key_of(&parts);
        let register = Register::of(&persona.voice_traits, &persona.directives, key);
        let mut manner = Self {
            register,
            key,
            emoji: Emoji::AsUsual,
            exclaims: true,
            lowercase: Lowercase::AsUsual,
            asks: None,
            hashtags: true,
            signature: None,
            avoids: Vec::new(),
        };
        for directive in persona.directives.iter().chain(&persona.voice_traits) {
            manner.obey(directive);
        }
        manner
    }

    /// Takes up one directive, of the persona or of feedback.
    pub(super) fn obey(&mut self, directive: &str) {
        let lower = directive.to_lowercase();
        let words = text::words(directive);
        let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
        let denied = has(&["no", "not", "never", "avoid", "don't", "don’t", "without", "skip", "zero"]);
        if has(&["emoji", "emojis", "emoticons"]) {
            self.emoji = if denied { Emoji::Never } else { Emoji::Always };
        }
        if denied && has(&["hashtag", "hashtags"]) {
            self.hashtags = false;
        }
        if denied && (lower.contains("exclamation") || has(&["shout", "shouting", "hype"])) {
            self.exclaims = false;
        }
        if !denied && ["lowercase", "lower case", "lower-case"].iter().any(|word| lower.contains(word)) {
            self.lowercase = if has(&["only"]) { Lowercase::All } else { Lowercase::OwnWords };
        }
        if has(&["question", "questions"])
            && (denied || has(&["ask", "asks", "end", "ends", "close", "finish"]))
        {
            self.asks = Some(!denied);
        }
        for marker in ["sign off with", "sign with", "end with", "ends with", "finish with"] {
            self.signature = text::quoted_after(directive, marker).pop().or(self.signature.take());
        }
        self.avoids.extend(forbidden_words(directive));
    }
}

/// The words that a directive such as `never say "game changer"` forbids, in quotation marks or bare.
fn forbidden_words(directive: &str) -> Vec<String> {
    let lower = directive.to_lowercase();
    let mut found = Vec::new();
    for marker in ["never say", "never mention", "do not say", "do not mention", "don't say", "don't mention"]
    {
        let quoted = text::quoted_after(directive, marker);
        let bare = lower
            .split_once(marker)
            .map(|(_, rest)| rest.split(['.', ',', ';', '"', '“']).next().unwrap_or(rest));
        match bare.map(str::trim).filter(|words| quoted.is_empty() && !words.is_empty()) {
            Some(words) => found.push(words.to_owned()),
            None => found.extend(quoted),
        }
    }
    for marker in ["avoid", "never use"] {
        found.extend(text::quoted_after(directive, marker));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(directives: &[&str]) -> Manner {
        let directives = directives.iter().map(|s| (*s).to_owned()).collect();
        Manner::of(&Persona { name: "Ada".into(), voice_traits: vec!["playful".into()], directives })
    }

    #[test]
    fn simple_directives_are_understood() {
        let calm = manner(&["No emoji.", "Never use exclamation marks", "Always write in lowercase"]);
        assert_eq!((calm.emoji, calm.exclaims, calm.lowercase), (Emoji::Never, false, Lowercase::OwnWords));
        let loud = manner(&["Use one emoji per post", "End with a question", "Sign off with \"~ada\""]);
        assert_eq!((loud.emoji, loud.asks), (Emoji::Always, Some(true)));
        assert_eq!(loud.signature.as_deref(), Some("~ada"));
        assert_eq!(manner(&["Never say \"game changer\""]).avoids, ["game changer"]);
        assert_eq!(manner(&["Never mention the weather"]).avoids, ["the weather"]);
        assert_eq!(manner(&["Do not ask questions"]).asks, Some(false));
    }
}
