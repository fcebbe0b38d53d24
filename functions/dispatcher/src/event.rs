//! What wakes the dispatcher, as the loop hands it over.

use chimera_domain::Digest;
use chimera_domain::ports::{
    Change, ChangeHandler as _, Clock, HandleError, Ids, Outbox, StateIndex, StateReader, StateWriter,
    Workflows,
};
use chimera_runtime::{DeadLetterMessage, Unparsed, Wakeable, telemetry::chain};

use crate::{Dispatcher, Letter};

impl<S, O, W, C, I> Wakeable for Dispatcher<S, O, W, C, I>
where
    S: StateReader + StateIndex + StateWriter + Send,
    O: Outbox + Send,
    W: Workflows + Send,
    C: Clock + Send,
    I: Ids + Send,
{
    async fn on_changes(&self, changes: Vec<Change>) -> Result<(), HandleError> {
        self.handle_changes(changes).await
    }

    async fn on_unparsed(&self, unparsed: Unparsed) -> Result<(), HandleError> {
        let body = unparsed.record.to_string();
        let id = Digest::of_bytes(body.as_bytes()).as_str().replace(':', "-");
        self.bury(&Letter { id, origin: "stream".to_owned(), body, reason: unparsed.reason }).await
    }

    async fn on_tick(&self) -> Result<(), HandleError> {
        self.tick().await
    }

    async fn on_dead_letters(&self, letters: Vec<DeadLetterMessage>) -> Vec<String> {
        let mut failed = Vec::new();
        for letter in letters {
            let reason = "it failed on every delivery".to_owned();
            let buried = Letter { id: letter.id.clone(), origin: letter.queue, body: letter.body, reason };
            if let Err(error) = self.bury(&buried).await {
                tracing::error!(letter.id = %letter.id, error = chain(&error), "A dead letter could not be kept");
                failed.push(letter.id);
            }
        }
        failed
    }
}
