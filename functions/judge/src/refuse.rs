//! The transactions that end an attempt without a commit.

use chimera_domain::ports::HandleError;
use chimera_domain::{Money, Review, Stored, Task, TaskEvent, Transaction, WriterId};
use tracing::error;

/// A task whose attempt ends, with the review that held it, in the status it is to have.
pub(crate) struct Refusing<'a> {
    pub(crate) task: &'a Stored<Task>,
    pub(crate) review: Option<(&'a Stored<Review>, Review)>,
    pub(crate) cost: Money,
    pub(crate) writer: WriterId,
}

impl Refusing<'_> {
    /// Back to the planner with feedback; `tries` is 0 where the attempt is not held against the task.
    pub(crate) fn reject(self, reasons: &[String], tries: u32) -> Result<Transaction, HandleError> {
        let mut task = self.next(TaskEvent::Reject)?;
        task.tries += tries;
        task.feedback.extend_from_slice(reasons);
        self.write(task)
    }

    /// For good: no further attempt can help.
    pub(crate) fn fail(self, reason: &str) -> Result<Transaction, HandleError> {
        let mut task = self.next(TaskEvent::Fail)?;
        task.reason = Some(reason.chars().take(240).collect());
        self.write(task)
    }

    /// [M-5] For good, and an operator is told: a raised limit and a retry are theirs to give.
    pub(crate) fn over_budget(self, limit: &str) -> Result<Transaction, HandleError> {
        let task = &self.task.row;
        error!(tenant = %task.tenant, campaign.id = %task.campaign, task.id = %task.id, limit,
            "over budget: raise the limit and retry the task, or leave it failed");
        self.fail(&format!("over budget: {limit}"))
    }

    fn next(&self, event: TaskEvent) -> Result<Task, HandleError> {
        let status = self.task.row.status.next(event)?;
        Ok(Task { status, cost: self.cost, ..self.task.row.clone() })
    }

    fn write(self, task: Task) -> Result<Transaction, HandleError> {
        let transaction = Transaction::by(self.writer).replace(self.task, task)?;
        Ok(match self.review {
            Some((old, review)) => transaction.replace(old, review)?,
            None => transaction,
        })
    }
}
