//! One ranking out of two: by meaning and by keyword.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// Places that the first of a ranking is ahead of one that is not in it, as the database counts them.
const HEAD_START: f64 = 60.0;

/// How the two rankings become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fusion {
    /// Each ranking's scores are stretched over 0 to 1 and added by weight.
    #[default]
    RelativeScore,
    /// Only places count: each adds its weight divided by 60 and the places before it, scaled so that the best possible is 1.
    Ranked,
}

/// Who is in a ranking, with its score. Rankings go best first.
pub(crate) type Ranked = (usize, f64);

/// The fused score, 0 to 1, of everyone who is in one of the two. `alpha` is the weight of `vector`, 0 to 1.
pub(crate) fn fuse(
    fusion: Fusion,
    alpha: f64,
    vector: &[Ranked],
    keyword: &[Ranked],
) -> BTreeMap<usize, f64> {
    let mut fused = BTreeMap::new();
    for (ranking, weight) in [(vector, alpha), (keyword, 1.0 - alpha)] {
        let scores = match fusion {
            Fusion::RelativeScore => stretched(ranking),
            Fusion::Ranked => by_place(ranking),
        };
        for ((who, _), score) in ranking.iter().zip(scores) {
            *fused.entry(*who).or_insert(0.0) += weight * score;
        }
    }
    fused
}

/// The scores between 0, the ranking's last, and 1, its first; all 1 where they are the same.
pub(crate) fn stretched(ranking: &[Ranked]) -> Vec<f64> {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for (_, score) in ranking {
        (least, most) = (least.min(*score), most.max(*score));
    }
    let stretch = |score: f64| if most > least { (score - least) / (most - least) } else { 1.0 };
    ranking.iter().map(|(_, score)| stretch(*score)).collect()
}

fn by_place(ranking: &[Ranked]) -> Vec<f64> {
    let places = std::iter::successors(Some(HEAD_START), |place| Some(place + 1.0));
    ranking.iter().zip(places).map(|(_, place)| HEAD_START / place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(fused: &BTreeMap<usize, f64>, expected: &[(usize, f64)]) {
        let expected: BTreeMap<usize, f64> = expected.iter().copied().collect();
        assert_eq!(fused.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (who, score) in fused {
            assert!((score - expected[who]).abs() < 1e-9, "{who}: {score} is not {}", expected[who]);
        }
    }

    #[test]
    fn relative_scores_are_stretched_and_added_by_weight() {
        let vector = [(0, 0.9), (1, 0.5), (2, 0.1)];
        let keyword = [(1, 11.0), (3, 6.0), (0, 1.0)];
        let fused = fuse(Fusion::RelativeScore, 0.75, &vector, &keyword);
        near(&fused, &[(0, 0.75), (1, 0.375 + 0.25), (2, 0.0), (3, 0.125)]);
    }

    #[test]
    fn equal_scores_are_all_the_best() {
        near(&fuse(Fusion::RelativeScore, 0.5, &[(0, 0.2), (1, 0.2)], &[]), &[(0, 0.5), (1, 0.5)]);
    }

    #[test]
    fn ranks_count_places_only() {
        let fused = fuse(Fusion::Ranked, 0.75, &[(0, 0.9), (1, 0.899)], &[(1, 40.0)]);
        near(&fused, &[(0, 0.75), (1, 0.75 * 60.0 / 61.0 + 0.25)]);
    }

    #[test]
    fn a_weight_of_nothing_counts_nothing() {
        near(&fuse(Fusion::RelativeScore, 0.0, &[(0, 0.9), (1, 0.1)], &[(1, 3.0)]), &[(0, 0.0), (1, 1.0)]);
    }
}
