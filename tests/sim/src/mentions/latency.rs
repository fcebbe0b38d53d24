//! How long each hop takes: published figures, each with its source, drawn from the seed and slept on the world's clock.
//!
//! Sources: [B] bitesizedserverless.com, eu-west-1, 1,024 samples of each service, September 2022; [D] AWS's own
//! documentation; [S] shinyaz.com, Rust on Lambda with aws-sdk-dynamodb, March 2026; [A] assumed, on the cautious side,
//! because nothing is published. Nothing here was measured on AWS by this project.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chimera_testkit::VirtualClock;
use rand::Rng as _;
use rand::rngs::StdRng;

/// Of a thousand invocations so many meet a cold environment although a warm one was there before. [D]: "typically under
/// 1 % of invocations".
const COLD_PER_MILLE: u32 = 10;
/// Deserialising a row on 256 MB, a seventh of a processor, in microseconds. [A]: twenty on a whole one.
const ROW_US: u64 = 150;

/// A way that something has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hop {
    /// A read of DynamoDB, up to one page.
    Read,
    /// A conditional write of one row.
    Write,
    /// A transaction.
    Transaction,
    /// `SendMessageBatch`, and whatever else asks a service for nothing but to take something.
    Send,
    /// From a queue into a function that is warm.
    Queue,
    /// From a table's stream into a function that is warm.
    Stream,
    /// A new environment: its start, the process, and its first connections.
    Cold,
    /// One function calls another, which is warm: an MCP server.
    Invoke,
    /// What an MCP server asks of its platform.
    Platform,
    /// A model's answer.
    Model,
}

impl Hop {
    /// The least, then what 10, 50, 90 and 99 of a hundred do not pass, then the most; in milliseconds.
    const fn quantiles(self) -> [u64; 6] {
        match self {
            // [D]: "consistent single-digit millisecond performance at any scale".
            Self::Read => [2, 3, 4, 7, 9, 20],
            Self::Write => [3, 4, 6, 8, 9, 20],
            // [A]: two phases, each about a write, and a coordinator.
            Self::Transaction => [8, 12, 20, 30, 50, 100],
            // [A]: one HTTPS request within a region.
            Self::Send => [6, 8, 12, 20, 30, 60],
            // [B]: p10 13.7, p50 16.2, p90 33.8, p99 105. No batching window is set in `template.yaml`.
            Self::Queue => [12, 14, 16, 34, 105, 210],
            // [B]: p50 213, p99 552. The stream is polled four times a second ([D]); the rest lies between.
            Self::Stream => [90, 130, 213, 400, 552, 1_100],
            // [S]: 112 ms of Init, 21 ms for the first call once connections are warmed; [A]: 150 ms and more before Init.
            Self::Cold => [200, 230, 290, 450, 912, 1_500],
            // [A]: an invocation through the API, within a region.
            Self::Invoke => [8, 10, 15, 30, 80, 200],
            // [A]: a public HTTPS API.
            Self::Platform => [80, 120, 250, 500, 1_200, 2_500],
            // [A]: a short answer of a small model, one to three seconds.
            Self::Model => [1_000, 1_200, 2_000, 2_800, 2_980, 3_000],
        }
    }
}

/// Time between services. Clones share the chances.
#[derive(Debug, Clone)]
pub(super) struct Net {
    clock: VirtualClock,
    rng: Arc<Mutex<StdRng>>,
}

impl Net {
    pub(super) fn new(clock: VirtualClock, rng: StdRng) -> Self {
        Self { clock, rng: Arc::new(Mutex::new(rng)) }
    }

    /// What the hop takes this time: evenly between its quantiles.
    pub(super) fn draw(&self, hop: Hop) -> Duration {
        let at = u64::from(self.below(1_000));
        let [least, p10, p50, p90, p99, most] = hop.quantiles();
        let (from, to, low, high) = match at {
            0..100 => (0, 100, least, p10),
            100..500 => (100, 500, p10, p50),
            500..900 => (500, 900, p50, p90),
            900..990 => (900, 990, p90, p99),
            _ => (990, 1_000, p99, most),
        };
        Duration::from_millis(low + (high - low) * (at - from) / (to - from))
    }

    pub(super) async fn wait(&self, hop: Hop) {
        self.clock.sleep(self.draw(hop)).await;
    }

    /// A call there and back: it takes effect half-way.
    pub(super) async fn around<T>(&self, hop: Hop, call: impl Future<Output = T> + Send) -> T {
        let half = self.draw(hop) / 2;
        self.clock.sleep(half).await;
        let answer = call.await;
        self.clock.sleep(half).await;
        answer
    }

    /// What it takes to understand so many rows.
    pub(super) async fn understand(&self, rows: usize) {
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        self.clock.sleep(Duration::from_micros(rows.saturating_mul(ROW_US))).await;
    }

    /// Whether this invocation meets a cold environment by bad luck.
    pub(super) fn is_cold(&self) -> bool {
        self.below(1_000) < COLD_PER_MILLE
    }

    fn below(&self, bound: u32) -> u32 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..bound)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn what_is_drawn_has_the_published_quantiles() {
        let net = Net::new(VirtualClock::default(), StdRng::seed_from_u64(1));
        for hop in [Hop::Read, Hop::Queue, Hop::Stream, Hop::Model] {
            let mut drawn: Vec<u128> = (0..20_000).map(|_| net.draw(hop).as_millis()).collect();
            drawn.sort_unstable();
            let [least, _, p50, _, p99, most] = hop.quantiles().map(u128::from);
            let is_near = |seen: u128, published: u128| seen.abs_diff(published) <= published / 10 + 1;
            assert!(is_near(drawn[10_000], p50) && is_near(drawn[19_800], p99), "{hop:?}");
            assert!(drawn[0] >= least && drawn[19_999] <= most, "{hop:?}");
        }
    }
}
