//! Somebody else's servers, as configuration would name them for research: what their tools answer and were asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_domain::ports::ToolError;
use serde_json::Value;

/// Read tools of servers that are not ours. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Others {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    answers: BTreeMap<(String, String), Value>,
    asked: Vec<Value>,
}

impl Others {
    /// From now on this tool of this server is configured, and answers so.
    pub fn answers(&self, server: &str, tool: &str, answer: Value) {
        self.lock().answers.insert((server.to_owned(), tool.to_owned()), answer);
    }

    /// The arguments of every call, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Value> {
        self.lock().asked.clone()
    }

    pub(super) async fn call(&self, server: &str, tool: &str, arguments: Value) -> Result<Value, ToolError> {
        let mut inner = self.lock();
        let Some(answer) = inner.answers.get(&(server.to_owned(), tool.to_owned())).cloned() else {
            return Err(ToolError::Forbidden(format!("{server}: no such server")));
        };
        inner.asked.push(arguments);
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
