//! Workers that need time: many at once, each on the world's own clock.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chimera_domain::Money;
use chimera_domain::ports::{Answer, Ask, ModelError, ModelRole, ReasoningModel};
use chimera_model::ScriptedModel;
use chimera_testkit::{Queue, VirtualClock};
use futures::FutureExt as _;
use futures::stream::{FuturesUnordered, StreamExt as _};

use crate::SwarmWorld;
use crate::run::{BATCH, MOST_MOVES};

/// How long a model takes to answer a worker.
#[derive(Debug, Clone, Default)]
pub struct WorkTimes {
    /// The middle; each question takes from half of it to half as much again, always the same for the same question.
    pub usual: Duration,
    /// The one source that is written about so many times slower.
    pub slow: Option<(String, u32)>,
}

impl WorkTimes {
    fn of(&self, ask: &Ask) -> Duration {
        let mut hash = DefaultHasher::new();
        ask.input.to_string().hash(&mut hash);
        let spread = u32::try_from(hash.finish() % 1_000).unwrap_or(0);
        let time = self.usual / 2 + self.usual * spread / 1_000;
        let url = ask.input.pointer("/source/url").and_then(serde_json::Value::as_str);
        match &self.slow {
            Some((slow, times)) if ask.role == ModelRole::Writer && url == Some(slow) => self.usual * *times,
            _ => time,
        }
    }
}

/// The scripted model, answering after a while. Clones share their times.
#[derive(Debug, Clone)]
pub(crate) struct PacedModel {
    clock: VirtualClock,
    times: Arc<Mutex<WorkTimes>>,
    /// What an answer costs, in cents.
    price: Arc<AtomicI64>,
}

impl PacedModel {
    pub(crate) fn new(clock: VirtualClock) -> Self {
        Self { clock, times: Arc::default(), price: Arc::default() }
    }

    pub(crate) fn take(&self, times: WorkTimes) {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner) = times;
    }

    pub(crate) fn cost(&self, minor: i64) {
        self.price.store(minor, Ordering::SeqCst);
    }
}

impl ReasoningModel for PacedModel {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        let time = self.times.lock().unwrap_or_else(PoisonError::into_inner).of(ask);
        self.clock.sleep(time).await;
        let mut answer = ScriptedModel::new().ask(ask).await?;
        let price = Money::new(self.price.load(Ordering::SeqCst), answer.usage.cost.currency());
        answer.usage.cost = price.unwrap_or(answer.usage.cost);
        Ok(answer)
    }
}

impl SwarmWorld {
    /// Runs until nothing is left to do now, with up to `at_once` invocations of the worker under way. Whatever else can
    /// be delivered is delivered while they work; time passes only when all wait.
    ///
    /// # Panics
    /// When the world runs in circles.
    pub async fn run_with_workers(&self, at_once: usize) {
        let mut under_way = FuturesUnordered::new();
        for _ in 0..MOST_MOVES {
            // Gives the runtime a turn, so that no budget of its own runs out within one.
            tokio::task::yield_now().await;
            while under_way.next().now_or_never().flatten().is_some() {}
            if self.deliver_but(Queue::Task).await {
                continue;
            }
            if under_way.len() < at_once && self.cloud.visible(Queue::Task) > 0 {
                under_way.push(self.functions.deliver(Queue::Task, BATCH));
                continue;
            }
            let Some(waking_ms) = self.clock.next_waking_ms() else {
                if under_way.is_empty() {
                    return;
                }
                continue;
            };
            // What is due already is work that no worker is free for.
            let now_ms = self.clock.now_ms();
            let event_ms = self.next_event_ms().filter(|event_ms| *event_ms > now_ms);
            let next_ms = event_ms.map_or(waking_ms, |event_ms| event_ms.min(waking_ms));
            self.pass_time_until(next_ms).await;
        }
        self.fail_in_circles();
    }
}
