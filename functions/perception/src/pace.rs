//! When the next look is due.

use std::time::Duration;

use chimera_domain::Timestamp;

/// The longest wait while no source answers: half an hour, after which an outage is worth another question.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// How often the wait is doubled at most; more would only overflow.
const DOUBLINGS: u32 = 12;
/// How much earlier than its interval a look is due: the clock comes by the minute, and a look that took some seconds would
/// always be due a little after it came.
const SLACK: Duration = Duration::from_secs(10);

/// How often is looked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    interval: Duration,
}

impl Pace {
    /// Once per interval, if all goes well.
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval }
    }

    /// When the next look is due after so many looks in a row that heard nobody. [PE-12] It is put off further with each, up
    /// to half an hour.
    pub(crate) fn next(self, now: Timestamp, failures: u32) -> Timestamp {
        let wait = self.interval.saturating_mul(1 << failures.min(DOUBLINGS));
        let wait = wait.min(LONGEST.max(self.interval));
        now + wait.saturating_sub(SLACK.min(self.interval / 5))
    }

    /// Whether a look that was made at this time is so long ago that another one is nobody's repetition.
    pub(crate) fn is_over(self, looked_at: Timestamp, now: Timestamp) -> bool {
        looked_at + self.interval <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(interval_s: u64, failures: u32) -> Duration {
        let now = Timestamp::UNIX_EPOCH;
        let next = Pace::new(Duration::from_secs(interval_s)).next(now, failures);
        Duration::try_from(next.duration_since(now)).unwrap()
    }

    /// [PE-12]
    #[test]
    fn silence_is_asked_less_and_less_often_and_never_given_up() {
        let waits: Vec<u64> = (0..8).map(|failures| wait(60, failures).as_secs()).collect();
        assert_eq!(waits, [50, 110, 230, 470, 950, 1_790, 1_790, 1_790]);
        assert_eq!(wait(60, u32::MAX).as_secs(), 1_790);
        assert_eq!(wait(3_600, 9).as_secs(), 3_590, "an interval of hours stays one");
    }

    #[test]
    fn a_short_interval_is_nearly_kept() {
        assert_eq!(wait(1, 0), Duration::from_millis(800));
    }
}
