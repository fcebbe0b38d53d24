//! The worker's smallest ports, as every test of it needs them.

use std::sync::Mutex;

use chimera_domain::ports::{Clock, Ids, ReviewQueue, SendError};
use chimera_domain::{ReviewMessage, TaskResult, Timestamp};
use uuid::Uuid;

/// Keeps the results that a worker sends.
#[derive(Default)]
pub(crate) struct Reviews(pub(crate) Mutex<Vec<TaskResult>>);

impl ReviewQueue for &Reviews {
    async fn send_review(&self, message: &ReviewMessage) -> Result<(), SendError> {
        let ReviewMessage::Result(result) = message else { panic!("a worker sends results only") };
        self.0.lock().unwrap().push((**result).clone());
        Ok(())
    }
}

/// Noon of one day.
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2031-03-01T12:00:00Z".parse().unwrap()
    }
}

/// The same id each time.
pub(crate) struct Nines;

impl Ids for Nines {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(9)
    }
}
