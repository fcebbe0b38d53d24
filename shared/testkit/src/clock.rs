//! Time and ids that repeat.

use std::future::poll_fn;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use chimera_domain::Timestamp;
use chimera_domain::ports::{Clock, Ids};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use uuid::Uuid;

/// 2026-03-02 09:00:00 UTC: far enough from midnight that a short test stays within one day.
const START_MS: i64 = 1_772_442_000_000;

/// A clock that moves only when told. Clones share the time.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    now_ms: Arc<AtomicI64>,
    sleepers: Arc<Mutex<Vec<(i64, Waker)>>>,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self { now_ms: Arc::new(AtomicI64::new(START_MS)), sleepers: Arc::default() }
    }
}

impl VirtualClock {
    /// Sets the time, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.now_ms.store(now.as_millisecond(), Ordering::SeqCst);
        self.wake();
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 2);
        self.now_ms.fetch_add(by_ms, Ordering::SeqCst);
        self.wake();
    }

    /// Now, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    /// Waits until this much time has passed here, however long that takes elsewhere.
    pub async fn sleep(&self, time: Duration) {
        let end_ms = self.now_ms().saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2));
        poll_fn(|context| {
            if self.now_ms() >= end_ms {
                return Poll::Ready(());
            }
            self.sleepers().push((end_ms, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// When the first sleeper is to wake, in milliseconds since 1970.
    #[must_use]
    pub fn next_waking_ms(&self) -> Option<i64> {
        self.sleepers().iter().map(|(end_ms, _)| *end_ms).min()
    }

    fn wake(&self) {
        let now_ms = self.now_ms();
        let is_due = |(end_ms, _): &(i64, Waker)| *end_ms <= now_ms;
        let sleepers = std::mem::take(&mut *self.sleepers());
        let (due, asleep): (Vec<_>, Vec<_>) = sleepers.into_iter().partition(is_due);
        *self.sleepers() = asleep;
        for (_, waker) in due {
            waker.wake();
        }
    }

    fn sleepers(&self) -> MutexGuard<'_, Vec<(i64, Waker)>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ms()).unwrap_or(Timestamp::MAX)
    }
}

/// Ids of a seeded sequence: valid UUIDs of version 4 that repeat with the seed. Clones share the sequence.
#[derive(Debug, Clone)]
pub struct SeededIds(Arc<Mutex<StdRng>>);

impl SeededIds {
    /// The sequence of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }
}

impl Ids for SeededIds {
    fn fresh(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_repeat_with_the_seed_and_are_version_4() {
        let (one, two) = (SeededIds::new(3), SeededIds::new(3));
        let id = one.fresh();
        assert_eq!(id, two.fresh());
        assert_eq!(id.get_version_num(), 4);
        assert_ne!(id, one.fresh());
    }

    #[test]
    fn clones_of_a_clock_share_the_time() {
        let clock = VirtualClock::default();
        let other = clock.clone();
        clock.advance(Duration::from_secs(90));
        assert_eq!(other.now().to_string(), "2026-03-02T09:01:30Z");
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_passed_here() {
        let clock = VirtualClock::default();
        let time = Duration::from_secs(3_600);
        let until_ms = clock.now_ms() + 3_600_000;
        let pass = async {
            assert_eq!(clock.next_waking_ms(), Some(until_ms));
            clock.advance(time);
        };
        tokio::join!(clock.sleep(time), pass);
        assert_eq!((clock.now_ms(), clock.next_waking_ms()), (until_ms, None));
    }
}
