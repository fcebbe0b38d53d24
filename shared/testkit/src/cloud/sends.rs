//! The queues' and workflows' ports.

use std::time::Duration;

use chimera_domain::ports::{Clock as _, Outbox, ReviewQueue, SendError, Workflows};
use chimera_domain::{
    EffectMessage, Envelope, Owned, Owner, PerceiveMessage, PlanMessage, Priority, Review, ReviewMessage,
    Task, TaskMessage, TaskToken,
};
use serde::Serialize;

use super::MemoryCloud;
use crate::faults::crash_after;
use crate::{Fault, Queue};

/// What a queue carries at most, in bytes.
const MESSAGE_BYTES: usize = 1_024 * 1_024;

/// The text of a message, where a queue would carry it.
pub(super) fn body_of(message: impl Serialize) -> Result<String, SendError> {
    let body = serde_json::to_string(&Envelope::new(message))
        .map_err(|error| SendError::Unacceptable(error.to_string()))?;
    if body.len() > MESSAGE_BYTES || body.contains(['\u{fffe}', '\u{ffff}']) {
        return Err(SendError::Unacceptable("too large, or a character that queues refuse".to_owned()));
    }
    Ok(body)
}

/// A message, where it goes, and whose it is.
struct Parcel<M> {
    queue: Queue,
    message: M,
    owner: Option<Owner>,
    after: Duration,
}

impl<M: Owned> Parcel<M> {
    fn of(queue: Queue, message: M) -> Self {
        Self { queue, owner: Some(message.owner()), message, after: Duration::ZERO }
    }
}

impl MemoryCloud {
    async fn send_all<M: Serialize>(
        &self,
        port: &'static str,
        parcels: Vec<Parcel<M>>,
    ) -> Vec<Result<(), SendError>> {
        let fault = self.faults.at(&self.function, port).await;
        self.lock().meter.call(&self.function, port);
        let answers = parcels.into_iter().map(|parcel| self.send_one(parcel, fault)).collect();
        crash_after(fault);
        answers
    }

    fn send_one<M: Serialize>(&self, parcel: Parcel<M>, fault: Option<Fault>) -> Result<(), SendError> {
        if let Some(Fault::Contention | Fault::Unavailable) = fault {
            return Err(failed());
        }
        let owner = parcel.owner.map(|owner| owner.to_string());
        let body = body_of(parcel.message)?;
        let forgotten = &*self.function == "dispatcher" && self.faults.forgets_this_one();
        if !forgotten {
            let copies = if self.faults.duplicates_messages() { 2 } else { 1 };
            for _ in 0..copies {
                self.send_with(parcel.queue, body.clone(), owner.clone(), parcel.after);
            }
        }
        if fault == Some(Fault::LostReply) { Err(failed()) } else { Ok(()) }
    }
}

fn failed() -> SendError {
    SendError::Unavailable("injected: the service failed".into())
}

fn first(answers: Vec<Result<(), SendError>>) -> Result<(), SendError> {
    answers.into_iter().collect()
}

impl ReviewQueue for MemoryCloud {
    async fn send_review(&self, message: &ReviewMessage) -> Result<(), SendError> {
        first(self.send_all("send_review", vec![Parcel::of(Queue::Review, message.clone())]).await)
    }
}

impl Outbox for MemoryCloud {
    async fn plan(&self, messages: &[PlanMessage]) -> Vec<Result<(), SendError>> {
        let parcels = messages.iter().map(|message| Parcel::of(Queue::Plan, message.clone())).collect();
        self.send_all("plan", parcels).await
    }

    async fn work(&self, tasks: &[Task]) -> Vec<Result<(), SendError>> {
        let queue = |task: &Task| match task.priority {
            Priority::High => Queue::TaskHigh,
            Priority::Normal => Queue::Task,
        };
        let parcels =
            tasks.iter().map(|task| Parcel::of(queue(task), TaskMessage { task: task.clone() })).collect();
        self.send_all("work", parcels).await
    }

    async fn judge(&self, messages: &[ReviewMessage]) -> Vec<Result<(), SendError>> {
        let parcels = messages.iter().map(|message| Parcel::of(Queue::Review, message.clone())).collect();
        self.send_all("judge", parcels).await
    }

    async fn publish(&self, messages: &[EffectMessage]) -> Vec<Result<(), SendError>> {
        let parcels = messages.iter().map(|message| Parcel::of(Queue::Effect, message.clone())).collect();
        self.send_all("publish", parcels).await
    }

    async fn perceive(&self, messages: &[(PerceiveMessage, Duration)]) -> Vec<Result<(), SendError>> {
        let about = |(message, after): &(PerceiveMessage, Duration)| Parcel {
            queue: Queue::Perception,
            message: message.clone(),
            owner: None,
            after: *after,
        };
        self.send_all("perceive", messages.iter().map(about).collect()).await
    }
}

impl Workflows for MemoryCloud {
    async fn start_review(&self, review: &Review) -> Result<(), SendError> {
        let fault = self.faults.at(&self.function, "start_review").await;
        let now = self.clock.now();
        {
            let mut inner = self.lock();
            inner.meter.call(&self.function, "start_review");
            if let Some(Fault::Contention | Fault::Unavailable) = fault {
                return Err(failed());
            }
            inner.machines.start(review, now);
        }
        crash_after(fault);
        if fault == Some(Fault::LostReply) { Err(failed()) } else { Ok(()) }
    }

    async fn complete(&self, token: &TaskToken) -> Result<(), SendError> {
        let fault = self.faults.at(&self.function, "complete").await;
        let wake_up = {
            let mut inner = self.lock();
            inner.meter.call(&self.function, "complete");
            if let Some(Fault::Contention | Fault::Unavailable) = fault {
                return Err(failed());
            }
            inner.machines.complete(token)
        };
        if let Some(message) = wake_up {
            let owner = message.owner().to_string();
            self.send_owned(Queue::Review, body_of(message)?, owner);
        }
        crash_after(fault);
        if fault == Some(Fault::LostReply) { Err(failed()) } else { Ok(()) }
    }
}
