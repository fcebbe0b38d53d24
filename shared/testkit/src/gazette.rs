//! A feed as long as one is asked for, each article about something else.

use crate::{Article, Feed};

const ONSETS: [&str; 16] = [
    "Bar", "Cal", "Dun", "El", "Fen", "Gar", "Hol", "Is", "Kin", "Lor", "Mar", "Nor", "Os", "Pel", "Quin",
    "Ros",
];
const ENDS: [&str; 14] = [
    "wick", "ford", "mere", "stead", "by", "low", "combe", "ness", "field", "dale", "holt", "ley", "wold",
    "burn",
];
const MAKERS: [&str; 9] = [
    "Two sisters",
    "A retired tram driver",
    "Three clockmakers",
    "Pupils of the upper form",
    "A ferry crew",
    "The choir",
    "Six neighbours",
    "A baker's apprentice",
    "Night porters",
];
const GOODS: [&str; 14] = [
    "umbrellas",
    "postcards",
    "apple crates",
    "violin strings",
    "fleeces",
    "garden forks",
    "tram tickets",
    "star charts",
    "beeswax candles",
    "rowing oars",
    "moss samples",
    "pressed flowers",
    "brass buttons",
    "clay tiles",
];
const THINGS: [&str; 13] = [
    "loom",
    "sundial",
    "canoe",
    "bell",
    "kite",
    "oven",
    "rain gauge",
    "bird box",
    "wool press",
    "map desk",
    "model tram",
    "seed tray",
    "radio",
];
const PLACES: [&str; 11] = [
    "harbour",
    "mill",
    "orchard",
    "station",
    "lighthouse",
    "bakery",
    "library",
    "workshop",
    "market hall",
    "boathouse",
    "chapel",
];
const VERBS: [&str; 7] = ["folds", "sorts", "mends", "measures", "carries", "prints", "polishes"];
const TIMES: [&str; 5] =
    ["before breakfast", "on windy evenings", "all winter", "between two tides", "at the spring fair"];

impl Feed {
    /// A feed of so many articles, at most as many as there are towns to write about: 224. The same number always gives
    /// the same feed.
    #[must_use]
    pub fn gazette(articles: usize) -> Self {
        let towns = ONSETS.len() * ENDS.len();
        Self::with_articles("The Gazette of All Towns", (0..articles.min(towns)).map(article).collect())
    }
}

/// The words of one article, by its number.
struct Words {
    at: usize,
    town: String,
}

fn article(at: usize) -> Article {
    let words = Words { at, town: format!("{}{}", ONSETS[at % ONSETS.len()], ENDS[at / ONSETS.len()]) };
    // Three of ten sentences, each time begun elsewhere and walked through at another pace.
    let pace = [1, 3, 7, 9][at / 10 % 4];
    let body: Vec<String> = (0..3).map(|n| words.sentence(at + n * pace)).collect();
    Article::new(&format!("gazette-{at}"), &words.title(), &body.join(" "))
}

impl Words {
    fn title(&self) -> String {
        let (town, thing, place) = (&self.town, self.pick(&THINGS, 1), self.pick(&PLACES, 2));
        match self.at % 5 {
            0 => town.clone(),
            1 => format!("{town}: news of the {thing}"),
            2 => format!("How the {place} of {town} was mended"),
            3 => format!("A {thing} made in {town}"),
            _ => format!("Does {town} need another {thing}?"),
        }
    }

    fn sentence(&self, kind: usize) -> String {
        let town = &self.town;
        let (thing, place) = (self.pick(&THINGS, kind + 40), self.pick(&PLACES, kind + 60));
        let (makers, goods, verb) =
            (self.pick(&MAKERS, kind), self.pick(&GOODS, kind + 1), self.pick(&VERBS, kind));
        let (few, many, year) =
            (self.number(kind, 3, 90), self.number(kind + 1, 110, 8_000), self.number(kind, 1890, 130));
        let time = self.pick(&TIMES, kind);
        match kind % 10 {
            0 => format!("{makers} carried {many} {goods} from the {place} to {town} in {few} hours."),
            1 => format!("The {place} of {town} {verb} {many} {goods} a year, {few} of them by hand."),
            2 => format!("Since {year} some {few} volunteers kept {many} {goods} and the {thing} of {town}."),
            3 => format!("It weighs {few} kilograms, needs {many} {goods} and {verb} without any noise."),
            4 => format!("A storm in {year} took {many} {goods}, but the {thing} of {town} survived."),
            5 => format!("Visitors bring {many} {goods} to the {thing} of {town} {time}."),
            6 => format!("{makers} found {many} {goods} behind the {place} in {year}."),
            7 => format!("Of {many} people in {town} only {few} know how the {thing} {verb} {goods}."),
            8 => format!("The {thing} cost {many} crowns, {few} times what {town} had paid in {year}."),
            _ => format!("The {place} of {town} opens {few} minutes early {time} for {many} {goods}."),
        }
    }

    fn pick(&self, words: &[&'static str], salt: usize) -> &'static str {
        words[self.mixed(salt) % words.len()]
    }

    fn number(&self, salt: usize, least: usize, span: usize) -> usize {
        least + self.mixed(salt + 100) % span
    }

    /// A number that nothing in the articles' order shows through.
    fn mixed(&self, salt: usize) -> usize {
        let mut mixed = (self.at + 1).wrapping_mul(0x9e37_79b1).wrapping_add(salt.wrapping_mul(0x85eb_ca6b));
        mixed = (mixed & 0xffff_ffff) ^ ((mixed & 0xffff_ffff) >> 15);
        mixed = mixed.wrapping_mul(0xc2b2_ae35) & 0xffff_ffff;
        mixed ^ (mixed >> 13)
    }
}
