//! Word classes: medicines, courts, coins, pets. A model that has learned from a class knows every word of it.

use std::sync::LazyLock;

use crate::vocabulary::ShortMap;
use crate::words::stem;

/// The classes, one a line: `NAME: word phrase_of_words begin*`, under the group that they stand in: `@group`.
const SHIPPED: &str = include_str!("../model/classes.txt");

/// A class by its place in the file.
pub(crate) type Class = u16;

/// Every word of every class.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    names: Vec<&'static str>,
    /// The group of each class.
    groups: Vec<usize>,
    group_names: Vec<&'static str>,
    words: ShortMap<Box<str>, Vec<Class>>,
    stems: ShortMap<Box<str>, Vec<Class>>,
    begins: ShortMap<Box<str>, Vec<Class>>,
    /// By the first word: the further words of each phrase.
    phrases: ShortMap<Box<str>, Vec<(Vec<&'static str>, Class)>>,
}

/// Letters that `begin*` entries have at least and at most.
const BEGINS: std::ops::RangeInclusive<usize> = 4..=9;

impl Classes {
    pub(crate) fn shipped() -> &'static Self {
        static CLASSES: LazyLock<Classes> = LazyLock::new(|| Classes::parse(SHIPPED));
        &CLASSES
    }

    fn parse(text: &'static str) -> Self {
        let mut classes = Self::default();
        for line in text.lines() {
            if let Some(group) = line.strip_prefix('@') {
                classes.group_names.push(group);
            }
            let Some((name, entries)) = line.split_once(':') else { continue };
            let class = match classes.names.iter().position(|known| *known == name) {
                Some(at) => at,
                None => {
                    classes.names.push(name);
                    classes.groups.push(classes.group_names.len().saturating_sub(1));
                    classes.names.len() - 1
                }
            };
            for entry in entries.split_whitespace() {
                classes.add(entry, Class::try_from(class).unwrap_or(Class::MAX));
            }
        }
        classes
    }

    fn add(&mut self, entry: &'static str, class: Class) {
        let entry = bare(entry);
        let list = if let Some(begin) = entry.strip_suffix('*') {
            self.begins.entry(begin.into()).or_default()
        } else if let Some((first, rest)) = entry.split_once(['_', '-']) {
            let rest = rest.split(['_', '-']).map(bare).collect();
            return self.phrases.entry(first.into()).or_default().push((rest, class));
        } else {
            // Short words are taken as they are: their stems are too common.
            if entry.len() >= 4 {
                let stems = self.stems.entry(stem(entry).into()).or_default();
                if !stems.contains(&class) {
                    stems.push(class);
                }
            }
            self.words.entry(entry.into()).or_default()
        };
        if !list.contains(&class) {
            list.push(class);
        }
    }

    /// The classes of the word at the head of `words`; a phrase counts at its first word. `stem` is the word's.
    pub(crate) fn of(&self, words: &[&str], stem: &str, found: &mut Vec<Class>) {
        found.clear();
        let Some(word) = words.first() else { return };
        let mut take = |classes: Option<&Vec<Class>>| {
            for class in classes.into_iter().flatten() {
                if !found.contains(class) {
                    found.push(*class);
                }
            }
        };
        take(self.words.get(*word));
        take(self.stems.get(stem));
        for len in BEGINS.filter(|len| *len <= word.len() && word.is_char_boundary(*len)) {
            take(self.begins.get(&word[..len]));
        }
        for (rest, class) in self.phrases.get(*word).into_iter().flatten() {
            let follows = words.len() > rest.len() && rest.iter().zip(&words[1..]).all(|(a, b)| a == b);
            if follows && !found.contains(class) {
                found.push(*class);
            }
        }
    }

    /// The group that a class stands in.
    pub(crate) fn group(&self, class: Class) -> usize {
        self.groups.get(usize::from(class)).copied().unwrap_or(0)
    }

    /// The groups, in the order of their numbers.
    pub(crate) fn groups(&self) -> &[&'static str] {
        &self.group_names
    }

    /// Every word of the classes, for the vocabulary.
    pub(crate) fn every_word() -> impl Iterator<Item = &'static str> {
        SHIPPED
            .lines()
            .filter_map(|line| line.split_once(':'))
            .flat_map(|(_, entries)| entries.split_whitespace())
            .filter(|entry| !entry.ends_with('*'))
            .flat_map(|entry| entry.split(['_', '-']))
    }

    #[cfg(test)]
    fn names_of(&self, phrase: &str) -> Vec<&'static str> {
        let words: Vec<&str> = phrase.split(' ').collect();
        let mut found = Vec::new();
        self.of(&words, &stem(words[0]), &mut found);
        found.iter().map(|class| self.names[usize::from(*class)]).collect()
    }
}

/// The word as tokens spell it: without the possessive.
fn bare(word: &str) -> &str {
    word.strip_suffix("'s").unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_the_classes_of_its_stem_and_a_phrase_its_own() {
        let classes = Classes::parse("DRUG: pill anti* white_ones\nSTOP: quit\nSHAPE: pill");
        assert_eq!(classes.names_of("pills"), ["DRUG", "SHAPE"]);
        assert_eq!(classes.names_of("antibiotics"), ["DRUG"]);
        assert_eq!(classes.names_of("white ones gone"), ["DRUG"]);
        assert!(classes.names_of("white noise").is_empty());
    }
}
