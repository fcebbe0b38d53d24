//! How often an account may act, as on the platform.

use std::time::Duration;

/// Something an account may do only so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Posting and replying.
    Post,
    /// Deleting.
    Delete,
}

/// So many in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many at once.
    pub calls: u32,
    /// How long until all of them are there again.
    pub window: Duration,
}

const QUARTER: Duration = Duration::from_secs(15 * 60);
/// What the platform takes of one account's posts: 300 in three hours, and 100 of them in a quarter of an hour.
const POSTS: [Quota; 2] =
    [Quota { calls: 300, window: Duration::from_secs(3 * 60 * 60) }, Quota { calls: 100, window: QUARTER }];
/// What it takes of one account's deletions.
const DELETIONS: [Quota; 1] = [Quota { calls: 50, window: QUARTER }];

impl Act {
    /// Every quota it is counted against.
    #[must_use]
    pub const fn quotas(self) -> &'static [Quota] {
        match self {
            Self::Post => &POSTS,
            Self::Delete => &DELETIONS,
        }
    }

    /// Takes one from every quota, or tells how long until each of them has one. A quota is a token bucket kept as one
    /// number: the time in milliseconds at which it will be full again. A number that is missing stands for a full one.
    pub(crate) fn take(self, full_at_ms: &[i64], now_ms: i64) -> Result<Vec<i64>, Duration> {
        let full_at = |at: usize| full_at_ms.get(at).copied().unwrap_or_default();
        let taken = self.quotas().iter().enumerate().map(|(at, quota)| quota.take(full_at(at), now_ms));
        let taken: Vec<Result<i64, Duration>> = taken.collect();
        match taken.iter().filter_map(|one| one.as_ref().err()).max() {
            Some(wait) => Err(*wait),
            None => Ok(taken.into_iter().flatten().collect()),
        }
    }
}

impl Quota {
    fn window_ms(self) -> i64 {
        i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX)
    }

    fn refill_ms(self) -> i64 {
        self.window_ms() / i64::from(self.calls.max(1))
    }

    fn take(self, full_at_ms: i64, now_ms: i64) -> Result<i64, Duration> {
        let next = full_at_ms.max(now_ms) + self.refill_ms();
        let wait = next - now_ms - self.window_ms();
        if wait <= 0 { Ok(next) } else { Err(Duration::from_millis(wait.unsigned_abs())) }
    }

    /// How many are left.
    pub(crate) fn left(self, full_at_ms: i64, now_ms: i64) -> u32 {
        let free = self.window_ms() - (full_at_ms.max(now_ms) - now_ms);
        u32::try_from(free.max(0) / self.refill_ms().max(1)).unwrap_or(u32::MAX).min(self.calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(act: Act, times: usize, mut full_at: Vec<i64>, now_ms: i64) -> Vec<i64> {
        for _ in 0..times {
            full_at = act.take(&full_at, now_ms).unwrap();
        }
        full_at
    }

    #[test]
    fn a_hundred_posts_go_at_once_and_then_one_every_nine_seconds() {
        let full_at = took(Act::Post, 100, Vec::new(), 1_000);
        assert_eq!(Act::Post.take(&full_at, 1_000), Err(Duration::from_secs(9)));
        assert!(Act::Post.take(&full_at, 10_000).is_ok());
    }

    #[test]
    fn three_hundred_posts_in_three_hours_are_the_most() {
        let (mut full_at, mut now, mut posts) = (Vec::new(), 1_000, 0);
        // As fast as the quarters of an hour let it.
        while now < 1_000 + 3 * 60 * 60 * 1_000 {
            match Act::Post.take(&full_at, now) {
                Ok(next) => (full_at, posts) = (next, posts + 1),
                Err(wait) => now += i64::try_from(wait.as_millis()).unwrap(),
            }
        }
        // What the bucket held at first, and what came back meanwhile.
        assert_eq!(posts, 300 + 299);
        assert!(Act::Post.take(&full_at, now - 1).is_err());
    }

    #[test]
    fn fifty_deletions_go_at_once() {
        let full_at = took(Act::Delete, 50, Vec::new(), 0);
        assert_eq!(Act::Delete.take(&full_at, 0), Err(Duration::from_secs(18)));
    }

    #[test]
    fn what_is_left_is_told() {
        let quarter = Act::Post.quotas()[1];
        let full_at = took(Act::Post, 99, Vec::new(), 5_000)[1];
        assert_eq!((quarter.left(0, 5_000), quarter.left(full_at, 5_000)), (100, 1));
        assert_eq!(quarter.left(full_at, 5_000 + 9_000), 2);
    }
}
