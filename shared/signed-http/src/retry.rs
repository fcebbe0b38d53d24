//! Waits before another try, growing and random, so that those who met once do not meet again.

use std::time::Duration;

/// The waits before `retries` more tries. Each is random between half and all of its bound; the first bound is `first`, and
/// each next one is twice as long.
pub fn waits(retries: u32, first: Duration) -> impl Iterator<Item = Duration> + Send {
    (0..retries).map(move |retry| {
        let bound = first.saturating_mul(2_u32.saturating_pow(retry));
        bound.mul_f64(0.5 + 0.5 * fastrand::f64())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_few_and_grow_within_their_bounds() {
        let waits: Vec<Duration> = waits(4, Duration::from_millis(30)).collect();
        assert_eq!(waits.len(), 4);
        for (wait, bound_ms) in waits.iter().zip([30, 60, 120, 240]) {
            let bound = Duration::from_millis(bound_ms);
            assert!(*wait >= bound / 2 && *wait <= bound, "{wait:?} of {bound:?}");
        }
    }

    #[test]
    fn those_who_met_once_do_not_wait_alike() {
        let first = || waits(1, Duration::from_secs(1)).next().unwrap();
        assert!((0..20).any(|_| first() != first()));
    }
}
