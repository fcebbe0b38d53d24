//! Who gets what: each move hands something to one function, and outlives whatever becomes of it.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chimera_domain::ports::{Change, ChangeHandler as _, HandleError, MessageHandler as _};
use chimera_domain::{EffectMessage, Envelope, PlanMessage, ReviewMessage, StoreError, TaskMessage};
use chimera_testkit::{Consumer, Delivery, Queue, is_crash};
use dispatcher::Letter;
use escalation::Park;
use futures::FutureExt as _;
use futures::future::join_all;
use serde::de::DeserializeOwned;

use super::world::{DagWorld, Move};

/// How long what failed outside a queue waits.
const RETRY_MS: i64 = 1_000;
/// Messages one invocation gets at most, and records of the stream: as `template.yaml` says.
const MESSAGES: usize = 10;
const RECORDS: usize = 25;
/// Of the machine's time, and far more than any message needs.
const DEADLINE: Duration = Duration::from_secs(600);

impl DagWorld {
    pub(super) async fn make(&self, next: Move) {
        let went_well = match next {
            Move::Changes => self.deliver_changes().await,
            Move::Messages(queue) => {
                self.deliver(queue).await;
                true
            }
            Move::Judge => self.survive("judge", self.lots.judge_one()).await.is_some(),
            Move::Call => self.survive("publisher", self.caller.come_back()).await.is_some(),
            Move::Execution => self.run_execution().await,
            Move::Bury(queue) => self.bury(queue).await,
        };
        if !went_well {
            let again_ms = self.clock.now_ms() + RETRY_MS;
            self.pace().blocked_until_ms.insert(format!("{next:?}"), again_ms);
        }
    }

    async fn deliver_changes(&self) -> bool {
        let batch: Vec<Change> = self.cloud.take_changes(Consumer::Dispatcher, 1 + self.lot(RECORDS));
        let handled = self.survive("dispatcher", self.dispatcher.handle_changes(batch.clone())).await;
        if handled.is_none() {
            self.cloud.give_back_changes(Consumer::Dispatcher, batch);
        }
        handled.is_some()
    }

    async fn deliver(&self, queue: Queue) {
        let deliveries = self.cloud.receive(queue, 1 + self.lot(MESSAGES));
        match queue {
            Queue::Plan => self.plan(deliveries).await,
            Queue::Task | Queue::TaskHigh => {
                let work = async |task: TaskMessage| self.lots.work(task);
                self.hand_over("worker", queue, deliveries, work).await;
            }
            Queue::Review => {
                let act = async |message: ReviewMessage| self.lots.act(message).await;
                self.hand_over("judge", queue, deliveries, act).await;
            }
            Queue::Effect => {
                let follow = async |message: EffectMessage| self.caller.follow(message).await;
                self.hand_over("publisher", queue, deliveries, follow).await;
            }
            // Nobody perceives here: signals are written as they come.
            _ => {}
        }
    }

    /// The planner gets its batch as the one loop of the house would hand it over.
    async fn plan(&self, deliveries: Vec<Delivery>) {
        let read = deliveries.iter().filter_map(|delivery| Some((&delivery.id, body_of(delivery)?)));
        let (ids, messages): (Vec<&String>, Vec<PlanMessage>) = read.unzip();
        let Some(batch) = self.survive("planner", self.planner.open(&messages)).await else { return };
        let batch = &batch;
        let each = ids.into_iter().zip(messages).map(|(id, message)| async move {
            let work = self.planner.handle(message, batch, DEADLINE).boxed_local();
            if self.survive("planner", work).await.is_some() {
                self.cloud.delete(Queue::Plan, id);
            }
        });
        join_all(each).await;
    }

    /// Each message on its own; what is handled is deleted, the rest comes again.
    async fn hand_over<M: DeserializeOwned>(
        &self,
        function: &str,
        queue: Queue,
        deliveries: Vec<Delivery>,
        handle: impl AsyncFn(M) -> Result<(), HandleError>,
    ) {
        for delivery in deliveries {
            let Some(message) = body_of::<M>(&delivery) else {
                self.defect(format!("{function} cannot read {}", delivery.body));
                continue;
            };
            if self.survive(function, handle(message)).await.is_some() {
                self.cloud.delete(queue, &delivery.id);
            }
        }
    }

    /// The first state of one review workflow.
    async fn run_execution(&self) -> bool {
        let Some(execution) = self.cloud.next_started_execution() else { return true };
        let park = Park {
            tenant: execution.tenant,
            campaign: execution.campaign,
            review: execution.review,
            rung: execution.rung,
            start: execution.start,
            token: execution.token.reveal().to_owned(),
        };
        let parked = self.survive("escalation", self.escalation.park(park)).await;
        if parked.is_some() {
            self.cloud.execution_waits(&execution.name);
        }
        parked.is_some()
    }

    async fn bury(&self, queue: Queue) -> bool {
        let Some(dead) = self.cloud.take_dead_letter(queue) else { return true };
        let letter = Letter {
            id: dead.id.clone(),
            origin: queue.name().to_owned(),
            body: dead.body.clone(),
            owner: dead.owner.as_deref().and_then(|owner| owner.parse().ok()),
            receives: Some(dead.receives),
            reason: format!("received {} times", dead.receives),
        };
        let buried = self.survive("dispatcher", self.dispatcher.bury(&letter)).await;
        if buried.is_none() {
            self.cloud.give_back_dead_letter(queue, dead);
        }
        buried.is_some()
    }

    /// Awaits what a function does; none where it fails or dies, which is a defect unless it was injected.
    pub(super) async fn survive<T>(
        &self,
        function: &str,
        work: impl Future<Output = Result<T, HandleError>>,
    ) -> Option<T> {
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(Ok(done)) => Some(done),
            Ok(Err(error)) => {
                let told = chain(&error);
                self.cloud.tell(&format!("{function}: {told}"));
                if is_defect(&error, &told) {
                    self.defect(format!("{function}: {told}"));
                }
                None
            }
            Err(panic) => {
                self.cloud.tell(&format!("{function} died"));
                if !is_crash(&*panic) {
                    self.defect(format!("{function} panicked"));
                }
                None
            }
        }
    }
}

fn body_of<M: DeserializeOwned>(delivery: &Delivery) -> Option<M> {
    serde_json::from_str::<Envelope<M>>(&delivery.body).ok().map(|envelope| envelope.body)
}

/// Whether it can come from nothing that goes wrong outside: a write that the service would never take, or a status that
/// does not allow what was decided.
fn is_defect(error: &HandleError, told: &str) -> bool {
    let is_wrong = matches!(error, HandleError::Illegal(_) | HandleError::Defect(_));
    let is_misshapen =
        matches!(error, HandleError::Store(StoreError::TooLarge(_) | StoreError::Unreadable(_)));
    is_wrong || is_misshapen || told.contains("a transaction has")
}

/// The error and what caused it, on one line.
fn chain(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {}", chain(source)))
}
