//! Messages to SQS. Sending twice changes no state, so nothing here de-duplicates; sending never is an event of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use chimera_domain::ports::{Outbox, ReviewQueue, SendError};
use chimera_domain::{
    EffectMessage, Envelope, Owned, Owner, PerceiveMessage, PlanMessage, Priority, ReviewMessage, Task,
    TaskMessage,
};
use serde::Serialize;
use thiserror::Error;

use crate::config::QueueUrls;

/// The longest delay that SQS takes.
const MOST_DELAY_S: i32 = 900;

/// Messages one `SendMessageBatch` may carry.
const MESSAGES_PER_BATCH: usize = 10;
/// Bytes one batch may carry: SQS allows 1 MiB for message and batch alike; the rest is room for its own fields.
const BYTES_PER_BATCH: usize = 900_000;
/// Bytes one message may have, its attributes included.
const BYTES_PER_MESSAGE: usize = 1024 * 1024;
/// Bytes of the owner attribute at most: name, type, three ids and a number.
const BYTES_OF_OWNER: usize = 256;

/// Sends to every queue: the dispatcher's.
#[derive(Debug, Clone)]
pub struct SqsOutbox {
    client: Client,
    urls: QueueUrls,
}

impl SqsOutbox {
    /// Builds the client; nothing is called yet.
    #[must_use]
    pub fn new(config: &SdkConfig, urls: QueueUrls) -> Self {
        Self { client: Client::new(config), urls }
    }

    /// One result per message, in order.
    async fn send_all<M>(&self, url: &str, messages: &[M]) -> Vec<Result<(), SendError>>
    where
        M: Serialize + Owned + Sync,
    {
        self.send_parcels(url, messages.iter().map(Parcel::of).collect()).await
    }

    /// One result per parcel, in order.
    async fn send_parcels(
        &self,
        url: &str,
        parcels: Vec<Result<Parcel, SendError>>,
    ) -> Vec<Result<(), SendError>> {
        let (parcels, mut results): (Vec<_>, Vec<_>) = parcels.into_iter().map(split).unzip();
        for batch in batches(&parcels) {
            for (index, result) in self.send_batch(url, &batch).await {
                if let Some(slot) = results.get_mut(index) {
                    *slot = result;
                }
            }
        }
        results
    }

    async fn send_batch(&self, url: &str, batch: &[(usize, &Parcel)]) -> Vec<(usize, Result<(), SendError>)> {
        let entries = batch.iter().map(|(index, parcel)| parcel.entry(*index)).collect::<Result<Vec<_>, _>>();
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return all_failed(batch, error),
        };
        match self.client.send_message_batch().queue_url(url).set_entries(Some(entries)).send().await {
            Ok(output) => batch.iter().map(|(index, _)| (*index, verdict(*index, &output))).collect(),
            Err(error) => all_failed(batch, error),
        }
    }
}

impl Outbox for SqsOutbox {
    async fn plan(&self, messages: &[PlanMessage]) -> Vec<Result<(), SendError>> {
        self.send_all(&self.urls.plan, messages).await
    }

    async fn work(&self, tasks: &[Task]) -> Vec<Result<(), SendError>> {
        let of = |priority: Priority| -> Vec<TaskMessage> {
            tasks
                .iter()
                .filter(|task| task.priority == priority)
                .map(|task| TaskMessage { task: task.clone() })
                .collect()
        };
        let (high, normal) = (of(Priority::High), of(Priority::Normal));
        let (high, normal) =
            tokio::join!(self.send_all(&self.urls.task_high, &high), self.send_all(&self.urls.task, &normal));
        let (mut high, mut normal) = (high.into_iter(), normal.into_iter());
        let next = |task: &Task| match task.priority {
            Priority::High => high.next(),
            Priority::Normal => normal.next(),
        };
        tasks.iter().map(next).map(|result| result.unwrap_or_else(|| Err(unavailable(Unanswered)))).collect()
    }

    async fn judge(&self, messages: &[ReviewMessage]) -> Vec<Result<(), SendError>> {
        self.send_all(&self.urls.review, messages).await
    }

    async fn publish(&self, messages: &[EffectMessage]) -> Vec<Result<(), SendError>> {
        self.send_all(&self.urls.effect, messages).await
    }

    async fn perceive(&self, messages: &[(PerceiveMessage, Duration)]) -> Vec<Result<(), SendError>> {
        let parcels = messages.iter().map(|(message, after)| Parcel::of_nobody(message, *after)).collect();
        self.send_parcels(&self.urls.perception, parcels).await
    }
}

/// Sends to the review queue: the worker's.
#[derive(Debug, Clone)]
pub struct SqsReviewQueue {
    client: Client,
    url: String,
}

impl SqsReviewQueue {
    /// Builds the client; nothing is called yet.
    #[must_use]
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self { client: Client::new(config), url: url.into() }
    }
}

impl ReviewQueue for SqsReviewQueue {
    async fn send_review(&self, message: &ReviewMessage) -> Result<(), SendError> {
        let parcel = Parcel::of(message)?;
        let owner = parcel.attribute().map_err(unavailable)?;
        let request = self.client.send_message().queue_url(&self.url).message_body(parcel.body);
        let answer = request.set_message_attributes(owner).send().await;
        answer.map(drop).map_err(|error| {
            let contents = error.as_service_error().is_some_and(|e| e.is_invalid_message_contents());
            if contents {
                SendError::Unacceptable("refused by the queue".to_owned())
            } else {
                unavailable(error)
            }
        })
    }
}

/// An entry that a batch's answer does not mention.
#[derive(Debug, Error)]
#[error("the queue did not answer for this message")]
struct Unanswered;

/// An entry that failed on the service's side.
#[derive(Debug, Error)]
#[error("the queue failed: {0}")]
struct EntryFailed(String);

/// [Q-4] A message as a queue carries it: its body, and beside it whose it is.
#[derive(Debug)]
struct Parcel {
    body: String,
    /// None where it is about an agent, and so about no campaign.
    owner: Option<String>,
    /// Seconds until it is delivered, a quarter of an hour at most.
    delay_s: Option<i32>,
}

impl Parcel {
    fn of<M: Serialize + Owned>(message: &M) -> Result<Self, SendError> {
        Ok(Self { body: body(message)?, owner: Some(message.owner().to_string()), delay_s: None })
    }

    fn of_nobody<M: Serialize>(message: &M, after: Duration) -> Result<Self, SendError> {
        let delay_s =
            i32::try_from(after.as_secs()).ok().filter(|seconds| (1..=MOST_DELAY_S).contains(seconds));
        Ok(Self { body: body(message)?, owner: None, delay_s })
    }

    /// The owner as the queue takes it: an attribute by its name.
    fn attribute(&self) -> Result<Option<HashMap<String, MessageAttributeValue>>, BuildError> {
        let Some(owner) = &self.owner else { return Ok(None) };
        let value = MessageAttributeValue::builder().data_type("String").string_value(owner).build()?;
        Ok(Some(HashMap::from([(Owner::ATTRIBUTE.to_owned(), value)])))
    }

    fn entry(&self, index: usize) -> Result<SendMessageBatchRequestEntry, BuildError> {
        SendMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .message_body(&self.body)
            .set_message_attributes(self.attribute()?)
            .set_delay_seconds(self.delay_s)
            .build()
    }
}

/// The message's body.
fn body<M: Serialize>(message: &M) -> Result<String, SendError> {
    let body = serde_json::to_string(&Envelope::new(message))
        .map_err(|error| SendError::Unacceptable(error.to_string()))?;
    // SQS allows XML's characters only. JSON escapes all of the others but these two.
    if body.contains(['\u{FFFE}', '\u{FFFF}']) {
        return Err(SendError::Unacceptable("it has a character that the queue does not allow".to_owned()));
    }
    if body.len() > BYTES_PER_MESSAGE - BYTES_OF_OWNER {
        return Err(SendError::Unacceptable(format!(
            "{} bytes are more than a message may have",
            body.len()
        )));
    }
    Ok(body)
}

/// A message beside the result it has so far.
fn split(parcel: Result<Parcel, SendError>) -> (Option<Parcel>, Result<(), SendError>) {
    match parcel {
        Ok(parcel) => (Some(parcel), Ok(())),
        Err(error) => (None, Err(error)),
    }
}

/// The messages, each with its place, in as few batches as the limits allow without changing their order.
fn batches(parcels: &[Option<Parcel>]) -> Vec<Vec<(usize, &Parcel)>> {
    let mut batches: Vec<Vec<(usize, &Parcel)>> = Vec::new();
    let mut bytes = 0;
    for (index, parcel) in parcels.iter().enumerate() {
        let Some(parcel) = parcel else { continue };
        bytes += parcel.body.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < MESSAGES_PER_BATCH && bytes <= BYTES_PER_BATCH => {
                batch.push((index, parcel));
            }
            _ => {
                bytes = parcel.body.len();
                batches.push(vec![(index, parcel)]);
            }
        }
    }
    batches
}

/// What a batch's answer says about one entry.
fn verdict(index: usize, output: &SendMessageBatchOutput) -> Result<(), SendError> {
    let id = index.to_string();
    if output.successful.iter().any(|entry| entry.id == id) {
        return Ok(());
    }
    match output.failed.iter().find(|entry| entry.id == id) {
        Some(entry) if entry.sender_fault => Err(SendError::Unacceptable(entry.code.clone())),
        Some(entry) => Err(unavailable(EntryFailed(entry.code.clone()))),
        None => Err(unavailable(Unanswered)),
    }
}

fn all_failed(
    batch: &[(usize, &Parcel)],
    error: impl std::error::Error + Send + Sync + 'static,
) -> Vec<(usize, Result<(), SendError>)> {
    let error = Arc::new(error);
    batch.iter().map(|(index, _)| (*index, Err(unavailable(Arc::clone(&error))))).collect()
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> SendError {
    SendError::Unavailable(Box::new(error))
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};
    use chimera_domain::{AgentId, CampaignId, TenantId};

    use super::*;

    fn shape(bodies: &[Option<String>]) -> Vec<Vec<usize>> {
        let parcel = |body: &String| Parcel { body: body.clone(), delay_s: None, owner: None };
        let parcels: Vec<_> = bodies.iter().map(|body| body.as_ref().map(parcel)).collect();
        batches(&parcels)
            .into_iter()
            .map(|batch| batch.into_iter().map(|(index, _)| index).collect())
            .collect()
    }

    #[test]
    fn ten_messages_go_together() {
        let bodies: Vec<_> = (0..12).map(|_| Some("x".to_owned())).collect();
        assert_eq!(shape(&bodies), [(0..10).collect::<Vec<_>>(), vec![10, 11]]);
    }

    #[test]
    fn a_batch_stays_below_its_bytes_and_a_large_message_goes_alone() {
        let of = |bytes: usize| Some("x".repeat(bytes));
        let bodies = [of(500_000), of(400_000), of(1), of(1_000_000), of(10), None, of(20)];
        assert_eq!(shape(&bodies), [vec![0, 1], vec![2], vec![3], vec![4, 6]]);
    }

    #[test]
    fn what_a_queue_never_accepts_is_told_before_it_is_sent() {
        for text in ["\u{FFFE}".to_owned(), "\u{FFFF}".to_owned(), "x".repeat(BYTES_PER_MESSAGE)] {
            assert!(matches!(body(&text), Err(SendError::Unacceptable(_))));
        }
        assert_eq!(body(&"a\u{0}b").unwrap(), r#"{"v":1,"body":"a\u0000b"}"#, "JSON escapes the others");
    }

    /// [Q-4]
    #[test]
    fn a_message_names_its_owner_beside_its_body() {
        let (tenant, campaign) = (TenantId::new("acme").unwrap(), CampaignId::new("c-1").unwrap());
        let parcel = Parcel::of(&PlanMessage { tenant, campaign }).unwrap();
        let entry = parcel.entry(3).unwrap();
        assert_eq!((entry.id(), entry.message_body()), ("3", parcel.body.as_str()));
        let owner = &entry.message_attributes().unwrap()["owner"];
        assert_eq!((owner.data_type(), owner.string_value()), ("String", Some("acme/c-1")));
    }

    /// [Q-4]
    #[test]
    fn a_message_about_an_agent_has_no_owner_beside_it() {
        let (tenant, agent) = (TenantId::new("acme").unwrap(), AgentId::new("mira").unwrap());
        let parcel = Parcel::of_nobody(&PerceiveMessage { tenant, agent }, Duration::from_secs(2)).unwrap();
        let entry = parcel.entry(0).unwrap();
        assert_eq!(entry.message_body(), r#"{"v":1,"body":{"tenant":"acme","agent":"mira"}}"#);
        assert_eq!(entry.message_attributes(), None);
    }

    /// [Q-4]
    #[test]
    fn the_longest_owner_has_room() {
        let id = "x".repeat(64);
        let owner = format!("{id}/{id}/{id}/{}", u32::MAX);
        assert!(owner.parse::<Owner>().is_ok());
        assert!(Owner::ATTRIBUTE.len() + "String".len() + owner.len() <= BYTES_OF_OWNER);
    }

    #[test]
    fn each_entry_of_an_answer_speaks_for_its_own_message() {
        let sent = SendMessageBatchResultEntry::builder().id("0").message_id("m").md5_of_message_body("5");
        let failed = |id: &str, fault| {
            BatchResultErrorEntry::builder().id(id).code("Why").sender_fault(fault).build().unwrap()
        };
        let output = SendMessageBatchOutput::builder()
            .successful(sent.build().unwrap())
            .set_failed(Some(vec![failed("1", true), failed("2", false)]))
            .build()
            .unwrap();
        assert!(verdict(0, &output).is_ok());
        assert!(matches!(verdict(1, &output), Err(SendError::Unacceptable(_))));
        assert!(matches!(verdict(2, &output), Err(SendError::Unavailable(_))));
        assert!(matches!(verdict(3, &output), Err(SendError::Unavailable(_))));
    }
}
