#![doc = include_str!("../README.md")]

mod approve;
mod batch;
mod facts;
mod held_effect;
mod hold;
mod joint;
mod occasion;
mod proposal;
mod published;
mod reasons;
mod refuse;
mod rejudge;
mod result;
mod review;
mod void;

use std::time::Duration;

use chimera_domain::ports::{
    Clock, DecisionReader, GrantSigner, HandleError, Ids, MessageHandler, MoneyWriter, StateReader,
};
use chimera_domain::{Applied, MoneyTransaction, ReviewMessage, RowKey, StoreError, Transaction};

pub use batch::Batch;

/// The tables as the Judge may use them: it reads state and decisions, writes state and the ledger.
pub trait JudgeStore: StateReader + MoneyWriter + DecisionReader + Send {}
impl<S: StateReader + MoneyWriter + DecisionReader + Send> JudgeStore for S {}

/// The Judge.
#[derive(Debug, Clone)]
pub struct Judge<S, G, C, I> {
    store: S,
    signer: G,
    clock: C,
    ids: I,
}

/// The part of a message's time, as a divisor, that its approval may wait for the others of its batch.
const PATIENCE: u32 = 4;

/// How a write ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Landed {
    /// It is written, now or before.
    Done,
    /// A row has moved on since it was read.
    Moved,
    /// Another effect of the agent holds the same text.
    TextTaken,
    /// A bucket cannot take the amount.
    OverBudget(Full),
}

/// A bucket that could not take an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Full {
    /// Its row.
    pub(crate) key: RowKey,
    /// It held more than this.
    pub(crate) above: i64,
}

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> Judge<S, G, C, I> {
    /// A Judge over these ports.
    pub fn new(store: S, signer: G, clock: C, ids: I) -> Self {
        Self { store, signer, clock, ids }
    }

    /// Writes to the state table alone. A refused condition means that a row has moved on.
    async fn write(&self, transaction: &Transaction) -> Result<Landed, HandleError> {
        match self.store.write(transaction).await {
            Ok(Applied::Now | Applied::Before) => Ok(Landed::Done),
            Err(StoreError::Refused(_)) => Ok(Landed::Moved),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes state and ledger. A full bucket is told apart from a row that has moved on; the latter comes first, for
    /// what is stale needs no money.
    async fn write_money(&self, transaction: &MoneyTransaction) -> Result<Landed, HandleError> {
        match self.store.write_money(transaction).await {
            Ok(Applied::Now | Applied::Before) => Ok(Landed::Done),
            Err(StoreError::Refused(refusals)) => {
                let bucket = transaction.refused_bucket(&refusals);
                let only_buckets = refusals
                    .iter()
                    .all(|refusal| transaction.refused_bucket(std::slice::from_ref(refusal)).is_some());
                Ok(match bucket {
                    Some((key, at_most)) if only_buckets => {
                        Landed::OverBudget(Full { key: key.clone(), above: at_most.unwrap_or(i64::MIN) })
                    }
                    _ => Landed::Moved,
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl<S: JudgeStore, G: GrantSigner + Send, C: Clock + Send, I: Ids + Send> MessageHandler<ReviewMessage>
    for Judge<S, G, C, I>
{
    type Batch = Batch;

    async fn open(&self, messages: &[ReviewMessage]) -> Result<Batch, HandleError> {
        Ok(Batch::read(&self.store, messages).await?)
    }

    async fn handle(
        &self,
        message: ReviewMessage,
        batch: &Batch,
        deadline: Duration,
    ) -> Result<(), HandleError> {
        let seat = batch.meeting.sit(deadline / PATIENCE);
        match message {
            ReviewMessage::Result(result) => self.judge_answer(&result, batch, &seat).await,
            ReviewMessage::Review { tenant, campaign, review } => {
                self.act_on_review(&tenant, &campaign, &review, batch, &seat).await
            }
            ReviewMessage::Rejudge { tenant, campaign, effect } => {
                self.rejudge(&tenant, &campaign, &effect, batch).await
            }
        }
    }
}
