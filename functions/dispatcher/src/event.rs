//! What wakes the dispatcher, as the loop hands it over.

use chimera_domain::ports::{
    Change, ChangeHandler as _, Clock, HandleError, Ids, Outbox, StateIndex, StateReader, StateWriter,
    Workflows,
};
use chimera_domain::{Digest, Owner};
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
        let letter = Letter {
            id,
            origin: "stream".to_owned(),
            body,
            owner: None,
            receives: None,
            reason: unparsed.reason,
        };
        self.bury(&letter).await
    }

    async fn on_tick(&self) -> Result<(), HandleError> {
        self.tick().await
    }

    async fn on_dead_letters(&self, letters: Vec<DeadLetterMessage>) -> Vec<String> {
        let mut failed = Vec::new();
        for letter in letters.into_iter().map(Letter::from) {
            if let Err(error) = self.bury(&letter).await {
                tracing::error!(letter.id = %letter.id, error = chain(&error), "A dead letter could not be kept");
                failed.push(letter.id);
            }
        }
        failed
    }
}

impl From<DeadLetterMessage> for Letter {
    fn from(message: DeadLetterMessage) -> Self {
        let owner = message.message_attributes.get(Owner::ATTRIBUTE);
        let receives = message.attributes.get("ApproximateReceiveCount");
        Self {
            owner: owner.and_then(|text| text.parse().ok()),
            receives: receives.and_then(|text| text.parse().ok()),
            id: message.id,
            origin: message.queue,
            body: message.body,
            reason: "it failed on every delivery".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn message(owner: &str) -> DeadLetterMessage {
        let one = |name: &str, text: &str| BTreeMap::from([(name.to_owned(), text.to_owned())]);
        DeadLetterMessage {
            id: "m".to_owned(),
            queue: "TaskQueueDeadLetters".to_owned(),
            body: "{".to_owned(),
            attributes: one("ApproximateReceiveCount", "6"),
            message_attributes: one("owner", owner),
        }
    }

    ///
    #[test]
    fn a_letter_has_its_messages_owner_where_that_is_one() {
        let letter = Letter::from(message("acme/c-1/write-1/2"));
        assert_eq!(letter.owner.unwrap().to_string(), "acme/c-1/write-1/2");
        assert_eq!((letter.origin.as_str(), letter.receives), ("TaskQueueDeadLetters", Some(6)));
        assert_eq!(Letter::from(message("somebody")).owner, None);
    }
}
