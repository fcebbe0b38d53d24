//! The functions as they are deployed, over memory adapters.

use std::any::Any;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use auditor::Auditor;
use chimera_domain::PlanMessage;
use chimera_domain::ports::{ChangeHandler, HandleError, MessageHandler};
use chimera_model::ScriptedModel;
use chimera_testkit::{
    Consumer, Delivery, MemoryCloud, MemorySigner, Queue, RecordingNotifier, SeededIds, VISIBILITY,
    VirtualClock,
};
use dispatcher::{Dispatcher, Letter};
use escalation::{Escalation, Park};
use futures::FutureExt as _;
use judge::Judge;
use perception::Perception;
use planner::Planner;
use publisher::{Publisher, Timing};
use serde::de::DeserializeOwned;
use worker::Worker;

use crate::outside::Outside;
use crate::workers::PacedModel;

/// What is left of a function's time when a message reaches it. It is of the machine's time, not of the world's: long
/// enough that a slow machine ends nothing.
const DEADLINE: Duration = Duration::from_secs(600);

/// How often the world is looked at for an agent.
const LOOK: Duration = Duration::from_secs(60);

pub(crate) struct Functions {
    cloud: MemoryCloud,
    planner: Planner<MemoryCloud, ScriptedModel, VirtualClock, SeededIds>,
    worker: Worker<Outside, PacedModel, MemoryCloud, VirtualClock, SeededIds>,
    judge: Judge<MemoryCloud, MemorySigner, VirtualClock, SeededIds>,
    publisher: Publisher<MemoryCloud, Outside, Outside, VirtualClock, SeededIds>,
    dispatcher: Dispatcher<MemoryCloud, MemoryCloud, MemoryCloud, VirtualClock, SeededIds>,
    escalation: Escalation<MemoryCloud, RecordingNotifier>,
    auditor: Auditor<MemoryCloud>,
    perception: Perception<MemoryCloud, Outside, VirtualClock, SeededIds>,
}

impl Functions {
    pub(crate) fn over(
        cloud: &MemoryCloud,
        outside: &Outside,
        signer: MemorySigner,
        clock: &VirtualClock,
        ids: &SeededIds,
        notifier: &RecordingNotifier,
        model: PacedModel,
    ) -> Self {
        let of = |function: &str| cloud.as_function(function);
        let (clock, ids) = (|| clock.clone(), || ids.clone());
        let outside = |function: &str| outside.as_function(function);
        Self {
            cloud: cloud.clone(),
            planner: Planner::new(of("planner"), ScriptedModel::new(), clock(), ids()),
            worker: Worker::new(outside("worker"), model, of("worker"), clock(), ids()),
            judge: Judge::new(of("judge"), signer, clock(), ids()),
            publisher: Publisher::new(
                of("publisher"),
                outside("publisher"),
                outside("publisher"),
                clock(),
                ids(),
                Timing::default(),
            ),
            dispatcher: Dispatcher::new(
                of("dispatcher"),
                of("dispatcher"),
                of("dispatcher"),
                clock(),
                ids(),
                VISIBILITY,
            ),
            escalation: Escalation::new(of("escalation"), notifier.clone()),
            auditor: Auditor::new(of("auditor")),
            perception: Perception::new(of("perception"), outside("perception"), clock(), ids(), LOOK),
        }
    }

    /// Makes a new version of a plan, as the planner itself would.
    pub(crate) async fn replan(
        &self,
        of: &PlanMessage,
        changes: &planner::Changes,
    ) -> Result<(), HandleError> {
        self.planner.replan(of, changes).await
    }

    /// Delivers up to `limit` messages of a queue to its function.
    pub(crate) async fn deliver(&self, queue: Queue, limit: usize) {
        let deliveries = self.cloud.receive(queue, limit);
        match queue {
            Queue::Plan => Box::pin(self.hand_over("planner", &self.planner, queue, deliveries)).await,
            Queue::Task | Queue::TaskHigh => {
                Box::pin(self.hand_over("worker", &self.worker, queue, deliveries)).await
            }
            Queue::Review => Box::pin(self.hand_over("judge", &self.judge, queue, deliveries)).await,
            Queue::Effect => Box::pin(self.hand_over("publisher", &self.publisher, queue, deliveries)).await,
            Queue::Perception => {
                Box::pin(self.hand_over("perception", &self.perception, queue, deliveries)).await
            }
        }
    }

    /// Through the one loop of the house; what it does not answer as failed is deleted.
    async fn hand_over<M, H>(&self, function: &str, handler: &H, queue: Queue, deliveries: Vec<Delivery>)
    where
        M: DeserializeOwned + Send + Sync,
        H: MessageHandler<M>,
    {
        let batch: Vec<(String, String)> =
            deliveries.into_iter().map(|delivery| (delivery.id, delivery.body)).collect();
        let ids: Vec<String> = batch.iter().map(|(id, _)| id.clone()).collect();
        let told = Told { handler, cloud: &self.cloud, function };
        let failed = chimera_runtime::handle_batch(&told, batch, DEADLINE).await;
        for id in ids {
            if failed.contains(&id) {
                self.cloud.tell(&format!("{function}: {id} is left on its queue"));
            } else {
                self.cloud.delete(queue, &id);
            }
        }
    }

    /// Delivers up to `limit` records of a stream; false when the batch failed and comes again.
    pub(crate) async fn deliver_changes(&self, consumer: Consumer, limit: usize) -> bool {
        let batch = self.cloud.take_changes(consumer, limit);
        let handled = match consumer {
            Consumer::Dispatcher => survive(self.dispatcher.handle_changes(batch.clone())).await,
            Consumer::Auditor => survive(self.auditor.handle_changes(batch.clone())).await,
        };
        if let Err(why) = &handled {
            self.cloud.tell(&format!("{consumer:?}: a batch of records comes again: {why}"));
            self.cloud.give_back_changes(consumer, batch);
        }
        handled.is_ok()
    }

    /// Runs the first state of one started workflow; false when it failed and is tried again.
    pub(crate) async fn run_execution(&self) -> bool {
        let Some(execution) = self.cloud.next_started_execution() else { return true };
        let park = Park {
            tenant: execution.tenant,
            campaign: execution.campaign,
            review: execution.review,
            rung: execution.rung,
            start: execution.start,
            token: execution.token.reveal().to_owned(),
        };
        match survive(self.escalation.park(park)).await {
            Ok(parked) => {
                self.cloud.tell(&format!("workflow {}: {parked:?}", execution.name));
                self.cloud.execution_waits(&execution.name);
                true
            }
            Err(why) => {
                self.cloud.tell(&format!("workflow {}: {why}", execution.name));
                false
            }
        }
    }

    /// Gives one dead letter to the dispatcher; false when it failed and stays.
    pub(crate) async fn bury(&self, queue: Queue) -> bool {
        let Some(dead) = self.cloud.take_dead_letter(queue) else { return true };
        let letter = Letter {
            id: dead.id.clone(),
            origin: queue.name().to_owned(),
            body: dead.body.clone(),
            owner: dead.owner.as_deref().and_then(|owner| owner.parse().ok()),
            receives: Some(dead.receives),
            reason: format!("received {} times", dead.receives),
        };
        let buried = survive(self.dispatcher.bury(&letter)).await;
        if let Err(why) = &buried {
            self.cloud.tell(&format!("dispatcher: a dead letter stays: {why}"));
            self.cloud.give_back_dead_letter(queue, dead);
        }
        buried.is_ok()
    }

    /// The schedule fires.
    pub(crate) async fn tick(&self) {
        if let Err(why) = Box::pin(survive(self.dispatcher.tick())).await {
            self.cloud.tell(&format!("dispatcher: the tick failed: {why}"));
        }
    }
}

/// A handler whose failures are part of the story.
struct Told<'a, H> {
    handler: &'a H,
    cloud: &'a MemoryCloud,
    function: &'a str,
}

impl<H> Told<'_, H> {
    fn tell<T>(&self, done: Result<T, HandleError>) -> Result<T, HandleError> {
        done.inspect_err(|error| self.cloud.tell(&format!("{}: {}", self.function, chain(error))))
    }
}

impl<M, H> MessageHandler<M> for Told<'_, H>
where
    M: Send + Sync,
    H: MessageHandler<M>,
{
    type Batch = H::Batch;

    async fn open(&self, messages: &[M]) -> Result<Self::Batch, HandleError> {
        let opened = self.handler.open(messages).await;
        self.tell(opened)
    }

    async fn handle(&self, message: M, batch: &Self::Batch, deadline: Duration) -> Result<(), HandleError> {
        let handled = self.handler.handle(message, batch, deadline).await;
        self.tell(handled)
    }
}

/// The error and what caused it, on one line.
fn chain(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}

/// Awaits what a function does; a failure or panic comes back as text.
async fn survive<T>(work: impl Future<Output = Result<T, HandleError>>) -> Result<T, String> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done.map_err(|error| chain(&error)),
        Err(panic) => Err(format!("panic: {}", words_of(&*panic))),
    }
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not said why")
}
