//! How much a text has to do with a goal, word by word.

use std::collections::{BTreeMap, BTreeSet};

use chimera_policy::stem;

use crate::relevance::Goal;
use crate::words::{Field, Lists, is_english, prose, words};

/// Published posts that are read: whoever answers one mostly answers one of the first of them, and a look at ninety mentions
/// must not take long.
const POSTS: usize = 30;
/// What a rare word of the goal's weighs that a text has, and one that texts of all sorts have.
const RARE: u32 = 10;
const EVERYDAY: u32 = 4;
/// What a word weighs that is of the goal's field and none of its words.
const RELATED: u32 = 6;
const RELATED_EVERYDAY: u32 = 3;
/// What two words next to each other weigh that stand so in the goal, too, beyond what each weighs.
const PAIR: u32 = 6;
/// Words of a reason that are shown.
const SHOWN: usize = 3;

/// What a goal and its posts are about.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Telling words by their stems, as the goal writes them.
    own: BTreeMap<String, String>,
    pairs: BTreeSet<(String, String)>,
    fields: BTreeSet<Field>,
}

/// What of a text bears on a subject, and what does not.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// How much bears on it.
    pub(crate) weight: u32,
    /// Words and pairs that do.
    pub(crate) hits: usize,
    /// Different words of the goal's own.
    pub(crate) own: usize,
    /// Some of them, as the goal writes them.
    pub(crate) shown: Vec<String>,
    /// Words of other fields: all of them, those of fields that make a subject, those of what everybody speaks of.
    pub(crate) elsewhere: u32,
    pub(crate) apart: u32,
    pub(crate) loud: u32,
    /// Telling words, and different ones.
    pub(crate) telling: usize,
    pub(crate) different: usize,
}

impl Evidence {
    /// What bears on the subject where each word that leads away from it takes some back.
    pub(crate) fn left(&self, apart: u32) -> u32 {
        self.weight.saturating_sub(3 * apart)
    }
}

impl Subject {
    /// The subject of a goal and what was published for it.
    pub(crate) fn of(goal: &Goal<'_>) -> Self {
        let lists = Lists::shipped();
        let mut subject = Self { own: BTreeMap::new(), pairs: BTreeSet::new(), fields: BTreeSet::new() };
        let mut in_fields: BTreeMap<Field, BTreeSet<String>> = BTreeMap::new();
        for text in [goal.text].into_iter().chain(goal.published.iter().copied().take(POSTS)) {
            let words = words(&prose(text));
            for word in &words {
                let Some(stem) = lists.telling(word) else { continue };
                for field in lists.fields(&stem) {
                    in_fields.entry(*field).or_default().insert(stem.clone());
                }
                subject.own.entry(stem).or_insert_with(|| word.clone());
            }
            subject.pairs.extend(pairs(&words));
        }
        let most = in_fields.values().map(BTreeSet::len).max().unwrap_or(0);
        // A field that only one word is of, or few compared with another, is no more than a turn of phrase.
        let is_meant = |words: &BTreeSet<String>| words.len() >= 2 && words.len() * 5 >= most * 2;
        subject.fields =
            in_fields.into_iter().filter(|(_, words)| is_meant(words)).map(|(at, _)| at).collect();
        subject
    }

    /// What of these words bears on the subject.
    pub(crate) fn evidence(&self, words: &[String]) -> Evidence {
        let lists = Lists::shipped();
        let (mut found, mut seen) = (Evidence::default(), BTreeSet::new());
        for stem in words.iter().filter_map(|word| lists.telling(word)) {
            found.telling += 1;
            if seen.contains(&stem) {
                continue;
            }
            self.weigh(&stem, &mut found);
            seen.insert(stem);
        }
        found.different = seen.len();
        let next_to_each_other: BTreeSet<(String, String)> = pairs(words).into_iter().collect();
        let shared = next_to_each_other.intersection(&self.pairs).count();
        found.hits += shared;
        found.weight += PAIR * u32::try_from(shared).unwrap_or(u32::MAX / PAIR);
        found
    }

    fn weigh(&self, stem: &str, found: &mut Evidence) {
        let lists = Lists::shipped();
        let (is_everyday, fields) = (lists.is_everyday(stem), lists.fields(stem));
        if let Some(word) = self.own.get(stem) {
            found.weight += if is_everyday { EVERYDAY } else { RARE };
            found.hits += 1;
            found.own += 1;
            if found.shown.len() < SHOWN {
                found.shown.push(word.clone());
            }
        } else if fields.iter().any(|field| self.fields.contains(field)) {
            found.weight += if is_everyday { RELATED_EVERYDAY } else { RELATED };
            found.hits += 1;
        } else if !fields.is_empty() {
            found.elsewhere += 1;
            found.apart += u32::from(!fields.iter().any(|field| lists.is_quiet(*field)));
            found.loud += u32::from(fields.iter().all(|field| lists.is_loud(*field)));
        }
    }

    /// Whether the account goes by this word: its whole name, or the beginning that the goal writes as a name of its own.
    pub(crate) fn is_named(&self, word: &str, account: &str) -> bool {
        let lists = Lists::shipped();
        let stem = stem(word);
        let is_name = || lists.fields(&stem).is_empty() && !lists.is_everyday(&stem);
        word == account
            || word.chars().count() >= 5
                && account.starts_with(word)
                && self.own.contains_key(&stem)
                && is_name()
    }
}

/// Words next to each other by their stems, at least one of which is not in every text.
fn pairs(words: &[String]) -> Vec<(String, String)> {
    let lists = Lists::shipped();
    let holds = |word: &String| !is_english(word);
    let next = words.windows(2).filter(|two| holds(&two[0]) && holds(&two[1]));
    let telling = next.filter(|two| !(lists.is_common(&two[0]) && lists.is_common(&two[1])));
    telling.map(|two| (stem(&two[0]), stem(&two[1]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(text: &str) -> Evidence {
        let goal = Goal {
            text: "Help people in flats grow food on a balcony: herbs, tomatoes and small pots.",
            published: &["Basil sulks below twelve degrees.", "One tomato per pot, at least fifteen litres."],
            account: "mira",
        };
        Subject::of(&goal).evidence(&words(&prose(text)))
    }

    #[test]
    fn own_words_weigh_most_and_words_of_the_field_count() {
        assert!(evidence("basil and tomatoes").weight > evidence("parsley and courgettes").weight);
        assert!(evidence("parsley and courgettes").weight > 0);
        assert_eq!(evidence("the minister resigns").weight, 0);
        assert_eq!(evidence("basil basil basil").weight, evidence("basil").weight);
    }

    #[test]
    fn words_in_the_goals_order_weigh_more() {
        assert!(evidence("small pots").weight > evidence("pots that are small").weight);
    }

    #[test]
    fn what_everybody_speaks_of_leads_away() {
        let match_talk = evidence("the striker missed the penalty");
        assert_eq!((match_talk.weight, match_talk.loud), (0, 2));
        assert_eq!(evidence("my daughter asks").loud, 0);
    }
}
