//! Ways in which a post is disguised, so that a person still reads it and a naive screen does not.

/// A disguise: its name, the share of posts that must still be held, and how it is put on.
pub struct Disguise {
    /// As the table names it.
    pub name: &'static str,
    /// Share of what was held in plain text that must still be held.
    pub bar: f64,
    /// The post in disguise.
    pub wear: fn(&str) -> String,
}

const BAR: f64 = 0.95;

/// Every disguise.
pub const DISGUISES: [Disguise; 16] = [
    Disguise { name: "homoglyphs", bar: BAR, wear: homoglyphs },
    Disguise { name: "leet", bar: BAR, wear: leet },
    Disguise { name: "zero width", bar: BAR, wear: |text| between(text, 2, "\u{200b}") },
    Disguise { name: "spaced letters", bar: BAR, wear: |text| between(text, 2, " ") },
    Disguise { name: "punctuation inside", bar: BAR, wear: |text| between(text, 4, ".") },
    Disguise { name: "case", bar: BAR, wear: alternate },
    Disguise { name: "repeated letters", bar: BAR, wear: stretch },
    Disguise { name: "dropped vowels", bar: 0.60, wear: drop_vowels },
    Disguise { name: "reversed direction", bar: BAR, wear: reverse },
    Disguise { name: "emoji for words", bar: BAR, wear: emoji },
    Disguise { name: "full width", bar: BAR, wear: full_width },
    Disguise { name: "diacritics", bar: BAR, wear: diacritics },
    Disguise { name: "joined in hashtags", bar: BAR, wear: |text| join(text, "#", false) },
    Disguise { name: "camel case", bar: BAR, wear: |text| join(text, "", true) },
    Disguise { name: "HTML entities", bar: BAR, wear: entities },
    Disguise { name: "mixed script", bar: BAR, wear: mixed_script },
];

fn by_word(text: &str, change: impl Fn(&str) -> String) -> String {
    text.split(' ').map(change).collect::<Vec<_>>().join(" ")
}

fn by_letter(text: &str, letter: impl Fn(char) -> char) -> String {
    text.chars().map(letter).collect()
}

fn homoglyphs(text: &str) -> String {
    by_letter(text, |c| match c {
        'a' => 'а',
        'c' => 'с',
        'e' => 'е',
        'i' => 'і',
        'o' => 'о',
        'p' => 'р',
        's' => 'ѕ',
        'x' => 'х',
        'y' => 'у',
        'E' => 'Е',
        'T' => 'Т',
        'A' => 'А',
        other => other,
    })
}

fn mixed_script(text: &str) -> String {
    by_word(text, |word| {
        let at = word.find(['a', 'o', 'e', 'v', 'k', 'n', 't']);
        let greek = |c| match c {
            "a" => "α",
            "o" => "ο",
            "e" => "ε",
            "v" => "ν",
            "k" => "κ",
            "n" => "η",
            _ => "τ",
        };
        at.map_or(word.to_owned(), |at| {
            format!("{}{}{}", &word[..at], greek(&word[at..=at]), &word[at + 1..])
        })
    })
}

fn leet(text: &str) -> String {
    by_letter(text, |c| match c.to_ascii_lowercase() {
        'a' => '4',
        'e' => '3',
        'i' => '1',
        'o' => '0',
        's' => '5',
        't' => '7',
        _ => c,
    })
}

/// Something between the letters of every word of at least so many.
fn between(text: &str, least: usize, what: &str) -> String {
    let gap = if what == " " { "   " } else { " " };
    let words = text.split_whitespace().map(|word| {
        if word.chars().filter(|c| c.is_alphabetic()).count() < least {
            return word.to_owned();
        }
        word.chars().map(String::from).collect::<Vec<_>>().join(what)
    });
    words.collect::<Vec<_>>().join(gap)
}

fn alternate(text: &str) -> String {
    let mut upper = false;
    by_letter_mut(text, |c| {
        upper = !upper;
        if upper { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }
    })
}

fn by_letter_mut(text: &str, letter: impl FnMut(char) -> char) -> String {
    text.chars().map(letter).collect()
}

fn is_vowel(c: char) -> bool {
    matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u')
}

/// The last vowel of each word of four letters or more, four times.
fn stretch(text: &str) -> String {
    by_word(text, |word| match word.rfind(is_vowel) {
        Some(at) if word.len() >= 4 => {
            format!("{}{}{}", &word[..at], word[at..=at].repeat(4), &word[at + 1..])
        }
        _ => word.to_owned(),
    })
}

fn drop_vowels(text: &str) -> String {
    by_word(text, |word| {
        let bare: String = word.chars().filter(|c| !is_vowel(*c)).collect();
        if bare.chars().any(char::is_alphabetic) { bare } else { word.to_owned() }
    })
}

fn reverse(text: &str) -> String {
    let lines =
        text.split('\n').map(|line| format!("\u{202e}{}\u{202c}", line.chars().rev().collect::<String>()));
    lines.collect::<Vec<_>>().join("\n")
}

fn emoji(text: &str) -> String {
    by_word(text, |word| {
        let bare = word.trim_matches(|c: char| !c.is_alphabetic());
        let picture = match bare.to_ascii_lowercase().as_str() {
            "pill" | "pills" | "tablet" | "tablets" | "meds" | "medicine" | "medication" => "💊",
            "jab" | "jabs" | "vaccine" | "vaccines" | "injection" | "needle" | "shot" | "booster" => "💉",
            "doctor" | "doctors" | "gp" => "🩺",
            "hospital" => "🏥",
            "vote" | "votes" | "voting" | "voted" | "ballot" | "election" => "🗳️",
            "government" | "parliament" | "congress" | "senate" => "🏛️",
            "court" | "judge" | "lawyer" | "law" | "legal" => "⚖️",
            "police" | "cops" => "👮",
            "money" | "cash" | "savings" | "dollars" | "pounds" => "💰",
            "stock" | "stocks" | "shares" | "market" => "📈",
            "bank" => "🏦",
            "coin" | "coins" | "bitcoin" => "🪙",
            "moon" => "🚀",
            _ => return word.to_owned(),
        };
        word.replacen(bare, picture, 1)
    })
}

fn full_width(text: &str) -> String {
    by_letter(text, |c| match c {
        '!'..='~' => char::from_u32(c as u32 + 0xfee0).unwrap_or(c),
        other => other,
    })
}

fn diacritics(text: &str) -> String {
    text.chars().flat_map(|c| [Some(c), c.is_ascii_alphabetic().then_some('\u{301}')]).flatten().collect()
}

/// Three words at a time as one.
fn join(text: &str, sign: &str, is_camel: bool) -> String {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).collect::<String>())
        .filter(|word| !word.is_empty())
        .map(|word| if is_camel { capital(&word) } else { word.to_lowercase() })
        .collect();
    words.chunks(3).map(|words| format!("{sign}{}", words.concat())).collect::<Vec<_>>().join(" ")
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect()
    })
}

fn entities(text: &str) -> String {
    let mut count = 0;
    text.chars()
        .map(|c| {
            count += usize::from(c.is_ascii_alphabetic());
            if c.is_ascii_alphabetic() && count % 3 == 0 { format!("&#{};", c as u32) } else { c.to_string() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_disguise_changes_a_post_and_keeps_its_length_in_reason() {
        let post = "Vote in the election, and take your pills";
        for disguise in &DISGUISES {
            let worn = (disguise.wear)(post);
            assert_ne!(worn, post, "{}", disguise.name);
            assert!(worn.chars().count() < post.len() * 6, "{}", disguise.name);
        }
    }
}
