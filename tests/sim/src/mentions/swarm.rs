//! The functions as they are deployed, over ports that take time.

use std::time::Duration;

use chimera_domain::ports::{Change, ChangeHandler as _, HandleError, MessageHandler};
use chimera_domain::{PerceiveMessage, Row, Task};
use chimera_runtime::handle_batch;
use chimera_testkit::{
    Consumer, Delivery, Faults, MemoryCloud, MemorySigner, Queue, SandboxPlatform, SeededIds, VirtualClock,
};
use dispatcher::Dispatcher;
use judge::Judge;
use perception::Perception;
use planner::Planner;
use publisher::{Publisher, Timing};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::de::DeserializeOwned;
use worker::Worker;

use super::latency::{Hop, Net};
use super::timed::{Timed, TimedModel};
use super::voices::Voices;
use crate::outside::Outside;

/// Of the machine's time: long enough that a slow machine ends nothing.
const DEADLINE: Duration = Duration::from_secs(600);
/// The task queue's visibility in `template.yaml`, after which an open task is sent again.
const TASK_VISIBILITY: Duration = Duration::from_secs(360);
/// Records of the stream that one invocation gets at most, as `template.yaml` says.
pub(super) const RECORDS: usize = 25;

type Store = Timed<MemoryCloud>;

/// Every function that has a part in an answer.
pub(super) struct Swarm {
    pub(super) cloud: MemoryCloud,
    pub(super) clock: VirtualClock,
    pub(super) platform: SandboxPlatform,
    pub(super) voices: Voices,
    pub(super) net: Net,
    pub(super) model: TimedModel,
    planner: Planner<Store, TimedModel, VirtualClock, SeededIds>,
    worker: Worker<Timed<Outside>, TimedModel, Store, VirtualClock, SeededIds>,
    judge: Judge<Store, MemorySigner, VirtualClock, SeededIds>,
    publisher: Publisher<Store, Timed<Outside>, Timed<Outside>, VirtualClock, SeededIds>,
    dispatcher: Dispatcher<Store, Store, Store, VirtualClock, SeededIds>,
    perception: Perception<Store, Voices, VirtualClock, SeededIds>,
}

impl Swarm {
    /// A swarm that looks at the world once per `look` for each agent.
    pub(super) fn new(seed: u64, look: Duration) -> Self {
        let (clock, ids, signer) = (VirtualClock::default(), SeededIds::new(seed), MemorySigner::default());
        let faults = Faults::none();
        let net = Net::new(clock.clone(), StdRng::seed_from_u64(seed));
        let cloud = MemoryCloud::new(clock.clone(), faults.clone());
        let platform = SandboxPlatform::new(&signer, clock.clone(), faults.clone());
        let outside = Outside::new(platform.clone(), &signer, &clock, faults);
        let (voices, model) = (Voices::new(&clock, &net), TimedModel::new(&net));
        let of = |function: &str| Timed::new(cloud.as_function(function), &net);
        let out = |function: &str| Timed::new(outside.as_function(function), &net);
        let (now, id) = (|| clock.clone(), || ids.clone());
        Self {
            planner: Planner::new(of("planner"), model.clone(), now(), id()),
            worker: Worker::new(out("worker"), model.clone(), of("worker"), now(), id()),
            judge: Judge::new(of("judge"), signer, now(), id()),
            publisher: Publisher::new(
                of("publisher"),
                out("publisher"),
                out("publisher"),
                now(),
                id(),
                Timing::default(),
            ),
            dispatcher: Dispatcher::new(
                of("dispatcher"),
                of("dispatcher"),
                of("dispatcher"),
                now(),
                id(),
                TASK_VISIBILITY,
            ),
            perception: Perception::new(of("perception"), voices.clone(), now(), id(), look),
            cloud: cloud.clone(),
            clock: clock.clone(),
            platform,
            voices,
            net,
            model,
        }
    }

    /// One invocation for a batch of messages: on its way, in an environment that may be cold, and in the function. What the
    /// function does not answer as failed is deleted.
    pub(super) async fn invoke(&self, queue: Queue, deliveries: Vec<Delivery>, is_cold: bool) {
        self.arrive(Hop::Queue, is_cold).await;
        let ids: Vec<String> = deliveries.iter().map(|delivery| delivery.id.clone()).collect();
        let failed = match queue {
            Queue::Plan => hand_over(&self.planner, deliveries).await,
            Queue::Task | Queue::TaskHigh => hand_over(&self.worker, deliveries).await,
            Queue::Review => hand_over(&self.judge, deliveries).await,
            Queue::Effect => hand_over(&self.publisher, deliveries).await,
            Queue::Perception => hand_over::<PerceiveMessage, _>(&self.perception, deliveries).await,
        };
        ids.iter().filter(|id| !failed.contains(id)).for_each(|id| self.cloud.delete(queue, id));
    }

    /// One invocation of the dispatcher for these records.
    pub(super) async fn follow(&self, batch: Vec<Change>, is_cold: bool) {
        if is_cold {
            self.net.wait(Hop::Cold).await;
        }
        if Box::pin(self.dispatcher.handle_changes(batch.clone())).await.is_err() {
            self.cloud.give_back_changes(Consumer::Dispatcher, batch);
        }
    }

    /// The schedule fires.
    pub(super) async fn tick(&self) -> Result<(), HandleError> {
        self.net.wait(Hop::Invoke).await;
        Box::pin(self.dispatcher.tick()).await
    }

    /// Tasks, as their rows are now.
    pub(super) fn tasks(&self) -> Vec<Task> {
        let rows = self.cloud.rows().unwrap_or_default().into_iter();
        rows.filter_map(|stored| Row::into_task(stored.row)).collect()
    }

    async fn arrive(&self, hop: Hop, is_cold: bool) {
        self.net.wait(hop).await;
        if is_cold {
            self.net.wait(Hop::Cold).await;
        }
    }
}

/// Through the one loop of the house; gives the ids of what is to be delivered again.
async fn hand_over<M, H>(handler: &H, deliveries: Vec<Delivery>) -> Vec<String>
where
    M: DeserializeOwned + Send + Sync,
    H: MessageHandler<M>,
{
    let batch = deliveries.into_iter().map(|delivery| (delivery.id, delivery.body)).collect();
    Box::pin(handle_batch(handler, batch, DEADLINE)).await
}
