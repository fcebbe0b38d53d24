//! Which headlines tell of the same thing, by their words alone. Perception and the news server group by it.
//!
//! A word says the less the more headlines have it, a name of several words counts once, and headlines that name different
//! people or places are hardly ever about the same. Groups grow from the most alike pairs, and only while they stay alike on
//! average: one headline that resembles two stories does not make them one.

mod reading;

use std::collections::BTreeMap;

use reading::{Title, read};

/// Headlines that are compared, the first of those given: every one is compared with every other.
const MOST: usize = 1_000;
/// What a word says that one headline has, two have, and so on.
const RARITY: [u32; 5] = [100, 78, 69, 64, 61];
/// Two headlines must share so much that it is no coincidence; less counts half.
const SHARED: u32 = 130;
/// How alike two headlines are that are put together, in thousandths.
const ALIKE: u32 = 240;
/// How alike the headlines of two groups are on average that become one, in thousandths.
const ALIKE_ON_AVERAGE: u32 = 150;
/// What is left of the likeness of headlines that name others, in percent.
const OTHER_NAMES: u32 = 30;

/// The groups of two headlines or more that are about the same thing, by their places among `titles`, in order.
#[must_use]
pub fn same_story(titles: &[&str]) -> Vec<Vec<usize>> {
    let titles = read(&titles[..titles.len().min(MOST)]);
    let likeness = Likeness::of(&titles);
    let mut groups: Vec<Vec<usize>> = (0..titles.len()).map(|at| vec![at]).collect();
    let mut group_of: Vec<usize> = (0..titles.len()).collect();
    for (one, other) in likeness.pairs() {
        let (into, from) = (group_of[one], group_of[other]);
        if into != from && likeness.is_close(&groups[into], &groups[from]) {
            let joined = std::mem::take(&mut groups[from]);
            joined.iter().for_each(|at| group_of[*at] = into);
            groups[into].extend(joined);
        }
    }
    groups.retain(|group| group.len() > 1);
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups.sort_unstable();
    groups
}

/// The words that several of the titles have, as they are written, the most frequent first.
#[must_use]
pub fn shared_words(titles: &[&str], most: usize) -> Vec<String> {
    let titles = read(titles);
    let mut counted: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for word in titles.iter().flat_map(|title| &title.words) {
        let (count, shown) = counted.entry(&word.stem).or_insert((0, &word.shown));
        *count += 1;
        // Of several forms the shortest, which is most often the plain one.
        *shown = plainer(shown, &word.shown);
    }
    let mut words: Vec<(usize, &str)> = counted.into_values().filter(|(count, _)| *count > 1).collect();
    words.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    words.into_iter().take(most).map(|(_, shown)| shown.to_owned()).collect()
}

/// The shorter of two forms of a word.
fn plainer<'a>(one: &'a str, other: &'a str) -> &'a str {
    if (other.len(), other) < (one.len(), one) { other } else { one }
}

/// How alike each two titles are.
struct Likeness(Vec<Vec<u32>>);

impl Likeness {
    fn of(titles: &[Title]) -> Self {
        let said = weights(titles);
        let weight = |title: &Title, other: Option<&Title>| weight(title, other, &said);
        let whole: Vec<u32> = titles.iter().map(|title| weight(title, None)).collect();
        let alike = |(one, title): (usize, &Title)| {
            let row = titles[..one].iter().zip(&whole).map(|(other, of_other)| {
                let shared = weight(title, Some(other));
                likeness(shared, (whole[one], *of_other), title.names_others(other))
            });
            row.collect()
        };
        Self(titles.iter().enumerate().map(alike).collect())
    }

    fn between(&self, one: usize, other: usize) -> u32 {
        self.0[one.max(other)].get(one.min(other)).copied().unwrap_or(0)
    }

    /// The pairs that may be put together, the most alike first.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let rows = self.0.iter().enumerate();
        let all = rows.flat_map(|(one, row)| row.iter().enumerate().map(move |(at, v)| (*v, one, at)));
        let mut pairs: Vec<(u32, usize, usize)> = all.filter(|(alike, ..)| *alike >= ALIKE).collect();
        pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        pairs.into_iter().map(|(_, one, other)| (one, other)).collect()
    }

    fn is_close(&self, group: &[usize], other: &[usize]) -> bool {
        let each = group.iter().flat_map(|a| other.iter().map(|b| self.between(*a, *b) as usize));
        each.sum::<usize>() >= ALIKE_ON_AVERAGE as usize * group.len() * other.len()
    }
}

/// In thousandths: half by the shorter title, half by both.
fn likeness(shared: u32, whole: (u32, u32), names_others: bool) -> u32 {
    if shared == 0 {
        return 0;
    }
    let of_shorter = shared * 1_000 / whole.0.min(whole.1).max(1);
    let of_both = 2_000 * shared / (whole.0 + whole.1).max(1);
    let mut alike = (of_shorter + of_both) / 2;
    if shared < SHARED {
        alike /= 2;
    }
    if names_others { alike * OTHER_NAMES / 100 } else { alike }
}

/// What each word says.
fn weights(titles: &[Title]) -> BTreeMap<&str, u32> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in titles.iter().flat_map(|title| &title.words) {
        *counts.entry(&word.stem).or_default() += 1;
    }
    let weigh = |(stem, count): (_, usize)| {
        let rarity = RARITY[count.clamp(1, RARITY.len()) - 1];
        (stem, if reading::is_weak(stem) { rarity / 2 } else { rarity })
    };
    counts.into_iter().map(weigh).collect()
}

/// What the words of a title say together, or those of them that another one has, too. Words of one name count once.
fn weight(title: &Title, other: Option<&Title>, said: &BTreeMap<&str, u32>) -> u32 {
    let (mut sum, mut last) = (0, 0);
    let mut before: Option<(usize, Option<usize>)> = None;
    for word in &title.words {
        let there = other.map(|other| other.find(&word.stem));
        if matches!(there, Some(None)) {
            continue;
        }
        let there = there.flatten();
        let own = said.get(word.stem.as_str()).copied().unwrap_or(0);
        let place = (word.at, there.filter(|there| there.is_name).map(|there| there.at));
        let goes_on = |before: (usize, Option<usize>)| {
            before.0 + 1 == place.0 && (other.is_none() || before.1.is_some_and(|at| Some(at + 1) == place.1))
        };
        if word.is_name && before.is_some_and(goes_on) {
            let higher = last.max(own);
            sum += higher - last;
            last = higher;
        } else {
            sum += own;
            last = own;
        }
        // Only a name goes on.
        before = word.is_name.then_some((place.0, there.map(|there| there.at)));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_events_in_one_city_are_two_stories() {
        let titles = [
            "Fire in Port Linden warehouse injures two",
            "Port Linden opera names new director",
            "Two hurt in Port Linden warehouse blaze",
            "Elena Sartori is the new director of Port Linden opera",
            "Snow expected tonight",
        ];
        assert_eq!(same_story(&titles), [[0, 2], [1, 3]]);
    }

    #[test]
    fn the_same_kind_of_event_in_two_places_is_two_stories() {
        let titles = [
            "Earthquake of magnitude 5.1 felt in Nagano",
            "Magnitude 5.1 quake near Nagano",
            "Earthquake of magnitude 4.8 off Tromso",
            "Magnitude 4.8 quake under the sea near Tromso",
        ];
        assert_eq!(same_story(&titles), [[0, 1], [2, 3]]);
    }

    #[test]
    fn the_order_of_headlines_does_not_matter_to_who_belongs_together() {
        let titles = [
            "Airline Corvair cancels 300 flights after software failure",
            "Corvair orders 20 hydrogen planes",
            "Corvair: 300 flights cancelled, passengers sleep at gates",
            "Airline Corvair bets on hydrogen with order for 20 planes",
        ];
        let of = |titles: &[&str]| -> Vec<Vec<String>> {
            let mut groups: Vec<Vec<String>> = same_story(titles)
                .iter()
                .map(|group| {
                    let mut named: Vec<String> = group.iter().map(|at| titles[*at].to_owned()).collect();
                    named.sort();
                    named
                })
                .collect();
            groups.sort();
            groups
        };
        let turned: Vec<&str> = titles.iter().rev().copied().collect();
        assert_eq!(of(&titles), of(&turned));
        assert_eq!(of(&titles).len(), 2);
    }

    #[test]
    fn what_is_shared_is_shown_as_it_is_written() {
        let titles = ["Bridges of glass", "The glass bridge holds", "Glass is cheap"];
        assert_eq!(shared_words(&titles, 5), ["glass", "bridge"]);
        assert!(shared_words(&titles[..1], 5).is_empty());
    }

    #[test]
    fn titles_without_words_belong_to_nothing() {
        assert!(same_story(&["", "…", "?", ""]).is_empty());
        assert!(same_story(&[]).is_empty());
    }
}
