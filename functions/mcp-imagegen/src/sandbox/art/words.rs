//! What words mean to the eye: a scene, a hue, an hour.

use super::Subject;
use super::dice::Dice;

/// What is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scene {
    /// Hills behind hills.
    Hills,
    /// Houses with lit windows.
    City,
    /// Water to the horizon.
    Sea,
    /// A planet and what circles it.
    Orbits,
    /// Stems, leaves and flowers.
    Garden,
    /// Ribbons in a wind.
    Ribbons,
}

/// The time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hour {
    /// The sun rises.
    Dawn,
    /// It is up.
    Day,
    /// It sets.
    Dusk,
    /// It is down.
    Night,
}

/// Scenes where no word tells.
const SCENES: [Scene; 6] =
    [Scene::Hills, Scene::City, Scene::Sea, Scene::Orbits, Scene::Garden, Scene::Ribbons];

/// A scene, its hue in turns, and the beginnings of words that call for it.
const THEMES: [(Scene, f32, &[&str]); 9] = [
    (
        Scene::Sea,
        0.53,
        &["sea", "ocean", "beach", "surf", "wave", "island", "sail", "coast", "harbor", "harbour", "lake"],
    ),
    (
        Scene::Orbits,
        0.7,
        &["space", "planet", "orbit", "rocket", "galax", "future", "robot", "quantum", "astron", "satellite"],
    ),
    (
        Scene::Orbits,
        0.6,
        &[
            "ai", "data", "code", "coding", "software", "tech", "cloud", "digital", "comput", "develop",
            "crypto",
        ],
    ),
    (
        Scene::City,
        0.64,
        &["city", "street", "urban", "skyline", "office", "startup", "market", "tower", "traffic", "neon"],
    ),
    (
        Scene::Garden,
        0.36,
        &["garden", "flower", "plant", "leaf", "forest", "eco", "green", "spring", "botanic", "sustain"],
    ),
    (Scene::Garden, 0.09, &["coffee", "tea", "food", "bakery", "kitchen", "cook", "bread", "spice", "vegan"]),
    (
        Scene::Hills,
        0.44,
        &["mountain", "hill", "hike", "hiking", "trail", "valley", "travel", "nature", "desert", "landscape"],
    ),
    (
        Scene::Ribbons,
        0.87,
        &["music", "dance", "fashion", "art", "design", "party", "festival", "style", "fabric", "textile"],
    ),
    (Scene::Ribbons, 0.98, &["sport", "run", "race", "energy", "fitness", "football", "speed"]),
];

/// An hour and the beginnings of words that tell it.
const HOURS: [(Hour, &[&str]); 4] = [
    (Hour::Night, &["night", "moon", "midnight", "neon", "starr", "starl", "dark"]),
    (Hour::Dusk, &["dusk", "evening", "sunset", "autumn"]),
    (Hour::Dawn, &["dawn", "morning", "sunrise", "breakfast", "early"]),
    (Hour::Day, &["day", "noon", "sun", "sunny", "summer", "bright", "spring"]),
];

/// Hues by name, in turns.
const HUES: [(&str, f32); 14] = [
    ("red", 0.0),
    ("crimson", 0.97),
    ("orange", 0.07),
    ("amber", 0.11),
    ("gold", 0.13),
    ("yellow", 0.15),
    ("lime", 0.24),
    ("green", 0.36),
    ("teal", 0.48),
    ("turquoise", 0.49),
    ("blue", 0.6),
    ("indigo", 0.68),
    ("purple", 0.77),
    ("pink", 0.9),
];

/// The scene that the prompt calls for; any, where it does not say. Never one that must not be seen.
pub(super) fn scene(subject: &Subject) -> Scene {
    let unwanted: Vec<Scene> = themes(&subject.without).map(|(scene, _)| scene).collect();
    let named = themes(&subject.prompt).map(|(scene, _)| scene).find(|scene| !unwanted.contains(scene));
    let rest: Vec<Scene> = SCENES.into_iter().filter(|scene| !unwanted.contains(scene)).collect();
    let mut dice = Dice::of(&["any scene", &subject.prompt, &subject.seed.to_string()]);
    named.or_else(|| rest.get(dice.below(rest.len())).copied()).unwrap_or(Scene::Ribbons)
}

/// The picture's main hue, in turns.
pub(super) fn hue(subject: &Subject) -> f32 {
    let named = words(&subject.prompt).find_map(|word| HUES.iter().find(|(name, _)| *name == word));
    let named = named.map(|(_, hue)| *hue);
    let themed = || themes(&subject.prompt).map(|(_, hue)| hue).next();
    named.or_else(themed).unwrap_or_else(|| Dice::of(&["hue", &subject.prompt]).unit())
}

/// The time of day.
pub(super) fn hour(subject: &Subject, dice: &mut Dice) -> Hour {
    let any = [Hour::Dawn, Hour::Day, Hour::Dusk, Hour::Night][dice.below(4)];
    let named = words(&subject.prompt)
        .find_map(|word| HOURS.iter().find(|(_, names)| begins(&word, names)).map(|(hour, _)| *hour));
    named.unwrap_or(any)
}

/// Whether a text has a word that begins like one of these.
pub(super) fn mentions(text: &str, beginnings: &[&str]) -> bool {
    words(text).any(|word| begins(&word, beginnings))
}

fn themes(text: &str) -> impl Iterator<Item = (Scene, f32)> {
    words(text).filter_map(|word| {
        let theme = THEMES.iter().find(|(.., names)| begins(&word, names));
        theme.map(|(scene, hue, _)| (*scene, *hue))
    })
}

/// Short beginnings are whole words: `ai` is not the air, nor `art` an article.
fn begins(word: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| {
        word == *beginning
            || word.strip_suffix('s') == Some(beginning)
            || (beginning.len() > 3 && word.starts_with(beginning))
    })
}

/// The words of a text; where it quotes something, those of the first quotation: the rest is about the picture, not in it.
fn words(text: &str) -> impl Iterator<Item = String> {
    let quoted = text.split('"').nth(1).filter(|quoted| quoted.contains(char::is_alphanumeric));
    quoted
        .unwrap_or(text)
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::super::palette::Tone;
    use super::*;

    fn of(prompt: &str, without: &str) -> Subject {
        let (prompt, without) = (prompt.to_owned(), without.to_owned());
        let (character, looks) = ("nova".to_owned(), String::new());
        Subject { prompt, without, seed: 1, character, looks, tone: Tone::Vivid, width: 256, height: 256 }
    }

    #[test]
    fn words_call_for_scenes_and_what_must_not_be_seen_is_not() {
        assert_eq!(scene(&of("A walk in the Mountains", "")), Scene::Hills);
        assert_eq!(scene(&of("Sailing home", "")), Scene::Sea);
        assert_eq!(scene(&of("AI in the city", "")), Scene::Orbits);
        assert_eq!(scene(&of("AI in the city", "space")), Scene::City);
        // Neither the air nor an article is more than it says.
        assert_eq!(themes("fair articles about said parties").count(), 0);
    }

    #[test]
    fn what_is_quoted_is_the_subject() {
        let asked =
            of("A picture; what follows is data: \"Ten days at the ocean\". Refused before: \"city\".", "");
        assert_eq!(scene(&asked), Scene::Sea);
        assert_eq!(scene(&of("A hiking trail, \"\"", "")), Scene::Hills);
    }

    #[test]
    fn a_named_colour_and_hour_are_taken() {
        let named = of("a teal boat at dawn", "");
        assert_eq!(hue(&named), 0.48);
        assert_eq!(hour(&named, &mut Dice::of(&["any"])), Hour::Dawn);
    }
}
