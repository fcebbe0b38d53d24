//! What generate tools have made, by idempotency key: made once, answered as often as it is asked for.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_domain::{Digest, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::burn::StoreFault;

/// What an idempotency key names: a tenant's call of one tool.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnswerKey {
    /// Whose call.
    pub tenant: String,
    /// Of which tool.
    pub tool: String,
    /// The caller's key, 1 to 128 characters.
    pub key: String,
}

/// A call that wants to make what its key names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taking {
    /// What it wants to make.
    pub key: AnswerKey,
    /// Digest of its arguments without the key.
    pub arguments: Digest,
    /// This call and no other: a lost reply to an own write is recognised by it.
    pub holder: Uuid,
    /// Now.
    pub now: Timestamp,
    /// When another call may take the key over if this one has not finished.
    pub until: Timestamp,
}

/// What taking a key found.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// The key is this call's: it makes the answer.
    Own,
    /// It was made before.
    Answered(Value),
    /// Another call is making it, until then at the latest.
    InProgress(Timestamp),
    /// The key was used with other arguments.
    Mismatch,
}

/// A key's row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AnswerRow {
    pub(crate) arguments: Digest,
    pub(crate) holder: Uuid,
    pub(crate) until: Timestamp,
    pub(crate) answer: Option<Value>,
}

impl AnswerRow {
    /// [T-3] What the row means for a call that wants its key.
    pub(crate) fn seen_by(&self, taking: &Taking) -> Taken {
        match &self.answer {
            _ if self.arguments != taking.arguments => Taken::Mismatch,
            Some(answer) => Taken::Answered(answer.clone()),
            None if self.holder == taking.holder || self.until <= taking.now => Taken::Own,
            None => Taken::InProgress(self.until),
        }
    }
}

/// Keeps answers. Each method is atomic, and reads are consistent.
pub trait AnswerStore: Send + Sync + 'static {
    /// Takes the key, unless it is answered, held by another call, or used with other arguments.
    fn take(&self, taking: &Taking) -> impl Future<Output = Result<Taken, StoreFault>> + Send;

    /// Stores what the call made; gives the answer that stands: another's, where its lease had run out and the other
    /// was done first.
    fn finish(
        &self,
        taking: &Taking,
        answer: &Value,
    ) -> impl Future<Output = Result<Value, StoreFault>> + Send;

    /// Frees the key, where this call still holds it: nothing was made.
    fn release(&self, taking: &Taking) -> impl Future<Output = Result<(), StoreFault>> + Send;
}

/// Answers in memory, for tests and simulations. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryAnswers {
    rows: Arc<Mutex<BTreeMap<AnswerKey, AnswerRow>>>,
}

impl MemoryAnswers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<AnswerKey, AnswerRow>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AnswerStore for MemoryAnswers {
    async fn take(&self, taking: &Taking) -> Result<Taken, StoreFault> {
        let mut rows = self.lock();
        let taken = rows.get(&taking.key).map_or(Taken::Own, |row| row.seen_by(taking));
        if taken == Taken::Own {
            rows.insert(taking.key.clone(), AnswerRow::of(taking, None));
        }
        Ok(taken)
    }

    async fn finish(&self, taking: &Taking, answer: &Value) -> Result<Value, StoreFault> {
        let mut rows = self.lock();
        let standing =
            rows.get(&taking.key).map(|row| (row.arguments == taking.arguments, row.answer.clone()));
        match standing {
            Some((true, Some(earlier))) => Ok(earlier),
            Some((false, _)) => Ok(answer.clone()),
            Some((true, None)) | None => {
                rows.insert(taking.key.clone(), AnswerRow::of(taking, Some(answer.clone())));
                Ok(answer.clone())
            }
        }
    }

    async fn release(&self, taking: &Taking) -> Result<(), StoreFault> {
        let mut rows = self.lock();
        let own = |row: &AnswerRow| row.holder == taking.holder && row.answer.is_none();
        if rows.get(&taking.key).is_some_and(own) {
            rows.remove(&taking.key);
        }
        Ok(())
    }
}

impl AnswerRow {
    fn of(taking: &Taking, answer: Option<Value>) -> Self {
        let Taking { arguments, holder, until, .. } = taking;
        Self { arguments: arguments.clone(), holder: *holder, until: *until, answer }
    }
}
