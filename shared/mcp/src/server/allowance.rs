//! How often a tenant may call a tool.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chimera_domain::Timestamp;
use futures::future::BoxFuture;

use super::burn::StoreFault;

/// When a bucket that nobody has taken from was full: long ago.
pub(crate) const UNTOUCHED: i64 = i64::MIN / 4;

/// [T-4] A bucket of `calls` that refills evenly over `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Calls in a full bucket.
    pub calls: u32,
    /// How long an empty bucket takes to be full again.
    pub window: Duration,
}

/// What asking for a call found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// It may be made.
    Taken,
    /// Not before this long.
    Wait(Duration),
}

impl Allowance {
    /// `calls` in `window`.
    #[must_use]
    pub const fn per(calls: u32, window: Duration) -> Self {
        Self { calls, window }
    }

    /// Whether the bucket can be kept exactly: at least one call, and no less than `calls` microseconds between two.
    pub(crate) fn is_sound(self) -> bool {
        self.calls > 0 && self.refill_us() >= i64::from(self.calls)
    }

    /// Microseconds until the bucket holds one call more.
    pub(crate) fn refill_us(self) -> i64 {
        self.window_us() / i64::from(self.calls.max(1))
    }

    /// Microseconds until an empty bucket is full.
    pub(crate) fn window_us(self) -> i64 {
        i64::try_from(self.window.as_micros()).unwrap_or(i64::MAX / 4)
    }

    /// The bucket as one number, the microsecond at which it is full: the number after one call at `now_us`, or how long
    /// until there is one.
    pub(crate) fn take(self, full_at_us: i64, now_us: i64) -> Result<i64, Duration> {
        let next = full_at_us.max(now_us) + self.refill_us();
        let wait = next - now_us - self.window_us();
        if wait <= 0 { Ok(next) } else { Err(Duration::from_micros(wait.unsigned_abs())) }
    }
}

/// Keeps what each tenant has left of each tool. Atomic.
pub trait AllowanceStore: Send + Sync + 'static {
    /// Takes one call of `tool` from the tenant's allowance at `now`.
    fn spend(
        &self,
        tenant: &str,
        tool: &'static str,
        allowance: Allowance,
        now: Timestamp,
    ) -> impl Future<Output = Result<Spent, StoreFault>> + Send;
}

/// An [`AllowanceStore`] without its type.
pub(crate) trait AnyAllowances: Send + Sync {
    fn spend<'a>(
        &'a self,
        tenant: &'a str,
        tool: &'static str,
        allowance: Allowance,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Spent, StoreFault>>;
}

impl<S: AllowanceStore> AnyAllowances for S {
    fn spend<'a>(
        &'a self,
        tenant: &'a str,
        tool: &'static str,
        allowance: Allowance,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Spent, StoreFault>> {
        Box::pin(AllowanceStore::spend(self, tenant, tool, allowance, now))
    }
}

/// Allowances in memory, for tests and simulations. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryAllowances {
    full_at_us: Arc<Mutex<BTreeMap<(String, &'static str), i64>>>,
}

impl AllowanceStore for MemoryAllowances {
    async fn spend(
        &self,
        tenant: &str,
        tool: &'static str,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<Spent, StoreFault> {
        let mut buckets = self.full_at_us.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = buckets.entry((tenant.to_owned(), tool)).or_insert(UNTOUCHED);
        match allowance.take(*full_at, now.as_microsecond()) {
            Ok(next) => {
                *full_at = next;
                Ok(Spent::Taken)
            }
            Err(wait) => Ok(Spent::Wait(wait)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [T-4]
    #[test]
    fn a_full_bucket_holds_exactly_its_calls_and_refills_evenly() {
        for (calls, seconds) in [(1, 1), (3, 1), (7, 10), (450, 900), (10_000, 86_400)] {
            let allowance = Allowance::per(calls, Duration::from_secs(seconds));
            assert!(allowance.is_sound());
            let mut full_at = UNTOUCHED;
            for _ in 0..calls {
                full_at = allowance.take(full_at, 0).unwrap();
            }
            let wait = allowance.take(full_at, 0).unwrap_err();
            let later = i64::try_from(wait.as_micros()).unwrap();
            assert!(later <= allowance.refill_us());
            assert!(allowance.take(full_at, later - 1).is_err());
            let after = allowance.take(full_at, later).unwrap();
            assert!(allowance.take(after, later).is_err(), "one call was refilled, and one only");
        }
    }

    #[test]
    fn an_allowance_that_cannot_be_kept_is_unsound() {
        assert!(!Allowance::per(0, Duration::from_secs(1)).is_sound());
        assert!(!Allowance::per(2_000, Duration::from_secs(1)).is_sound());
        assert!(!Allowance::per(1, Duration::ZERO).is_sound());
    }
}
