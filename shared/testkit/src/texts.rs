//! Texts by number.

/// Words that say nothing about politics, health, money or law.
const WORDS: [&str; 64] = [
    "lantern", "river", "copper", "window", "garden", "bicycle", "paper", "engine", "harbour", "kettle",
    "ladder", "meadow", "notebook", "orchard", "pepper", "quilt", "railway", "saddle", "teapot", "umbrella",
    "valley", "wagon", "yellow", "zipper", "anchor", "basket", "candle", "drawer", "easel", "feather",
    "gravel", "hammer", "island", "jacket", "kitten", "lemon", "mirror", "needle", "oyster", "pillow",
    "quarry", "ribbon", "shovel", "thimble", "upland", "velvet", "walnut", "yarn", "acorn", "button",
    "carpet", "dolphin", "ember", "falcon", "goblet", "hinge", "ivory", "jigsaw", "kernel", "lattice",
    "marble", "nutmeg", "onion", "pebble",
];

/// The `n`-th text: no two resemble each other, and none carries a link.
#[must_use]
pub fn a_text(n: usize) -> String {
    // A fixed sequence whose members look like chance.
    let mut state = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut words = vec!["The"];
    while words.len() < 13 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        words.push(WORDS[(state >> 58) as usize]);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_texts_share_three_words_in_a_row_often() {
        let shingles = |n: usize| -> BTreeSet<String> {
            let text = a_text(n);
            let words: Vec<&str> = text.split(' ').collect();
            words.windows(3).map(|three| three.join(" ")).collect()
        };
        let all: Vec<BTreeSet<String>> = (0..200).map(shingles).collect();
        for (at, one) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| one.intersection(other).count() < 4), "{at}");
        }
    }
}
