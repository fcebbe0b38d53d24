//! The clock and the dice, where they are real.

use chimera_domain::Timestamp;
use chimera_domain::ports::{Clock, Ids};
use uuid::Uuid;

/// The system's clock, in whole milliseconds: what a row can carry and a later read gives back unchanged.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

/// Random ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn fresh(&self) -> Uuid {
        Uuid::new_v4()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_tells_whole_milliseconds() {
        assert_eq!(SystemClock.now().as_nanosecond() % 1_000_000, 0);
    }
}
