//! Waits before another try, growing and random, so that those who met once do not meet again.

use std::time::Duration;

/// Tries after the first: with the waits below about half a second in all, well inside every deadline.
const RETRIES: u32 = 4;
/// Upper bound of the first wait; each next one is twice as long.
const FIRST_MS: u64 = 30;

/// The waits, one per retry. Each is random between half and all of its bound.
pub(crate) fn waits() -> impl Iterator<Item = Duration> + Send {
    (0..RETRIES).map(|retry| {
        let bound = FIRST_MS << retry;
        Duration::from_millis(fastrand::u64(bound / 2..=bound))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_few_and_bounded() {
        let waits: Vec<Duration> = waits().collect();
        assert_eq!(waits.len(), 4);
        assert!(waits.iter().sum::<Duration>() <= Duration::from_millis(450));
        assert!(waits.iter().all(|wait| *wait >= Duration::from_millis(15)));
    }
}
