//! The one figure made of the evidence.

use chimera_domain::{Confidence, Evidence};

/// What a broken optional criterion costs beyond its share: among many criteria one alone would otherwise not show.
const BROKEN_CRITERION: u16 = 1_500;

/// Weights of criteria, support, persona and novelty; they sum to ten.
const WEIGHTS: [u32; 4] = [3, 4, 1, 2];

/// [J-3] [J-4] The confidence that the evidence allows: half the weighted mean, half the weakest part, so that one weak part cannot
/// hide among strong ones. Never falls when a part rises.
#[must_use]
pub fn confidence(evidence: &Evidence) -> Confidence {
    let criteria = if evidence.criteria < Confidence::FULL {
        evidence.criteria.basis_points().saturating_sub(BROKEN_CRITERION)
    } else {
        evidence.criteria.basis_points()
    };
    let parts = [
        criteria,
        evidence.support.basis_points(),
        evidence.persona.basis_points(),
        evidence.novelty.basis_points(),
    ];
    let mean: u32 =
        parts.iter().zip(WEIGHTS).map(|(part, weight)| u32::from(*part) * weight).sum::<u32>() / 10;
    let weakest = u32::from(parts.into_iter().min().unwrap_or(0));
    let points = u16::try_from((mean + weakest) / 2).unwrap_or(0);
    Confidence::new(points).unwrap_or(Confidence::ZERO)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn evidence(parts: [u16; 4]) -> Evidence {
        let [criteria, support, persona, novelty] = parts.map(|p| Confidence::new(p).unwrap());
        Evidence { criteria, support, persona, novelty, rules: Vec::new() }
    }

    #[test]
    fn a_faithful_post_is_high_and_one_flaw_is_not() {
        let points = |parts| confidence(&evidence(parts)).basis_points();
        assert_eq!(points([10_000, 10_000, 10_000, 10_000]), 10_000);
        assert_eq!(points([10_000, 9_500, 10_000, 10_000]), 9_650);
        for flawed in [
            [9_000, 10_000, 10_000, 10_000],
            [6_666, 10_000, 10_000, 10_000],
            [10_000, 7_500, 10_000, 10_000],
            [10_000, 10_000, 7_000, 10_000],
            [10_000, 0, 10_000, 10_000],
            [10_000, 10_000, 10_000, 0],
        ] {
            assert!(points(flawed) <= 9_000, "{flawed:?}: {}", points(flawed));
        }
    }

    proptest! {
        #[test]
        fn confidence_is_monotone_in_each_part(
            parts in proptest::array::uniform4(0_u16..=10_000),
            which in 0_usize..4,
            raised in 0_u16..=10_000,
        ) {
            let mut better = parts;
            better[which] = better[which].max(raised);
            prop_assert!(confidence(&evidence(better)) >= confidence(&evidence(parts)));
        }
    }
}
