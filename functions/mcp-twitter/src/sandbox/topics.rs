//! What the sandbox's world speaks of. Topics come and go every few hours.

use chimera_domain::Timestamp;

use super::dice::Dice;
use crate::shown::Trend;

/// Seconds for which the same topics are on top.
const TURN_S: i64 = 4 * 60 * 60;
/// The place that means everywhere.
pub(crate) const EVERYWHERE: u32 = 1;

/// What there is to speak of. Nothing that any policy would have to look at.
const TOPICS: [&str; 48] = [
    "#SlowCooking",
    "#NightSky",
    "#BikeToWork",
    "#TinyGardens",
    "#RainyDay",
    "#OpenSource",
    "#RetroGames",
    "#TrainTravel",
    "#HomeLab",
    "#BookClub",
    "#VinylSunday",
    "#MorningRun",
    "Sourdough",
    "Meteor shower",
    "Mechanical keyboards",
    "Solar panels",
    "Rust 2024",
    "Night trains",
    "Bouldering",
    "Board games",
    "Fountain pens",
    "Urban beekeeping",
    "Cold brew",
    "Film photography",
    "Lighthouses",
    "Paper maps",
    "Wild swimming",
    "E-ink",
    "Static sites",
    "Self-hosting",
    "Houseplants",
    "Birdwatching",
    "Synthesizers",
    "Typography",
    "Tidal power",
    "Heat pumps",
    "Raspberry Pi",
    "Footbridges",
    "Kites",
    "Origami",
    "Tea ceremony",
    "Comet",
    "Marathon",
    "Ferry timetables",
    "Pixel art",
    "Observatory",
    "Cargo bikes",
    "Sketchbooks",
];

/// What a place speaks of at a moment, most first.
pub(crate) fn trends(seed: u64, woeid: u32, now: Timestamp, limit: usize) -> Vec<Trend> {
    let turn = now.as_second().div_euclid(TURN_S);
    let into_turn = u64::try_from(now.as_second().rem_euclid(TURN_S)).unwrap_or_default();
    let place = woeid.to_string();
    let mut found: Vec<(u64, &str)> = TOPICS
        .iter()
        .map(|topic| {
            let mut dice = Dice::of(seed, &["trend", &place, &turn.to_string(), topic]);
            // A few are spoken of by very many, most by few.
            let share = dice.between(1, 100);
            let posts = 900 + share * share * share / 10 + dice.below(900);
            (posts + posts * into_turn / 40_000, *topic)
        })
        .collect();
    found.sort_by(|one, other| other.cmp(one));
    let shown = found.into_iter().take(limit);
    shown.map(|(posts, name)| Trend { name: name.to_owned(), posts: Some(posts) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(seed: u64, woeid: u32, second: i64) -> Vec<String> {
        let found = trends(seed, woeid, Timestamp::from_second(second).unwrap(), 10);
        found.into_iter().map(|trend| trend.name).collect()
    }

    #[test]
    fn topics_stay_for_a_while_and_differ_by_place_and_time() {
        let noon = 1_800_000_000 - 1_800_000_000 % TURN_S;
        assert_eq!(names(7, 1, noon), names(7, 1, noon));
        assert_eq!(names(7, 1, noon).len(), 10);
        assert_ne!(names(7, 1, noon), names(7, 1, noon + TURN_S));
        assert_ne!(names(7, 1, noon), names(7, 44_418, noon));
        assert_ne!(names(7, 1, noon), names(8, 1, noon));
    }

    #[test]
    fn what_is_spoken_of_most_comes_first_and_grows() {
        let at = |second| trends(7, 1, Timestamp::from_second(second).unwrap(), 50);
        let noon = 1_800_000_000 - 1_800_000_000 % TURN_S;
        let (early, late) = (at(noon), at(noon + TURN_S - 1));
        assert_eq!(early.len(), TOPICS.len());
        assert!(early.windows(2).all(|pair| pair[0].posts >= pair[1].posts));
        assert!(late[0].posts > early[0].posts);
    }
}
